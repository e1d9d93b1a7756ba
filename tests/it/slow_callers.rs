//! Callers that send slowly: each holds its connection for a while, and nothing else.

use ringback_tests::{File, Gateway};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const FILE: &str = "
listener: {path: /hook, workflow: w}
workflow: {id: w, jobs: [{component: {type: logger, message: hello}}]}
";

async fn gateway() -> Gateway {
    File::new(FILE)
        .with(|options| {
            let short = Duration::from_millis(200);
            (options.limits.header, options.limits.body, options.limits.idle) = (short, short, short);
        })
        .run()
        .await
}

/// What comes after this was sent, and then nothing more, until the connection is closed.
async fn answered(gateway: &Gateway, sent: &str) -> String {
    let url = reqwest::Url::parse(&gateway.trigger_url("/hook")).unwrap();
    let mut stream = TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let closed = tokio::time::timeout(Duration::from_secs(20), stream.read_to_string(&mut answer)).await;
    closed.expect("the connection is closed in time").unwrap();
    answer
}

#[tokio::test]
async fn whoever_sends_no_whole_head_is_let_go() {
    let gateway = gateway().await;
    for sent in ["", "POST /hook HTTP/1.1\r\nhost: x\r\n"] {
        let answer = answered(&gateway, sent).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{sent:?}: {answer}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_an_error_in_words_and_starts_nothing() {
    let gateway = gateway().await;
    for path in ["/hook", "/nowhere"] {
        let sent =
            format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 100\r\n\r\n{{\"a\":");
        let answer = answered(&gateway, &sent).await;
        let expected = if path == "/hook" { ("408", "request_timeout") } else { ("404", "not_found") };
        assert!(answer.starts_with(&format!("HTTP/1.1 {}", expected.0)) && answer.contains(expected.1), "{answer}");
    }
    assert!(gateway.tasks().await.is_empty());
}

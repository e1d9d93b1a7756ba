//! Requests that can't be used: each is told what is wrong, and nothing is begun.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Body, Method};
use ringback_tests::{Answer, DEADLINE, File, Gateway, noise, send};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const MIB: usize = 1 << 20;

async fn gateway() -> Gateway {
    File::new(
        "
listeners:
  - {path: /hook, workflow: echo}
  - {path: /sum, workflow: echo, input: {sum: '${body.a + body.b}'}}
  - {path: /done, identify_by: '${body.id}', result: '${body.value}'}
workflow: {id: echo, jobs: [{component: {type: delay, duration: 0}}]}
",
    )
    .run()
    .await
}

async fn post(gateway: &Gateway, content_type: &str, body: impl Into<Body>) -> Answer {
    let request = gateway.request(Method::POST, &gateway.trigger_url("/hook"));
    send(request.header(CONTENT_TYPE, content_type).body(body)).await
}

async fn nothing_was_begun(gateway: &Gateway) {
    assert_eq!(gateway.tasks().await, Vec::<serde_json::Value>::new());
}

/// What is answered to a request that is written by hand and goes no further than this.
async fn spoken(gateway: &Gateway, header: &str, body: &str) -> String {
    let address = gateway.trigger_url("").replace("http://", "");
    let mut socket = TcpStream::connect(&address).await.unwrap();
    let request = format!("POST /hook HTTP/1.1\r\nhost: {address}\r\n{header}\r\n\r\n{body}");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let read = timeout(DEADLINE, socket.read_buf(&mut answer)).await.expect("an answer in time");
        assert_ne!(read.unwrap(), 0, "a whole answer");
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let gateway = gateway().await;
    let long = || format!("\"{}\"", "x".repeat(MIB));
    post(&gateway, "application/json", long()).await.is_problem(413, "body_too_large");

    // It says how much will come, and sends none of it: the answer doesn't wait.
    let announced = spoken(&gateway, &format!("content-length: {}", MIB + 1), "").await;
    assert!(announced.starts_with("HTTP/1.1 413") && announced.contains("body_too_large"), "{announced}");

    // It doesn't say how much will come, nor when it ends.
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
    let chunked = spoken(&gateway, "transfer-encoding: chunked", &chunk.repeat(1025)).await;
    assert!(chunked.starts_with("HTTP/1.1 413") && chunked.contains("body_too_large"), "{chunked}");
    nothing_was_begun(&gateway).await;
}

#[tokio::test]
async fn a_body_that_fits_after_compression_is_stored_and_one_that_does_not_is_refused() {
    let gateway = gateway().await;
    let repeated = json!({"text": "over and over ".repeat(900 * 1024 / 14)});
    let task = gateway.trigger("/hook", &repeated).await.task_id();
    assert_eq!(gateway.result_of(&task).await, repeated);

    let incompressible = json!({"text": noise(900 * 1024)});
    let answer = gateway.trigger("/hook", &incompressible).await;
    answer.is_problem(413, "body_too_large");
    assert_eq!(gateway.tasks().await.len(), 1);
    let callback = gateway.call_back("/done", &json!({"id": "a", "value": noise(900 * 1024)})).await;
    callback.is_problem(413, "body_too_large");
}

#[tokio::test]
async fn a_body_that_is_not_what_its_type_says_is_malformed() {
    let gateway = gateway().await;
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let bodies: [(&str, Vec<u8>); 7] = [
        ("application/json", b"{\"a\":".to_vec()),
        ("application/json", b"{} {}".to_vec()),
        ("application/json", b"NaN".to_vec()),
        ("application/json", deep.into_bytes()),
        ("application/json", b"\"\xff\"".to_vec()),
        ("application/x-www-form-urlencoded", b"a=\xff".to_vec()),
        ("multipart/form-data; boundary=b", b"--b\r\nno end".to_vec()),
    ];
    for (content_type, body) in bodies {
        post(&gateway, content_type, body).await.is_problem(400, "malformed_body");
    }
    post(&gateway, "multipart/form-data", "x").await.is_problem(400, "malformed_body");
    nothing_was_begun(&gateway).await;
}

#[tokio::test]
async fn an_encoding_that_is_not_read_is_refused() {
    let gateway = gateway().await;
    for encoding in ["gzip", "br", "identity, gzip"] {
        let request = gateway.request(Method::POST, &gateway.trigger_url("/hook"));
        let request = request.header("content-encoding", encoding).json(&json!({}));
        send(request).await.is_problem(415, "unsupported_encoding");
    }
    nothing_was_begun(&gateway).await;
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_method_are_told_apart() {
    let gateway = gateway().await;
    for url in [gateway.trigger_url("/nowhere"), gateway.trigger_url("/hook/"), gateway.callback_url("/nowhere")] {
        send(gateway.request(Method::POST, &url)).await.is_problem(404, "not_found");
    }
    for url in [gateway.trigger_url("/hook"), gateway.callback_url("/done")] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let answer = send(gateway.request(method, &url)).await;
            answer.is_problem(405, "method_not_allowed");
            assert_eq!(answer.header("allow"), "POST");
        }
    }
    nothing_was_begun(&gateway).await;
}

#[tokio::test]
async fn a_request_in_which_the_templates_find_nothing_to_work_with_is_unusable() {
    let gateway = gateway().await;
    gateway.trigger("/sum", &json!({"a": 1, "b": "two"})).await.is_problem(400, "unusable_request");
    for body in [json!({}), json!({"id": null}), json!({"id": ""}), json!({"id": {}}), json!([]), json!("text")] {
        gateway.call_back("/done", &body).await.is_problem(400, "unusable_request");
    }
    nothing_was_begun(&gateway).await;
}

#[tokio::test]
async fn a_broken_http_request_ends_no_more_than_its_connection() {
    let gateway = gateway().await;
    let address = gateway.trigger_url("").replace("http://", "");
    for bytes in ["\0\0\0\0", "POST /hook HTTP/1.1\r\ncontent-length: nine\r\n\r\n", "GET /%00%ff HTTP/1.1\r\n\r\n"] {
        let mut socket = TcpStream::connect(&address).await.unwrap();
        socket.write_all(bytes.as_bytes()).await.unwrap();
        socket.shutdown().await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(!answer.starts_with("HTTP/1.1 5"), "{answer}");
    }
    nothing_was_begun(&gateway).await;
    assert_eq!(gateway.trigger("/hook", &json!({})).await.status, 200);
}

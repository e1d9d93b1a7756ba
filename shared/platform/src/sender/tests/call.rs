//! Workflows' calls.

use super::{Act, Server, answer, sender};
use crate::sender::Sender;
use domain::address::Guard;
use domain::run::{Call, Outcome};
use serde_json::json;
use std::time::Duration;

fn call(url: &str, guarded: bool) -> Call {
    Call {
        method: "POST".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        params: vec![("q".to_owned(), "a b".to_owned())],
        body: Some(json!({"x": 1})),
        timeout: Duration::from_secs(10),
        idempotency_key: "key".to_owned(),
        guarded,
    }
}

fn code(outcome: Outcome) -> (String, String) {
    match outcome {
        Outcome::Unreachable(error) => (error.code, error.message),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_host_of_the_file_is_trusted_and_a_templates_is_guarded() {
    let server = Server::start(Act::Say(answer("200 OK", "", "{\"ok\":true}"))).await;
    let strict = Sender::new(1 << 10, Guard::default()).unwrap();
    let answered = Outcome::Answered { status: 200, body: json!({"ok": true}) };
    assert_eq!(strict.send(&call(&server.url(), false)).await, answered);
    let (code, message) = code(strict.send(&call(&server.url(), true)).await);
    assert_eq!(code, "forbidden_address");
    assert!(message.contains("`127.0.0.1` can't be called"), "{message}");
    assert_eq!(sender().send(&call(&server.url(), true)).await, answered);
    let heads = server.heads();
    assert_eq!(heads.len(), 2);
    assert!(
        heads.iter().all(|head| head.starts_with("post /hook?q=a+b ") && head.contains("idempotency-key: key\r\n"))
    );
}

#[tokio::test]
async fn what_goes_wrong_is_told_by_class() {
    let long = "x".repeat((1 << 10) + 1);
    let server = Server::start(Act::Say(answer("200 OK", "", &long))).await;
    assert_eq!(code(sender().send(&call(&server.url(), false)).await).0, "response_too_large");
    let reset = Server::start(Act::Reset).await;
    for guarded in [false, true] {
        let (code, message) = code(sender().send(&call(&reset.url(), guarded)).await);
        assert_eq!(
            (code.as_str(), message.as_str()),
            ("unreachable", "127.0.0.1 could not be reached: the connection broke")
        );
    }
    let hung = Server::start(Act::Say(Vec::new())).await;
    let short = Call { timeout: Duration::from_millis(300), ..call(&hung.url(), true) };
    assert_eq!(code(sender().send(&short).await).0, "timeout");
    assert_eq!(code(sender().send(&call("http://u:p@8.8.8.8/", true)).await).0, "bad_address");
    assert_eq!(code(sender().send(&call("ftp://8.8.8.8/", false)).await).0, "bad_address");
}

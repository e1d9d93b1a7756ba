//! `trigger`, `publish`, and what every such command says of a gateway that it can't ask.

use super::{EMULATOR, emulator, emulator_with, gateway, printed, refused};
use ringback_tests::run;
use ringback_tests::subscriber::create;
use serde_json::json;
use std::path::Path;

#[tokio::test]
async fn a_workflow_is_started_once_for_a_key_with_data_from_anywhere() {
    let gateway = gateway().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("input.json");
    std::fs::write(&file, "{\"from\": \"file\"}").unwrap();
    let file = format!("@{}", file.display());
    let start = ["trigger", "quick", "--key", "k", "--data", &file];
    let first = printed(emulator(&gateway, &start).await);
    assert_eq!(printed(emulator(&gateway, &start).await), first);
    assert_eq!(gateway.result_of(first.trim()).await, json!({"from": "file"}));
    let piped = printed(emulator_with(&gateway, &["trigger", "quick", "--data", "-"], "[1, 2]").await);
    assert_eq!(gateway.result_of(piped.trim()).await, json!([1, 2]));
}

#[tokio::test]
async fn waiting_for_the_end_fails_if_the_run_did() {
    let gateway = gateway().await;
    let done = printed(emulator(&gateway, &["trigger", "quick", "--data", "\"x\"", "--wait"]).await);
    assert!(done.contains("completed") && done.contains("result: \"x\""), "{done}");
    let failed = emulator(&gateway, &["trigger", "broken", "--wait"]).await;
    refused(&failed, 1, &["is failed"]);
    assert!(failed.out.contains("the service answered 418"), "{}", failed.out);
}

#[tokio::test]
async fn a_path_is_that_of_a_listener() {
    let gateway = gateway().await;
    let (_, listener) = gateway.listeners.iter().find(|(kind, _)| kind == "http-trigger").unwrap();
    let path = ["trigger", "/orders", "--data", "{\"n\": 1}", "--listener-url", listener];
    let run = printed(emulator(&gateway, &path).await);
    assert_eq!(gateway.result_of(run.trim()).await, json!({"n": 1}));
    refused(&emulator(&gateway, &["trigger", "/orders"]).await, 2, &["--listener-url"]);
    refused(&emulator(&gateway, &["trigger", "quick", "--listener-url", listener]).await, 2, &["path"]);
    refused(&emulator(&gateway, &["trigger", "/no", "--listener-url", listener]).await, 4, &["not_found"]);
    refused(&emulator(&gateway, &["trigger", "nothing"]).await, 4, &["there is no workflow `nothing`", "not_found"]);
    refused(&emulator(&gateway, &["trigger", "quick", "--data", "{"]).await, 2, &["no JSON"]);
}

#[tokio::test]
async fn an_event_is_published_once_for_an_id() {
    let gateway = gateway().await;
    let publish = ["publish", "job.completed", "--data", "{\"n\": 1}", "--customer", "acme", "--id", "e-1"];
    let event = printed(emulator(&gateway, &publish).await);
    assert_eq!(printed(emulator(&gateway, &publish).await), event);
    let stored = gateway.get(&format!("/api/events/{}?customer_id=acme", event.trim())).await.body;
    assert_eq!((&stored["event"], &stored["data"]), (&json!("job.completed"), &json!({"n": 1})));
    refused(&emulator(&gateway, &["publish", "no type", "--data", "1"]).await, 1, &["unusable_request"]);
    refused(&emulator(&gateway, &["publish", "job.completed"]).await, 2, &["--data"]);
}

#[tokio::test]
async fn who_publishes_is_told_how_many_subscribe() {
    let gateway = gateway().await;
    let told = async |event: &str, customer: &str| {
        let done = emulator(&gateway, &["publish", event, "--data", "1", "--customer", customer]).await;
        assert!(done.code == Some(0) && done.out.starts_with("evt_"), "{}{}", done.out, done.err);
        done.err
    };
    assert_eq!(told("job.failed", "nobody").await, "no endpoint of customer `nobody` subscribes to `job.failed`\n");
    let make = async |events: serde_json::Value, disabled: bool| {
        let fields = json!({"url": "https://example.com/", "events": events, "customer_id": "a", "disabled": disabled});
        assert_eq!(create(&gateway, &fields).await.status, 201);
    };
    make(json!(["job.*", "quota.exceeded"]), false).await;
    make(json!(["*"]), true).await;
    let one = "1 endpoint of customer `a` subscribes to `job.failed`; not counted: 1 disabled\n";
    assert_eq!(told("job.failed", "a").await, one);
    make(json!(["job.failed"]), false).await;
    assert!(told("job.failed", "a").await.starts_with("2 endpoints of customer `a` subscribe to `job.failed`"));
    let json = emulator(&gateway, &["publish", "job.failed", "--data", "1", "--json"]).await;
    assert_eq!(json.err, "");
}

#[tokio::test]
async fn a_gateway_that_can_t_be_asked_is_told_from_one_that_refuses() {
    let gateway = gateway().await;
    let here = tempfile::tempdir().unwrap();
    let ask = |arguments: &'static [&'static str]| run(EMULATOR, here.path(), arguments, "");
    let nobody = ["runs", "--url", "http://127.0.0.1:9", "--token", "t"];
    refused(&run(EMULATOR, Path::new("."), &nobody, "").await, 3, &["http://127.0.0.1:9", "emulator up"]);
    refused(&ask(&["runs"]).await, 3, &["token", ".ringback/token"]);
    refused(&ask(&["runs", "--url", "https://example.com"]).await, 3, &["RINGBACK_TOKEN"]);
    refused(&ask(&["runs", "--url", "example"]).await, 2, &["no address"]);
    let wrong = ["runs", "--url", &gateway.api, "--token", "rbk_wrong"];
    let done = run(EMULATOR, Path::new("."), &wrong, "").await;
    refused(&done, 3, &["does not take this token", "RINGBACK_TOKEN"]);
    assert!(!done.err.contains("rbk_wrong"), "{}", done.err);
    let (_, listener) = gateway.listeners.first().unwrap();
    refused(&run(EMULATOR, Path::new("."), &["runs", "--url", listener, "--token", "t"], "").await, 4, &["not_found"]);
}

#[tokio::test]
async fn the_local_gateway_s_token_is_found_in_its_directory() {
    let gateway = gateway().await;
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join(".ringback")).unwrap();
    std::fs::write(directory.path().join(".ringback/token"), &gateway.token).unwrap();
    printed(run(EMULATOR, directory.path(), &["runs", "--url", &gateway.api], "").await);
    let data = directory.path().join(".ringback").display().to_string();
    printed(run(EMULATOR, Path::new("."), &["runs", "--url", &gateway.api, "--data-dir", &data], "").await);
}

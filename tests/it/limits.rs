//! What is too large: refused or failed in words, and never left hanging.

use ringback_tests::{File, Gateway, Reply, Service, noise};
use serde_json::{Value, json};

const KIB: usize = 1024;

const WAITS: &str = "
listener: {path: /done, identify_by: '${body.id}', status: '${body.status}', success_when: [done]}
component:
  id: service
  endpoint: https://service.test
  body: {id: '${input}', to: '${gateway:8090.public_url}/done'}
workflow: {jobs: [{id: ask, component: service, output: '${result.value}'}]}
";

async fn run(file: &str, service: &Service) -> Gateway {
    File::new(file).calling("https://service.test", service).run().await
}

/// A task with the longest text that is taken.
async fn largest(gateway: &Gateway) -> (String, usize) {
    let (mut taken, mut task, mut refused) = (0, String::new(), 1024);
    while refused - taken > 1 {
        let length = usize::midpoint(taken, refused);
        let answer = gateway.trigger("/hook", &json!({"text": noise(length * KIB)})).await;
        if answer.status == 200 {
            (taken, task) = (length, answer.task_id());
        } else {
            answer.is_problem(413, "body_too_large");
            refused = length;
        }
    }
    (task, taken)
}

#[tokio::test]
async fn the_largest_request_that_is_taken_can_be_run() {
    let service = Service::answering(json!({"small": true})).await;
    for input in ["", "input: {text: '${body.text}'}"] {
        let file = "
listener:
  path: /hook
  workflow: w
  INPUT
component: {id: service, endpoint: https://service.test}
workflow: {id: w, jobs: [{component: service}]}
";
        let gateway = run(&file.replace("INPUT", input), &service).await;
        let (task, length) = largest(&gateway).await;
        assert!(length > 256, "{length} KiB");
        assert_eq!(gateway.result_of(&task).await, json!({"small": true}));
    }
}

#[tokio::test]
async fn a_run_that_becomes_too_large_fails_as_a_whole() {
    let file = "
listener: {path: /hook, workflow: w}
workflow:
  id: w
  jobs:
    - {type: for-each, items: ['${input.text}'], do: [{component: {type: delay, duration: 1h}}]}
";
    let gateway = File::new(file).run().await;
    let (task, _) = largest(&gateway).await;
    let error = gateway.error_of(&task).await;
    assert_eq!(error["code"], "too_large");
    assert!(error["message"].as_str().unwrap().starts_with("the run has become too large to be stored"), "{error}");
}

#[tokio::test]
async fn an_answer_that_can_not_be_kept_fails_its_job() {
    for (length, code) in [(900 * KIB, "too_large"), (1025 * KIB, "response_too_large")] {
        let service = Service::answering(json!(noise(length))).await;
        let file = "
component: {id: service, endpoint: https://service.test}
workflow: {jobs: [{component: service, on_error: [{component: {type: delay, duration: 0}, input: '${error.code}'}]}]}
";
        let gateway = run(file, &service).await;
        let task = gateway.start("default", Value::Null).await;
        assert_eq!(gateway.result_of(&task).await, code);
        assert_eq!(service.calls(), 1);
    }
}

#[tokio::test]
async fn long_progress_leaves_room_for_the_callback_that_decides() {
    let service = Service::answering(json!({})).await;
    let gateway = run(WAITS, &service).await;
    let task = gateway.start("default", json!("k")).await;
    gateway.waiting(&task).await;
    let long = noise(400 * KIB);
    for (status, told) in [("running", "stored"), ("running", "stored")] {
        let answer = gateway.call_back("/done", &json!({"id": "k", "status": status, "value": long})).await;
        assert_eq!((answer.status, &answer.body["status"]), (200, &json!(told)), "{}", answer.body);
    }
    let answer = gateway.call_back("/done", &json!({"id": "k", "status": "done", "value": long})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(gateway.result_of(&task).await, json!(long));
}

#[tokio::test]
async fn a_key_is_any_text_up_to_its_limit() {
    let service = Service::scripted(|request| async move { Reply::ok(json!({"id": request.body["id"]})) }).await;
    let gateway = run(WAITS, &service).await;
    for key in
        ["a#b", "#", " ", "line\nline", "ключ/キー", "\u{0}", &"k".repeat(1024), &"k".repeat(1025), &"é".repeat(2048)]
    {
        let task = gateway.start("default", json!(key)).await;
        gateway.waiting(&task).await;
        let answer = gateway.call_back("/done", &json!({"id": key, "status": "done", "value": key})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(gateway.result_of(&task).await, key);
    }
    let long = "k".repeat(4097);
    let task = gateway.start("default", json!(long)).await;
    assert_eq!(gateway.error_of(&task).await["code"], "no_correlation_key");
    let answer = gateway.call_back("/done", &json!({"id": long, "status": "done"})).await;
    answer.is_problem(400, "unusable_request");
}

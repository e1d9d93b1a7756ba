//! Bodies that are nested as deep as they may be, and deeper.

use domain::json::DEEPEST;
use reqwest::Method;
use ringback_tests::{Answer, Caller, File, Service, send};
use serde_json::{Value, json};

const FILE: &str = "
delivery: {allow_private: [127.0.0.0/8]}
listeners:
  - {path: /raw, workflow: call}
  - {path: /wrapped, workflow: call, input: {a: {b: {c: ['${body}']}}}}
  - {path: /waits, workflow: waits}
  - {path: /done, identify_by: '${query.key}', result: {v: '${body}'}}
sources: {open: {auth_type: none, rules: {'*': call}}}
workflows:
  call: {jobs: [{component: call}], output: {input: '${input}', answer: '${jobs.job-1.output}'}}
  waits: {jobs: [{component: waits}]}
components:
  - {id: call, endpoint: https://service.test/call, body: '${input}'}
  - {id: waits, endpoint: https://service.test/ask, completion: {type: callback, callback: /done, wait_for: k}}
";

/// Lists in lists, as text.
fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

async fn post(gateway: &Caller, url: &str, body: String) -> Answer {
    let request =
        gateway.request(Method::POST, url).header("content-type", "application/json").bearer_auth(&gateway.token);
    send(request.body(body)).await
}

#[tokio::test]
async fn what_is_taken_can_be_read_again_wherever_it_is_stored() {
    let service = Service::answering(json!({})).await;
    let gateway = File::new(FILE).calling("https://service.test", &service).run().await;
    let deepest: Value = serde_json::from_str(&nested(DEEPEST)).unwrap();
    for url in [gateway.trigger_url("/raw"), gateway.trigger_url("/wrapped"), format!("{}/hooks/open", gateway.api)] {
        let task = post(&gateway, &url, nested(DEEPEST)).await.task_id();
        assert_eq!(gateway.finished(&task).await["status"], "completed", "{url}");
        assert!(service.next_request().await.body.to_string().contains(&deepest.to_string()), "{url}");
        post(&gateway, &url, nested(DEEPEST + 1)).await.is_problem(400, "malformed_body");
    }
    let task = gateway.trigger("/waits", &json!(1)).await.task_id();
    gateway.waiting(&task).await;
    let done = format!("{}?key=k", gateway.callback_url("/done"));
    post(&gateway, &done, nested(DEEPEST + 1)).await.is_problem(400, "malformed_body");
    assert_eq!(post(&gateway, &done, nested(DEEPEST)).await.body["status"], "resumed");
    assert_eq!(gateway.result_of(&task).await["v"], deepest);
    let api = |path: &str| format!("{}{path}", gateway.api);
    let started =
        post(&gateway, &api("/api/workflows/call/runs"), format!("{{\"input\":{}}}", nested(DEEPEST - 1))).await;
    assert_eq!(gateway.finished(&started.task_id()).await["status"], "completed");
    assert_eq!(gateway.tasks().await.len(), 5);
    assert_eq!(gateway.get("/api/requests").await.status, 200);
}

#[tokio::test]
async fn an_event_as_deep_as_it_may_be_is_delivered() {
    let service = Service::answering(json!({})).await;
    let gateway = File::new(FILE).calling("https://service.test", &service).run().await;
    let endpoint = json!({"url": service.url, "events": ["*"]});
    assert_eq!(send(gateway.api(Method::POST, "/api/webhooks").json(&endpoint)).await.status, 201);
    let event = |levels: usize| format!("{{\"event\":\"a.b\",\"data\":{}}}", nested(levels));
    let events = format!("{}/api/events", gateway.api);
    assert_eq!(post(&gateway, &events, event(DEEPEST - 1)).await.status, 202);
    post(&gateway, &events, event(DEEPEST)).await.is_problem(400, "malformed_body");
    assert!(service.next_request().await.body.to_string().contains(&nested(DEEPEST - 1)));
}

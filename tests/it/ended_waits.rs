//! Waits whose job has ended without its callback: nobody waits there any more, and the key is free.

use domain::config::RouteId;
use domain::id::RunId;
use domain::run::JobPath;
use domain::wait::{Opening, WaitKey, Waiter};
use ringback_tests::{Answer, File, Gateway, ManualClock, Reply, Service, eventually};
use serde_json::{Value, json};
use std::time::Duration;

/// One key for everyone, known before the call.
const ONE_KEY: &str = "
listener: {path: /done, status: '${body.status | done}', success_when: [done], result: '${body.value}'}
component:
  {id: service, endpoint: https://service.test, body: {to: '${gateway:8090.public_url}/done'}, output: '${result}'}
workflows:
  plain: {jobs: [{component: service}]}
  careful: {jobs: [{component: service, on_error: [{component: service}]}]}
  later: {jobs: [{component: {type: delay, duration: 0}}, {component: service}]}
  patient: {jobs: [{component: service, retry: {max_attempts: 2, delay: 10m}}]}
";

fn broken() -> Reply {
    Reply::status(500, json!("broken"))
}

async fn run(service: &Service) -> Gateway {
    File::new(ONE_KEY).calling("https://service.test", service).run().await
}

async fn call_back(gateway: &Gateway, value: u32) -> Answer {
    gateway.call_back("/done", &json!({"value": value})).await
}

/// Ends once callbacks are ignored, which is just after the run has ended; progress is told the same, and decides
/// nothing before.
async fn is_closed(gateway: &Gateway) {
    eventually("the wait is closed", || async {
        let answer = gateway.call_back("/done", &json!({"status": "still there?"})).await;
        if answer.body["status"] == "ignored" { Ok(()) } else { Err(answer.body) }
    })
    .await;
}

#[tokio::test]
async fn a_failed_call_leaves_the_key_to_the_next_run() {
    let service = Service::answering_in_turn([broken(), Reply::ok(json!({}))]).await;
    let gateway = run(&service).await;
    let first = gateway.start("plain", Value::Null).await;
    assert_eq!(gateway.error_of(&first).await["code"], "http_status");
    let second = gateway.start("plain", Value::Null).await;
    gateway.waiting(&second).await;
    assert_eq!(call_back(&gateway, 2).await.body["status"], "resumed");
    assert_eq!(gateway.result_of(&second).await, 2);
}

#[tokio::test]
async fn a_callback_for_a_call_that_failed_is_ignored() {
    let service = Service::answering_in_turn([broken()]).await;
    let gateway = run(&service).await;
    let task = gateway.start("plain", Value::Null).await;
    gateway.error_of(&task).await;
    is_closed(&gateway).await;
}

#[tokio::test]
async fn a_wait_that_a_run_left_open_is_taken_over() {
    let service = Service::answering(json!({})).await;
    let gateway = run(&service).await;
    let wait = WaitKey { route: RouteId("POST /done".to_owned()), key: "__callback__".to_owned() };
    let gone = Waiter { run: RunId::random([7; 16]), job: JobPath::new("job-1"), attempt: 1 };
    let app = gateway.app();
    let tomorrow = app.now() + jiff::SignedDuration::from_hours(24);
    assert_eq!(app.store.open_wait(&wait, &gone, tomorrow).await.unwrap(), Opening::Waits);

    let task = gateway.start("plain", Value::Null).await;
    gateway.waiting(&task).await;
    assert_eq!(call_back(&gateway, 4).await.body["status"], "resumed");
    assert_eq!(gateway.result_of(&task).await, 4);
}

#[tokio::test]
async fn a_job_of_on_error_can_wait_for_the_key_of_the_job_that_failed() {
    let service = Service::answering_in_turn([broken(), Reply::ok(json!({}))]).await;
    let gateway = run(&service).await;
    let task = gateway.start("careful", Value::Null).await;
    let waits = |task: &Value| task["jobs"].as_array().unwrap().iter().any(|job| !job["waiting_for"].is_null());
    gateway.task_when(&task, "waiting in its error handler", waits).await;
    assert_eq!(call_back(&gateway, 3).await.body["status"], "resumed");
    assert_eq!(gateway.result_of(&task).await, 3);
}

#[tokio::test]
async fn a_run_cancelled_during_its_call_waits_for_nothing() {
    let (service, gate) = Service::held().await;
    let gateway = run(&service).await;
    let task = gateway.start("plain", Value::Null).await;
    service.next_request().await;
    assert_eq!(gateway.post(&format!("/api/tasks/{task}/cancel")).await.status, 200);
    assert_eq!(call_back(&gateway, 1).await.body["status"], "ignored");
    gate.open();
    let next = gateway.start("plain", Value::Null).await;
    gateway.waiting(&next).await;
    assert_eq!(call_back(&gateway, 2).await.body["status"], "resumed");
    assert_eq!(gateway.result_of(&next).await, 2);
}

#[tokio::test]
async fn a_run_cancelled_during_a_later_call_waits_for_nothing_once_that_is_over() {
    let (service, gate) = Service::held().await;
    let gateway = run(&service).await;
    let task = gateway.start("later", Value::Null).await;
    service.next_request().await;
    assert_eq!(gateway.post(&format!("/api/tasks/{task}/cancel")).await.status, 200);
    gate.open();
    is_closed(&gateway).await;
}

#[tokio::test]
async fn a_callback_between_two_attempts_counts_for_the_job() {
    let clock = ManualClock::new();
    let service = Service::answering_in_turn([broken(), Reply::ok(json!({}))]).await;
    let gateway = File::new(ONE_KEY).calling("https://service.test", &service).clock(&clock).run().await;
    let rests = |task: &Value| task["jobs"][0]["status"] == "retrying";
    let first = gateway.start("patient", Value::Null).await;
    gateway.task_when(&first, "between two attempts", rests).await;
    // The service did take the call, whatever it answered.
    assert_eq!(call_back(&gateway, 1).await.body["status"], "resumed");
    assert_eq!(gateway.result_of(&first).await, 1);
    clock.advance(Duration::from_secs(600));
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn a_run_cancelled_between_two_attempts_waits_for_nothing() {
    let service = Service::answering_in_turn([broken(), Reply::ok(json!({}))]).await;
    let gateway = run(&service).await;
    let first = gateway.start("patient", Value::Null).await;
    gateway.task_when(&first, "between two attempts", |task| task["jobs"][0]["status"] == "retrying").await;
    assert_eq!(gateway.post(&format!("/api/tasks/{first}/cancel")).await.status, 200);
    assert_eq!(call_back(&gateway, 1).await.body["status"], "ignored");
    let next = gateway.start("plain", Value::Null).await;
    gateway.waiting(&next).await;
}

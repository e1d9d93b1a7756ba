//! A job that waits and the callback it waits for.

use super::Stage;
use ringback_tests::{Answer, Gate, Reply, job};
use serde_json::{Value, json};

pub(super) const LISTENERS: &str = "
  - {id: answered, port: 8090, path: /answered, identify_by: '${body.id}', result: '${body.value}'}
  - id: requested
    port: 8090
    path: /requested
    identify_by: ${body.id}
    status: ${body.status}
    success_when: [done, 200]
    fail_when: [failed]
    result: ${body.value}
";

/// The key of `answered` is in the service's answer, so the wait is opened after the call; that of `requested` is in our
/// request, so it is opened before.
pub(super) const COMPONENTS: &str = "
  answered:
    endpoint: ${input.service}/jobs
    body: {callback_url: '${gateway:8090.public_url}/answered'}
    output: {response: '${response}', result: '${result}'}
  requested:
    endpoint: ${input.service}/jobs
    body: {callback_url: '${gateway:8090.public_url}/requested', id: '${input.id}'}
    completion: {type: callback, wait_for: '${request.id}', timeout: 10m}
    output: {response: '${response}', result: '${result}'}
  hurried:
    endpoint: ${input.service}/jobs
    body: {callback_url: '${gateway:8090.public_url}/requested', id: '${input.id}'}
    completion: {type: callback, wait_for: '${request.id}', timeout: 1s}
";

pub(super) const WORKFLOWS: &str = "
  key-in-answer: {jobs: [{id: ask, component: answered}]}
  key-in-request: {jobs: [{id: ask, component: requested}]}
  short-of-time: {jobs: [{id: ask, component: hurried}]}
";

#[track_caller]
fn said(answer: &Answer, expected: &str) {
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!(expected)), "{}", answer.body);
}

async fn ask(stage: &Stage<'_>, service: &ringback_tests::Service, id: impl Into<Value>) -> String {
    let id: Value = id.into();
    stage.start("key-in-request", json!({"service": service.url, "id": id})).await
}

async fn done(stage: &Stage<'_>, id: impl Into<Value>, status: impl Into<Value>, value: impl Into<Value>) -> Answer {
    let (id, status, value): (Value, Value, Value) = (id.into(), status.into(), value.into());
    stage.call_back("/requested", &json!({"id": id, "status": status, "value": value})).await
}

pub(super) async fn a_callback_before_the_answer_is_kept_until_the_wait_is_opened(stage: &Stage<'_>) {
    let script = |request: ringback_tests::Request| async move {
        let early = request.call_back(&json!({"id": "early", "value": "early"})).await;
        Reply::ok(json!({"id": "early", "told": early.body}))
    };
    let service = stage.services().scripted(script).await;
    let task = stage.start("key-in-answer", json!({"service": service.url})).await;
    let response = json!({"id": "early", "told": {"status": "stored"}});
    assert_eq!(stage.result_of(&task).await, json!({"response": response, "result": "early"}));
    assert_eq!(service.requests().len(), 1);
}

pub(super) async fn a_callback_before_the_answer_finds_the_wait_that_was_opened_before_the_call(stage: &Stage<'_>) {
    let gate = Gate::closed();
    let held = gate.clone();
    let script = move |_| {
        let held = held.clone();
        async move {
            held.passed().await;
            Reply::ok(json!({"accepted": true}))
        }
    };
    let service = stage.services().scripted(script).await;
    let task = ask(stage, &service, "before").await;
    let request = service.next_request().await;
    said(&request.call_back(&json!({"id": "before", "status": "done", "value": "early"})).await, "resumed");
    gate.open();
    let result = json!({"response": {"accepted": true}, "result": "early"});
    assert_eq!(stage.result_of(&task).await, result);
}

pub(super) async fn a_callback_after_the_answer_resumes_the_run(stage: &Stage<'_>) {
    let service = stage.services().answering(json!({"accepted": true})).await;
    let task = ask(stage, &service, "after").await;
    let waiting = stage.waiting(&task).await;
    assert_eq!(job(&waiting, "ask")["waiting_for"]["key"], "after");
    assert_eq!(job(&waiting, "ask")["response"], json!({"accepted": true}));
    said(&done(stage, "after", "done", 7).await, "resumed");
    assert_eq!(stage.result_of(&task).await["result"], 7);
}

pub(super) async fn a_second_callback_is_a_duplicate_and_the_first_one_counts(stage: &Stage<'_>) {
    let script = |request: ringback_tests::Request| async move {
        let first = request.call_back(&json!({"id": "twice", "value": "first"})).await;
        let second = request.call_back(&json!({"id": "twice", "value": "first"})).await;
        Reply::ok(json!({"id": "twice", "told": [first.body["status"], second.body["status"]]}))
    };
    let service = stage.services().scripted(script).await;
    let task = stage.start("key-in-answer", json!({"service": service.url})).await;
    let result = stage.result_of(&task).await;
    assert_eq!((&result["result"], &result["response"]["told"]), (&json!("first"), &json!(["stored", "duplicate"])));
    let third = stage.call_back("/answered", &json!({"id": "twice", "value": "first"})).await;
    assert_eq!(third.body, json!({"status": "duplicate"}));
    // Another callback is for the next job that waits under the key.
    let other = stage.call_back("/answered", &json!({"id": "twice", "value": "other"})).await;
    assert_eq!(other.body, json!({"status": "stored"}));
    assert_eq!(stage.result_of(&task).await["result"], "first");
}

pub(super) async fn a_callback_that_nobody_waits_for_is_kept_for_the_run_that_will(stage: &Stage<'_>) {
    let service = stage.services().answering(json!({})).await;
    said(&done(stage, "kept", "done", "kept").await, "stored");
    let task = ask(stage, &service, "kept").await;
    assert_eq!(stage.result_of(&task).await["result"], "kept");
}

pub(super) async fn progress_keeps_the_job_waiting_until_the_status_decides(stage: &Stage<'_>) {
    let service = stage.services().answering(json!({})).await;
    let task = ask(stage, &service, "progress").await;
    stage.waiting(&task).await;
    for percent in [10, 50] {
        let told = done(stage, "progress", "running", percent).await;
        assert_eq!(told.body, json!({"status": "stored", "progress": true}));
        assert_eq!(stage.task(&task).await["status"], "waiting");
    }
    said(&done(stage, "progress", "done", 100).await, "resumed");
    assert_eq!(stage.result_of(&task).await["result"], 100);
}

pub(super) async fn a_failure_status_fails_the_job_with_what_came_with_it(stage: &Stage<'_>) {
    let service = stage.services().answering(json!({})).await;
    let task = ask(stage, &service, "failure").await;
    stage.waiting(&task).await;
    let why = json!({"reason": "no such prompt"});
    said(&done(stage, "failure", "failed", why.clone()).await, "resumed");
    let error = stage.error_of(&task).await;
    assert_eq!((&error["code"], &error["detail"]), (&json!("callback_failed"), &why));
}

pub(super) async fn numbers_and_texts_that_read_alike_are_the_same_key_and_the_same_status(stage: &Stage<'_>) {
    let service = stage.services().answering(json!({})).await;
    for (ours, theirs, status) in [(json!(5), json!("5"), json!(200)), (json!("6"), json!(6), json!("200"))] {
        let task = ask(stage, &service, ours).await;
        stage.waiting(&task).await;
        said(&done(stage, theirs, status, "x").await, "resumed");
        assert_eq!(stage.result_of(&task).await["result"], "x");
    }
}

/// In AWS the schedule that looks at deadlines comes once in a minute.
pub(super) async fn a_wait_whose_deadline_passes_fails_its_job_and_ignores_the_callback(stage: &Stage<'_>) {
    let service = stage.services().answering(json!({})).await;
    let task = stage.start("short-of-time", json!({"service": service.url, "id": "late"})).await;
    stage.waiting(&task).await;
    let ended = stage.task_within(super::A_SWEEP, &task, "ended", |task| task["status"] == "failed").await;
    assert_eq!(ended["error"]["code"], "timeout");
    let late = done(stage, "late", "done", 1).await;
    assert_eq!(late.body, json!({"status": "ignored", "reason": "the wait for this callback has ended"}));
}

//! The rendezvous: a job that waits and the callback it waits for, in every order.

use ringback_tests::{Answer, File, Gate, Gateway, ManualClock, Reply, Service, job};
use serde_json::{Value, json};
use std::time::Duration;

/// The key is in the service's answer, so the wait is opened after the call.
const KEY_IN_ANSWER: &str = "
listener: {path: /done, identify_by: '${body.id}', result: '${body.value}'}
component:
  id: service
  endpoint: https://service.test/jobs
  body: {callback_url: '${gateway:8090.public_url}/done'}
  output: {response: '${response}', result: '${result}'}
workflow:
  jobs: [{id: ask, component: service}]
";

/// The key is in our request, so the wait is opened before the call.
const KEY_IN_REQUEST: &str = "
listener:
  path: /done
  identify_by: ${body.id}
  status: ${body.status}
  success_when: [done, 200]
  fail_when: [failed]
  result: ${body.value}
component:
  id: service
  endpoint: https://service.test/jobs
  body: {callback_url: '${gateway:8090.public_url}/done', id: '${input.id}'}
  completion: {type: callback, wait_for: '${request.id}', timeout: 10m}
  output: {response: '${response}', result: '${result}'}
workflow:
  jobs: [{id: ask, component: service}]
";

async fn run(file: &str, service: &Service) -> Gateway {
    File::new(file).calling("https://service.test", service).run().await
}

#[track_caller]
fn said(answer: &Answer, expected: &str) {
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!(expected)), "{}", answer.body);
}

#[tokio::test]
async fn a_callback_before_the_answer_is_kept_until_the_wait_is_opened() {
    let service = Service::scripted(|request| async move {
        let early = request.call_back(&json!({"id": "j-1", "value": "early"})).await;
        Reply::ok(json!({"id": "j-1", "told": early.body}))
    })
    .await;
    let gateway = run(KEY_IN_ANSWER, &service).await;
    let task = gateway.start("default", json!({})).await;
    let response = json!({"id": "j-1", "told": {"status": "stored"}});
    assert_eq!(gateway.result_of(&task).await, json!({"response": response, "result": "early"}));
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn a_callback_before_the_answer_finds_the_wait_that_was_opened_before_the_call() {
    let gate = Gate::closed();
    let held = gate.clone();
    let service = Service::scripted(move |_| {
        let held = held.clone();
        async move {
            held.passed().await;
            Reply::ok(json!({"accepted": true}))
        }
    })
    .await;
    let gateway = run(KEY_IN_REQUEST, &service).await;
    let task = gateway.start("default", json!({"id": "a"})).await;
    let request = service.next_request().await;
    said(&request.call_back(&json!({"id": "a", "status": "done", "value": "early"})).await, "resumed");
    gate.open();
    let result = json!({"response": {"accepted": true}, "result": "early"});
    assert_eq!(gateway.result_of(&task).await, result);
}

#[tokio::test]
async fn a_callback_after_the_answer_resumes_the_run() {
    let service = Service::answering(json!({"accepted": true})).await;
    let gateway = run(KEY_IN_REQUEST, &service).await;
    let task = gateway.start("default", json!({"id": "b"})).await;
    let waiting = gateway.waiting(&task).await;
    assert_eq!(job(&waiting, "ask")["waiting_for"]["key"], "b");
    assert_eq!(job(&waiting, "ask")["response"], json!({"accepted": true}));
    said(&gateway.call_back("/done", &json!({"id": "b", "status": "done", "value": 7})).await, "resumed");
    assert_eq!(gateway.result_of(&task).await["result"], 7);
}

#[tokio::test]
async fn a_second_callback_is_a_duplicate_and_the_first_one_counts() {
    let service = Service::scripted(|request| async move {
        let first = request.call_back(&json!({"id": "j-1", "value": "first"})).await;
        let second = request.call_back(&json!({"id": "j-1", "value": "second"})).await;
        Reply::ok(json!({"id": "j-1", "told": [first.body["status"], second.body["status"]]}))
    })
    .await;
    let gateway = run(KEY_IN_ANSWER, &service).await;
    let task = gateway.start("default", json!({})).await;
    let result = gateway.result_of(&task).await;
    assert_eq!((&result["result"], &result["response"]["told"]), (&json!("first"), &json!(["stored", "duplicate"])));
    let third = gateway.call_back("/done", &json!({"id": "j-1", "value": "third"})).await;
    assert_eq!(third.body, json!({"status": "duplicate"}));
    assert_eq!(gateway.result_of(&task).await["result"], "first");
}

#[tokio::test]
async fn a_callback_after_the_deadline_is_ignored_and_the_job_has_failed() {
    let clock = ManualClock::new();
    let service = Service::answering(json!({})).await;
    let file = File::new(KEY_IN_REQUEST).calling("https://service.test", &service);
    let gateway = file.clock(&clock).run().await;
    let task = gateway.start("default", json!({"id": "late"})).await;
    gateway.waiting(&task).await;
    clock.advance(Duration::from_secs(600));
    assert_eq!(gateway.error_of(&task).await["code"], "timeout");
    let late = gateway.call_back("/done", &json!({"id": "late", "status": "done", "value": 1})).await;
    assert_eq!(late.body, json!({"status": "ignored", "reason": "nobody waits for it any more"}));
    assert_eq!(gateway.task(&task).await["status"], "failed");
}

#[tokio::test]
async fn a_callback_just_before_the_deadline_is_in_time() {
    let clock = ManualClock::new();
    let service = Service::answering(json!({})).await;
    let file = File::new(KEY_IN_REQUEST).calling("https://service.test", &service);
    let gateway = file.clock(&clock).run().await;
    let (early, late) = (json!({"id": "early"}), json!({"id": "late"}));
    let early = gateway.start("default", early).await;
    gateway.waiting(&early).await;
    clock.advance(Duration::from_secs(599));
    let late = gateway.start("default", late).await;
    gateway.waiting(&late).await;
    said(&gateway.call_back("/done", &json!({"id": "early", "status": "done", "value": 1})).await, "resumed");
    clock.advance(Duration::from_secs(599));
    assert_eq!(gateway.result_of(&early).await["result"], 1);
    // The later wait's own deadline has not come.
    assert_eq!(gateway.task(&late).await["status"], "waiting");
    clock.advance(Duration::from_secs(1));
    assert_eq!(gateway.error_of(&late).await["code"], "timeout");
}

#[tokio::test]
async fn a_callback_that_nobody_waits_for_is_kept_for_the_run_that_will() {
    let service = Service::answering(json!({})).await;
    let gateway = run(KEY_IN_REQUEST, &service).await;
    said(&gateway.call_back("/done", &json!({"id": "k", "status": "done", "value": "kept"})).await, "stored");
    let task = gateway.start("default", json!({"id": "k"})).await;
    assert_eq!(gateway.result_of(&task).await["result"], "kept");
}

#[tokio::test]
async fn progress_keeps_the_job_waiting_until_the_status_decides() {
    let service = Service::answering(json!({})).await;
    let gateway = run(KEY_IN_REQUEST, &service).await;
    let task = gateway.start("default", json!({"id": "p"})).await;
    gateway.waiting(&task).await;
    for percent in [10, 50] {
        let told = gateway.call_back("/done", &json!({"id": "p", "status": "running", "value": percent})).await;
        assert_eq!(told.body, json!({"status": "stored", "progress": true}));
        assert_eq!(gateway.task(&task).await["status"], "waiting");
    }
    said(&gateway.call_back("/done", &json!({"id": "p", "status": "done", "value": 100})).await, "resumed");
    assert_eq!(gateway.result_of(&task).await["result"], 100);
}

#[tokio::test]
async fn a_failure_status_fails_the_job_with_what_came_with_it() {
    let service = Service::answering(json!({})).await;
    let gateway = run(KEY_IN_REQUEST, &service).await;
    let task = gateway.start("default", json!({"id": "f"})).await;
    gateway.waiting(&task).await;
    let why = json!({"reason": "no such prompt"});
    said(&gateway.call_back("/done", &json!({"id": "f", "status": "failed", "value": why})).await, "resumed");
    let error = gateway.error_of(&task).await;
    assert_eq!((&error["code"], &error["detail"]), (&json!("callback_failed"), &why));
}

#[tokio::test]
async fn numbers_and_texts_that_read_alike_are_the_same_key_and_the_same_status() {
    let service = Service::answering(json!({})).await;
    let gateway = run(KEY_IN_REQUEST, &service).await;
    for (ours, theirs, status) in [(json!(5), json!("5"), json!(200)), (json!("6"), json!(6), json!("200"))] {
        let task = gateway.start("default", json!({"id": ours})).await;
        gateway.waiting(&task).await;
        said(&gateway.call_back("/done", &json!({"id": theirs, "status": status, "value": "x"})).await, "resumed");
        assert_eq!(gateway.result_of(&task).await["result"], "x");
    }
}

#[tokio::test]
async fn one_key_on_two_routes_is_two_waits() {
    let service = Service::answering(json!({})).await;
    let gateway = run(
        "
listener:
  callbacks:
    - {path: /image, identify_by: '${body.id}', result: '${body.value}'}
    - {path: /video, identify_by: '${body.id}', result: '${body.value}'}
components:
  image: {endpoint: https://service.test/image, body: {to: '${gateway:8090.public_url}/image', id: '${input}'}}
  video: {endpoint: https://service.test/video, body: {to: '${gateway:8090.public_url}/video', id: '${input}'}}
workflows:
  image: {jobs: [{component: image}]}
  video: {jobs: [{component: video}]}
",
        &service,
    )
    .await;
    let (image, video) = (gateway.start("image", json!("k")).await, gateway.start("video", json!("k")).await);
    gateway.waiting(&image).await;
    gateway.waiting(&video).await;
    gateway.call_back("/video", &json!({"id": "k", "value": "film"})).await;
    assert_eq!(gateway.result_of(&video).await, "film");
    assert_eq!(gateway.task(&image).await["status"], "waiting");
    gateway.call_back("/image", &json!({"id": "k", "value": "still"})).await;
    assert_eq!(gateway.result_of(&image).await, "still");
}

#[tokio::test]
async fn a_second_waiter_with_the_same_key_is_refused_until_the_first_has_its_callback() {
    let service = Service::answering(json!({})).await;
    let gateway = run(
        "
listener: {path: /done, result: '${body.value}'}
component: {id: service, endpoint: https://service.test, body: {to: '${gateway:8090.public_url}/done'}}
workflow: {jobs: [{component: service}]}
",
        &service,
    )
    .await;
    let first = gateway.start("default", Value::Null).await;
    gateway.waiting(&first).await;
    let second = gateway.start("default", Value::Null).await;
    let error = gateway.error_of(&second).await;
    assert_eq!(error["code"], "key_taken");
    assert_eq!(error["message"], format!("the run {first} waits for `__callback__` already"));
    assert_eq!(service.requests().len(), 1, "nobody could tell the second one's callback from the first one's");

    said(&gateway.call_back("/done", &json!({"value": 1})).await, "resumed");
    assert_eq!(gateway.result_of(&first).await, 1);
    let third = gateway.start("default", Value::Null).await;
    gateway.waiting(&third).await;
    said(&gateway.call_back("/done", &json!({"value": 3})).await, "resumed");
    assert_eq!(gateway.result_of(&third).await, 3);
}

#[tokio::test]
async fn each_item_of_a_bulk_callback_has_its_own_verdict_and_a_bad_one_stops_no_other() {
    let service = Service::answering(json!({})).await;
    let gateway = run(
        "
listener:
  path: /batch
  bulk: true
  item: ${body.results}
  identify_by: ${item.task_id}
  status: ${item.status}
  success_when: [completed]
  fail_when: [failed]
  result: ${item.data}
component:
  id: service
  endpoint: https://service.test
  body: {to: '${gateway:8090.public_url}/batch', task_id: '${input}'}
workflow: {jobs: [{component: service}]}
",
        &service,
    )
    .await;
    let (good, bad) = (gateway.start("default", json!("good")).await, gateway.start("default", json!("bad")).await);
    gateway.waiting(&good).await;
    gateway.waiting(&bad).await;
    let results = json!([
        {"task_id": "good", "status": "completed", "data": "picture"},
        {"status": "completed", "data": "whose?"},
        {"task_id": "bad", "status": "failed", "data": "too dark"},
        {"task_id": "good", "status": "completed", "data": "again"},
        {"task_id": "next", "status": "running", "data": 1},
        {"task_id": "unknown", "status": "completed", "data": "early"},
    ]);
    let answer = gateway.call_back("/batch", &json!({"results": results})).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("resumed")));
    let items = answer.body["items"].as_array().unwrap();
    let statuses: Vec<_> = items.iter().map(|item| item["status"].as_str().unwrap()).collect();
    // The two halves of one key race, and one of them is first.
    assert_eq!([statuses[1], statuses[2], statuses[4], statuses[5]], ["failed", "resumed", "stored", "stored"]);
    assert_eq!((&items[1]["index"], &items[1]["code"]), (&json!(1), &json!("unusable_request")));
    let mut same_key = [statuses[0], statuses[3]];
    same_key.sort_unstable();
    assert_eq!(same_key, ["duplicate", "resumed"]);
    let result = gateway.result_of(&good).await;
    assert!(result == "picture" || result == "again", "{result}");
    assert_eq!(gateway.error_of(&bad).await["detail"], "too dark");
}

#[tokio::test]
async fn the_key_can_stand_in_the_query_of_the_address_that_was_sent() {
    let service = Service::answering(json!({})).await;
    let gateway = run(
        "
listener: {path: /webhook, identify_by: '${query.task_id}', result: '${body}'}
component:
  id: service
  endpoint: https://service.test
  body: {callback_url: '${gateway:8090.public_url}/webhook?task_id=${input.id}'}
workflow: {jobs: [{component: service}]}
",
        &service,
    )
    .await;
    let task = gateway.start("default", json!({"id": "q-1"})).await;
    let request = service.next_request().await;
    gateway.waiting(&task).await;
    said(&request.call_back(&json!({"output": {"url": "u"}})).await, "resumed");
    assert_eq!(gateway.result_of(&task).await, json!({"output": {"url": "u"}}));
}

#[tokio::test]
async fn the_result_is_what_the_route_takes_from_the_callback() {
    let body = json!({"id": "x", "output": {"url": "u", "size": [3, 4]}});
    let cases = [
        ("", body.clone()),
        ("result: '${body.output.url}'", json!("u")),
        ("result: '${body.output}'", json!({"url": "u", "size": [3, 4]})),
        ("result: {link: '${body.output.url}', width: '${body.output.size[0]}'}", json!({"link": "u", "width": 3})),
        ("result: 'at ${body.output.url}'", json!("at u")),
        ("result: ['${body.output.size[-1]}', 9]", json!([4, 9])),
        ("result: '${body.nothing | none}'", json!("none")),
    ];
    for (result, expected) in cases {
        let service = Service::answering(json!({"id": "x"})).await;
        let file = "
listener:
  path: /done
  identify_by: ${body.id}
  RESULT
component:
  {id: service, endpoint: https://service.test, body: {to: '${gateway:8090.public_url}/done'}, output: '${result}'}
workflow: {jobs: [{component: service}]}
";
        let gateway = run(&file.replace("RESULT", result), &service).await;
        let task = gateway.start("default", Value::Null).await;
        gateway.waiting(&task).await;
        gateway.call_back("/done", &body).await;
        assert_eq!(gateway.result_of(&task).await, expected, "{result}");
    }
}

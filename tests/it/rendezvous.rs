//! The rendezvous: a job that waits and the callback it waits for. What needs no turning of clocks is in
//! tests/it/scenarios/rendezvous.rs.

use ringback_tests::{Answer, File, Gateway, ManualClock, Service};
use serde_json::{Value, json};
use std::time::Duration;

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
    assert_eq!(late.body, json!({"status": "ignored", "reason": "the wait for this callback has ended"}));
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
    // Two callbacks of one key race: one of them is first, and the other is kept for a job that waits there next.
    assert_eq!([statuses[1], statuses[2], statuses[4], statuses[5]], ["failed", "resumed", "stored", "stored"]);
    assert_eq!((&items[1]["index"], &items[1]["code"]), (&json!(1), &json!("unusable_request")));
    let mut same_key = [statuses[0], statuses[3]];
    same_key.sort_unstable();
    assert_eq!(same_key, ["resumed", "stored"]);
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

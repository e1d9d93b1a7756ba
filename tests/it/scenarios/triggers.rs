//! Requests that start workflows: what they bring reaches the run as it was sent.

use super::Stage;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use ringback_tests::{Answer, Service, send};
use serde_json::{Value, json};

pub(super) const LISTENERS: &str = "
  - id: triggers
    port: 8091
    triggers:
      - {path: /hook, workflow: echo}
      - {path: /batch, workflow: echo, bulk: true, item: '${body.items}', input: {id: '${item.id}', sum: '${item.a + item.b}'}}
      - {path: /story, workflow: story, input: {service: '${body.service}', id: '${body.id}'}}
      - path: /hooks/{id}/{kind}
        workflow: echo
        method: PUT
        input:
          auth: {token: '${query.token}', user: '${body.user | nobody}'}
          many: ${query.tag}
          thing: ${header.X-Thing}
          same: ${header.x-thing}
          at: ${path.id}
          path: 'the ${path.kind}'
          by: ${method}
          list: ['${body.n + 1}', fixed, 3]
";

/// `echo` has as its result what it was started with.
pub(super) const WORKFLOWS: &str = "
  echo: {jobs: [{component: {type: delay, duration: 0}}]}
  story:
    jobs:
      - {id: first, component: requested, input: {service: '${input.service}', id: '${input.id}-1'}}
      - {id: second, component: requested, input: {service: '${input.service}', id: '${input.id}-2'}}
    output: ['${jobs.first.output.result}', '${jobs.second.output.result}']
";

/// What a run was given by a request.
async fn given(stage: &Stage<'_>, answer: &Answer) -> Value {
    stage.result_of(&answer.task_id()).await
}

async fn post(stage: &Stage<'_>, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = stage.request(Method::POST, &stage.trigger_url("/hook"));
    send(request.header(CONTENT_TYPE, content_type).body(body)).await
}

pub(super) async fn a_trigger_starts_two_jobs_each_of_which_waits_for_its_callback(stage: &Stage<'_>) {
    let service: Service = stage.services().answering(json!({})).await;
    let brought = json!({"service": service.url, "id": "story"});
    let url = stage.trigger_url("/story");
    let keyed = || send(stage.request(Method::POST, &url).header("Idempotency-Key", "k").json(&brought));
    let task = keyed().await.task_id();
    assert_eq!(keyed().await.task_id(), task);
    for (id, value) in [("story-1", "one"), ("story-2", "two")] {
        let request = service.next_request().await;
        assert_eq!(request.body["id"], id);
        let answer = request.call_back(&json!({"id": id, "status": "done", "value": value})).await;
        let status = &answer.body["status"];
        assert!(status == "resumed" || status == "stored", "{status}");
    }
    assert_eq!(stage.result_of(&task).await, json!(["one", "two"]));
    assert_eq!(service.calls(), 2);
}

pub(super) async fn each_item_of_a_bulk_trigger_has_a_run_of_its_own(stage: &Stage<'_>) {
    let items = json!([{"id": "x", "a": 1, "b": 2}, {"id": "y", "a": "one", "b": 2}, {"id": "z", "a": 3, "b": 4}]);
    let answer = stage.trigger("/batch", &json!({"items": items})).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("triggered")), "{}", answer.body);
    let tasks = answer.body["task_ids"].as_array().unwrap();
    let mut results = Vec::new();
    for task in tasks {
        results.push(stage.result_of(task.as_str().unwrap()).await);
    }
    assert_eq!(results, [json!({"id": "x", "sum": 3}), json!({"id": "z", "sum": 7})]);
    assert_eq!(answer.body["failed"][0]["index"], 1, "{}", answer.body);
}

pub(super) async fn the_input_is_mapped_from_every_part_of_the_request(stage: &Stage<'_>) {
    let url = stage.trigger_url("/hooks/42/odd%20one?token=a%20b&tag=1&tag=2");
    let request = stage.request(Method::PUT, &url).header("x-THING", "value").json(&json!({"n": 1}));
    let input = json!({
        "auth": {"token": "a b", "user": "nobody"}, "many": ["1", "2"], "thing": "value", "same": "value",
        "at": "42", "path": "the odd one", "by": "PUT", "list": [2, "fixed", 3],
    });
    assert_eq!(given(stage, &send(request).await).await, input);
}

pub(super) async fn a_body_is_read_as_its_content_type_says(stage: &Stage<'_>) {
    let bytes = |content_type: &str, data: &str| json!({"content_type": content_type, "size": 4, "data": data});
    let cases = [
        ("application/json", r#"{"a":[1,null]}"#, json!({"a": [1, null]})),
        ("application/json; charset=utf-8", "\u{feff}7", json!(7)),
        ("application/cloudevents+json", r#"{"id":"1"}"#, json!({"id": "1"})),
        ("application/x-www-form-urlencoded", "a=1+2&b=%C3%A9&a=3", json!({"a": ["1 2", "3"], "b": "é"})),
        ("text/plain", "plain {", json!("plain {")),
        ("text/plain; charset=utf-8", "7", json!("7")),
        ("application/xml", "<a/>", json!("<a/>")),
        // Equal bodies would be one request.
        ("application/octet-stream", "\u{1}raw", bytes("application/octet-stream", "AXJhdw==")),
        ("image/png", "\u{1}png", bytes("image/png", "AXBuZw==")),
        ("nonsense", "\u{1}non", bytes("nonsense", "AW5vbg==")),
        ("application/json", "", Value::Null),
    ];
    for (content_type, body, expected) in cases {
        let answer = post(stage, content_type, body).await;
        assert_eq!(given(stage, &answer).await, expected, "{content_type}: {body}");
    }
    let bare = stage.request(Method::POST, &stage.trigger_url("/hook")).body(r#"{"no":"type"}"#);
    assert_eq!(given(stage, &send(bare).await).await, json!({"no": "type"}));
}

pub(super) async fn a_multipart_body_is_its_fields_and_its_files(stage: &Stage<'_>) {
    let body = [
        "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA cat\r\n",
        "--b\r\nContent-Disposition: form-data; name=\"meta\"\r\nContent-Type: application/json\r\n\r\n{\"w\":3}\r\n",
        "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"cat.png\"\r\nContent-Type: \
         image/png\r\n\r\n",
        "\u{1}raw\r\n--b--\r\n",
    ]
    .concat();
    let answer = post(stage, "multipart/form-data; boundary=b", body).await;
    let image = json!({"filename": "cat.png", "content_type": "image/png", "size": 4, "data": "AXJhdw=="});
    assert_eq!(given(stage, &answer).await, json!({"title": "A cat", "meta": {"w": 3}, "image": image}));
}

pub(super) async fn what_is_no_request_is_refused_in_words(stage: &Stage<'_>) {
    for body in [&b"{"[..], b"\xff\xfe", b"{\"a\": NaN}", b"{} {}"] {
        post(stage, "application/json", body).await.is_problem(400, "malformed_body");
    }
    post(stage, "application/json", "x".repeat((1 << 20) + 1)).await.is_problem(413, "body_too_large");
    let packed = stage.request(Method::POST, &stage.trigger_url("/hook")).header("Content-Encoding", "gzip");
    send(packed.body("{}")).await.is_problem(415, "unsupported_encoding");
    send(stage.request(Method::GET, &format!("{}/api/tasks", stage.api))).await.is_problem(401, "unauthorized");
}

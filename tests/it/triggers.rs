//! Requests that start workflows: what they bring, and what becomes of it.

use domain::id::RunId;
use reqwest::Method;
use ringback_tests::{Answer, File, Gateway, send};
use serde_json::{Value, json};

/// A workflow whose result is what it was started with.
const ECHO: &str = "
workflow: {id: echo, jobs: [{component: {type: delay, duration: 0}}]}
";

async fn listening(listener: &str) -> Gateway {
    File::new(listener).and(ECHO).run().await
}

/// What a run was given by a request.
async fn given(gateway: &Gateway, answer: &Answer) -> Value {
    gateway.result_of(&answer.task_id()).await
}

#[tokio::test]
async fn a_single_trigger_answers_at_once_with_the_task_that_it_started() {
    let gateway = listening("listener: {path: /hook, workflow: echo}").await;
    let answer = gateway.trigger("/hook", &json!({"a": 1})).await;
    assert_eq!(answer.body, json!({"status": "triggered", "task_id": answer.task_id()}));
    assert!(answer.task_id().starts_with("run_"), "{}", answer.body);
    let task = gateway.finished(&answer.task_id()).await;
    assert_eq!((&task["workflow"], &task["input"]), (&json!("echo"), &json!({"a": 1})));
}

#[tokio::test]
async fn each_trigger_of_a_list_starts_its_own_workflow_below_the_base_path() {
    let gateway = File::new(
        "
listener:
  type: http-trigger
  base_path: /api
  triggers:
    - {path: /github/push, workflow: build, input: {branch: '${body.ref}'}}
    - {path: /slack/command, workflow: talk, input: {text: '${body.text}'}}
workflows:
  build: {jobs: [{component: {type: delay, duration: 0}}]}
  talk: {jobs: [{component: {type: delay, duration: 0}}]}
",
    )
    .run()
    .await;
    let push = gateway.trigger("/api/github/push", &json!({"ref": "main"})).await.task_id();
    let talk = gateway.trigger("/api/slack/command", &json!({"text": "hi"})).await.task_id();
    assert_eq!(gateway.result_of(&push).await, json!({"branch": "main"}));
    assert_eq!(gateway.result_of(&talk).await, json!({"text": "hi"}));
    assert_eq!(gateway.task(&talk).await["workflow"], "talk");
    gateway.trigger("/github/push", &json!({})).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn listeners_can_share_a_port() {
    let gateway = listening(
        "
listeners:
  - {id: one, port: 8090, path: /one, workflow: echo}
  - {id: two, port: 8090, path: /two, method: PUT, workflow: echo}
  - {id: three, port: 8090, path: /three}
",
    )
    .await;
    let urls: Vec<&str> = gateway.listeners.iter().map(|(_, url)| url.as_str()).collect();
    assert_eq!((urls[0], urls[1]), (urls[2], urls[2]));
    let at = |method, path: &str| send(gateway.request(method, &format!("{}{path}", urls[0])).json(&json!(1)));
    assert_eq!(at(Method::POST, "/one").await.body["status"], "triggered");
    assert_eq!(at(Method::PUT, "/two").await.body["status"], "triggered");
    assert_eq!(at(Method::POST, "/three").await.body["status"], "stored");
    for path in ["/one", "/two", "/three"] {
        at(Method::DELETE, path).await.is_problem(405, "method_not_allowed");
    }
    at(Method::POST, "/four").await.is_problem(404, "not_found");
}

#[tokio::test]
async fn a_bulk_trigger_starts_a_run_for_each_item_and_names_those_it_could_not() {
    let gateway = listening(
        "
listener:
  path: /batch
  workflow: echo
  bulk: true
  item: ${body.items}
  input: {id: '${item.id}', sum: '${item.a + item.b}', all: '${body.items[*].id}'}
",
    )
    .await;
    let items = json!([{"id": "x", "a": 1, "b": 2}, {"id": "y", "a": "one", "b": 2}, {"id": "z", "a": 3, "b": 4}]);
    let answer = gateway.trigger("/batch", &json!({"items": items})).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("triggered")));
    let tasks = answer.body["task_ids"].as_array().unwrap();
    assert_eq!(tasks.len(), 2);
    let mut results = Vec::new();
    for task in tasks {
        results.push(gateway.result_of(task.as_str().unwrap()).await);
    }
    let all = ["x", "y", "z"];
    assert_eq!(results, [json!({"id": "x", "sum": 3, "all": all}), json!({"id": "z", "sum": 7, "all": all})]);
    let failed = answer.body["failed"].as_array().unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!((&failed[0]["index"], &failed[0]["code"]), (&json!(1), &json!("unusable_request")));
    assert_eq!(gateway.tasks().await.len(), 2);
}

#[tokio::test]
async fn an_item_is_the_input_where_the_file_maps_none() {
    let gateway = listening("listener: {path: /batch, workflow: echo, bulk: true, item: '${body}'}").await;
    let answer = gateway.trigger("/batch", &json!([{"n": 1}, "two"])).await;
    assert_eq!(answer.body["failed"], json!([]));
    let tasks: Vec<&str> = answer.body["task_ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert_eq!(gateway.result_of(tasks[0]).await, json!({"n": 1}));
    assert_eq!(gateway.result_of(tasks[1]).await, json!("two"));
    gateway.trigger("/batch", &json!({"not": "a list"})).await.is_problem(400, "unusable_request");
}

#[tokio::test]
async fn a_repeated_idempotency_key_names_the_same_task_and_starts_one_run() {
    let gateway = listening("listener: {path: /hook, workflow: echo}").await;
    let keyed = |key: &'static str, body: Value| {
        send(gateway.request(Method::POST, &gateway.trigger_url("/hook")).header("Idempotency-Key", key).json(&body))
    };
    let first = keyed("k-1", json!({"n": 1})).await;
    assert_eq!(given(&gateway, &first).await, json!({"n": 1}));
    let again = keyed("k-1", json!({"n": 1})).await;
    assert_eq!(again.body, json!({"status": "triggered", "task_id": first.task_id(), "repeated": true}));
    let reused = keyed("k-1", json!({"n": 2})).await;
    assert_eq!((reused.status, &reused.body["code"]), (422, &json!("key_reused")), "{}", reused.body);
    let other = keyed("k-2", json!({"n": 1})).await;
    assert_ne!(other.task_id(), first.task_id());
    let bare = gateway.trigger("/hook", &json!({"n": 1})).await;
    assert_eq!(bare.task_id(), gateway.trigger("/hook", &json!({"n": 1})).await.task_id());
    assert!(bare.task_id() != first.task_id() && bare.task_id() != other.task_id());
    assert_eq!(gateway.tasks().await.len(), 3);
}

/// What the route makes of the body may differ each time.
#[tokio::test]
async fn a_repetition_is_known_by_its_body_and_not_by_what_a_template_makes_of_it() {
    let gateway =
        listening("listener: {path: /hook, workflow: echo, input: {at: '${context.timestamp}', n: '${body.n}'}}").await;
    let keyed = |n: u32| {
        let request = gateway.request(Method::POST, &gateway.trigger_url("/hook"));
        send(request.header("Idempotency-Key", "k").json(&json!({"n": n})))
    };
    let (first, again) = (keyed(1).await, keyed(1).await);
    assert_eq!(again.task_id(), first.task_id());
    assert_eq!(keyed(2).await.status, 422);
}

#[tokio::test]
async fn a_repeated_bulk_request_with_an_idempotency_key_starts_its_runs_once() {
    let gateway = listening("listener: {path: /batch, workflow: echo, bulk: true, item: '${body}'}").await;
    let send = || {
        let request = gateway.request(Method::POST, &gateway.trigger_url("/batch"));
        send(request.header("Idempotency-Key", "k").json(&json!([1, 2, 3])))
    };
    let (first, again) = (send().await, send().await);
    assert_eq!(first.body["task_ids"].as_array().unwrap().len(), 3);
    assert_eq!(first.body["task_ids"], again.body["task_ids"]);
    assert_eq!(gateway.tasks().await.len(), 3);
}

#[tokio::test]
async fn requests_with_the_same_dedupe_value_start_one_run() {
    let gateway =
        listening("listener: {path: /hook, workflow: echo, dedupe_by: '${header.X-Delivery}-${body.n}'}").await;
    let deliver = |id: &'static str, n: u32| {
        let request = gateway.request(Method::POST, &gateway.trigger_url("/hook"));
        send(request.header("X-Delivery", id).json(&json!({"n": n})))
    };
    let first = deliver("d-1", 1).await;
    assert_eq!(deliver("d-1", 1).await.task_id(), first.task_id());
    assert_ne!(deliver("d-1", 2).await.task_id(), first.task_id());
    assert_ne!(deliver("d-2", 1).await.task_id(), first.task_id());
    assert_eq!(gateway.tasks().await.len(), 3);
}

#[tokio::test]
async fn one_key_on_two_routes_starts_two_runs() {
    let gateway = listening(
        "
listener:
  triggers:
    - {path: /a, workflow: echo, dedupe_by: '${body.id}'}
    - {path: /b, workflow: echo, dedupe_by: '${body.id}'}
",
    )
    .await;
    let (a, b) = (gateway.trigger("/a", &json!({"id": 1})).await, gateway.trigger("/b", &json!({"id": 1})).await);
    assert_ne!(a.task_id(), b.task_id());
    gateway.trigger("/a", &json!({"id": null})).await.is_problem(400, "unusable_request");
}

#[tokio::test]
async fn what_authenticates_a_request_is_not_stored_with_its_run() {
    let gateway = listening("listener: {path: /hook, workflow: echo}").await;
    let mut request = gateway.request(Method::POST, &gateway.trigger_url("/hook")).header("X-Public", "plain");
    for name in ["Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key"] {
        request = request.header(name, "secret");
    }
    let task = send(request.json(&json!(1))).await.task_id();
    gateway.result_of(&task).await;
    let stored = gateway.app().store.run(&RunId::parse(&task).unwrap()).await.unwrap().unwrap();
    let text = format!("{:?} {:?}", stored.request, stored.run);
    assert!(text.contains("plain") && !text.contains("secret"), "{text}");
    assert_eq!(stored.request.unwrap()["headers"]["x-public"], "plain");
}

//! The function by itself: requests go in, and what is in the table is looked at.

use domain::id::RunId;
use rehearsal::{Rehearsal, Service, ask, request};
use serde_json::{Value, json};

const FILE: &str = "
listener: {type: http-trigger, path: /start, method: POST, workflow: w, input: '${body}', dedupe_by: '${body.id}'}
components: {pause: {type: delay, duration: 2h}}
workflow: {id: w, jobs: [{id: a, component: pause}]}
";

#[tokio::test]
async fn a_request_starts_one_run_and_its_repetition_none() {
    let world = Rehearsal::of(FILE, &Service::answering(500, Value::Null));
    let router = || crate::router(&world.app, &world.app.config.listeners);
    let order = json!({"id": "order 1"});
    let (status, first) = ask(router(), request("POST", "/start", &order)).await;
    assert_eq!((status.as_u16(), &first["status"]), (200, &json!("triggered")), "{first}");
    let (_, again) = ask(router(), request("POST", "/start", &order)).await;
    assert_eq!(again["task_id"], first["task_id"], "{again}");
    assert_eq!(world.owed().len(), 1, "one write owes one message");
    let run = first["task_id"].as_str().and_then(RunId::parse).unwrap();
    let stored = world.app.store.run(&run).await.unwrap().unwrap();
    assert_eq!(*stored.run.input, order);
}

#[tokio::test]
async fn what_has_no_route_or_no_body_that_can_be_read_writes_nothing() {
    let world = Rehearsal::of(FILE, &Service::answering(500, Value::Null));
    let router = || crate::router(&world.app, &world.app.config.listeners);
    let (status, answer) = ask(router(), request("POST", "/elsewhere", &Value::Null)).await;
    assert_eq!((status.as_u16(), &answer["code"]), (404, &json!("not_found")));
    let broken =
        axum::http::Request::post("/start").header("content-type", "application/json").body("{".into()).unwrap();
    let (status, answer) = ask(router(), broken).await;
    assert_eq!((status.as_u16(), &answer["code"]), (400, &json!("malformed_body")));
    assert_eq!(world.owed(), [""; 0]);
}

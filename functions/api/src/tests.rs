//! The function by itself: who may ask, and what is answered from the table.

use crate::router;
use axum::http::Request;
use domain::id::RunId;
use domain::run::Run;
use rehearsal::{Rehearsal, Service, ask, request};
use serde_json::{Value, json};

const FILE: &str = "
components: {pause: {type: delay, duration: 2h}}
workflow: {id: w, jobs: [{id: a, component: pause}]}
";

#[tokio::test]
async fn a_run_is_shown_to_who_has_a_token_and_to_nobody_else() {
    let world = Rehearsal::of(FILE, &Service::answering(500, Value::Null));
    let run = Run::accept(RunId::random([7; 16]), "w".to_owned(), json!({"n": 1}), None, world.app.now());
    world.app.store.add_run(&run, None).await.unwrap();
    let path = format!("/api/tasks/{}", run.id.as_str());
    let (status, shown) = ask(router(&world.app), request("GET", &path, &Value::Null)).await;
    assert_eq!((status.as_u16(), &shown["status"], &shown["input"]), (200, &json!("queued"), &json!({"n": 1})));
    let stranger = || Request::get(&path).body(axum::body::Body::empty()).unwrap();
    let (status, refused) = ask(router(&world.app), stranger()).await;
    assert_eq!((status.as_u16(), &refused["code"]), (401, &json!("unauthorized")));
}

#[tokio::test]
async fn a_workflow_that_is_started_is_in_the_table_before_it_is_answered() {
    let world = Rehearsal::of(FILE, &Service::answering(500, Value::Null));
    let (status, answer) = ask(router(&world.app), request("POST", "/api/workflows/w/runs", &json!({}))).await;
    assert_eq!((status.as_u16(), &answer["status"]), (200, &json!("triggered")), "{answer}");
    assert_eq!(world.owed().len(), 1);
}

#[tokio::test]
async fn an_unknown_parameter_is_refused() {
    let world = Rehearsal::of(FILE, &Service::answering(500, Value::Null));
    let (status, answer) = ask(router(&world.app), request("GET", "/api/tasks?statuss=failed", &Value::Null)).await;
    assert_eq!(status.as_u16(), 400, "{answer}");
}

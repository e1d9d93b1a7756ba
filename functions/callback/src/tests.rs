//! The function by itself: a callback and a wait meet in the table, whichever of them comes first.

use domain::config::RouteId;
use domain::id::RunId;
use domain::run::JobPath;
use domain::wait::Opening;
use domain::wait::{WaitKey, Waiter};
use platform::clock::Clock;
use rehearsal::{Rehearsal, Service, ask, request};
use serde_json::{Value, json};

const FILE: &str = "
listener: {type: http-callback, path: /done, identify_by: '${body.key}', result: '${body.result}'}
components: {maker: {endpoint: 'http://service.test/', completion: {type: callback, wait_for: '${context.run_id}'}}}
workflow: {id: w, jobs: [{id: a, component: maker}]}
";

async fn call_back(world: &Rehearsal, result: &str) -> Value {
    let router = crate::router(&world.app, &world.app.config.listeners);
    let (status, answer) = ask(router, request("POST", "/done", &json!({"key": "k", "result": result}))).await;
    assert_eq!(status.as_u16(), 200, "{answer}");
    answer["status"].clone()
}

async fn open(world: &Rehearsal) -> Opening {
    let wait = WaitKey { route: RouteId("POST /done".to_owned()), key: "k".to_owned() };
    let waiter = Waiter { run: RunId::random([1; 16]), job: JobPath::new("a"), attempt: 1 };
    world.app.store.open_wait(&wait, &waiter, world.clock.now()).await.unwrap()
}

#[tokio::test]
async fn a_callback_that_comes_first_is_met_by_the_wait_that_opens_later() {
    let world = Rehearsal::of(FILE, &Service::answering(500, Value::Null));
    assert_eq!(call_back(&world, "early").await, "stored");
    assert_eq!(world.owed(), [""; 0], "there is no run to tell yet");
    let Opening::Met(arrival) = open(&world).await else { panic!("it waits for what is there") };
    assert_eq!(arrival.result, "early");
}

#[tokio::test]
async fn a_callback_owes_the_run_that_waits_its_message_once() {
    let world = Rehearsal::of(FILE, &Service::answering(500, Value::Null));
    assert_eq!(open(&world).await, Opening::Waits);
    assert_eq!(call_back(&world, "it").await, "resumed");
    assert_eq!(call_back(&world, "it").await, "duplicate");
    assert_eq!(world.owed().len(), 1);
}

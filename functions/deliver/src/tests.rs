//! The function by itself: messages go in, calls go out, and what came of them is in the table.

use domain::id::RunId;
use domain::run::{Phase, Run};
use rehearsal::{Rehearsal, Service};
use serde_json::json;

const FILE: &str = "
components: {maker: {endpoint: 'http://service.test/make', method: POST}}
workflow: {id: w, jobs: [{id: a, component: maker}]}
";

async fn accepted(world: &Rehearsal) -> Run {
    let run = Run::accept(RunId::random([7; 16]), "w".to_owned(), json!({}), None, world.app.now());
    world.app.store.add_run(&run, None).await.unwrap();
    run
}

#[tokio::test]
async fn a_message_makes_its_call_and_stores_the_outcome() {
    let service = Service::answering(200, json!({"made": 1}));
    let world = Rehearsal::of(FILE, &service);
    let run = accepted(&world).await;
    let [message] = world.owed().try_into().expect("one message");
    crate::handle(world.app.clone(), message, 1).await.unwrap();
    let stored = world.app.store.run(&run.id).await.unwrap().unwrap().run;
    assert!(matches!(stored.phase(), Phase::Completed { output, .. } if *output == json!({"made": 1})), "{stored:?}");
    assert_eq!(service.asked(), [("POST".to_owned(), "http://service.test/make".to_owned())]);
}

#[tokio::test]
async fn a_repeated_message_of_a_stored_outcome_calls_nobody() {
    let service = Service::answering(500, json!({"error": "out of paint"}));
    let world = Rehearsal::of(FILE, &service);
    let run = accepted(&world).await;
    let [message] = world.owed().try_into().expect("one message");
    for received in 1..3 {
        crate::handle(world.app.clone(), message.clone(), received).await.unwrap();
    }
    let stored = world.app.store.run(&run.id).await.unwrap().unwrap().run;
    assert!(matches!(stored.phase(), Phase::Failed { error, .. } if error.code == "http_status"), "{stored:?}");
    assert_eq!(service.asked().len(), 1);
}

#[tokio::test]
async fn what_is_no_message_of_ours_is_an_error_and_comes_again() {
    let world = Rehearsal::of(FILE, &Service::answering(200, json!({})));
    assert!(crate::handle(world.app.clone(), "{}".to_owned(), 1).await.is_err());
}

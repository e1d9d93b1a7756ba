//! The function by itself: records of the stream go in, and messages are in the queue.

use domain::id::RunId;
use domain::run::Run;
use rehearsal::{Rehearsal, Service};
use serde_json::{Value, json};

const FILE: &str = "
components: {pause: {type: delay, duration: 2h}}
workflow: {id: w, jobs: [{id: a, component: pause}]}
";

#[tokio::test]
async fn what_an_item_owes_is_sent_and_a_repeated_record_sends_it_again() {
    let world = Rehearsal::of(FILE, &Service::answering(500, Value::Null));
    let run = Run::accept(RunId::random([7; 16]), "w".to_owned(), json!({}), None, world.app.now());
    world.app.store.add_run(&run, None).await.unwrap();
    let records = world.records();
    assert_eq!(records.len(), 1);
    for _ in 0..2 {
        crate::handle(world.app.clone(), records.clone()).await.unwrap();
        let messages = world.messages().await;
        assert_eq!(messages.len(), 1);
        assert!(messages[0].contains(run.id.as_str()), "{messages:?}");
    }
}

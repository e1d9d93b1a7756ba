//! The function by itself: time passes, and what is due owes its work.

use crate::Sweeper;
use domain::config::RouteId;
use domain::id::RunId;
use domain::run::JobPath;
use domain::wait::Opening;
use domain::wait::{WaitKey, Waiter};
use jiff::SignedDuration;
use platform::store::{Deadline, Timer};
use rehearsal::{Rehearsal, Service};
use serde_json::Value;

#[tokio::test]
async fn a_wait_whose_deadline_has_passed_owes_its_run_the_news_once() {
    let world = Rehearsal::of("{}", &Service::answering(500, Value::Null));
    let (store, deadline) = (&world.app.store, world.app.now() + SignedDuration::from_secs(60));
    let wait = WaitKey { route: RouteId("POST /done".to_owned()), key: "k".to_owned() };
    let waiter = Waiter { run: RunId::random([1; 16]), job: JobPath::new("a"), attempt: 1 };
    store
        .add_timer(deadline, &Timer::Wait(Deadline { wait: wait.clone(), waiter: Some(waiter.clone()) }))
        .await
        .unwrap();
    assert_eq!(store.open_wait(&wait, &waiter, deadline).await.unwrap(), Opening::Waits);
    let sweeper = Sweeper::default();
    assert_eq!(sweeper.sweep(&world.app).await.unwrap(), 0);
    assert_eq!(world.owed(), [""; 0]);
    world.clock.pass(61);
    assert_eq!(sweeper.sweep(&world.app).await.unwrap(), 1);
    let owed = world.owed();
    assert!(matches!(&owed[..], [message] if message.contains(waiter.run.as_str())), "{owed:?}");
    assert_eq!(sweeper.sweep(&world.app).await.unwrap(), 0);
    assert_eq!(world.owed(), [""; 0]);
}

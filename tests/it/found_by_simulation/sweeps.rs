//! Timers that are swept more than once, and those whose sweep fails.

use super::{Scripted, World};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use domain::delivery::{Delivery, DeliveryId, State};
use domain::id::RunId;
use domain::run::{Phase, Run};
use jiff::SignedDuration;
use local_aws::fault::{Answer, Call, Fault, Faults};
use platform::queue::DeliverMessage;
use platform::store::Timer;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use sweep::Sweeper;

const PAUSE: &str = "
components: {pause: {type: delay, duration: 2h}}
workflow: {id: w, jobs: [{id: a, component: pause}]}
";

/// Lets the next change of an item fail, where it is armed.
#[derive(Debug, Default)]
struct Once(AtomicBool);

impl Faults for Once {
    fn strike(&self, call: Call<'_>) -> Option<Fault> {
        let strikes = call.operation == "UpdateItem" && self.0.swap(false, Ordering::Relaxed);
        strikes.then_some(Fault::Before(Answer::Throttled))
    }
}

#[tokio::test]
async fn a_run_that_several_processes_sweep_is_reminded_once() {
    let file = "
components: {pause: {type: delay, duration: 2h}, hangs: {endpoint: 'http://service.test/hang'}}
workflow: {id: w, jobs: [{id: a, component: pause}, {id: b, component: hangs}]}
";
    let service = Scripted::default();
    let world = World::new(file, service.clone());
    let run = world.started().await;
    assert_eq!(world.relayed().await, Vec::<String>::new());
    world.clock.advance(Duration::from_secs(2 * 3_600));
    // None knows what another has swept within the margin.
    for _ in 0..2 {
        assert_eq!(Sweeper::default().sweep(&world.app).await.unwrap(), 1);
    }
    let [woken] = world.relayed().await.try_into().expect("one message");
    tokio::select! {
        _ = deliver::handle(world.app.clone(), woken.clone(), 1) => panic!("the call hangs"),
        () = service.hangs.notified() => {}
    }
    // Also while that message is worked on, and has brought the run further.
    assert_eq!(Sweeper::default().sweep(&world.app).await.unwrap(), 1);
    assert_eq!(world.relayed().await, Vec::<String>::new());
    deliver::handle(world.app.clone(), woken, 2).await.unwrap();
    let run = world.app.store.run(&run).await.unwrap().unwrap().run;
    assert!(matches!(run.phase(), Phase::Completed { .. }), "{run:?}");
}

#[tokio::test]
async fn a_delivery_that_several_processes_sweep_is_reminded_once() {
    let world = World::new("{}", Scripted::default());
    let (store, now) = (&world.app.store, world.app.now());
    let (endpoint, event) = (super::endpoint(&world.app), super::event(&world.app));
    let id = DeliveryId { customer: event.customer.clone(), event: event.id.clone(), endpoint: endpoint.id };
    let due = now + SignedDuration::from_hours(1);
    let delivery =
        Delivery { state: State::Pending { due, held: None }, ..Delivery::new(id.clone(), event.event_type, now) };
    store.save_delivery(&delivery, 0, &[], now).await.unwrap();
    let message = DeliverMessage { delivery: id, attempt: 1, event: None, due: Some(due), again: 0 };
    store.add_timer(due, &Timer::Deliver(message)).await.unwrap();
    world.clock.advance(Duration::from_secs(3_600));
    for _ in 0..2 {
        assert_eq!(Sweeper::default().sweep(&world.app).await.unwrap(), 1);
    }
    assert_eq!(world.relayed().await.len(), 1);
}

#[tokio::test]
async fn a_timer_whose_write_fails_holds_up_no_other_and_has_none_repeated() {
    let once = Arc::new(Once::default());
    let world = World::in_weather(PAUSE, Scripted::default(), once.clone());
    for n in 0..3 {
        let run = Run::accept(RunId::random([n; 16]), "w".to_owned(), json!({}), None, world.app.now());
        world.app.store.add_run(&run, None).await.unwrap();
    }
    for first in world.relayed().await {
        deliver::handle(world.app.clone(), first, 1).await.unwrap();
    }
    assert_eq!(world.relayed().await, Vec::<String>::new());
    world.clock.advance(Duration::from_secs(2 * 3_600));
    let sweeper = Sweeper::default();
    once.0.store(true, Ordering::Relaxed);
    sweeper.sweep(&world.app).await.unwrap_err();
    assert_eq!(world.relayed().await.len(), 2);
    assert_eq!(sweeper.sweep(&world.app).await.unwrap(), 1, "only the one that failed");
    assert_eq!(world.relayed().await.len(), 1);
    world.clock.advance(Duration::from_secs(120));
    assert_eq!(sweeper.sweep(&world.app).await.unwrap(), 0, "the cursor has passed them all");
}

/// The table's client, without a second try.
pub(crate) fn without_retries(table: &aws_sdk_dynamodb::Client) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::from_conf(table.config().to_builder().retry_config(RetryConfig::disabled()).build())
}

//! What version 0.1 left in the table, and what its callbacks are then.

use crate::clocks::World;
use domain::config::RouteId;
use domain::id::RunId;
use domain::run::{JobPath, Run, Stretch};
use domain::wait::{Arrival, ArrivalId, Opening, Reception, Verdict, WaitKey, Waiter};
use jiff::SignedDuration;
use platform::queue::{Message, RunMessage};
use platform::store::{Deadline, Timer};
use serde_json::json;

const FILE: &str = "
listeners:
  - {id: back, port: 18090, path: /done, identify_by: '${body.id}', result: '${body.value}'}
components:
  - {id: service, endpoint: https://service.test, completion: {type: callback, callback: /done, wait_for: '${input}'}}
workflow: {id: w, jobs: [{component: service}]}
";

fn arrival(verdict: Verdict, of: &str) -> (Arrival, ArrivalId) {
    (Arrival { verdict, result: json!(of) }, ArrivalId::of_item(of.as_bytes()))
}

/// The first attempt of a job has failed by a callback, of which version 0.1 stored no identity, and its second waits soon.
#[tokio::test]
async fn of_callbacks_after_a_failure_a_repetition_counts_for_nothing_and_another_for_the_next_attempt() {
    let world = World::new(FILE, 1);
    let (app, store, now) = (&world.apps[0], world.store(), world.now());
    let present = WaitKey { route: RouteId::new("POST", "/done"), key: "k".to_owned() };
    let former = WaitKey { route: RouteId::former("back", "POST", "/done"), ..present.clone() };
    let waiter = |attempt| Waiter { run: RunId::keyed("upgrades", "1"), job: JobPath::new("a"), attempt };
    let deadline = now + SignedDuration::from_mins(30);
    let (failure, failure_id) = arrival(Verdict::Failure, "no");
    let (success, success_id) = arrival(Verdict::Success, "yes");
    store.open_wait(&former, &waiter(1), deadline).await.unwrap();
    store.receive_callback(&former, &failure, &failure_id, now).await.unwrap();

    let became = app.receive_callback(&present, &failure, &failure_id, now).await.unwrap();
    assert_eq!(became, Reception::Duplicate);
    for became in [Reception::Stored, Reception::Duplicate] {
        assert_eq!(app.receive_callback(&present, &success, &success_id, now).await.unwrap(), became);
    }
    let became = app.receive_callback(&present, &failure, &failure_id, now).await.unwrap();
    assert_eq!(became, Reception::Duplicate);

    // Its opener dies before it looks for what has come; the deadline must not pass over it.
    let timer = Timer::Wait(Deadline { wait: former.clone(), waiter: Some(waiter(2)) });
    store.add_timer(deadline, &timer).await.unwrap();
    store.open_wait(&former, &waiter(2), deadline).await.unwrap();
    let run = Run::accept(waiter(2).run, "w".to_owned(), json!({}), None, now);
    store.add_run(&run, None).await.unwrap();
    world.pass(31 * 60);
    world.sweep().await;
    assert_eq!(store.ended_wait(&former).await.unwrap(), None, "`deliver` judges it: it can open secrets");
    app.end_former_wait(&former, world.now()).await.unwrap();
    let (whose, brought) = store.ended_wait(&former).await.unwrap().expect("it has ended");
    assert_eq!((whose, brought), (waiter(2), Some(success)));
}

/// Version 0.1 opened a wait before the job's call, died, and the call is begun again by this version.
#[tokio::test]
async fn the_deadline_of_a_former_wait_ends_no_job_that_waits_under_the_present_name() {
    let world = World::new(FILE, 1);
    let (app, store, now) = (&world.apps[0], world.store(), world.now());
    let present = WaitKey { route: RouteId::new("POST", "/done"), key: "k".to_owned() };
    let former = WaitKey { route: RouteId::former("back", "POST", "/done"), ..present.clone() };
    let waiter = |run: &str| Waiter { run: RunId::keyed("upgrades", run), job: JobPath::new("a"), attempt: 1 };
    store.open_wait(&former, &waiter("1"), now).await.unwrap();
    assert!(!app.waits_elsewhere(&former, &waiter("1")).await.unwrap(), "it waits there alone");
    store.open_wait(&present, &waiter("1"), now).await.unwrap();
    assert!(app.waits_elsewhere(&former, &waiter("1")).await.unwrap());
    assert!(!app.waits_elsewhere(&former, &waiter("2")).await.unwrap(), "another's");
    assert!(!app.waits_elsewhere(&present, &waiter("1")).await.unwrap(), "the present wait always counts");
}

/// The run ends under the present wait while the message about the former one is on its way.
#[tokio::test]
async fn a_former_wait_is_closed_though_its_run_has_ended_and_takes_no_callback_of_another_job() {
    let world = World::new(FILE, 1);
    let (app, store, now) = (&world.apps[0], world.store(), world.now());
    let present = WaitKey { route: RouteId::new("POST", "/done"), key: "k".to_owned() };
    let former = WaitKey { route: RouteId::former("back", "POST", "/done"), ..present.clone() };
    let waiter = Waiter { run: RunId::keyed("upgrades", "1"), job: JobPath::new("a"), attempt: 1 };
    let deadline = now + SignedDuration::from_mins(30);
    store.open_wait(&former, &waiter, deadline).await.unwrap();
    let (success, id) = arrival(Verdict::Success, "for another job");
    assert_eq!(store.receive_callback(&present, &success, &id, now).await.unwrap(), Reception::Stored);

    world.pass(31 * 60);
    let stretch = Stretch::wait(&former, &waiter.job, waiter.attempt);
    let message = Message::Run(RunMessage { run: waiter.run.clone(), stretch, due: Some(deadline), again: 0 });
    deliver::handle(app.clone(), serde_json::to_string(&message).unwrap(), 1).await.unwrap();
    assert_eq!(store.ended_wait(&former).await.unwrap(), Some((waiter, None)));
    let standing = store.wait_standing(&present).await.unwrap().expect("it is kept");
    assert_eq!((standing.given_to, standing.arrived.map(|(_, arrival)| arrival)), (None, Some(success)));
}

/// Version 0.1 opened a wait and took a callback there, and died; the call was begun again by this version, which waits under
/// the present name, and the message about the callback is late.
#[tokio::test]
async fn a_deadline_under_the_present_name_does_not_pass_over_a_callback_under_the_former_one() {
    let world = World::new(FILE, 1);
    let (app, store, now) = (&world.apps[0], world.store(), world.now());
    let present = WaitKey { route: RouteId::new("POST", "/done"), key: "k".to_owned() };
    let former = WaitKey { route: RouteId::former("back", "POST", "/done"), ..present.clone() };
    let waiter = |run: &str| Waiter { run: RunId::keyed("upgrades", run), job: JobPath::new("a"), attempt: 1 };
    let (success, id) = arrival(Verdict::Success, "yes");
    store.open_wait(&former, &waiter("1"), now).await.unwrap();
    assert_eq!(app.came_elsewhere(&present, &waiter("1")).await.unwrap(), None, "nothing has come");
    store.receive_callback(&former, &success, &id, now).await.unwrap();
    assert_eq!(app.came_elsewhere(&present, &waiter("2")).await.unwrap(), None, "another's");
    assert_eq!(app.came_elsewhere(&present, &waiter("1")).await.unwrap(), Some(success));
}

/// What stood there was given away, and another callback came between the two steps of opening a wait.
#[tokio::test]
async fn a_wait_in_the_place_of_another_is_opened_though_the_place_is_free_by_now() {
    let world = World::new(FILE, 1);
    let (store, now) = (world.store(), world.now());
    let waiter = |run: &str| Waiter { run: RunId::keyed("upgrades", run), job: JobPath::new("a"), attempt: 1 };
    let key = |key: &str| WaitKey { route: RouteId::new("POST", "/done"), key: key.to_owned() };
    let (success, id) = arrival(Verdict::Success, "yes");
    store.receive_callback(&key("k"), &success, &id, now).await.unwrap();
    let opened = store.replace_wait(&key("k"), &waiter("2"), now, &waiter("1")).await.unwrap();
    assert_eq!(opened, Opening::Met(success));
}

//! Deliveries that wait for their endpoint: in its lane, without a write and in order; for its rate limit, in slots.

use crate::delivery_log::{deliveries, deliveries_when};
use crate::endpoints::event;
use jiff::SignedDuration;
use local_aws::mapping::Duplicates;
use platform::lanes::{FIRST, WIDEST};
use platform::store::Store;
use ringback_tests::subscriber::{TO_THIS_MACHINE, create, publish};
use ringback_tests::{File, Gate, ManualClock, Reply, Service, Subscriber, eventually};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// A gateway whose messages come once and whose timers are looked at only at its start.
fn quiet(file: File) -> File {
    file.with(|options| {
        options.pace.duplicates = Duplicates::None;
        options.pace.sweep_every = Duration::from_secs(3600);
    })
}

/// So many more events are published than the endpoint has answered, as long as there are more: more than its lane holds.
const AHEAD: usize = WIDEST + 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_to_one_endpoint_arrives_in_order_and_costs_one_write_for_each_delivery() {
    const EVENTS: usize = 200;
    let gateway = quiet(File::new(TO_THIS_MACHINE)).run().await;
    let published = watch::Sender::new(0);
    let (told, answered) = (published.clone(), AtomicUsize::new(0));
    let service = Service::scripted(move |_| {
        let (mut told, after) = (told.subscribe(), answered.fetch_add(1, Ordering::SeqCst) + AHEAD);
        async move {
            let _ = told.wait_for(|published| *published >= after.min(EVENTS)).await;
            Reply::ok(json!("ok"))
        }
    })
    .await;
    let endpoint = Subscriber::new(&gateway, service, json!({"timeout": 30})).await;
    let before = gateway.cost();
    let mut ids = Vec::new();
    for n in 1..=EVENTS {
        ids.push(publish(&gateway, &event("job.completed")).await);
        published.send_replace(n);
    }
    eventually("all have arrived", || async {
        let calls = endpoint.service.calls();
        if calls == EVENTS { Ok(()) } else { Err(calls) }
    })
    .await;
    let cost = eventually("each event and each delivery is written", || async {
        let cost = &gateway.cost() - &before;
        if cost.writes >= 2 * EVENTS as u64 { Ok(cost) } else { Err(cost) }
    })
    .await;
    assert_eq!(cost.writes, 2 * EVENTS as u64, "{cost}: {:?}", cost.calls);
    for (place, request) in endpoint.service.requests().iter().enumerate() {
        let number = ids.iter().position(|id| id == request.header("webhook-id")).unwrap();
        assert!(number < place + WIDEST, "event {number} came as the {place}th");
    }
}

/// Each hangs with as many attempts as it is given; together they would fill every place there is.
#[tokio::test]
async fn many_endpoints_that_hang_leave_room_for_one_that_does_not() {
    const HANGING: usize = 6;
    const EVENTS: usize = 20;
    let file = quiet(File::new(TO_THIS_MACHINE)).with(|options| options.pace.concurrency = 24);
    let gateway = file.run().await;
    let hanging = Service::scripted(|_| std::future::pending()).await;
    for n in 0..HANGING {
        let fields = json!({"url": format!("{}/{n}", hanging.url), "events": ["job.progress"], "timeout": 30});
        assert_eq!(create(&gateway, &fields).await.status, 201);
    }
    let good = Service::answering(json!("ok")).await;
    let good = Subscriber::new(&gateway, good, json!({"events": ["job.completed"]})).await;
    for _ in 0..EVENTS {
        publish(&gateway, &event("job.progress")).await;
    }
    eventually("each of them hangs", || async {
        let mut paths: Vec<String> = hanging.requests().into_iter().map(|request| request.path).collect();
        paths.sort_unstable();
        paths.dedup();
        if paths.len() == HANGING { Ok(()) } else { Err(paths) }
    })
    .await;
    for _ in 0..EVENTS {
        publish(&gateway, &event("job.completed")).await;
    }
    eventually("the other has all", || async {
        let calls = good.service.calls();
        if calls == EVENTS { Ok(()) } else { Err(calls) }
    })
    .await;
}

/// What stands in line when its endpoint says that it wants nothing any more is not sent to it.
#[tokio::test]
async fn what_stands_in_line_is_judged_once_more_when_it_has_its_place() {
    const IN_LINE: usize = 20;
    let gateway = quiet(File::new(TO_THIS_MACHINE)).run().await;
    let gate = Gate::closed();
    let passage = gate.clone();
    let service = Service::scripted(move |_| {
        let gate = passage.clone();
        async move {
            gate.passed().await;
            Reply::status(410, json!("gone"))
        }
    })
    .await;
    let endpoint = Subscriber::new(&gateway, service, json!({"timeout": 30})).await;
    for _ in 0..FIRST + IN_LINE {
        publish(&gateway, &event("job.completed")).await;
    }
    eventually("its lane is full", || async {
        let calls = endpoint.service.calls();
        if calls == FIRST { Ok(()) } else { Err(calls) }
    })
    .await;
    gate.open();
    deliveries_when(&gateway, "?status=exhausted&limit=100", FIRST + IN_LINE).await;
    // One of the attempts disables the endpoint; those of the others that ended sooner may have made room.
    assert!(endpoint.service.calls() < FIRST + IN_LINE / 2, "{}", endpoint.service.calls());
}

fn time_in(clock: &ManualClock, seconds: u64) -> Value {
    json!((clock.time() + Duration::from_secs(seconds)).to_string())
}

#[tokio::test]
async fn what_waits_for_a_rate_limit_has_one_slot_each_in_order_and_is_written_once() {
    const WAIT: usize = 4;
    let clock = ManualClock::new();
    let gateway = quiet(File::new(TO_THIS_MACHINE).clock(&clock)).run().await;
    let limited = json!({"rate_limit": {"limit": 6, "period": 60}});
    let limited = Subscriber::new(&gateway, Service::answering(json!("ok")).await, limited).await;
    let start = clock.time();
    let before = gateway.cost();
    let mut published = vec![publish(&gateway, &event("job.completed")).await];
    deliveries_when(&gateway, "?status=delivered", 1).await;
    for n in 1..=WAIT {
        published.push(publish(&gateway, &event("job.completed")).await);
        let waiting = deliveries_when(&gateway, "?status=pending", n).await;
        let newest = waiting.iter().find(|delivery| delivery["event_id"] == *published[n]).unwrap();
        let held = &newest["held"];
        assert_eq!(
            (&held["reason"], &held["until"]),
            (&json!("rate_limit"), &time_in(&clock, 10 * n as u64)),
            "{newest}"
        );
        assert_eq!((&newest["next_retry_at"], &newest["attempt_count"]), (&held["until"], &json!(0)), "{newest}");
    }
    let shown = gateway.get(&format!("/api/deliveries/default.{}.{}", published[1], limited.id)).await.body;
    assert!(shown["held"]["message"].as_str().unwrap().contains("rate_limit"), "{shown}");
    for n in 1..=WAIT {
        clock.advance(Duration::from_secs(10));
        deliveries_when(&gateway, "?status=delivered", n + 1).await;
        assert_eq!(limited.service.calls(), n + 1, "one at each slot");
    }
    let came: Vec<String> =
        limited.service.requests().iter().map(|request| request.header("webhook-id").to_owned()).collect();
    assert_eq!(came, published);
    assert!(deliveries(&gateway, "").await.iter().all(|delivery| delivery["held"].is_null()));
    assert_eq!(clock.time(), start + SignedDuration::from_secs(40));
    // For each an event, a slot and an outcome, and once more each delivery that waited.
    let cost = &gateway.cost() - &before;
    assert_eq!(cost.writes, (3 * (1 + WAIT) + WAIT) as u64, "{cost}: {:?}", cost.calls);
}

#[tokio::test]
async fn what_somebody_asks_for_does_not_wait_for_the_rate_limit() {
    let clock = ManualClock::new();
    let gateway = quiet(File::new(TO_THIS_MACHINE).clock(&clock)).run().await;
    let limited = json!({"rate_limit": {"limit": 1, "period": 600}});
    let limited = Subscriber::new(&gateway, Service::answering(json!("ok")).await, limited).await;
    for n in 0..2 {
        publish(&gateway, &event("job.completed")).await;
        deliveries_when(&gateway, "", n + 1).await;
    }
    let waiting = deliveries_when(&gateway, "?status=pending", 1).await.remove(0);
    let asked = gateway.post(&format!("/api/deliveries/{}/retry", waiting["id"].as_str().unwrap())).await;
    assert_eq!((asked.status, &asked.body["held"]), (202, &Value::Null), "{}", asked.body);
    deliveries_when(&gateway, "?status=delivered", 2).await;
    // The message of the slot that it had comes, and does nothing.
    clock.advance(Duration::from_secs(1200));
    publish(&gateway, &event("job.failed")).await;
    deliveries_when(&gateway, "?status=delivered", 3).await;
    assert_eq!(limited.service.calls(), 3);
}

/// A queue delays by a quarter of an hour at the most. The timer of a slot further off fires while the queue can still bring
/// the message at its time.
#[tokio::test]
async fn the_timer_of_a_slot_fires_before_the_slot() {
    let clock = ManualClock::new();
    let gateway = quiet(File::new(TO_THIS_MACHINE).clock(&clock)).run().await;
    let limited = json!({"rate_limit": {"limit": 1, "period": 3600}});
    Subscriber::new(&gateway, Service::answering(json!("ok")).await, limited).await;
    for n in 0..2 {
        publish(&gateway, &event("job.completed")).await;
        deliveries_when(&gateway, "", n + 1).await;
    }
    deliveries_when(&gateway, "?status=pending", 1).await;
    let timers = async |minutes: i64| {
        let at = clock.time() + SignedDuration::from_mins(minutes);
        let first = Store::timer_key(clock.time(), SignedDuration::ZERO);
        gateway.app().store.due_timers(0, &first, at, true).await.unwrap().timers.len()
    };
    assert_eq!((timers(45).await, timers(55).await), (0, 1));
}

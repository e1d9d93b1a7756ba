//! What an endpoint's open breaker holds: that it is said, and that who asks for a delivery gets it tried.

use crate::delivery_log::{deliveries, deliveries_when};
use crate::endpoints::event;
use domain::endpoint::BREAKER_FAILURES;
use domain::event::{CustomerId, EndpointId};
use local_aws::mapping::Duplicates;
use platform::store::Saved;
use reqwest::Method;
use ringback_tests::subscriber::{TO_THIS_MACHINE, publish};
use ringback_tests::{Answer, File, Gate, Gateway, ManualClock, Reply, Service, Subscriber, eventually, send};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// A gateway whose one endpoint has answered 500 until its breaker opened.
struct World {
    clock: ManualClock,
    gateway: Gateway,
    endpoint: Subscriber,
    broken: Arc<AtomicBool>,
    /// Closed, it holds what comes once the service is repaired.
    gate: Gate,
}

impl World {
    async fn with_open_breaker() -> Self {
        let clock = ManualClock::new();
        let file = File::new(TO_THIS_MACHINE).clock(&clock);
        let gateway = file.with(|options| options.pace.duplicates = Duplicates::None).run().await;
        let (broken, gate) = (Arc::new(AtomicBool::new(true)), Gate::closed());
        let (now, passage) = (broken.clone(), gate.clone());
        let service = Service::scripted(move |_| {
            let (broken, gate) = (now.load(Ordering::SeqCst), passage.clone());
            async move {
                if broken {
                    return Reply::status(500, json!("no"));
                }
                gate.passed().await;
                Reply::ok(json!("yes"))
            }
        })
        .await;
        let endpoint = Subscriber::new(&gateway, service, json!({"retry_delay": 3600})).await;
        for _ in 0..BREAKER_FAILURES {
            publish(&gateway, &event("job.completed")).await;
        }
        deliveries_when(&gateway, "?status=retrying", 5).await;
        Self { clock, gateway, endpoint, broken, gate }
    }

    async fn health(&self) -> Value {
        self.gateway.get(&format!("/api/webhooks/{}/diagnose", self.endpoint.id)).await.body["health"].take()
    }

    async fn retry(&self, delivery: &Value) -> Answer {
        self.gateway.post(&format!("/api/deliveries/{}/retry", delivery["id"].as_str().unwrap())).await
    }

    fn repair(&self) {
        self.broken.store(false, Ordering::SeqCst);
    }

    fn in_seconds(&self, seconds: u64) -> String {
        (self.clock.time() + Duration::from_secs(seconds)).to_string()
    }
}

#[tokio::test]
async fn what_somebody_asks_for_is_the_probe_and_closes_the_breaker() {
    let world = World::with_open_breaker().await;
    assert_eq!(world.health().await["breaker_open_until"], world.in_seconds(30));
    let all = deliveries(&world.gateway, "").await;
    // It fails again: that is the failure of a probe, and the breaker stays open for longer.
    let asked = world.retry(&all[0]).await;
    assert_eq!((asked.status, &asked.body["held"]), (202, &Value::Null), "{}", asked.body);
    let longer = json!(world.in_seconds(60));
    eventually("the breaker is open for longer", || async {
        let health = world.health().await;
        if health["breaker_open_until"] == longer { Ok(()) } else { Err(health) }
    })
    .await;
    world.repair();
    world.gate.open();
    assert_eq!(world.retry(&all[1]).await.status, 202);
    let done = deliveries_when(&world.gateway, "?status=delivered", 1).await;
    assert_eq!((&done[0]["id"], &done[0]["attempt_count"]), (&all[1]["id"], &json!(2)));
    assert_eq!(world.health().await, Value::Null);
    // A diagnosis asks too, by other methods.
    let sent = world.endpoint.service.requests().into_iter().filter(|request| request.method == "POST");
    assert_eq!(sent.count(), 7);
}

#[tokio::test]
async fn who_asks_while_a_probe_is_under_way_is_told_and_comes_soon_after_it() {
    let world = World::with_open_breaker().await;
    world.repair();
    let all = deliveries(&world.gateway, "").await;
    assert_eq!(world.retry(&all[0]).await.body["held"], Value::Null);
    eventually("the probe is under way", || async {
        let calls = world.endpoint.service.calls();
        if calls == 6 { Ok(()) } else { Err(calls) }
    })
    .await;
    let asked = world.retry(&all[1]).await;
    assert_eq!((asked.status, &asked.body["held"]["until"]), (202, &json!(world.in_seconds(60))), "{}", asked.body);
    let path = format!("/api/deliveries/{}", all[1]["id"].as_str().unwrap());
    eventually("it is put off for seconds", || async {
        let shown = world.gateway.get(&path).await.body;
        let due = shown["next_retry_at"].as_str().unwrap().to_owned();
        if due > world.clock.time().to_string() && due <= world.in_seconds(10) { Ok(()) } else { Err(shown) }
    })
    .await;
    world.gate.open();
    deliveries_when(&world.gateway, "?status=delivered", 1).await;
    world.clock.advance(Duration::from_secs(11));
    deliveries_when(&world.gateway, "?status=delivered", 2).await;
}

#[tokio::test]
async fn a_delivery_says_that_and_until_when_it_is_held() {
    let world = World::with_open_breaker().await;
    let held = |delivery: &Value| delivery["held"]["until"].clone();
    // Those that failed are due in an hour: that is the schedule, and not the breaker.
    assert!(deliveries(&world.gateway, "").await.iter().all(|delivery| held(delivery).is_null()));
    publish(&world.gateway, &event("job.failed")).await;
    let pending = deliveries_when(&world.gateway, "?status=pending", 1).await.remove(0);
    assert_eq!((&pending["attempt_count"], held(&pending)), (&json!(0), json!(world.in_seconds(30))), "{pending}");
    assert_eq!(pending["held"]["reason"], "breaker_open");
    let stats = world.gateway.get("/api/webhooks/stats").await.body;
    assert_eq!((&stats["pending_deliveries"], &stats["failed_deliveries"]), (&json!(6), &json!(0)), "{stats}");
    assert!(pending["held"]["message"].as_str().unwrap().contains("failed 5 times in a row"), "{pending}");
    let path = format!("/api/deliveries/{}", pending["id"].as_str().unwrap());
    assert_eq!(world.gateway.get(&path).await.body["held"], pending["held"]);
    world.repair();
    world.gate.open();
    world.clock.advance(Duration::from_secs(36));
    let done = deliveries_when(&world.gateway, "?status=delivered", 1).await;
    assert_eq!((&done[0]["id"], &done[0]["held"]), (&pending["id"], &Value::Null));
    // What is pending has not failed.
    let stats = world.gateway.get("/api/webhooks/stats").await.body;
    assert_eq!((&stats["pending_deliveries"], &stats["success_rate"]), (&json!(5), &json!(100.0)), "{stats}");
}

#[tokio::test]
async fn another_chance_closes_the_breaker_also_of_an_endpoint_that_is_not_disabled() {
    let world = World::with_open_breaker().await;
    let change = async |fields: &Value| {
        let path = format!("/api/webhooks/{}", world.endpoint.id);
        send(world.gateway.api(Method::PATCH, &path).json(fields)).await
    };
    // What is refused, what says nothing of it, and what comes too late changes nothing of its health.
    change(&json!({"disabled": false, "timeout": 0})).await.is_problem(400, "unusable_request");
    assert_eq!(change(&json!({"name": "new"})).await.status, 200);
    let (customer, id) = (CustomerId::default(), EndpointId::parse(&world.endpoint.id).unwrap());
    let store = &world.gateway.app().store;
    let stored = store.endpoint(&customer, &id).await.unwrap().unwrap();
    let late = store.revive_endpoint(&stored.endpoint, stored.version - 1).await.unwrap();
    assert_eq!(late, Saved::Conflict);
    assert_eq!(world.health().await["failures"], BREAKER_FAILURES);

    world.repair();
    world.gate.open();
    let changed = change(&json!({"disabled": false})).await;
    assert_eq!((changed.status, &changed.body["status"]), (200, &json!("active")), "{}", changed.body);
    assert_eq!(world.health().await, Value::Null);
    publish(&world.gateway, &event("job.failed")).await;
    deliveries_when(&world.gateway, "?status=delivered", 1).await;
}

/// What is asked for while its next try is some time off is tried now; the message of that try comes while this one is
/// under way, and does nothing more.
#[tokio::test]
async fn what_would_be_tried_later_is_tried_now_and_once() {
    let clock = ManualClock::new();
    let file = File::new(TO_THIS_MACHINE).clock(&clock);
    let gateway = file.with(|options| options.pace.duplicates = Duplicates::None).run().await;
    let (gate, calls) = (Gate::closed(), Arc::new(AtomicUsize::new(0)));
    let passage = gate.clone();
    let service = Service::scripted(move |_| {
        let (call, gate) = (calls.fetch_add(1, Ordering::SeqCst), passage.clone());
        async move {
            if call == 0 {
                return Reply::status(500, json!("no"));
            }
            gate.passed().await;
            Reply::ok(json!("yes"))
        }
    })
    .await;
    let endpoint = Subscriber::new(&gateway, service, json!({"retry_delay": 100, "events": ["job.completed"]})).await;
    let other = Service::answering(json!("ok")).await;
    let other = Subscriber::new(&gateway, other, json!({"events": ["job.failed"]})).await;
    publish(&gateway, &event("job.completed")).await;
    let waiting = deliveries_when(&gateway, "?status=retrying", 1).await.remove(0);
    let path = format!("/api/deliveries/{}/retry", waiting["id"].as_str().unwrap());
    assert_eq!(gateway.post(&path).await.status, 202);
    eventually("what was asked for is under way", || async {
        let calls = endpoint.service.calls();
        if calls == 2 { Ok(()) } else { Err(calls) }
    })
    .await;
    clock.advance(Duration::from_secs(200));
    // When this one has come, the other message has too.
    publish(&gateway, &event("job.failed")).await;
    other.service.next_request().await;
    gate.open();
    let done = deliveries_when(&gateway, &format!("?status=delivered&webhook_id={}", endpoint.id), 1).await;
    assert_eq!((&done[0]["attempt_count"], endpoint.service.calls()), (&json!(2), 2));
}

//! Deliveries: from a published event to customers' endpoints, over HTTP.

use crate::endpoints::event;
use application::App;
use domain::delivery::{Delivery, DeliveryId};
use platform::lanes::FIRST;
use platform::queue::DeliverMessage;
use ringback_tests::subscriber::{TO_THIS_MACHINE, publish};
use ringback_tests::{File, Gateway, ManualClock, Reply, Service, Subscriber, eventually};
use serde_json::{Value, json};
use std::time::Duration;

/// Longer than any pause of the schedule with its jitter.
const A_DAY: Duration = Duration::from_secs(26 * 60 * 60);

/// The delivery, once it stands so.
async fn delivery_when(gateway: &Gateway, event: &str, endpoint: &str, status: &str) -> Delivery {
    delivery_after(gateway, event, endpoint, status, 0).await
}

/// The delivery, once it stands so after at least so many attempts.
async fn delivery_after(gateway: &Gateway, event: &str, endpoint: &str, status: &str, attempts: u32) -> Delivery {
    let id = DeliveryId::parse(&format!("default.{event}.{endpoint}")).unwrap();
    eventually(&format!("the delivery is {status}"), || async {
        let app: &App = gateway.app();
        let stored = app.store.delivery(&id).await.unwrap();
        match stored {
            Some(stored) if stored.delivery.status() == status && stored.delivery.attempts >= attempts => {
                Ok(stored.delivery)
            }
            other => Err(format!("{other:?}")),
        }
    })
    .await
}

#[tokio::test]
async fn an_event_reaches_every_endpoint_signed_retried_and_given_up_where_it_is_gone() {
    let clock = ManualClock::new();
    let gateway = File::new(TO_THIS_MACHINE).clock(&clock).run().await;
    let no = || Reply::status(500, json!("no"));
    let failing = Service::answering_in_turn([no(), no(), Reply::ok(json!("yes"))]).await;
    let gone = Service::answering_in_turn([Reply::status(410, json!("gone"))]).await;
    let good = Subscriber::new(&gateway, Service::answering(json!("ok")).await, json!({})).await;
    let failing = Subscriber::new(&gateway, failing, json!({})).await;
    let gone = Subscriber::new(&gateway, gone, json!({})).await;

    let id = publish(&gateway, &event("job.completed")).await;
    delivery_when(&gateway, &id, &good.id, "delivered").await;
    let given_up = delivery_when(&gateway, &id, &gone.id, "exhausted").await;
    assert_eq!((given_up.attempts, gone.service.calls()), (1, 1));
    for attempts in 1..=2 {
        let waiting = delivery_after(&gateway, &id, &failing.id, "retrying", attempts).await;
        assert_eq!(
            (waiting.attempts, failing.service.calls()),
            (attempts, attempts as usize),
            "{:#?}",
            failing.service.requests()
        );
        clock.advance(Duration::from_secs(600));
    }
    let done = delivery_when(&gateway, &id, &failing.id, "delivered").await;
    assert_eq!(done.attempts, 3);
    assert_eq!(done.log.iter().map(|attempt| attempt.status).collect::<Vec<_>>(), [Some(500), Some(500), Some(200)]);
    assert_eq!(good.service.calls(), 1);

    // What came is the same event at every attempt, and an independent library verifies it.
    let requests = failing.requests(&id);
    assert_eq!(requests.len(), 3);
    for request in &requests {
        assert_eq!(request.body["event"], "job.completed");
        assert_eq!(request.body["data"]["job_id"], "job-abc123");
        assert_eq!(request.header("x-webhook-event"), "job.completed");
        assert_eq!(request.header("x-webhook-delivery"), format!("default.{id}.{}", failing.id));
    }
    let first = good.requests(&id).remove(0);
    verify(&good.secret, &first);

    // 410 has disabled its endpoint: the next event is not sent there.
    let shown = gateway.get(&format!("/api/webhooks/{}", gone.id)).await.body;
    assert_eq!((&shown["status"], &shown["disabled"]["reason"]), (&json!("disabled"), &json!("gone")));
    let next = publish(&gateway, &event("job.failed")).await;
    delivery_when(&gateway, &next, &good.id, "delivered").await;
    assert_eq!(gone.service.calls(), 1);
}

/// By the official library of Standard Webhooks. It judges a signature's age by the machine's clock and not by the test's,
/// so it signs what came once more.
fn verify(secret: &str, request: &ringback_tests::Request) {
    let webhook = standardwebhooks::Webhook::new(secret).unwrap();
    let timestamp = request.header("webhook-timestamp").parse().unwrap();
    let signature = webhook.sign(request.header("webhook-id"), timestamp, request.body.to_string().as_bytes()).unwrap();
    assert_eq!(request.header("webhook-signature"), signature);
}

#[tokio::test]
async fn tries_run_out_after_the_schedule_and_an_event_says_so_once() {
    let clock = ManualClock::new();
    let gateway = File::new(TO_THIS_MACHINE).clock(&clock).run().await;
    let failing = Service::answering_in_turn([Reply::status(500, json!("no"))]).await;
    let failing = Subscriber::new(&gateway, failing, json!({"max_retries": 2, "events": ["job.*"]})).await;
    let watching = Service::answering(json!("ok")).await;
    let watching = Subscriber::new(&gateway, watching, json!({"events": ["delivery.exhausted"]})).await;
    let id = publish(&gateway, &event("job.completed")).await;
    for attempts in 1..=2 {
        let waiting = delivery_after(&gateway, &id, &failing.id, "retrying", attempts).await;
        assert_eq!(waiting.attempts, attempts);
        clock.advance(A_DAY);
    }
    delivery_when(&gateway, &id, &failing.id, "exhausted").await;
    let told = watching.service.next_request().await;
    assert_eq!(told.body["event"], "delivery.exhausted");
    assert_eq!(told.body["data"]["event_id"], id.as_str());
    assert_eq!(told.body["data"]["attempts"], 3);
    assert_eq!((failing.service.calls(), watching.service.calls()), (3, 1));
}

#[tokio::test]
async fn what_becomes_of_our_own_events_raises_no_events() {
    let clock = ManualClock::new();
    let gateway = File::new(TO_THIS_MACHINE).clock(&clock).run().await;
    let failing = Service::answering_in_turn([Reply::status(500, json!("no"))]).await;
    let more = json!({"max_retries": 0, "events": ["*", "delivery.*"]});
    let failing = Subscriber::new(&gateway, failing, more).await;
    let id = publish(&gateway, &event("job.completed")).await;
    delivery_when(&gateway, &id, &failing.id, "exhausted").await;
    // The news of it goes to the same endpoint, fails too, and that is the end of it.
    let news = eventually("the news are tried", || async {
        let all = failing.service.requests();
        all.iter().find(|r| r.header("x-webhook-event") == "delivery.exhausted").cloned().ok_or(all.len())
    })
    .await;
    delivery_when(&gateway, news.header("webhook-id"), &failing.id, "exhausted").await;
    let last = publish(&gateway, &event("job.failed")).await;
    delivery_when(&gateway, &last, &failing.id, "exhausted").await;
    let told = failing.service.requests().into_iter().filter(|r| r.header("x-webhook-event") == "delivery.exhausted");
    let about = |r: &ringback_tests::Request| r.body["data"]["event_id"].as_str().unwrap().to_owned();
    assert!(told.map(|r| about(&r)).all(|event| event == id || event == last));
}

#[tokio::test]
async fn a_failed_run_is_an_event() {
    let file = format!(
        "{TO_THIS_MACHINE}\nworkflow: {{id: doomed, jobs: [{{component: {{type: http-client, endpoint: \
         'http://127.0.0.1:9/'}}}}]}}"
    );
    let gateway = File::new(file).run().await;
    let watching = Service::answering(json!("ok")).await;
    let watching = Subscriber::new(&gateway, watching, json!({"events": ["job.failed"]})).await;
    let task = gateway.start("doomed", Value::Null).await;
    gateway.error_of(&task).await;
    let told = watching.service.next_request().await;
    assert_eq!(told.body["event"], "job.failed");
    assert_eq!(told.body["data"]["task_id"], task.as_str());
}

/// One that hangs, and fifty that don't: what is owed to the fifty arrives while the one holds on to what it got.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_hangs_delays_nobody_else() {
    // To the one more is owed than it may have under way, before the fifty get anything. They get so little that all of it
    // has come, on a slow machine too, before the one's calls time out.
    const FLOOD: usize = FIRST + 8;
    const EVENTS: usize = 10;
    const GOOD: usize = 50;
    let gateway = File::new(TO_THIS_MACHINE)
        .with(|options| {
            options.pace.concurrency = 96;
            options.pace.duplicates = local_aws::mapping::Duplicates::None;
        })
        .run()
        .await;
    let hanging = Service::scripted(|_| std::future::pending()).await;
    let hanging = Subscriber::new(&gateway, hanging, json!({"timeout": 30})).await;
    // They are one service at fifty paths.
    let service = Service::answering(json!("ok")).await;
    for n in 0..GOOD {
        let fields = json!({"url": format!("{}/{n}", service.url), "events": ["job.completed"]});
        assert_eq!(ringback_tests::subscriber::create(&gateway, &fields).await.status, 201);
    }
    for _ in 0..FLOOD {
        publish(&gateway, &event("job.progress")).await;
    }
    for _ in 0..EVENTS {
        publish(&gateway, &event("job.completed")).await;
    }
    eventually("all of the fifty have all", || async {
        let calls = service.calls();
        if calls == GOOD * EVENTS { Ok(()) } else { Err(calls) }
    })
    .await;
    // The one has no more than its lane holds.
    assert!((1..=FIRST).contains(&hanging.service.calls()), "{}", hanging.service.calls());
}

/// A process that died may have made the attempt of a message that comes again to its successor as if for the first time.
#[tokio::test]
async fn what_was_accepted_before_this_process_began_is_not_sent_again_where_it_was_recorded() {
    // The clock stands still, so the event is no younger than the process.
    let file = File::new(TO_THIS_MACHINE).clock(&ManualClock::new());
    let gateway = file.with(|options| options.pace.concurrency = 1).run().await;
    let good = Subscriber::new(&gateway, Service::answering(json!("ok")).await, json!({})).await;
    let id = publish(&gateway, &event("job.completed")).await;
    let done = delivery_when(&gateway, &id, &good.id, "delivered").await;
    let app = gateway.app();
    let stored = app.store.event(&done.id.customer, &done.id.event).await.unwrap().unwrap();
    let again =
        DeliverMessage { delivery: done.id.clone(), attempt: 1, event: Some(Box::new(stored)), due: None, again: 0 };
    app.queue.send(&[(again.into(), Duration::ZERO)]).await.unwrap();
    // One message is handled after the other: when the next event has arrived, that one is done with.
    let next = publish(&gateway, &event("job.completed")).await;
    delivery_when(&gateway, &next, &good.id, "delivered").await;
    assert_eq!((good.requests(&id).len(), good.requests(&next).len()), (1, 1));
}

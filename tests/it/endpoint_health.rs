//! For how long an endpoint has failed: since its last success, and no longer.

use crate::endpoints::event;
use ringback_tests::subscriber::{TO_THIS_MACHINE, publish};
use ringback_tests::{File, Gateway, ManualClock, Reply, Service, Subscriber, eventually};
use serde_json::json;
use std::time::Duration;

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Publishes an event, and waits until its delivery has ended so.
async fn ends(gateway: &Gateway, endpoint: &Subscriber, status: &str) {
    let id = publish(gateway, &event("job.completed")).await;
    let path = format!("/api/deliveries/default.{id}.{}", endpoint.id);
    eventually(&format!("the delivery is {status}"), || async {
        let delivery = gateway.get(&path).await.body;
        if delivery["status"] == status { Ok(()) } else { Err(delivery) }
    })
    .await;
}

async fn is_disabled(gateway: &Gateway, endpoint: &Subscriber) -> bool {
    gateway.get(&format!("/api/webhooks/{}", endpoint.id)).await.body["status"] == "disabled"
}

#[tokio::test]
async fn one_success_ends_the_time_that_it_has_failed() {
    for (second, disabled) in [(Reply::ok(json!("ok")), false), (Reply::status(500, json!("no")), true)] {
        let clock = ManualClock::new();
        let gateway = File::new(TO_THIS_MACHINE).clock(&clock).run().await;
        let no = || Reply::status(500, json!("no"));
        let service = Service::answering_in_turn([no(), second, no()]).await;
        let endpoint = Subscriber::new(&gateway, service, json!({"max_retries": 0})).await;
        ends(&gateway, &endpoint, "exhausted").await;
        clock.advance(A_DAY);
        ends(&gateway, &endpoint, if disabled { "exhausted" } else { "delivered" }).await;
        assert!(!is_disabled(&gateway, &endpoint).await);
        clock.advance(A_DAY * 4);
        ends(&gateway, &endpoint, "exhausted").await;
        assert_eq!(is_disabled(&gateway, &endpoint).await, disabled);
    }
}

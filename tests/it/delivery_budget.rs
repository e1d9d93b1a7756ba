//! What publishing and delivering cost, counted from the calls that were really made.

use crate::endpoints::event;
use local_aws::mapping::Duplicates;
use reqwest::Method;
use ringback_tests::subscriber::{TO_THIS_MACHINE, create, publish};
use ringback_tests::{File, Gateway, Service, eventually, send};
use serde_json::json;
use std::time::Duration;

/// A gateway whose loops do nothing by themselves, and so many endpoints at one service.
async fn quiet_gateway(endpoints: usize, more: serde_json::Value) -> (Gateway, Service) {
    let service = Service::answering(json!("ok")).await;
    let file = File::new(TO_THIS_MACHINE).with(|options| {
        options.pace.duplicates = Duplicates::None;
        options.pace.sweep_every = Duration::from_secs(3600);
    });
    let gateway = file.run().await;
    eventually("the first sweep is over", || async {
        let cost = gateway.cost();
        if cost.reads >= 2 { Ok(()) } else { Err(cost) }
    })
    .await;
    for n in 0..endpoints {
        let mut fields = json!({"url": format!("{}/{n}", service.url), "events": ["*"]});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(create(&gateway, &fields).await.status, 201);
    }
    (gateway, service)
}

/// Ends once so many requests have come and every message that was sent has been deleted.
async fn settled(gateway: &Gateway, service: &Service, calls: usize) {
    eventually("everything is delivered", || async {
        let cost = gateway.cost();
        let (received, deleted) = (cost.calls_of("ReceiveMessage"), cost.calls_of("DeleteMessageBatch"));
        let done = service.calls() == calls && received == deleted && cost.calls_of("SendMessageBatch") <= received;
        if done { Ok(()) } else { Err((service.calls(), cost)) }
    })
    .await;
}

#[tokio::test]
async fn an_event_costs_one_write_and_its_batch_one_read() {
    let (gateway, _service) = quiet_gateway(0, json!({})).await;
    let before = gateway.cost();
    publish(&gateway, &event("job.completed")).await;
    let cost = eventually("the event is fanned out", || async {
        let cost = &gateway.cost() - &before;
        if cost.reads > 0 { Ok(cost) } else { Err(cost) }
    })
    .await;
    assert_eq!((cost.writes, cost.reads, cost.sqs_requests), (1, 1, 0), "{cost}: {:?}", cost.calls);
    assert_eq!(cost.index_write_units, 0);
}

#[tokio::test]
async fn a_hundred_deliveries_cost_a_write_each_and_a_third_of_a_request_to_the_queue() {
    const ENDPOINTS: usize = 100;
    let (gateway, service) = quiet_gateway(ENDPOINTS, json!({})).await;
    let before = gateway.cost();
    publish(&gateway, &event("job.completed")).await;
    settled(&gateway, &service, ENDPOINTS).await;
    let cost = &gateway.cost() - &before;
    // One write of the event and one for each delivery; one read of who subscribes.
    assert_eq!(cost.writes, 1 + ENDPOINTS as u64, "{cost}: {:?}", cost.calls);
    assert_eq!(cost.reads, 1, "{cost}: {:?}", cost.calls);
    assert!(cost.sqs_requests <= 30, "{cost}: {:?}", cost.calls);
}

#[tokio::test]
async fn what_is_refused_costs_nothing() {
    let (gateway, _service) = quiet_gateway(1, json!({})).await;
    let before = gateway.cost();
    let api = |path: &str| gateway.request(Method::POST, &format!("{}{path}", gateway.api));
    for path in ["/api/events", "/api/webhooks", "/api/tokens"] {
        assert_eq!(send(api(path).json(&event("job.completed"))).await.status, 401);
        assert_eq!(send(api(path).bearer_auth("wrong").json(&event("job.completed"))).await.status, 401);
    }
    let refused = send(gateway.api(Method::POST, "/api/events").json(&json!({"event": "no type!"}))).await;
    assert_eq!(refused.status, 400);
    let cost = &gateway.cost() - &before;
    assert_eq!((cost.writes, cost.reads, cost.sqs_requests), (0, 0, 0), "{cost}: {:?}", cost.calls);
}

//! Filters that can't say whether an event is wanted: refused when they are made, and told of when they fail later.

use domain::endpoint::Endpoint;
use platform::store::Saved;
use reqwest::Method;
use ringback_tests::subscriber::{TO_THIS_MACHINE, create, publish};
use ringback_tests::{File, Gateway, Service, Subscriber, eventually, send};
use serde_json::{Value, json};

/// A filter that takes too many steps on a large text.
fn costly() -> String {
    vec!["(data.a as json)[0] == 2"; 30].join(" or ")
}

/// The deliveries of an endpoint that were given up, once there are so many.
async fn given_up(gateway: &Gateway, endpoint: &str, count: usize) -> Vec<Value> {
    let path = format!("/api/webhooks/deliveries?status=exhausted&webhook_id={endpoint}");
    eventually("deliveries given up", async || {
        let deliveries = gateway.get(&path).await.body["deliveries"].as_array().cloned().unwrap_or_default();
        if deliveries.len() == count { Ok(deliveries) } else { Err(deliveries) }
    })
    .await
}

#[tokio::test]
async fn a_costly_filter_is_refused_in_words_when_an_endpoint_is_made_or_changed() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let fields = json!({"url": "https://example.com/", "events": ["*"], "filter": costly()});
    let refused = create(&gateway, &fields).await;
    refused.is_problem(400, "unusable_request");
    assert!(refused.body["detail"].as_str().unwrap().contains("`filter` takes more than"), "{}", refused.body);
    let made = create(&gateway, &json!({"url": "https://example.com/", "events": ["*"]})).await;
    let path = format!("/api/webhooks/{}", made.body["webhook_id"].as_str().unwrap());
    send(gateway.api(Method::PATCH, &path).json(&json!({"filter": costly()})))
        .await
        .is_problem(400, "unusable_request");
}

#[tokio::test]
async fn what_a_filter_fails_on_is_given_up_told_of_and_can_be_recovered() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let filter = json!({"filter": "data.amount > 100"});
    let endpoint = Subscriber::new(&gateway, Service::answering(json!("ok")).await, filter).await;
    let other =
        Subscriber::new(&gateway, Service::answering(json!("ok")).await, json!({"events": ["delivery.*"]})).await;
    publish(&gateway, &json!({"event": "order.paid", "data": {"amount": "a lot"}})).await;
    publish(&gateway, &json!({"event": "order.paid", "data": {"amount": 500}})).await;
    assert_eq!(endpoint.service.next_request().await.body["data"]["amount"], 500);
    let [delivery] = given_up(&gateway, &endpoint.id, 1).await.try_into().expect("one delivery");
    assert!(delivery.to_string().contains("filter could not be evaluated"), "{delivery}");
    let told = other.service.next_request().await.body;
    assert_eq!((&told["event"], &told["data"]["reason"]), (&json!("delivery.exhausted"), &json!("filter_failed")));
    let said = gateway.get(&format!("/api/webhooks/{}/diagnose", endpoint.id)).await.body;
    assert_eq!(
        said["issues"][0],
        "1 of the last 2 deliveries were not made: the filter could not be evaluated on the event's data"
    );

    let recover = format!("/api/webhooks/{}/recover", endpoint.id);
    let since = json!({"since": "2020-01-01T00:00:00Z"});
    assert_eq!(send(gateway.api(Method::POST, &recover).json(&since)).await.status, 202);
    // Before it, the diagnosis has asked with HEAD.
    assert_eq!(endpoint.service.next_request().await.method, "HEAD");
    assert_eq!(endpoint.service.next_request().await.body["data"]["amount"], "a lot");
}

#[tokio::test]
async fn a_filter_from_before_the_budget_stops_nobody_else_and_its_events_are_kept() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let of = |customer: &str| json!({"customer_id": customer, "filter": "data.n == 1"});
    let costly_one = Subscriber::new(&gateway, Service::answering(json!("ok")).await, of("costly")).await;
    let well = Subscriber::new(&gateway, Service::answering(json!("ok")).await, of("other")).await;
    // As an older version has stored it.
    let store = &gateway.app().store;
    let id = domain::event::EndpointId::parse(&costly_one.id).unwrap();
    let stored = store.endpoint(&domain::event::CustomerId::parse("costly").unwrap(), &id).await.unwrap().unwrap();
    let mut fields = serde_json::to_value(&stored.endpoint).unwrap();
    fields["filter"] = costly().into();
    let endpoint: Endpoint = serde_json::from_value(fields).unwrap();
    assert!(matches!(store.save_endpoint(&endpoint, stored.version, &[]).await.unwrap(), Saved::Written(_)));
    gateway.app().directory.forget(&endpoint.customer);

    let large = json!({"n": 1, "a": format!("[{}0]", "0,".repeat(300_000))});
    for customer in ["costly", "other"] {
        publish(&gateway, &json!({"event": "a.b", "customer_id": customer, "data": large})).await;
    }
    assert_eq!(well.service.next_request().await.body["data"]["n"], 1);
    let [delivery] = given_up(&gateway, &costly_one.id, 1).await.try_into().expect("one delivery");
    assert!(delivery.to_string().contains("too many steps"), "{delivery}");
    assert!(costly_one.service.requests().is_empty());
}

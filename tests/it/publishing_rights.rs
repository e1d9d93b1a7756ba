//! Tokens that may publish, and events that no token may publish.

use crate::endpoints::event;
use domain::event::{CustomerId, EventId};
use reqwest::{Method, RequestBuilder};
use ringback_tests::subscriber::TO_THIS_MACHINE;
use ringback_tests::{Answer, File, Gateway, Service, Subscriber, send};
use serde_json::{Value, json};

/// A new token of the customer `acme`.
async fn token(gateway: &Gateway, fields: Value) -> String {
    let mut all = json!({"customer_id": "acme"});
    all.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
    let made = send(gateway.api(Method::POST, "/api/tokens").json(&all)).await;
    assert_eq!(
        (made.status, &made.body["publish"]),
        (201, all.get("publish").unwrap_or(&json!(false))),
        "{}",
        made.body
    );
    made.body["token"].as_str().unwrap().to_owned()
}

/// One event, published in each of the ways that there are.
async fn every_way(ask: impl Fn() -> RequestBuilder, event_type: &str, source: Option<&str>) -> Vec<Answer> {
    let mut plain = json!({"event": event_type, "data": {"n": 1}, "id": plain_id(event_type)});
    if let Some(source) = source {
        plain["source"] = source.into();
    }
    let source = source.unwrap_or("/shop");
    let structured = json!({"specversion": "1.0", "id": "s", "source": source, "type": event_type, "data": {"n": 1}});
    let structured = ask().header("content-type", "application/cloudevents+json").body(structured.to_string());
    let binary = ask().header("ce-specversion", "1.0").header("ce-id", "b").header("ce-source", source);
    let binary = binary.header("ce-type", event_type).json(&json!({"n": 1}));
    let mut answers = Vec::new();
    for request in [ask().json(&plain), structured, binary] {
        answers.push(send(request).await);
    }
    answers
}

/// The id of the event that is published as plain JSON.
fn plain_id(event_type: &str) -> String {
    format!("plain-{}", event_type.replace('.', "-"))
}

async fn stored(gateway: &Gateway, event_type: &str) -> Option<domain::event::Event> {
    let (customer, id) = (CustomerId::parse("acme").unwrap(), EventId::parse(&plain_id(event_type)).unwrap());
    gateway.app().store.event(&customer, &id).await.unwrap()
}

#[tokio::test]
async fn a_customers_token_publishes_only_if_it_was_made_for_that() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let own = json!({"customer_id": "acme", "events": ["*"]});
    let endpoint = Subscriber::new(&gateway, Service::answering(json!("ok")).await, own).await;
    let (reader, publisher) = (token(&gateway, json!({})).await, token(&gateway, json!({"publish": true})).await);
    let url = format!("{}/api/events", gateway.api);
    for answer in
        every_way(|| gateway.request(Method::POST, &url).bearer_auth(&reader), "payment.succeeded", None).await
    {
        answer.is_problem(403, "publishing_not_allowed");
    }
    assert_eq!(stored(&gateway, "payment.succeeded").await, None);
    for answer in
        every_way(|| gateway.request(Method::POST, &url).bearer_auth(&publisher), "payment.succeeded", None).await
    {
        assert_eq!(answer.status, 202, "{}", answer.body);
    }
    let published = stored(&gateway, "payment.succeeded").await.unwrap();
    assert_eq!(published.source, "customer/acme", "it does not speak for the operator");
    for _ in 0..3 {
        assert_eq!(endpoint.service.next_request().await.body["event"], "payment.succeeded");
    }

    // A test is signed too.
    let path = format!("{}/api/webhooks/{}/test", gateway.api, endpoint.id);
    let test = |token: &str, body: Value| send(gateway.request(Method::POST, &path).bearer_auth(token).json(&body));
    for body in [json!({"event": "payment.succeeded"}), json!({"data": {"paid": true}}), event("payment.succeeded")] {
        test(&reader, body.clone()).await.is_problem(403, "publishing_not_allowed");
        assert_eq!(test(&publisher, body).await.body["success"], true);
        endpoint.service.next_request().await;
    }
    assert_eq!(test(&reader, json!({})).await.body["success"], true);
    let sent = endpoint.service.next_request().await.body;
    assert_eq!((&sent["event"], &sent["source"]), (&json!("test_event"), &json!("webhook_test")));
    gateway.stop().await;
}

#[tokio::test]
async fn no_token_publishes_what_only_ringback_says() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let own = json!({"customer_id": "acme", "events": ["endpoint.*", "delivery.*", "job.*"]});
    let endpoint = Subscriber::new(&gateway, Service::answering(json!("ok")).await, own).await;
    let publisher = token(&gateway, json!({"publish": true})).await;
    let url = format!("{}/api/events", gateway.api);
    let operator = || gateway.api(Method::POST, "/api/events");
    let customer = || gateway.request(Method::POST, &url).bearer_auth(&publisher);
    let test = format!("/api/webhooks/{}/test", endpoint.id);
    for (event_type, source) in
        [("endpoint.disabled", None), ("delivery.exhausted", Some("/shop")), ("job.failed", Some("ringback"))]
    {
        let mut answers = every_way(operator, event_type, source).await;
        answers.extend(every_way(customer, event_type, source).await);
        answers
            .push(send(gateway.api(Method::POST, &test).json(&json!({"event": event_type, "source": source}))).await);
        for answer in answers {
            // A CloudEvent must name a source, so it names `/shop` where none was asked for.
            answer.is_problem(422, "reserved_event");
        }
        assert_eq!(stored(&gateway, event_type).await, None);
    }
    let open = json!({"event": "job.failed", "customer_id": "acme", "data": {}});
    assert_eq!(send(operator().json(&open)).await.status, 202, "`job.*` stays open");
    assert_eq!(endpoint.service.next_request().await.body["event"], "job.failed");
    assert_eq!(endpoint.service.requests().len(), 1);
    gateway.stop().await;
}

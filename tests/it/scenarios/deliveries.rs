//! Events on their way to customers' endpoints.

use super::Stage;
use crate::endpoints::event;
use reqwest::Method;
use ringback_tests::subscriber::{Subscriber, publish};
use ringback_tests::{Reply, Request, eventually, send};
use serde_json::{Value, json};

/// An endpoint of a customer of its own, so that no other scenario's events come there.
async fn subscriber(stage: &Stage<'_>, customer: &str, replies: Vec<Reply>, more: Value) -> Subscriber {
    let service = stage.services().answering_in_turn(replies).await;
    let mut fields = json!({"customer_id": customer, "retry_delay": 1});
    fields.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    Subscriber::new(stage, service, fields).await
}

/// An event for a customer.
fn event_for(customer: &str) -> Value {
    let mut event = event("job.completed");
    event["customer_id"] = json!(customer);
    event
}

/// The delivery, once it stands so.
async fn delivery_when(stage: &Stage<'_>, (customer, event): (&str, &str), endpoint: &str, status: &str) -> Value {
    let path = format!("/api/deliveries/{customer}.{event}.{endpoint}");
    eventually(&format!("the delivery is {status}"), || async {
        let answer = stage.get(&path).await;
        if answer.body["status"] == status { Ok(answer.body) } else { Err(answer.body) }
    })
    .await
}

fn ok() -> Reply {
    Reply::ok(json!("ok"))
}

fn verify(secret: &str, request: &Request) {
    let webhook = standardwebhooks::Webhook::new(secret).unwrap();
    let headers: http::HeaderMap = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .map(|name| (http::HeaderName::from_static(name), request.header(name).parse().unwrap()))
        .into_iter()
        .collect();
    webhook.verify(request.body.to_string().as_bytes(), &headers).unwrap();
}

pub(super) async fn an_event_is_delivered_signed_and_tried_again_until_it_is_taken(stage: &Stage<'_>) {
    let good = subscriber(stage, "retried", vec![ok()], json!({})).await;
    let replies = vec![Reply::status(500, json!("no")), ok()];
    let failing = subscriber(stage, "retried", replies, json!({})).await;
    let id = publish(stage, &event_for("retried")).await;
    delivery_when(stage, ("retried", &id), &good.id, "delivered").await;
    let done = delivery_when(stage, ("retried", &id), &failing.id, "delivered").await;
    assert_eq!(done["attempt_count"], 2, "{done:#}");
    let log = done["attempts"].as_array().unwrap();
    assert_eq!(log.iter().map(|attempt| &attempt["status"]).collect::<Vec<_>>(), [500, 200], "{done:#}");
    assert_eq!((good.requests(&id).len(), failing.requests(&id).len()), (1, 2));
    for (subscriber, request) in
        failing.requests(&id).iter().map(|r| (&failing, r)).chain(good.requests(&id).iter().map(|r| (&good, r)))
    {
        verify(&subscriber.secret, request);
        assert_eq!(
            (&request.body["event"], &request.body["data"]["job_id"]),
            (&json!("job.completed"), &json!("job-abc123"))
        );
    }
}

pub(super) async fn an_endpoint_that_is_gone_is_disabled(stage: &Stage<'_>) {
    let gone = subscriber(stage, "gone", vec![Reply::status(410, json!("gone"))], json!({})).await;
    let id = publish(stage, &event_for("gone")).await;
    delivery_when(stage, ("gone", &id), &gone.id, "exhausted").await;
    let shown = eventually("the endpoint is disabled", || async {
        let shown = stage.get(&format!("/api/webhooks/{}", gone.id)).await.body;
        if shown["status"] == "disabled" { Ok(shown) } else { Err(shown) }
    })
    .await;
    assert_eq!((&shown["disabled"]["reason"], gone.service.calls()), (&json!("gone"), 1));
}

pub(super) async fn tries_run_out_and_an_event_says_so(stage: &Stage<'_>) {
    let more = json!({"max_retries": 1, "events": ["job.*"]});
    let failing = subscriber(stage, "exhausted", vec![Reply::status(500, json!("no"))], more).await;
    let watching = subscriber(stage, "exhausted", vec![ok()], json!({"events": ["delivery.exhausted"]})).await;
    let id = publish(stage, &event_for("exhausted")).await;
    let told = watching.service.next_request().await;
    assert_eq!(told.body["event"], "delivery.exhausted");
    assert_eq!((&told.body["data"]["event_id"], &told.body["data"]["attempts"]), (&json!(id), &json!(2)));
    assert_eq!((failing.service.calls(), watching.service.calls()), (2, 1));
}

pub(super) async fn a_repeated_event_is_delivered_once_and_another_under_its_id_is_refused(stage: &Stage<'_>) {
    let good = subscriber(stage, "repeated", vec![ok()], json!({})).await;
    let mut one = event_for("repeated");
    one["id"] = json!("5f3c-1");
    assert_eq!(publish(stage, &one).await, "5f3c-1");
    assert_eq!(publish(stage, &one).await, "5f3c-1");
    delivery_when(stage, ("repeated", "5f3c-1"), &good.id, "delivered").await;
    one["data"] = json!({"other": true});
    let refused = send(stage.api(Method::POST, "/api/events").json(&one)).await;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("conflict")));
    let last = publish(stage, &event_for("repeated")).await;
    delivery_when(stage, ("repeated", &last), &good.id, "delivered").await;
    assert_eq!(good.service.calls(), 2);
}

//! The dashboard: figures, a diagnosis in words, and test events.

use crate::delivery_log::{deliveries, deliveries_when};
use crate::endpoints::event;
use reqwest::Method;
use ringback_tests::subscriber::{TO_THIS_MACHINE, publish};
use ringback_tests::{Answer, File, Gateway, ManualClock, Reply, Service, Subscriber, send};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn figures_are_of_the_hours_that_are_asked_for() {
    let clock = ManualClock::new();
    let gateway = File::new(TO_THIS_MACHINE).clock(&clock).run().await;
    let replies = [Reply::ok(json!(1)), Reply::ok(json!(2)), Reply::status(400, json!("no"))];
    let service = Service::answering_in_turn(replies).await;
    let endpoint = Subscriber::new(&gateway, service, json!({"max_retries": 0, "name": "figures"})).await;
    publish(&gateway, &event("job.completed")).await;
    deliveries_when(&gateway, "?status=delivered", 1).await;
    clock.advance(Duration::from_secs(30 * 60 * 60));
    publish(&gateway, &event("job.completed")).await;
    deliveries_when(&gateway, "?status=delivered", 2).await;
    publish(&gateway, &event("job.failed")).await;
    deliveries_when(&gateway, "?status=failed", 1).await;

    let day = gateway.get("/api/webhooks/stats").await.body;
    let figures =
        |stats: &Value| ["total", "successful", "failed", "pending"].map(|n| stats[format!("{n}_deliveries")].clone());
    assert_eq!(figures(&day), [json!(2), json!(1), json!(1), json!(0)], "{day}");
    assert_eq!((&day["success_rate"], &day["period_hours"]), (&json!(50.0), &json!(24)));
    assert!(day["avg_response_time"].as_f64().unwrap() < 5.0 && day.get("sampled").is_none());
    let longer = gateway.get("/api/webhooks/stats?hours=48").await.body;
    assert_eq!((&longer["total_deliveries"], &longer["success_rate"]), (&json!(3), &json!(66.67)));

    let endpoints = gateway.get("/api/webhooks/endpoints").await.body;
    let line = &endpoints[0];
    assert_eq!(endpoints.as_array().unwrap().len(), 1);
    assert_eq!(
        (&line["webhook_id"], &line["name"], &line["status"]),
        (&json!(endpoint.id), &json!("figures"), &json!("active"))
    );
    assert_eq!((&line["total_deliveries_24h"], &line["successful_deliveries_24h"]), (&json!(2), &json!(1)));
    assert_eq!((&line["success_rate_24h"], &line["event_types"]), (&json!(50.0), &json!(["*"])));
    assert!(!endpoints.to_string().contains("whsec_"));
}

async fn diagnose(gateway: &Gateway, id: &str) -> Value {
    let answer = gateway.get(&format!("/api/webhooks/{id}/diagnose")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

#[tokio::test]
async fn a_diagnosis_says_what_is_wrong_and_what_to_do() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let well = Subscriber::new(&gateway, Service::answering(json!("ok")).await, json!({"name": "well"})).await;
    let said = diagnose(&gateway, &well.id).await;
    assert_eq!((&said["issues"], &said["recommendations"]), (&json!([]), &json!([])), "{said:#}");
    assert_eq!((&said["endpoint_id"], &said["endpoint_name"]), (&json!(well.id), &json!("well")));
    assert_eq!(
        (&said["is_active"], &said["recent_delivery_count"], &said["health"]),
        (&json!(true), &json!(0), &Value::Null)
    );
    assert_eq!(said["reachability"]["reachable"], true);
    assert_eq!(well.service.requests()[0].method, "HEAD");

    // Who knows POST alone is asked again with OPTIONS, and that is no fault.
    let only_post = |request: ringback_tests::Request| async move {
        if request.method == "POST" { Reply::status(401, json!("who?")) } else { Reply::status(405, json!("")) }
    };
    let refusing = Subscriber::new(&gateway, Service::scripted(only_post).await, json!({"max_retries": 0})).await;
    publish(&gateway, &event("job.completed")).await;
    deliveries_when(&gateway, "?status=failed", 1).await;
    let said = diagnose(&gateway, &refusing.id).await;
    assert_eq!(said["issues"], json!(["1 of the last 1 deliveries failed: it answered 401"]), "{said:#}");
    assert!(said["recommendations"][0].as_str().unwrap().contains("signature"));
    assert_eq!((&said["recent_delivery_count"], &said["failed_delivery_count"]), (&json!(1), &json!(1)));
    assert!(said["health"]["failing_since"].is_string(), "{said:#}");
    let methods: Vec<String> = refusing.service.requests().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["POST", "HEAD", "OPTIONS"]);

    // A port at which nobody listens; no words of the system's come through.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = format!("http://{}/hook", listener.local_addr().unwrap());
    drop(listener);
    let patch = gateway.api(Method::PATCH, &format!("/api/webhooks/{}", well.id)).json(&json!({"url": dead}));
    assert_eq!(send(patch).await.status, 200);
    let said = diagnose(&gateway, &well.id).await;
    assert_eq!(said["reachability"]["error"], "connect", "{said:#}");
    assert_eq!(said["issues"], json!(["asked just now, no connection could be made"]));
}

async fn test(gateway: &Gateway, id: &str, body: &Value) -> Answer {
    send(gateway.api(Method::POST, &format!("/api/webhooks/{id}/test")).json(body)).await
}

#[tokio::test]
async fn a_test_event_is_signed_sent_at_once_and_not_kept() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let replies = [Reply::ok(json!({"got": "it"})), Reply::status(500, json!("no")), Reply::ok(json!("yes"))];
    let service = Service::answering_in_turn(replies).await;
    let endpoint = Subscriber::new(&gateway, service, json!({"events": ["job.*"]})).await;
    let tested = gateway.post(&format!("/api/webhooks/{}/test", endpoint.id)).await.body;
    assert_eq!(
        (&tested["success"], &tested["status_code"], &tested["error"]),
        (&json!(true), &json!(200), &Value::Null)
    );
    assert_eq!(tested["response_body"], "{\"got\":\"it\"}");
    assert!(tested["response_time"].is_number());
    let sent = endpoint.service.next_request().await;
    assert_eq!(sent.body, tested["test_event"]);
    assert_eq!((&sent.body["event_type"], &sent.body["source"]), (&json!("test_event"), &json!("webhook_test")));
    assert_eq!((sent.header("x-webhook-test"), sent.header("x-webhook-event")), ("true", "test_event"));
    let id = sent.body["id"].as_str().unwrap();
    assert_eq!((sent.header("webhook-id"), sent.header("webhook-signature").starts_with("v1,")), (id, true));
    assert!(sent.header("x-webhook-signature").starts_with("sha256="));

    let tested = test(&gateway, &endpoint.id, &json!({"event": "job.failed", "data": {"n": 1}})).await.body;
    assert_eq!((&tested["success"], &tested["status_code"]), (&json!(false), &json!(500)), "{tested}");
    assert_eq!((&tested["error"], &tested["test_event"]["data"]["n"]), (&json!("it answered 500"), &json!(1)));
    let whole = json!({"id": "evt-7", "event_type": "job.completed", "data": {}, "timestamp": 1.5, "source": "me", "version": "2"});
    let tested = test(&gateway, &endpoint.id, &whole).await.body;
    assert_eq!((&tested["test_event"]["id"], &tested["test_event"]["version"]), (&json!("evt-7"), &json!("2")));

    for bad in [json!({"event": "not a type"}), json!({"events": ["a"]}), json!({"customer_id": "other"})] {
        test(&gateway, &endpoint.id, &bad).await.is_problem(400, "unusable_request");
    }
    assert!(deliveries(&gateway, "").await.is_empty());
    assert_eq!(gateway.get(&format!("/api/webhooks/{}/diagnose", endpoint.id)).await.body["health"], Value::Null);
    assert_eq!(gateway.get("/api/events/evt-7").await.status, 404);
}

//! Recovering what failed of an endpoint, in the background, from outside.

use crate::delivery_log::{deliveries, deliveries_when};
use reqwest::Method;
use ringback_tests::subscriber::{TO_THIS_MACHINE, publish};
use ringback_tests::{Answer, File, Gateway, ManualClock, Reply, Service, Subscriber, eventually, send};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A service that can be broken and repaired.
async fn repairable() -> (Service, Arc<AtomicBool>) {
    let broken = Arc::new(AtomicBool::new(true));
    let now = broken.clone();
    let service = Service::scripted(move |_| {
        let broken = now.load(Ordering::SeqCst);
        async move { if broken { Reply::status(404, json!("no")) } else { Reply::ok(json!("yes")) } }
    })
    .await;
    (service, broken)
}

async fn recover(gateway: &Gateway, id: &str, body: &Value) -> Answer {
    send(gateway.api(Method::POST, &format!("/api/webhooks/{id}/recover")).json(body)).await
}

async fn ended(gateway: &Gateway, id: &str) -> Value {
    eventually("the operation has ended", || async {
        let operation = gateway.get(&format!("/api/operations/{id}")).await.body;
        if operation["status"] == "running" { Err(operation) } else { Ok(operation) }
    })
    .await
}

#[tokio::test]
async fn what_failed_in_a_span_of_time_is_delivered_after_all_and_nothing_else() {
    let clock = ManualClock::new();
    let gateway = File::new(TO_THIS_MACHINE).clock(&clock).run().await;
    let (service, broken) = repairable().await;
    let endpoint = Subscriber::new(&gateway, service, json!({"max_retries": 0})).await;
    let (other, _) = repairable().await;
    let other = Subscriber::new(&gateway, other, json!({"max_retries": 0})).await;
    let mut times = Vec::new();
    for n in 0..5 {
        times.push(clock.time().to_string());
        publish(&gateway, &json!({"event": "job.failed", "data": {"n": n}})).await;
        clock.advance(Duration::from_secs(60));
    }
    deliveries_when(&gateway, "?status=exhausted", 10).await;
    broken.store(false, Ordering::SeqCst);

    // A dry run says what would be done, and does nothing.
    let span = json!({"since": times[1], "until": times[4], "dry_run": true});
    let dry = recover(&gateway, &endpoint.id, &span).await;
    assert_eq!((dry.status, &dry.body["found"], &dry.body["complete"]), (200, &json!(3), &json!(true)), "{}", dry.body);
    assert_eq!(dry.body["delivery_ids"].as_array().unwrap().len(), 3);
    assert_eq!(deliveries(&gateway, "?status=exhausted").await.len(), 10);

    let span = json!({"since": times[1], "until": times[4]});
    let asked = recover(&gateway, &endpoint.id, &span).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    let id = asked.body["operation_id"].as_str().unwrap();
    // Repeating the request is safe: it names the same operation.
    assert_eq!(recover(&gateway, &endpoint.id, &span).await.body["operation_id"], id);
    let done = ended(&gateway, id).await;
    assert_eq!((&done["status"], &done["found"], &done["done"]), (&json!("completed"), &json!(3), &json!(3)), "{done}");
    assert!(done["ended_at"].is_string() && done["webhook_id"] == endpoint.id.as_str(), "{done}");
    deliveries_when(&gateway, &format!("?status=delivered&webhook_id={}", endpoint.id), 3).await;
    assert_eq!((endpoint.service.calls(), other.service.calls()), (8, 5));

    // Without an end it reaches to now; another request is another operation.
    let rest = recover(&gateway, &endpoint.id, &json!({"since": times[0]})).await;
    assert_ne!(rest.body["operation_id"], id);
    assert_eq!(ended(&gateway, rest.body["operation_id"].as_str().unwrap()).await["done"], 2);
    deliveries_when(&gateway, &format!("?status=delivered&webhook_id={}", endpoint.id), 5).await;
    assert_eq!(deliveries(&gateway, "?status=exhausted").await.len(), 5);
}

#[tokio::test]
async fn what_was_published_while_a_mistaken_410_disabled_the_endpoint_is_recovered() {
    let clock = ManualClock::new();
    let gateway = File::new(TO_THIS_MACHINE).clock(&clock).run().await;
    let since = json!({"since": clock.time().to_string()});
    let service = Service::answering_in_turn([Reply::status(410, json!("gone")), Reply::ok(json!("yes"))]).await;
    let gone = Subscriber::new(&gateway, service, json!({})).await;
    let paused = Service::answering(json!("ok")).await;
    let paused = Subscriber::new(&gateway, paused, json!({"disabled": true, "events": ["job.*"]})).await;
    let event = json!({"event": "job.failed", "data": {}});
    publish(&gateway, &event).await;
    deliveries_when(&gateway, "?status=exhausted", 1).await;
    clock.advance(Duration::from_secs(60));
    let missed = publish(&gateway, &event).await;
    let given_up = deliveries_when(&gateway, "?status=exhausted", 2).await.remove(0);
    assert_eq!((&given_up["event_id"], &given_up["attempt_count"]), (&json!(missed), &json!(0)), "{given_up}");
    assert_eq!(given_up["error_message"], "the endpoint is disabled or deleted");
    assert_eq!(gone.service.calls(), 1);
    clock.advance(Duration::from_secs(60));

    let patch = gateway.api(Method::PATCH, &format!("/api/webhooks/{}", gone.id));
    assert_eq!(send(patch.json(&json!({"disabled": false}))).await.status, 200);
    let operation = recover(&gateway, &gone.id, &since).await.body;
    assert_eq!(ended(&gateway, operation["operation_id"].as_str().unwrap()).await["done"], 2);
    deliveries_when(&gateway, "?status=delivered", 2).await;
    assert_eq!((gone.requests(&missed).len(), paused.service.calls()), (1, 0));
    // Nothing was kept for the one that somebody disabled.
    assert!(deliveries(&gateway, &format!("?webhook_id={}", paused.id)).await.is_empty());
}

#[tokio::test]
async fn what_can_t_be_recovered_is_a_problem() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let endpoint = Subscriber::new(&gateway, Service::answering(json!("ok")).await, json!({})).await;
    let bad = [
        json!({}),
        json!({"since": "soon"}),
        json!({"since": "2100-01-01T00:00:00Z"}),
        json!({"since": 10, "until": 10}),
        json!({"since": 10, "dry_run": "yes"}),
        json!({"since": 10, "all": true}),
    ];
    for body in bad {
        recover(&gateway, &endpoint.id, &body).await.is_problem(400, "unusable_request");
    }
    recover(&gateway, "ep_0", &json!({"since": 10})).await.is_problem(404, "not_found");
    gateway.get("/api/operations/op_0").await.is_problem(404, "not_found");
    gateway.get(&format!("/api/operations/op_{}", "0".repeat(32))).await.is_problem(404, "not_found");
    let patch = gateway.api(Method::PATCH, &format!("/api/webhooks/{}", endpoint.id));
    assert_eq!(send(patch.json(&json!({"disabled": true}))).await.status, 200);
    let refused = recover(&gateway, &endpoint.id, &json!({"since": 10})).await;
    let how = format!("PATCH /api/webhooks/{} with {{\"disabled\": false}}", endpoint.id);
    assert!(refused.body["detail"].as_str().unwrap().contains(&how), "{}", refused.body);
    refused.is_problem(409, "endpoint_disabled");
}

#[tokio::test]
async fn a_customer_s_token_sees_its_own_log_and_operations_only() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let own = Service::answering(json!("ok")).await;
    let own = Subscriber::new(&gateway, own, json!({"customer_id": "acme"})).await;
    let other = Subscriber::new(&gateway, Service::answering(json!("ok")).await, json!({"customer_id": "other"})).await;
    for customer in ["acme", "other"] {
        publish(&gateway, &json!({"event": "job.failed", "data": {}, "customer_id": customer})).await;
    }
    let all = deliveries_when(&gateway, "?status=delivered", 2).await;
    let theirs = all.iter().find(|delivery| delivery["customer_id"] == "other").unwrap()["id"].as_str().unwrap();
    let operation = recover(&gateway, &other.id, &json!({"since": 10})).await.body;
    let token = send(gateway.api(Method::POST, "/api/tokens").json(&json!({"customer_id": "acme"}))).await;
    let token = token.body["token"].as_str().unwrap().to_owned();
    let ask = |method: Method, path: String| {
        let request = gateway.request(method, &format!("{}{path}", gateway.api)).bearer_auth(&token);
        async move { send(request).await }
    };
    let get = |path: &str| ask(Method::GET, path.to_owned());
    let post = |path: String| ask(Method::POST, path);
    let seen = get("/api/deliveries").await.body;
    assert_eq!(
        (seen["deliveries"].as_array().unwrap().len(), &seen["deliveries"][0]["customer_id"]),
        (1, &json!("acme"))
    );
    assert_eq!(get("/api/webhooks/stats").await.body["total_deliveries"], 1);
    assert_eq!(get("/api/webhooks/endpoints").await.body[0]["webhook_id"], own.id.as_str());
    get("/api/deliveries?customer_id=other").await.is_problem(403, "forbidden");
    get(&format!("/api/deliveries/{theirs}")).await.is_problem(404, "not_found");
    post(format!("/api/deliveries/{theirs}/retry")).await.is_problem(404, "not_found");
    get(&format!("/api/webhooks/{}/diagnose", other.id)).await.is_problem(404, "not_found");
    post(format!("/api/webhooks/{}/test", other.id)).await.is_problem(404, "not_found");
    post(format!("/api/webhooks/{}/recover", other.id)).await.is_problem(400, "unusable_request");
    get(&format!("/api/operations/{}", operation["operation_id"].as_str().unwrap())).await.is_problem(404, "not_found");
}

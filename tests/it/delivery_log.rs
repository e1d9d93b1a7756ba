//! The log of deliveries: what it shows, how it is filtered and paged, and a new round for one.

use crate::endpoints::event;
use domain::delivery::{Delivery, DeliveryId};
use domain::event::EventType;
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use ringback_tests::subscriber::{TO_THIS_MACHINE, publish};
use ringback_tests::{File, Gate, Gateway, ManualClock, Reply, Service, Subscriber, eventually, send};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The deliveries that a query gives.
pub(crate) async fn deliveries(gateway: &Gateway, query: &str) -> Vec<Value> {
    let answer = gateway.get(&format!("/api/webhooks/deliveries{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["deliveries"].as_array().unwrap().clone()
}

/// The deliveries that a query gives, once there are so many.
pub(crate) async fn deliveries_when(gateway: &Gateway, query: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} deliveries are in the log"), || async {
        let found = deliveries(gateway, query).await;
        if found.len() == count { Ok(found) } else { Err(found) }
    })
    .await
}

fn ids(deliveries: &[Value]) -> Vec<String> {
    deliveries.iter().map(|delivery| delivery["id"].as_str().unwrap().to_owned()).collect()
}

/// A service that answers 200 to everything but what says `"fail": true`.
async fn moody() -> Service {
    Service::scripted(|request| async move {
        if request.body["data"]["fail"] == true { Reply::status(500, json!("no")) } else { Reply::ok(json!("yes")) }
    })
    .await
}

#[tokio::test]
async fn the_log_is_filtered_paged_and_newest_first() {
    let clock = ManualClock::new();
    let gateway = File::new(TO_THIS_MACHINE).clock(&clock).run().await;
    let none = json!({"max_retries": 0, "name": "first"});
    let first = Subscriber::new(&gateway, moody().await, none).await;
    let second = json!({"events": ["job.*"], "customer_id": "acme", "name": "second"});
    let second = Subscriber::new(&gateway, moody().await, second).await;
    let mut events = Vec::new();
    for (n, kind) in ["job.completed", "job.failed", "quota.exceeded", "job.completed"].iter().enumerate() {
        clock.advance(Duration::from_secs(10));
        events.push(publish(&gateway, &json!({"event": kind, "data": {"fail": n == 1}})).await);
        publish(&gateway, &json!({"event": kind, "data": {}, "customer_id": "acme"})).await;
    }
    let done = deliveries_when(&gateway, "?status=delivered", 6).await;
    assert!(done.iter().all(|delivery| delivery["response_status"] == 200), "{done:#?}");
    let failed = deliveries_when(&gateway, "?status=failed", 1).await;
    assert_eq!(failed, deliveries(&gateway, "?status=exhausted").await);
    let shown = &failed[0];
    assert_eq!(shown["event_id"], events[1]);
    assert_eq!((&shown["endpoint_name"], &shown["webhook_id"]), (&json!("first"), &json!(first.id)));
    assert_eq!((&shown["customer_id"], &shown["attempt_count"]), (&json!("default"), &json!(1)));
    assert_eq!((&shown["response_status"], &shown["error_message"]), (&json!(500), &json!("it answered 500")));
    assert_eq!(shown["next_retry_at"], Value::Null);
    assert!(shown["response_time"].is_number() && shown["last_attempt_at"].is_string());

    let all = deliveries(&gateway, "").await;
    let times: Vec<&str> = all.iter().map(|delivery| delivery["created_at"].as_str().unwrap()).collect();
    assert!(all.len() == 7 && times.is_sorted_by(|a, b| a >= b), "{times:?}");
    assert_eq!(ids(&all), ids(gateway.get("/api/deliveries").await.body["deliveries"].as_array().unwrap()));
    assert_eq!(deliveries(&gateway, "?customer_id=acme").await.len(), 3);
    assert_eq!(deliveries(&gateway, &format!("?webhook_id={}", second.id)).await.len(), 3);
    assert_eq!(deliveries(&gateway, &format!("?endpoint_id={}", first.id)).await.len(), 4);
    assert_eq!(deliveries(&gateway, "?event=job.*&customer_id=default").await.len(), 3);
    assert_eq!(deliveries(&gateway, "?event=quota.exceeded").await.len(), 1);
    // The second event's time is among those since then, the first's is not; `until` is not either.
    let (since, until) = (shown["created_at"].as_str().unwrap(), times[0]);
    assert_eq!(deliveries(&gateway, &format!("?customer_id=default&since={since}")).await.len(), 3);
    assert_eq!(deliveries(&gateway, &format!("?customer_id=default&since={since}&until={until}")).await.len(), 2);
    assert!(deliveries(&gateway, &format!("?since={until}&until={since}")).await.is_empty());

    // Pages, across customers and with filters, give everything once.
    for filter in ["", "&status=delivered", "&event=job.*"] {
        let whole = ids(&deliveries(&gateway, &format!("?limit=100{filter}")).await);
        for limit in 1..=3 {
            let (mut paged, mut before) = (Vec::new(), String::new());
            loop {
                let query = format!("/api/deliveries?limit={limit}{filter}&before={}", before.replace('#', "%23"));
                let page = gateway.get(&query).await.body;
                let found = ids(page["deliveries"].as_array().unwrap());
                assert!(found.len() <= limit);
                paged.extend(found);
                let Some(next) = page["next"].as_str() else { break };
                before = next.to_owned();
            }
            assert_eq!(paged, whole, "{filter} by {limit}");
        }
    }
}

#[tokio::test]
async fn what_can_t_be_asked_for_is_a_problem() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    for query in [
        "status=lost",
        "limit=0",
        "limit=101",
        "limit=x",
        "event=job*",
        "since=soon",
        "until=x",
        "webhook_id=a.b",
        "x=y",
    ] {
        gateway.get(&format!("/api/deliveries?{query}")).await.is_problem(400, "unusable_request");
    }
    for cursor in ["nonsense", "~", "0", "000000000000000%23a"] {
        gateway.get(&format!("/api/deliveries?before={cursor}")).await.is_problem(400, "bad_cursor");
    }
    gateway.get("/api/deliveries?customer_id=nobody").await.is_problem(404, "not_found");
    gateway.get("/api/webhooks/stats?customer_id=nobody").await.is_problem(404, "not_found");
    gateway.get("/api/deliveries?customer_id=no+body").await.is_problem(400, "unusable_request");
    gateway.get("/api/webhooks/stats?hours=0").await.is_problem(400, "unusable_request");
    gateway.get("/api/webhooks/ep_0/diagnose").await.is_problem(404, "not_found");
    gateway.post("/api/webhooks/ep_0/test").await.is_problem(404, "not_found");
    for id in ["x", "default.evt_1.ep_1", "a.b.c.d"] {
        gateway.get(&format!("/api/deliveries/{id}")).await.is_problem(404, "not_found");
        gateway.post(&format!("/api/deliveries/{id}/retry")).await.is_problem(404, "not_found");
    }
    assert_eq!(deliveries(&gateway, "?customer_id=default").await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_delivery_is_shown_whole_and_its_secrets_are_not() {
    let clock = ManualClock::new();
    let gateway = File::new(TO_THIS_MACHINE).clock(&clock).run().await;
    let replies = [Reply::status(503, json!("busy")), Reply::ok(json!("thanks"))];
    let service = Service::answering_in_turn(replies).await;
    let headers = json!({"headers": {"X-Key": "sesame"}});
    let endpoint = Subscriber::new(&gateway, service, headers).await;
    let id = publish(&gateway, &event("job.completed")).await;
    let path = format!("/api/deliveries/default.{id}.{}", endpoint.id);
    let retrying = deliveries_when(&gateway, "?status=retrying", 1).await.remove(0);
    assert!(retrying["next_retry_at"].as_str() > retrying["last_attempt_at"].as_str(), "{retrying}");
    clock.advance(Duration::from_secs(60));
    deliveries_when(&gateway, "?status=delivered", 1).await;
    let shown = gateway.get(&path).await.body;
    let attempts = shown["attempts"].as_array().unwrap();
    assert_eq!(attempts.iter().map(|attempt| &attempt["status"]).collect::<Vec<_>>(), [503, 200]);
    assert_eq!(attempts.iter().map(|attempt| &attempt["n"]).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((&attempts[0]["response_body"], &attempts[1]["error_message"]), (&json!("\"busy\""), &Value::Null));
    assert_eq!(attempts[1]["request_headers"]["webhook-id"], id.as_str());
    assert!(!shown.to_string().contains("sesame") && attempts[1]["request_headers"]["X-Key"].is_string(), "{shown:#}");
    assert_eq!(shown["event"]["data"]["job_id"], "job-abc123");
    let sent: Value = serde_json::from_str(shown["request_body"].as_str().unwrap()).unwrap();
    assert_eq!(sent, endpoint.requests(&id)[1].body);
}

#[tokio::test]
async fn a_retry_is_a_new_round_and_asking_twice_is_asking_once() {
    let clock = ManualClock::new();
    let gateway = File::new(TO_THIS_MACHINE).clock(&clock).run().await;
    let (gate, calls) = (Gate::closed(), AtomicUsize::new(0));
    let repaired = gate.clone();
    let service = Service::scripted(move |_| {
        let (call, repaired) = (calls.fetch_add(1, Ordering::SeqCst), repaired.clone());
        async move {
            if call < 2 {
                return Reply::status(500, json!("no"));
            }
            repaired.passed().await;
            Reply::ok(json!("yes"))
        }
    })
    .await;
    let endpoint = Subscriber::new(&gateway, service, json!({"max_retries": 1, "retry_delay": 100})).await;
    let id = publish(&gateway, &event("job.completed")).await;
    let path = format!("/api/deliveries/default.{id}.{}/retry", endpoint.id);
    deliveries_when(&gateway, "?status=retrying", 1).await;
    clock.advance(Duration::from_secs(200));
    deliveries_when(&gateway, "?status=exhausted", 1).await;
    assert_eq!(endpoint.service.calls(), 2);
    for _ in 0..2 {
        assert_eq!(gateway.post(&path).await.status, 202);
    }
    gate.open();
    let done = deliveries_when(&gateway, "?status=delivered", 1).await;
    assert_eq!((&done[0]["attempt_count"], endpoint.service.calls()), (&json!(3), 3));

    let patch = gateway.api(Method::PATCH, &format!("/api/webhooks/{}", endpoint.id));
    assert_eq!(send(patch.json(&json!({"disabled": true}))).await.status, 200);
    gateway.post(&path).await.is_problem(409, "endpoint_disabled");
    let delete = gateway.api(Method::DELETE, &format!("/api/webhooks/{}", endpoint.id));
    assert_eq!(send(delete).await.status, 204);
    gateway.post(&path).await.is_problem(409, "conflict");
    assert_eq!(deliveries(&gateway, "").await[0]["endpoint_name"], "Unknown");
    assert_eq!(endpoint.service.calls(), 3);
}

/// More places than one request looks at.
const MANY: i64 = 1050;

#[tokio::test]
async fn a_page_is_short_where_what_is_asked_for_is_far_off_and_the_next_goes_on() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let put = |n: i64| {
        let (kind, at) = (if n == 0 { "quota.exceeded" } else { "job.failed" }, begin + SignedDuration::from_secs(n));
        let id = DeliveryId::parse(&format!("default.evt_{n}.ep_1")).unwrap();
        let delivery = Delivery::new(id, EventType::parse(kind).unwrap(), at);
        let store = gateway.app().store.clone();
        async move { store.save_delivery(&delivery, 0, &[], store_time()).await.unwrap() }
    };
    stream::iter((0..MANY).map(put)).buffer_unordered(16).collect::<Vec<_>>().await;
    let page = gateway.get("/api/deliveries?event=quota.exceeded").await.body;
    assert_eq!(page["deliveries"], json!([]));
    let next = page["next"].as_str().unwrap().replace('#', "%23");
    let page = gateway.get(&format!("/api/deliveries?event=quota.exceeded&before={next}")).await.body;
    assert_eq!((&page["deliveries"][0]["event_id"], &page["next"]), (&json!("evt_0"), &Value::Null));
}

/// What is stored is kept from then on: long enough for any test.
fn store_time() -> Timestamp {
    "2100-01-01T00:00:00Z".parse().unwrap()
}

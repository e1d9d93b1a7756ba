//! Endpoints over the API: made, shown, changed, deleted, and refused in words.

use reqwest::Method;
use ringback_tests::subscriber::{TO_THIS_MACHINE, create, publish};
use ringback_tests::{Answer, File, Gateway, Service, Subscriber, send};
use serde_json::{Value, json};

/// An event as a user publishes it.
pub(crate) fn event(name: &str) -> Value {
    json!({"event": name, "data": {"job_id": "job-abc123", "status": "completed", "duration": 3600}})
}

async fn change(gateway: &Gateway, id: &str, fields: Value) -> Answer {
    send(gateway.api(Method::PATCH, &format!("/api/webhooks/{id}")).json(&fields)).await
}

#[tokio::test]
async fn an_endpoint_is_made_as_the_documentation_says_and_its_secret_is_shown_once() {
    let gateway = File::new("{}").run().await;
    let fields = json!({
        "name": "任务完成通知", "url": "https://example.com/webhook", "secret": "your_secret_key",
        "events": ["job.completed", "job.failed"], "headers": {"Authorization": "Bearer hidden"}, "customer_id": 42,
    });
    let given = create(&gateway, &fields).await;
    assert_eq!((given.status, &given.body["status"]), (201, &json!("active")));
    assert!(given.body.get("secret").is_none());
    let generated = create(&gateway, &json!({"url": "https://example.com/", "events": ["*"]})).await;
    assert!(generated.body["secret"].as_str().unwrap().starts_with("whsec_"));
    let id = given.body["webhook_id"].as_str().unwrap();
    let shown = gateway.get(&format!("/api/webhooks/{id}")).await;
    let text = shown.body.to_string();
    assert!(!text.contains("your_secret_key") && !text.contains("hidden"), "{text}");
    assert_eq!(shown.body["customer_id"], "42");
    assert_eq!(shown.body["name"], "任务完成通知");
    let listed = gateway.get("/api/webhooks?customer_id=42").await.body;
    assert_eq!(listed["webhooks"].as_array().unwrap().len(), 1);
    assert_eq!(gateway.get("/api/webhooks").await.body["webhooks"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn changes_keep_what_they_do_not_name_and_a_deleted_endpoint_is_gone() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let good = Subscriber::new(&gateway, Service::answering(json!("ok")).await, json!({"timeout": 5})).await;
    let changed = change(&gateway, &good.id, json!({"name": "new", "filter": "data.amount > 100"})).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!((&changed.body["name"], &changed.body["timeout"]), (&json!("new"), &json!(5)));
    publish(&gateway, &json!({"event": "order.paid", "data": {"amount": 5}})).await;
    publish(&gateway, &json!({"event": "order.paid", "data": {"amount": 500}})).await;
    assert_eq!(good.service.next_request().await.body["data"]["amount"], 500);
    let changed = change(&gateway, &good.id, json!({"filter": null, "disabled": true})).await;
    assert_eq!((&changed.body["filter"], &changed.body["status"]), (&Value::Null, &json!("disabled")));
    publish(&gateway, &json!({"event": "order.paid", "data": {"amount": 600}})).await;
    assert_eq!(change(&gateway, &good.id, json!({"disabled": false})).await.body["status"], "active");
    publish(&gateway, &json!({"event": "order.paid", "data": {"amount": 700}})).await;
    assert_eq!(good.service.next_request().await.body["data"]["amount"], 700);
    let path = format!("/api/webhooks/{}", good.id);
    assert_eq!(send(gateway.api(Method::DELETE, &path)).await.status, 204);
    assert_eq!(gateway.get(&path).await.status, 404);
}

#[tokio::test]
async fn headers_that_were_shown_can_be_sent_back_and_each_is_changed_by_itself() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let headers = json!({"headers": {"Authorization": "Bearer of-the-customer", "X-Tenant": "tenant-0001"}});
    let endpoint = Subscriber::new(&gateway, Service::answering(json!("ok")).await, headers).await;
    let path = format!("/api/webhooks/{}", endpoint.id);
    let sent = async || {
        publish(&gateway, &event("job.completed")).await;
        let request = endpoint.service.next_request().await;
        ["authorization", "x-tenant", "x-new"].map(|name| request.headers.get(name).cloned())
    };
    let text = |value: &str| Some(json!(value));
    // Everything that is shown, sent back as it is but for the name.
    let shown = gateway.get(&path).await.body;
    assert_eq!(shown["headers"], json!({"Authorization": "********", "X-Tenant": "********"}));
    let changed = change(&gateway, &endpoint.id, json!({"headers": shown["headers"], "name": "new"})).await;
    assert_eq!(changed.body["headers"], shown["headers"], "{}", changed.body);
    assert_eq!(sent().await, [text("Bearer of-the-customer"), text("tenant-0001"), None]);

    let one = json!({"headers": {"x-new": "third-0003", "x-tenant": null}});
    assert_eq!(change(&gateway, &endpoint.id, one).await.status, 200);
    assert_eq!(sent().await, [text("Bearer of-the-customer"), None, text("third-0003")]);
    let masked = json!({"headers": {"authorization": "********", "x-other": "********"}});
    let refused = change(&gateway, &endpoint.id, masked).await;
    refused.is_problem(400, "unusable_request");
    assert!(refused.body["detail"].as_str().unwrap().contains("x-other"), "{}", refused.body);
    assert_eq!(change(&gateway, &endpoint.id, json!({"headers": null})).await.body["headers"], json!({}));
    assert_eq!(sent().await, [None, None, None]);

    // A mask is no value for anything that is new.
    let new = |more: Value| {
        let mut fields = json!({"url": "https://example.com/", "events": ["*"]});
        fields.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        fields
    };
    for more in [json!({"headers": {"x-a": "********"}}), json!({"secret": "********"})] {
        create(&gateway, &new(more)).await.is_problem(400, "unusable_request");
    }
    let rotate = gateway.api(Method::POST, &format!("{path}/rotate-secret")).json(&json!({"secret": "********"}));
    send(rotate).await.is_problem(400, "unusable_request");
}

#[tokio::test]
async fn both_secrets_sign_while_one_is_being_rotated() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let good = Subscriber::new(&gateway, Service::answering(json!("ok")).await, json!({})).await;
    let path = format!("/api/webhooks/{}/rotate-secret", good.id);
    let rotated = send(gateway.api(Method::POST, &path).json(&json!({"grace_period": 3600}))).await;
    assert_eq!(rotated.status, 200, "{}", rotated.body);
    let new = rotated.body["secret"].as_str().unwrap().to_owned();
    publish(&gateway, &event("job.completed")).await;
    let request = good.service.next_request().await;
    let body = request.body.to_string();
    let mut headers = http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, request.header(name).parse().unwrap());
    }
    for secret in [&good.secret, &new] {
        standardwebhooks::Webhook::new(secret).unwrap().verify(body.as_bytes(), &headers).unwrap();
    }
    let rotated = send(gateway.api(Method::POST, &path).json(&json!({"grace_period": 0}))).await;
    assert_eq!(rotated.status, 200);
    publish(&gateway, &event("job.completed")).await;
    let request = good.service.next_request().await;
    headers.insert("webhook-id", request.header("webhook-id").parse().unwrap());
    headers.insert("webhook-signature", request.header("webhook-signature").parse().unwrap());
    assert!(
        standardwebhooks::Webhook::new(&new).unwrap().verify(request.body.to_string().as_bytes(), &headers).is_err()
    );
}

#[tokio::test]
async fn bad_settings_are_refused_in_words_with_a_stable_code() {
    let gateway = File::new("{}").run().await;
    let url = "https://example.com/";
    let cases = [
        (json!({"events": ["*"]}), "unusable_request", "`url` is missing"),
        (json!({"url": url}), "unusable_request", "`events` is missing"),
        (json!({"url": url, "events": []}), "unusable_request", "1 to 64"),
        (json!({"url": url, "events": ["job*"]}), "unusable_request", "names no event types"),
        (json!({"url": url, "events": ["*"], "evnets": 1}), "unusable_request", "evnets"),
        (json!({"url": url, "events": ["*"], "secret": "short"}), "unusable_request", "secret"),
        (json!({"url": url, "events": ["*"], "timeout": 31}), "unusable_request", "`timeout`"),
        (json!({"url": url, "events": ["*"], "filter": "data. >"}), "unusable_request", "`filter`"),
        (json!({"url": url, "events": ["*"], "headers": {"webhook-id": "x"}}), "unusable_request", "reserved"),
        (json!({"url": url, "events": ["*"], "headers": {"x-a": "b\r\nc: d"}}), "unusable_request", "x-a"),
        (json!({"url": url, "events": ["*"], "customer_id": "a.b"}), "unusable_request", "customer"),
        (json!({"url": "ftp://example.com/", "events": ["*"]}), "forbidden_url", ""),
        (json!({"url": "http://127.0.0.1/", "events": ["*"]}), "forbidden_url", ""),
        (json!({"url": "http://169.254.169.254/latest", "events": ["*"]}), "forbidden_url", ""),
        (json!({"url": "http://localhost:8080/", "events": ["*"]}), "forbidden_url", ""),
        (json!({"url": "http://2130706433/", "events": ["*"]}), "forbidden_url", ""),
    ];
    for (fields, code, words) in cases {
        let answer = create(&gateway, &fields).await;
        assert_eq!((answer.status, answer.body["code"].as_str()), (400, Some(code)), "{fields} {}", answer.body);
        assert!(answer.body["detail"].as_str().unwrap().contains(words), "{fields} {}", answer.body);
    }
    assert_eq!(gateway.get("/api/webhooks").await.body["webhooks"], json!([]));
}

#[tokio::test]
async fn a_customers_token_sees_that_customer_only() {
    let gateway = File::new("{}").run().await;
    let url = "https://example.com/";
    let theirs = create(&gateway, &json!({"url": url, "events": ["*"], "customer_id": "acme"})).await;
    let others = create(&gateway, &json!({"url": url, "events": ["*"], "customer_id": "other"})).await;
    let made = send(gateway.api(Method::POST, "/api/tokens").json(&json!({"customer_id": "acme"}))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let token = made.body["token"].as_str().unwrap().to_owned();
    let ask =
        |method: Method, path: &str| gateway.request(method, &format!("{}{path}", gateway.api)).bearer_auth(&token);
    let get = |path: String| send(ask(Method::GET, &path));
    let id = |answer: &Answer| answer.body["webhook_id"].as_str().unwrap().to_owned();
    assert_eq!(get(format!("/api/webhooks/{}", id(&theirs))).await.status, 200);
    assert_eq!(get(format!("/api/webhooks/{}", id(&others))).await.status, 404);
    let listed = get("/api/webhooks".to_owned()).await.body;
    assert_eq!(listed["webhooks"].as_array().unwrap().len(), 1);
    assert_eq!(get("/api/webhooks?customer_id=other".to_owned()).await.status, 403);
    for path in ["/api/tasks", "/api/workflows", "/api/tokens"] {
        assert_eq!(get(path.to_owned()).await.status, 403, "{path}");
    }
    let mut published = event("job.completed");
    published["customer_id"] = json!("other");
    assert_eq!(send(ask(Method::POST, "/api/events").json(&published)).await.status, 403);
    let path = format!("/api/tokens/{}", made.body["id"].as_str().unwrap());
    assert_eq!(send(gateway.api(Method::DELETE, &path)).await.status, 204);
    assert_eq!(get("/api/webhooks".to_owned()).await.status, 401);
}

#[tokio::test]
async fn events_that_the_catalogue_does_not_allow_are_refused_in_words() {
    let file = "delivery: {strict_events: true, events: {order.paid: {schema: {required: [amount]}}}}";
    let gateway = File::new(file).run().await;
    let publish = |body: Value| send(gateway.api(Method::POST, "/api/events").json(&body));
    let unknown = publish(json!({"event": "order.payed", "data": {}})).await;
    assert_eq!((unknown.status, &unknown.body["code"]), (422, &json!("unknown_event_type")));
    assert!(unknown.body["detail"].as_str().unwrap().contains("order.paid"), "{}", unknown.body);
    let violating = publish(json!({"event": "order.paid", "data": {"total": 5}})).await;
    assert_eq!((violating.status, &violating.body["code"]), (422, &json!("schema_violation")));
    assert_eq!(publish(json!({"event": "order.paid", "data": {"amount": 5}})).await.status, 202);
    let types = gateway.get("/api/event-types").await.body;
    assert_eq!(types["strict"], true);
    assert!(types["event_types"].as_array().unwrap().iter().any(|entry| entry["event"] == "job.completed"));
}

#[tokio::test]
async fn cloudevents_are_published_structured_and_binary() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let good = Subscriber::new(&gateway, Service::answering(json!("ok")).await, json!({"format": "cloudevents"})).await;
    let event = json!({
        "specversion": "1.0", "id": "A.1", "source": "/shop", "type": "com.example.paid", "data": {"n": 1},
        "subject": "order/1", "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    });
    let structured = gateway.api(Method::POST, "/api/events").header("content-type", "application/cloudevents+json");
    let answer = send(structured.body(event.to_string())).await;
    assert_eq!((answer.status, &answer.body["id"]), (202, &json!("A.1")), "{}", answer.body);
    let first = good.service.next_request().await;
    assert_eq!(first.header("content-type"), "application/cloudevents+json");
    let body = &first.body;
    assert_eq!(
        (&body["id"], &body["source"], &body["type"]),
        (&json!("A.1"), &json!("/shop"), &json!("com.example.paid"))
    );
    assert_eq!((&body["subject"], &body["traceparent"]), (&event["subject"], &event["traceparent"]));
    let binary = gateway.api(Method::POST, "/api/events").header("ce-specversion", "1.0").header("ce-id", "A.2");
    let binary = binary.header("ce-source", "/shop").header("ce-type", "com.example.paid").json(&json!({"n": 2}));
    assert_eq!(send(binary).await.status, 202);
    assert_eq!(good.service.next_request().await.body["data"]["n"], 2);
    // Three sources have an event of one id and content, and each is an event.
    for source in ["/1", "/2", "/3", "/1"] {
        let event = json!({"specversion": "1.0", "id": "7", "source": source, "type": "a.b", "data": 1});
        assert_eq!(send(gateway.api(Method::POST, "/api/events").json(&event)).await.status, 202);
    }
    let mut sources = Vec::new();
    for _ in 0..3 {
        sources.push(good.service.next_request().await.body["source"].clone());
    }
    sources.sort_by_key(Value::to_string);
    assert_eq!(sources, ["/1", "/2", "/3"]);
    let old = json!({"specversion": "0.3", "id": "1", "source": "/", "type": "a"});
    let refused = send(gateway.api(Method::POST, "/api/events").json(&old)).await;
    assert_eq!((refused.status, &refused.body["code"]), (400, &json!("unusable_request")));
}

#[tokio::test]
async fn an_event_that_is_too_large_is_refused_and_one_that_compresses_is_not() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let good = Subscriber::new(&gateway, Service::answering(json!("ok")).await, json!({})).await;
    let publish =
        |data: String| send(gateway.api(Method::POST, "/api/events").json(&json!({"event": "a.b", "data": data})));
    for data in [ringback_tests::noise(900 << 10), "x".repeat(2 << 20)] {
        let refused = publish(data).await;
        assert_eq!((refused.status, &refused.body["code"]), (413, &json!("body_too_large")), "{}", refused.body);
    }
    // Too large to travel in a message, so it is read from the table.
    let large = "again and ".repeat(60_000);
    assert_eq!(publish(large.clone()).await.status, 202);
    assert_eq!(good.service.next_request().await.body["data"], json!(large));
    assert_eq!(good.service.calls(), 1);
}

#[tokio::test]
async fn an_unknown_customer_is_told_so() {
    let gateway = File::new("{}").run().await;
    let answer = gateway.get("/api/deliveries?customer_id=nobody").await;
    assert_eq!((answer.status, &answer.body["code"]), (404, &json!("not_found")), "{}", answer.body);
    let answer = gateway.get("/api/deliveries?customer_id=no.body").await;
    assert_eq!((answer.status, &answer.body["code"]), (400, &json!("unusable_request")), "{}", answer.body);
}

//! Bodies that nobody should send, from those who may.

use super::{TOKEN, gateway};
use reqwest::Method;
use ringback_tests::{Answer, Gateway, send};
use serde_json::{Value, json};

async fn custom(gateway: &Gateway, source: &str, body: impl Into<reqwest::Body>) -> Answer {
    let url = format!("{}/api/webhooks/{source}", gateway.api);
    let request = gateway.request(Method::POST, &url).bearer_auth(TOKEN).header("content-type", "application/json");
    send(request.body(body)).await
}

#[tokio::test]
async fn values_come_through_as_they_are() {
    let (gateway, _clock) = gateway().await;
    for value in [
        json!("$(reboot); `id` && rm -rf / | true > /dev/null"),
        json!("${env.TOKEN} ${body.event} $${x}"),
        json!("a\u{0}b\r\nc\u{1b}[31m\u{202e}"),
        json!(9_007_199_254_740_993_i64),
        json!(18_446_744_073_709_551_615_u64),
        json!({"__proto__": {"x": 1}, "": null, "a.b": [[[]]]}),
    ] {
        let answer = custom(&gateway, "custom", json!({"event": "data_update", "data": value}).to_string()).await;
        assert_eq!(gateway.result_of(&answer.task_id()).await["body"]["data"], value);
    }
}

#[tokio::test]
async fn of_keys_that_are_there_twice_the_last_counts_everywhere() {
    let (gateway, _clock) = gateway().await;
    let answer = custom(&gateway, "custom", r#"{"event": "none", "n": 1, "n": 2, "event": "data_update"}"#).await;
    let result = gateway.result_of(&answer.task_id()).await;
    assert_eq!((&result["event"], &result["body"]), (&json!("data_update"), &json!({"event": "data_update", "n": 2})));
}

#[tokio::test]
async fn facts_of_a_wrong_kind_are_missing() {
    let (gateway, _clock) = gateway().await;
    for event in [json!(["data_update"]), json!({"a": 1}), Value::Null] {
        assert_eq!(custom(&gateway, "custom", json!({"event": event}).to_string()).await.status, 202);
    }
    for body in ["[]", "null", "\"data_update\"", "7", ""] {
        assert_eq!(custom(&gateway, "custom", body).await.status, 202, "{body}");
    }
}

#[tokio::test]
async fn ten_megabytes_in_one_string_are_taken_where_the_source_allows_it() {
    let (gateway, _clock) = gateway().await;
    let body = json!({"data": "x".repeat(10 << 20)}).to_string();
    custom(&gateway, "custom", body.clone()).await.is_problem(413, "body_too_large");
    let answer = custom(&gateway, "large", body).await;
    assert_eq!(gateway.result_of(&answer.task_id()).await, json!({"length": 1}));
    // What compresses to no less than an item may hold is refused, and nothing has happened.
    let noise = json!({"data": ringback_tests::noise(2 << 20)}).to_string();
    custom(&gateway, "large", noise).await.is_problem(413, "body_too_large");
    assert_eq!(gateway.tasks().await.len(), 1);
}

#[tokio::test]
async fn a_repeated_token_header_is_refused() {
    let (gateway, _clock) = gateway().await;
    let url = format!("{}/api/webhooks/custom", gateway.api);
    let request = gateway.request(Method::POST, &url).header("X-Webhook-Token", TOKEN).header("X-Webhook-Token", TOKEN);
    send(request.json(&json!({"event": "data_update"}))).await.is_problem(401, "unauthorized");
}

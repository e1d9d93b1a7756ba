//! What is answered to whom, and what it costs.

use super::{GITHUB_SECRET, PUSH, PUSHED, TOKEN, gateway, github};
use local_aws::ledger::Snapshot;
use reqwest::Method;
use ringback_tests::{Answer, Gateway, Provider, send};
use serde_json::json;
use std::time::Duration;

/// Names and values.
type Headers<'h> = &'h [(&'h str, &'h str)];

async fn post(gateway: &Gateway, path: &str, headers: Headers<'_>, body: &str) -> Answer {
    let url = format!("{}{path}", gateway.api);
    let request = gateway.request(Method::POST, &url).header("content-type", "application/json");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    send(request.body(body.to_owned())).await
}

#[tokio::test]
async fn what_is_not_genuine_costs_no_write_and_is_told_nothing() {
    let (gateway, clock) = gateway().await;
    // What the API put on top is read once in a while, and the clock stands still.
    post(&gateway, "/api/webhooks/github", &[], "{}").await;
    let before = gateway.cost();
    let forged = [("X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")];
    let stale = [("webhook-id", "m"), ("webhook-timestamp", "1"), ("webhook-signature", "v1,AAAA")];
    let wrong_token = [("Authorization", "Bearer wrong")];
    let requests: [(&str, Headers<'_>, &str); 11] = [
        ("/api/webhooks/github", &[], "{}"),
        ("/api/webhooks/github", &forged, "{}"),
        ("/api/webhooks/github", &[("X-Hub-Signature-256", "sha256=")], "{}"),
        ("/api/webhooks/github", &[("X-Hub-Signature-256", "rubbish")], "{"),
        ("/api/webhooks/stripe", &[("Stripe-Signature", "t=1,v1=00")], "{}"),
        ("/api/webhooks/slack", &[], "{}"),
        ("/api/webhooks/standard", &stale, "{}"),
        ("/api/webhooks/custom", &wrong_token, "{}"),
        ("/api/webhooks/custom", &[("X-Webhook-Token", "")], "not json"),
        ("/api/webhooks/limited", &wrong_token, "{}"),
        ("/hooks/github", &forged, "{}"),
    ];
    let mut told = Vec::new();
    for (path, headers, body) in requests {
        let answer = post(&gateway, path, headers, body).await;
        answer.is_problem(401, "unauthorized");
        told.push(answer.body.to_string());
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    let signed = Provider::new("github", "another secret", &clock, "/api/webhooks/github");
    signed.send(&gateway, "", PUSH, &PUSHED).await.is_problem(401, "unauthorized");
    // Changed after it was signed.
    let good = github(&clock).request(&gateway, "", PUSH, &PUSHED).body("{}");
    send(good).await.is_problem(401, "unauthorized");
    // A signature that is there twice.
    let twice = github(&clock).request(&gateway, "", PUSH, &PUSHED).header("X-Hub-Signature-256", "sha256=00");
    send(twice).await.is_problem(401, "unauthorized");
    let cost = &gateway.cost() - &before;
    assert_eq!(cost, Snapshot::default(), "{cost}");
}

#[tokio::test]
async fn routes_of_listeners_are_guarded_alike_and_before_anything_is_parsed() {
    let (gateway, clock) = gateway().await;
    let url = gateway.trigger_url("/signed");
    let before = gateway.cost();
    for body in ["{}", "{", "\u{0}"] {
        send(gateway.request(Method::POST, &url).body(body)).await.is_problem(401, "unauthorized");
        let done = gateway.request(Method::POST, &gateway.callback_url("/signed-done")).body(body);
        send(done).await.is_problem(401, "unauthorized");
        let wrong =
            gateway.request(Method::POST, &gateway.callback_url("/signed-done")).header("X-Webhook-Token", TOKEN);
        send(wrong.body(body)).await.is_problem(401, "unauthorized");
    }
    assert_eq!((&gateway.cost() - &before).writes, 0);
    let github = Provider::new("github", GITHUB_SECRET, &clock, &url);
    let task = github.send(&gateway, "", PUSH, &PUSHED).await.task_id();
    assert_eq!(gateway.result_of(&task).await["ref"], "refs/heads/main");
    let done = gateway.request(Method::POST, &gateway.callback_url("/signed-done")).header("X-Done", TOKEN);
    assert_eq!(send(done.json(&json!({"id": 1}))).await.body, json!({"status": "stored"}));
}

#[tokio::test]
async fn an_accepted_request_costs_one_write() {
    let (gateway, clock) = gateway().await;
    post(&gateway, "/api/webhooks/github", &[], "{}").await;
    let before = gateway.cost();
    let answer = github(&clock).send(&gateway, "", PUSH, &PUSHED).await;
    let cost = &gateway.cost() - &before;
    assert_eq!((cost.calls_of("PutItem"), cost.calls_of("Query")), (1, 0), "{cost}");
    gateway.finished(&answer.task_id()).await;
}

#[tokio::test]
async fn every_mistake_has_its_answer() {
    let (gateway, clock) = gateway().await;
    post(&gateway, "/api/webhooks/nobody", &[], "{}").await.is_problem(404, "not_found");
    post(&gateway, "/api/webhooks/GitHub", &[], "{}").await.is_problem(404, "not_found");
    post(&gateway, "/api/webhooks/github%2F..%2Fcustom", &[], "{}").await.is_problem(404, "not_found");
    post(&gateway, "/api/webhooks/%00", &[], "{}").await.is_problem(404, "not_found");
    post(&gateway, "/api/webhooks/%FF", &[], "{}").await.is_problem(404, "not_found");
    post(&gateway, "/api/webhooks/github/", &[], "{}").await.is_problem(401, "unauthorized");
    let put = send(gateway.request(Method::PUT, &format!("{}/hooks/github", gateway.api))).await;
    put.is_problem(405, "method_not_allowed");
    assert!(put.header("allow").contains("POST"), "{:?}", put.headers);
    let overridden = [("X-HTTP-Method-Override", "GET"), ("Authorization", "Bearer wrong")];
    post(&gateway, "/api/webhooks/custom", &overridden, "{}").await.is_problem(401, "unauthorized");
    let large = "x".repeat((1 << 20) + 1);
    post(&gateway, "/api/webhooks/github", &[], &large).await.is_problem(413, "body_too_large");
    post(&gateway, "/api/webhooks/nobody", &[], &large).await.is_problem(413, "body_too_large");
    let packed = [("Content-Encoding", "gzip")];
    post(&gateway, "/api/webhooks/github", &packed, "{}").await.is_problem(415, "unsupported_encoding");
    // Signed bytes that are no text are taken as they are, and no rule wants them.
    let image = [("content-type", "image/png")];
    assert_eq!(github(&clock).send(&gateway, "", b"\x89PNG", &image).await.status, 202);
    // What is signed is told what is wrong with it.
    for body in [&b"{"[..], b"\xff\xfe", b"{\"a\": NaN}", b"{} {}"] {
        github(&clock).send(&gateway, "", body, &PUSHED).await.is_problem(400, "malformed_body");
    }
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    github(&clock).send(&gateway, "", deep.as_bytes(), &PUSHED).await.is_problem(400, "malformed_body");
    assert_eq!(gateway.tasks().await.len(), 0);
}

#[tokio::test]
async fn addresses_count_as_the_trusted_proxy_tells_them() {
    let (gateway, _clock) = gateway().await;
    let from = |forwarded: &'static str, token: &'static str| {
        let gateway = &gateway;
        async move {
            post(gateway, "/api/webhooks/inside", &[("X-Forwarded-For", forwarded), ("X-Webhook-Token", token)], "{}")
                .await
        }
    };
    from("10.1.2.3", TOKEN).await.task_id();
    from("8.8.8.8, 2001:db8::7", TOKEN).await.task_id();
    from("10.1.2.3, 8.8.8.8", TOKEN).await.is_problem(403, "address_not_allowed");
    from("rubbish", TOKEN).await.is_problem(403, "address_not_allowed");
    from("10.1.2.3", "wrong").await.is_problem(401, "unauthorized");
}

#[tokio::test]
async fn a_rate_limit_counts_genuine_requests_alone_and_says_when_to_come_again() {
    let (gateway, clock) = gateway().await;
    let take = |n: u32| {
        let body = json!({"n": n}).to_string();
        let gateway = &gateway;
        async move { post(gateway, "/api/webhooks/limited", &[("X-Webhook-Token", TOKEN)], &body).await }
    };
    for _ in 0..5 {
        post(&gateway, "/api/webhooks/limited", &[], "{}").await.is_problem(401, "unauthorized");
    }
    take(1).await.task_id();
    take(2).await.task_id();
    let refused = take(3).await;
    refused.is_problem(429, "too_many_requests");
    // The clock shows five seconds past the minute.
    assert_eq!(refused.header("retry-after"), "55");
    clock.advance(Duration::from_secs(55));
    take(3).await.task_id();
    assert_eq!(gateway.tasks().await.len(), 3);
}

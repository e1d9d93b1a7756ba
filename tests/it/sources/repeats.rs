//! Deliveries that come again: one run each, whoever repeats them.

use super::{PUSH, PUSHED, TOKEN, gateway, github};
use futures_util::future::join_all;
use reqwest::Method;
use ringback_tests::{Gateway, send};
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test]
async fn repetitions_at_the_same_time_run_once_and_name_the_same_tasks() {
    let (gateway, clock) = gateway().await;
    let github = github(&clock);
    let body = br#"{"zen": "Anything added dilutes everything else."}"#;
    let ping = [("X-GitHub-Event", "ping")];
    let answers = join_all((0..20).map(|_| github.send(&gateway, "", body, &ping))).await;
    let different: BTreeSet<String> = answers.iter().map(|answer| answer.body["task_ids"].to_string()).collect();
    assert_eq!(different.len(), 1, "{different:?}");
    // Each of the two runs was started by one of them.
    let known = answers.iter().map(|answer| answer.body["repeated_task_ids"].as_array().map_or(0, Vec::len));
    assert_eq!(known.sum::<usize>(), 2 * (answers.len() - 1));
    assert_eq!(gateway.tasks().await.len(), 2);
}

#[tokio::test]
async fn a_caught_request_can_not_be_run_again_under_another_id() {
    let (gateway, clock) = gateway().await;
    let first = github(&clock).send(&gateway, "", PUSH, &PUSHED).await.task_id();
    // GitHub's signature doesn't cover the delivery's id.
    let other = [PUSHED[0], ("X-GitHub-Delivery", "00000000-0000-0000-0000-000000000000")];
    assert_eq!(github(&clock).send(&gateway, "", PUSH, &other).await.task_id(), first);
    // Nor can another delivery take its place.
    let body = String::from_utf8_lossy(PUSH).replace("0d1a26e6", "1d1a26e6");
    assert_ne!(github(&clock).send(&gateway, "", body.as_bytes(), &PUSHED).await.task_id(), first);
    assert_eq!(gateway.tasks().await.len(), 2);
}

#[tokio::test]
async fn a_repeated_request_to_a_verified_trigger_runs_once_whatever_it_calls_itself() {
    let (gateway, clock) = gateway().await;
    let url = gateway.trigger_url("/signed");
    let github = ringback_tests::Provider::new("github", super::GITHUB_SECRET, &clock, &url);
    let first = github.send(&gateway, "", PUSH, &PUSHED).await.task_id();
    assert_eq!(github.send(&gateway, "", PUSH, &[("Idempotency-Key", "another")]).await.task_id(), first);
}

async fn custom(gateway: &Gateway, key: Option<&str>, n: u32) -> String {
    let url = format!("{}/api/webhooks/custom", gateway.api);
    let mut request = gateway.request(Method::POST, &url).bearer_auth(TOKEN);
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    send(request.json(&json!({"event": "data_update", "n": n}))).await.task_id()
}

#[tokio::test]
async fn who_has_only_a_token_says_itself_what_is_one_delivery() {
    let (gateway, _clock) = gateway().await;
    let first = custom(&gateway, Some("a"), 1).await;
    assert_eq!(custom(&gateway, Some("a"), 2).await, first);
    assert_ne!(custom(&gateway, Some("b"), 1).await, first);
    // Without an id it is the body.
    let third = custom(&gateway, None, 1).await;
    assert_eq!(custom(&gateway, None, 1).await, third);
    assert_ne!(custom(&gateway, None, 2).await, third);
}

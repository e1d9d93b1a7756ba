//! What a person sends again from a provider's dashboard: it runs again if its run failed, and only then.

use super::{SECRET, TOKEN, repeated};
use futures_util::future::join_all;
use reqwest::Method;
use ringback_tests::{Answer, File, Gateway, ManualClock, Provider, Reply, Service, send};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

const FILE: &str = r#"
sources:
  github: {secret: "${env.SECRET}", rules: {"*": [call, echo]}}
  stripe: {secret: "${env.SECRET}", rules: {"*": call}}
  custom: {token: "${env.TOKEN}", rules: {"*": call}}
workflows:
  call: {jobs: [{component: {endpoint: https://service.test/call}}]}
  echo: {jobs: [{component: {type: delay, duration: 0}}]}
listener: {path: /open, workflow: call}
"#;

/// A gateway whose service refuses its first `refusals` calls.
async fn gateway(refusals: usize) -> (Gateway, ManualClock, Service) {
    let clock = ManualClock::new();
    let refused = (0..refusals).map(|_| Reply::status(400, json!({"no": true})));
    let replies = refused.chain((0..20).map(|_| Reply::ok(json!({"done": true}))));
    let service = Service::answering_in_turn(replies.collect::<Vec<_>>()).await;
    let file = File::new(FILE).calling("https://service.test", &service).env("SECRET", SECRET).env("TOKEN", TOKEN);
    let file = file.clock(&clock).with(|options| options.pace.sweep_every = Duration::from_secs(3600));
    (file.run().await, clock, service)
}

/// The task of the workflow that calls.
async fn called(gateway: &Gateway, answer: &Answer) -> String {
    for id in answer.body["task_ids"].as_array().expect("tasks") {
        let task = gateway.finished(id.as_str().expect("an id")).await;
        if task["workflow"] == "call" {
            return task["task_id"].as_str().expect("an id").to_owned();
        }
    }
    panic!("no task calls: {}", answer.body);
}

#[tokio::test]
async fn a_redelivery_of_what_failed_runs_again_and_nothing_else_does() {
    let (gateway, clock, service) = gateway(2).await;
    let github = Provider::new("github", SECRET, &clock, "/api/webhooks/github");
    let sent =
        async |id: &str| github.send(&gateway, "", b"{}", &[("X-GitHub-Event", "e"), ("X-GitHub-Delivery", id)]).await;
    let first = sent("d-1").await;
    let failed = called(&gateway, &first).await;
    gateway.error_of(&failed).await;
    // Under another id it may be anybody who caught it.
    let other = sent("d-2").await;
    assert_eq!((&other.body["task_ids"], repeated(&other)), (&first.body["task_ids"], true));
    let second = sent("d-1").await;
    assert!(!repeated(&second), "{}", second.body);
    assert_eq!(second.body["repeated_task_ids"].as_array().map(Vec::len), Some(1), "the other target had not failed");
    let failed_again = called(&gateway, &second).await;
    gateway.error_of(&failed_again).await;
    let answers = join_all((0..8).map(|_| sent("d-1"))).await;
    let tasks: BTreeSet<String> = answers.iter().map(|answer| answer.body["task_ids"].to_string()).collect();
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    let third = called(&gateway, &answers[0]).await;
    gateway.result_of(&third).await;
    let after = sent("d-1").await;
    assert_eq!((called(&gateway, &after).await, repeated(&after)), (third.clone(), true));
    assert_eq!(BTreeSet::from([failed, failed_again, third]).len(), 3);
    assert_eq!((service.calls(), gateway.tasks().await.len()), (3, 4));
}

#[tokio::test]
async fn a_signed_id_and_that_of_a_token_are_redelivered_and_a_callers_key_is_not() {
    let (gateway, clock, service) = gateway(3).await;
    let stripe = Provider::new("stripe", SECRET, &clock, "/api/webhooks/stripe");
    let body = br#"{"id": "evt_1", "type": "a"}"#;
    let first = stripe.send(&gateway, "", body, &[]).await.task_id();
    gateway.error_of(&first).await;
    let token = || {
        let url = format!("{}/api/webhooks/custom", gateway.api);
        let request = gateway.request(Method::POST, &url).bearer_auth(TOKEN).header("X-Webhook-Delivery", "d");
        send(request.json(&json!({"event": "e"})))
    };
    let second = token().await.task_id();
    gateway.error_of(&second).await;
    let keyed = || {
        let request = gateway.request(Method::POST, &gateway.trigger_url("/open"));
        send(request.header("Idempotency-Key", "k").json(&json!(1)))
    };
    let third = keyed().await.task_id();
    gateway.error_of(&third).await;
    // Signed again, a minute later.
    clock.advance(Duration::from_secs(60));
    for (before, again, runs) in [
        (first, stripe.send(&gateway, "", body, &[]).await, true),
        (second, token().await, true),
        (third, keyed().await, false),
    ] {
        assert_eq!((again.task_id() != before, !repeated(&again)), (runs, runs), "{}", again.body);
        if runs {
            gateway.result_of(&again.task_id()).await;
        }
    }
    assert_eq!(service.calls(), 5);
}

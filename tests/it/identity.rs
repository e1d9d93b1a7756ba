//! By what the repetitions of a request are recognised: two deliveries are never taken for one, and a caught signed request
//! never runs again.

mod redeliveries;

use futures_util::future::join_all;
use local_aws::ledger::Snapshot;
use reqwest::Method;
use ringback_tests::{Answer, File, Gateway, ManualClock, Provider, send};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const SECRET: &str = "It's a Secret to Everybody 4712";
const TOKEN: &str = "identity-token-90210";

const FILE: &str = r#"
sources:
  github: {secret: "${env.SECRET}", rules: {push: echo, ping: echo}}
  monitor: {token: "${env.TOKEN}", dedupe_window: 60s, rules: {"*": [echo, other]}}
  shop: {scheme: shopify, secret: "${env.SECRET}", rules: {"*": echo}}
  x: {scheme: x, secret: "${env.SECRET}", rules: {"*": echo}}
workflows:
  echo: {jobs: [{component: {type: delay, duration: 0}}], output: "${input}"}
  other: {jobs: [{component: {type: delay, duration: 0}}]}
listeners:
  - {path: "/deploy/{env}", workflow: echo, input: "${path.env}", verify: {token: "${env.TOKEN}"}, dedupe_window: 60s}
  - {path: "/signed/{env}", workflow: echo, input: "${path.env}", verify: github}
  - {path: /open, workflow: echo}
  - {path: /each, workflow: echo, dedupe_window: 0}
  - {path: /batch, workflow: echo, bulk: true, item: "${body}", dedupe_window: 60s}
"#;

async fn gateway() -> (Gateway, ManualClock) {
    let clock = ManualClock::new();
    let file = File::new(FILE).env("SECRET", SECRET).env("TOKEN", TOKEN).clock(&clock);
    (file.with(|options| options.pace.sweep_every = Duration::from_secs(3600)).run().await, clock)
}

/// A request of whoever has the token.
async fn deploy(gateway: &Gateway, path: &str) -> Answer {
    send(gateway.request(Method::POST, &gateway.trigger_url(path)).bearer_auth(TOKEN)).await
}

fn repeated(answer: &Answer) -> bool {
    answer.body.get("repeated") == Some(&json!(true))
}

#[tokio::test]
async fn two_addresses_of_one_route_are_two_requests_and_a_repetition_says_so() {
    let (gateway, _clock) = gateway().await;
    let staging = deploy(&gateway, "/deploy/staging").await;
    let production = deploy(&gateway, "/deploy/prod").await;
    assert_ne!(staging.task_id(), production.task_id());
    assert_eq!(gateway.result_of(&production.task_id()).await, "prod");
    assert!(!repeated(&staging) && !repeated(&production));
    let again = deploy(&gateway, "/deploy/prod").await;
    assert_eq!((again.task_id(), repeated(&again)), (production.task_id(), true));
    assert!(!repeated(&deploy(&gateway, "/deploy/prod?force=1").await));
}

#[tokio::test]
async fn equal_requests_are_one_within_the_window_wherever_it_begins() {
    let (gateway, clock) = gateway().await;
    let monitor = || {
        let request = gateway.request(Method::POST, &format!("{}/api/webhooks/monitor", gateway.api));
        send(request.bearer_auth(TOKEN).json(&json!({"event": "firing", "alerts": [1]})))
    };
    let mut tasks = BTreeSet::new();
    for round in 0..4 {
        let first = monitor().await;
        assert!(!repeated(&first) && tasks.insert(first.task_id()), "round {round}: {}", first.body);
        // No moment within a window splits it, and what comes in it doesn't prolong it.
        for seconds in [20, 39] {
            clock.advance(Duration::from_secs(seconds));
            let again = monitor().await;
            assert_eq!((again.task_id(), repeated(&again)), (first.task_id(), true), "round {round}");
            assert_eq!(again.body["repeated_task_ids"], first.body["task_ids"]);
        }
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(gateway.tasks().await.len(), 8, "two targets each");
}

#[tokio::test]
async fn one_request_at_two_addresses_of_a_source_is_one() {
    let (gateway, _clock) = gateway().await;
    let monitor = |address: &str, id: Option<&str>, query: &str| {
        let request = gateway.request(Method::POST, &format!("{}{address}/monitor{query}", gateway.api));
        let request = request.bearer_auth(TOKEN).json(&json!({"event": "firing"}));
        send(id.into_iter().fold(request, |request, id| request.header("X-GitHub-Delivery", id)))
    };
    for id in [None, Some("d-1")] {
        let first = monitor("/hooks", id, "").await;
        let again = monitor("/api/webhooks", id, "").await;
        assert_eq!((repeated(&first), repeated(&again)), (false, true), "{id:?}: {}", again.body);
        assert_eq!(first.body["task_ids"], again.body["task_ids"]);
        assert!(!repeated(&monitor("/hooks", id, "?x=1").await), "{id:?}");
    }
}

#[tokio::test]
async fn of_many_that_come_at_once_after_the_window_one_starts_a_run() {
    let (gateway, clock) = gateway().await;
    let first = deploy(&gateway, "/deploy/a").await.task_id();
    for _ in 0..2 {
        gateway.result_of(&first).await;
        clock.advance(Duration::from_secs(61));
        let answers = join_all((0..12).map(|_| deploy(&gateway, "/deploy/a"))).await;
        let tasks: BTreeSet<String> = answers.iter().map(Answer::task_id).collect();
        assert_eq!(tasks.len(), 1, "{tasks:?}");
        assert!(!tasks.contains(&first));
        assert_eq!(answers.iter().filter(|answer| !repeated(answer)).count(), 1);
    }
    assert_eq!(gateway.tasks().await.len(), 3);
}

#[tokio::test]
async fn a_new_request_costs_one_write_and_one_after_its_window_a_transaction_besides() {
    let (gateway, clock) = gateway().await;
    let puts = |before: &Snapshot| {
        let cost = &gateway.cost() - before;
        (cost.calls_of("PutItem"), cost.calls_of("TransactWriteItems"))
    };
    for (seconds, expected) in [(0, (1, 0)), (1, (1, 0)), (60, (1, 1)), (1, (1, 0)), (60, (1, 1))] {
        clock.advance(Duration::from_secs(seconds));
        let before = gateway.cost();
        let task = deploy(&gateway, "/deploy/a").await.task_id();
        // The run itself is only updated.
        gateway.result_of(&task).await;
        assert_eq!(puts(&before), expected, "after {seconds} s");
    }
    assert_eq!(gateway.tasks().await.len(), 3);
}

#[tokio::test]
async fn a_caught_signed_request_starts_nothing_whatever_is_changed_and_however_late_it_comes() {
    let (gateway, clock) = gateway().await;
    let body = br#"{"ref": "refs/heads/main"}"#;
    let push = |id: &'static str| [("X-GitHub-Event", "push"), ("X-GitHub-Delivery", id)];
    let url = gateway.trigger_url("/signed/staging");
    let of_route = |url: &str| Provider::new("github", SECRET, &clock, url);
    let first = of_route(&url).send(&gateway, "", body, &push("d-1")).await;
    let source = Provider::new("github", SECRET, &clock, "/hooks/github");
    let started = source.send(&gateway, "", body, &push("d-1")).await;
    gateway.result_of(&first.task_id()).await;
    gateway.result_of(&started.task_id()).await;
    for days in [0, 1, 20] {
        clock.advance(Duration::from_secs(days * 24 * 3600));
        for changed in ["/signed/staging", "/signed/prod", "/signed/prod?x=1"] {
            let again = of_route(&gateway.trigger_url(changed)).send(&gateway, "", body, &push("d-2")).await;
            assert_eq!((again.task_id(), repeated(&again)), (first.task_id(), true), "{changed} after {days} days");
        }
        for event in [&[("X-GitHub-Event", "another")][..], &[]] {
            let again = of_route(&url).send(&gateway, "", body, event).await;
            assert_eq!((again.task_id(), repeated(&again)), (first.task_id(), true), "{event:?} after {days} days");
        }
        let more = [push("d-1").as_slice(), &[("Idempotency-Key", "k"), ("webhook-id", "w"), ("ce-id", "c")]].concat();
        for (path, headers) in [
            ("/hooks/github?x=1", push("d-3").to_vec()),
            ("/api/webhooks/github", more),
            ("/hooks/github", push("d-1").to_vec()),
        ] {
            let again = Provider::new("github", SECRET, &clock, path).send(&gateway, "", body, &headers).await;
            assert_eq!((again.task_id(), repeated(&again)), (started.task_id(), true), "{path} after {days} days");
        }
    }
    assert_eq!(gateway.tasks().await.len(), 2);
}

#[tokio::test]
async fn one_signed_body_for_two_topics_is_two_deliveries() {
    let (gateway, clock) = gateway().await;
    let shop = Provider::new("shopify", SECRET, &clock, "/api/webhooks/shop");
    let of = async |topic: &str| shop.send(&gateway, "", b"{\"id\": 7}", &[("X-Shopify-Topic", topic)]).await;
    let (created, paid) = (of("orders/create").await.task_id(), of("orders/paid").await.task_id());
    assert_ne!(created, paid);
    assert_eq!(of("orders/paid").await.task_id(), paid);
    assert_eq!(gateway.result_of(&paid).await["event"], "orders/paid");
}

#[tokio::test]
async fn a_file_may_say_that_each_request_is_one_of_its_own() {
    let (gateway, _clock) = gateway().await;
    let tasks = join_all((0..5).map(async |_| gateway.trigger("/each", &json!(1)).await)).await;
    let tasks: BTreeSet<String> = tasks.iter().map(Answer::task_id).collect();
    assert_eq!(tasks.len(), 5);
    let open = [gateway.trigger("/open", &json!(1)).await, gateway.trigger("/open", &json!(1)).await];
    assert_eq!(open.each_ref().map(repeated), [false, true]);
}

#[tokio::test]
async fn the_items_of_a_repeated_list_are_told_apart_from_new_ones() {
    let (gateway, clock) = gateway().await;
    let first = gateway.trigger("/batch", &json!([1, 2])).await;
    assert!(first.body.get("repeated").is_none() && first.body.get("repeated_task_ids").is_none(), "{}", first.body);
    let again = gateway.trigger("/batch", &json!([1, 2])).await;
    assert_eq!(
        again.body,
        json!({"status": "triggered", "task_ids": first.body["task_ids"], "failed": [], "repeated": true,
            "repeated_task_ids": first.body["task_ids"]})
    );
    clock.advance(Duration::from_secs(60));
    let later = gateway.trigger("/batch", &json!([1, 2])).await;
    assert!(later.body.get("repeated").is_none() && later.body["task_ids"] != first.body["task_ids"], "{}", later.body);
    assert_eq!(gateway.tasks().await.len(), 4);
}

#[tokio::test]
async fn a_callers_key_at_another_address_is_a_key_that_was_used_twice() {
    let (gateway, _clock) = gateway().await;
    let keyed = |query: &str, body: Value, path: &str| {
        let request = gateway.request(Method::POST, &gateway.trigger_url(&format!("{path}{query}")));
        send(request.header("Idempotency-Key", "k").json(&body))
    };
    let first = keyed("?a=1", json!(1), "/open").await.task_id();
    assert_eq!(keyed("?a=1", json!(1), "/open").await.task_id(), first);
    keyed("?a=2", json!(1), "/open").await.is_problem(422, "key_reused");
    keyed("?a=1", json!(2), "/open").await.is_problem(422, "key_reused");
    assert_eq!(keyed("", json!([1]), "/batch").await.body["failed"], json!([]));
    let reused = keyed("", json!([2]), "/batch").await;
    assert_eq!(reused.body["failed"][0]["code"], "key_reused", "{}", reused.body);
    assert_eq!(gateway.tasks().await.len(), 2);
}

#[tokio::test]
async fn the_answer_to_a_challenge_is_no_signature_of_a_request() {
    let (gateway, _clock) = gateway().await;
    let url = format!("{}/hooks/x", gateway.api);
    for text in ["event=deploy", "event%3Ddeploy", "deploy", "%7B%7D"] {
        let asked = send(gateway.request(Method::GET, &format!("{url}?crc_token={text}"))).await;
        let signature = asked.body["response_token"].as_str().unwrap_or("sha256=AAAA").to_owned();
        for kind in ["application/x-www-form-urlencoded", "text/plain", "application/json"] {
            let forged = gateway.request(Method::POST, &url).header("content-type", kind);
            let forged = forged.header("X-Twitter-Webhooks-Signature", &signature).body(text.to_owned());
            send(forged).await.is_problem(401, "unauthorized");
        }
    }
    assert_eq!(gateway.tasks().await.len(), 0);
}

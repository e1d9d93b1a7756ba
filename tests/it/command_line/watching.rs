//! `deliveries` and `tail`.

use super::{EMULATOR, emulator, gateway, lines, printed, refused};
use ringback_tests::subscriber::{TO_THIS_MACHINE, publish};
use ringback_tests::{DEADLINE, File, Gateway, Reply, Service, Subscriber, eventually};
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

/// An endpoint that refuses everything until it is repaired, and one failed delivery to it.
async fn failed_delivery() -> (Gateway, Subscriber, Arc<AtomicBool>, String) {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let broken = Arc::new(AtomicBool::new(true));
    let now = broken.clone();
    let service = Service::scripted(move |_| {
        let broken = now.load(Ordering::SeqCst);
        async move { if broken { Reply::status(404, json!("no such hook")) } else { Reply::ok(json!("yes")) } }
    })
    .await;
    let endpoint = Subscriber::new(&gateway, service, json!({"max_retries": 0})).await;
    publish(&gateway, &json!({"event": "job.failed", "data": {}})).await;
    let id = delivery(&gateway, "exhausted").await["id"].as_str().unwrap().to_owned();
    (gateway, endpoint, broken, id)
}

async fn delivery(gateway: &Gateway, status: &str) -> Value {
    eventually(&format!("a delivery is {status}"), || async {
        let found = gateway.get(&format!("/api/deliveries?status={status}")).await.body;
        found["deliveries"].get(0).cloned().ok_or(found)
    })
    .await
}

#[tokio::test]
async fn deliveries_are_listed_shown_and_tried_again() {
    let (gateway, endpoint, broken, id) = failed_delivery().await;
    let list = printed(emulator(&gateway, &["deliveries", "--status", "exhausted", "--since", "1h"]).await);
    assert!(list.contains(&id) && list.contains("a test"), "{list}");
    let created = list.lines().nth(1).and_then(|row| row.split_whitespace().last()).unwrap();
    assert_eq!((created.len(), created.ends_with('Z')), (20, true), "{list}");
    let empty = ["deliveries", "--event", "job.completed"];
    assert_eq!(printed(emulator(&gateway, &empty).await), "There is no such delivery.\n");
    let of = ["deliveries", "--endpoint", &endpoint.id, "--json"];
    assert_eq!(lines(&printed(emulator(&gateway, &of).await))[0]["id"], json!(id));
    let shown = printed(emulator(&gateway, &["deliveries", "show", &id]).await);
    for words in [&id, "exhausted", "1. ", "404", "no such hook"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    broken.store(false, Ordering::SeqCst);
    printed(emulator(&gateway, &["deliveries", "retry", &id]).await);
    delivery(&gateway, "delivered").await;
    refused(&emulator(&gateway, &["deliveries", "show", "a.b.c"]).await, 4, &["not_found"]);
    refused(&emulator(&gateway, &["deliveries", "--since", "soon"]).await, 2, &["`soon` is no time"]);
}

#[tokio::test]
async fn an_endpoint_without_a_name_is_told_by_its_id() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let service = Service::answering(json!("yes")).await;
    let endpoint = Subscriber::new(&gateway, service, json!({"name": ""})).await;
    publish(&gateway, &json!({"event": "order.paid", "data": {}})).await;
    delivery(&gateway, "delivered").await;
    let listed = printed(emulator(&gateway, &["deliveries"]).await);
    assert!(listed.contains(&format!("order.paid  {}  delivered", endpoint.id)), "{listed}");
    let told = printed(emulator(&gateway, &["tail", "--once"]).await);
    assert!(told.trim_end().ends_with(&format!("order.paid to {}", endpoint.id)), "{told}");
}

#[tokio::test]
async fn what_the_breaker_holds_says_so_and_goes_through_when_asked_for() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let no = || Reply::status(500, json!("no"));
    let service = Service::answering_in_turn([no(), no(), no(), no(), no(), Reply::ok(json!("yes"))]).await;
    Subscriber::new(&gateway, service, json!({"retry_delay": 3600})).await;
    for _ in 0..5 {
        publish(&gateway, &json!({"event": "job.failed", "data": {}})).await;
    }
    eventually("the breaker is open", || async {
        let found = gateway.get("/api/deliveries?status=retrying").await.body;
        if found["deliveries"].as_array().unwrap().len() == 5 { Ok(()) } else { Err(found) }
    })
    .await;
    publish(&gateway, &json!({"event": "job.failed", "data": {}})).await;
    let held = delivery(&gateway, "pending").await;
    // People are shown the second.
    let (id, until) = (held["id"].as_str().unwrap(), &held["held"]["until"].as_str().unwrap()[..19]);
    let list = printed(emulator(&gateway, &["deliveries", "--status", "pending"]).await);
    assert!(list.contains(&format!("pending, held until {until}")), "{list}");
    let shown = printed(emulator(&gateway, &["deliveries", "show", id]).await);
    assert!(shown.contains(&format!("held      until {until}Z: its endpoint has failed 5 times in a row")), "{shown}");
    printed(emulator(&gateway, &["deliveries", "retry", id]).await);
    assert_eq!(delivery(&gateway, "delivered").await["id"], held["id"]);
}

#[tokio::test]
async fn what_failed_is_recovered_in_the_background_and_followed() {
    let (gateway, endpoint, broken, _) = failed_delivery().await;
    broken.store(false, Ordering::SeqCst);
    let recover = ["deliveries", "recover", "--endpoint", &endpoint.id, "--since", "1h"];
    let dry = printed(emulator(&gateway, &[&recover[..], &["--dry-run"]].concat()).await);
    assert!(dry.contains("1 deliveries would be tried again."), "{dry}");
    assert!(printed(emulator(&gateway, &recover).await).contains("1 of 1"));
    delivery(&gateway, "delivered").await;
    let nobody = ["deliveries", "recover", "--endpoint", "ep_nobody", "--since", "1h"];
    refused(&emulator(&gateway, &nobody).await, 4, &["not_found"]);
}

#[tokio::test]
async fn a_disabled_endpoint_is_enabled_and_what_it_missed_is_told() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let service = Service::answering_in_turn([Reply::status(410, json!("gone")), Reply::ok(json!("yes"))]).await;
    let endpoint = Subscriber::new(&gateway, service, json!({})).await;
    publish(&gateway, &json!({"event": "job.failed", "data": {}})).await;
    let id = delivery(&gateway, "exhausted").await["id"].as_str().unwrap().to_owned();
    let enable = ["deliveries", "enable", &endpoint.id];
    let how = enable.join(" ");
    refused(&emulator(&gateway, &["deliveries", "retry", &id]).await, 1, &["endpoint_disabled", &how]);
    let enabled = printed(emulator(&gateway, &enable).await);
    assert!(enabled.starts_with(&format!("{} is active\n", endpoint.id)) && enabled.contains("410 Gone"), "{enabled}");
    assert!(enabled.contains(&format!("emulator deliveries recover --endpoint {} --since", endpoint.id)), "{enabled}");
    printed(emulator(&gateway, &["deliveries", "retry", &id]).await);
    delivery(&gateway, "delivered").await;
    // One that isn't disabled is enabled again without a word of what it missed.
    assert_eq!(printed(emulator(&gateway, &enable).await), format!("{} is active\n", endpoint.id));
    let patch = gateway.api(reqwest::Method::PATCH, &format!("/api/webhooks/{}", endpoint.id));
    assert_eq!(ringback_tests::send(patch.json(&json!({"disabled": true}))).await.status, 200);
    assert!(printed(emulator(&gateway, &enable).await).contains("was not kept for it"));
    refused(&emulator(&gateway, &["deliveries", "enable", "ep_nobody"]).await, 4, &["not_found"]);
}

#[tokio::test]
async fn tail_prints_the_newest_and_filters_them() {
    let gateway = gateway().await;
    for workflow in ["quick", "broken"] {
        let task = gateway.start(workflow, json!(1)).await;
        gateway.finished(&task).await;
    }
    let once = |arguments: &'static [&'static str]| {
        let gateway = &gateway;
        async move {
            printed(emulator(gateway, &[&["tail", "--once", "--json", "--events", "runs"], arguments].concat()).await)
        }
    };
    assert_eq!(lines(&once(&[]).await).len(), 2);
    let failed = lines(&once(&["--status", "failed"]).await);
    assert_eq!((failed.len(), &failed[0]["workflow"], &failed[0]["kind"]), (1, &json!("broken"), &json!("run")));
    assert_eq!(lines(&once(&["--workflow", "quick", "-n", "1"]).await).len(), 1);
    assert_eq!(once(&["--source", "github"]).await, "");
    let plain = printed(emulator(&gateway, &["tail", "--once"]).await);
    assert!(plain.contains("completed") && !plain.contains('\u{1b}'), "{plain}");
    refused(&emulator(&gateway, &["tail", "--interval", "1ms"]).await, 2, &["100ms"]);
}

#[tokio::test]
async fn tail_prints_each_change_once_as_it_comes() {
    let gateway = gateway().await;
    let mut tail = tokio::process::Command::new(EMULATOR);
    tail.args(["tail", "--json", "--events", "runs", "--interval", "100ms", "--max", "3"]);
    tail.args(["--url", &gateway.api, "--token", &gateway.token]).stdout(Stdio::piped()).kill_on_drop(true);
    let task = gateway.start("slow", json!({"id": "k"})).await;
    gateway.waiting(&task).await;
    let mut tail = tail.spawn().unwrap();
    let mut out = BufReader::new(tail.stdout.take().unwrap()).lines();
    let mut next = async || -> Value {
        let line = timeout(DEADLINE, out.next_line()).await.expect("a line in time").unwrap().expect("a line");
        serde_json::from_str(&line).unwrap()
    };
    assert_eq!(next().await["status"], "waiting");
    gateway.call_back("/done", &json!({"id": "k", "value": 1})).await;
    assert_eq!(next().await["status"], "completed");
    let quick = gateway.start("quick", json!(1)).await;
    gateway.result_of(&quick).await;
    // It may be seen before it is done; --max ends it either way.
    assert_eq!(next().await["id"], json!(quick));
    assert!(timeout(DEADLINE, tail.wait()).await.unwrap().unwrap().success());
}

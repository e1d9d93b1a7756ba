//! The real process: what it prints, and that no tunnel outlives it, however it ends.

use super::stand_in::{StandIn, is_gone, kill};
use crate::EMULATOR;
use ringback_tests::{Process, eventually, run};
use serde_json::{Value, json};
use std::fs::write;

const FILE: &str = "listeners: [{port: 8090, path: /done}, {port: 8091, path: /go, workflow: w}]\n\
                    workflow: {id: w, jobs: [{component: logger}]}\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_option_tunnels_every_listener_and_kill_9_leaves_no_tunnel_behind() {
    let cloudflared = StandIn::cloudflared(&["good"]);
    let file = cloudflared.path("ringback.yml");
    write(&file, FILE).unwrap();
    let path = [cloudflared.path(""), "/usr/bin".into(), "/bin".into()];
    let path = std::env::join_paths(path).unwrap();
    let more = ["--tunnel", "cloudflare"];
    let process =
        Process::up_in(EMULATOR, &file, &cloudflared.path("data"), &more, &[("PATH", path.as_os_str())]).await;
    let gateways = process.ready["gateways"].as_array().unwrap().clone();
    let named = |name: &str| gateways.iter().map(|entry| entry[name].clone()).collect::<Vec<Value>>();
    assert_eq!(named("port"), [json!(8090), json!(8091)]);
    assert_eq!(named("driver"), [json!("cloudflare"), json!("cloudflare")]);
    assert_eq!(named("id"), [json!("cloudflare"), json!("cloudflare")]);
    assert_eq!(process.get("/api/gateways").await.body["gateways"], json!(gateways));
    let started = cloudflared.started();
    assert_eq!(started.len(), 2);
    process.kill_alone().await;
    for started in started {
        eventually("the program is gone", async || is_gone(&started["pid"])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_each_public_url_and_each_new_one() {
    let cloudflared = StandIn::cloudflared(&["good"]);
    let file = cloudflared.path("ringback.yml");
    write(&file, FILE).unwrap();
    let path = std::env::join_paths([cloudflared.path(""), "/usr/bin".into(), "/bin".into()]).unwrap();
    let more = ["--tunnel", "cloudflare"];
    let process =
        Process::up_in(EMULATOR, &file, &cloudflared.path("data"), &more, &[("PATH", path.as_os_str())]).await;
    let url = |number: usize| format!("https://words-{number}.trycloudflare.com");
    kill(&cloudflared.started()[0]["pid"]);
    eventually("the new URL is known", async || {
        let body = process.get("/api/gateways").await.body;
        if body.to_string().contains(&url(3)) { Ok(()) } else { Err(body) }
    })
    .await;
    process.terminate();
    let ended = process.ended().await;
    assert_eq!(ended.code, Some(0));
    for number in 1..=3 {
        assert!(ended.err.contains(&format!("[Gateway] Public URL: {}", url(number))), "{}", ended.err);
    }
    for started in cloudflared.started() {
        eventually("the program is gone", async || is_gone(&started["pid"])).await;
    }
}

#[tokio::test]
async fn a_tunnel_that_can_not_be_opened_is_an_exit_code_and_a_reason() {
    let directory = tempfile::tempdir().unwrap();
    let gateway = "gateway: {type: http-tunnel, driver: cloudflare, port: 8080}\n";
    write(directory.path().join("ringback.yml"), format!("{gateway}{FILE}")).unwrap();
    let ended = run(EMULATOR, directory.path(), &["up", "--ephemeral-ports"], "").await;
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.err.contains("its port 8080 is the API's, which is not for the internet"), "{}", ended.err);
    // Nothing half-done: not even the state's directory.
    assert!(!directory.path().join(".ringback").exists());
}

//! Cloudflare's tunnels, through a stand-in for `cloudflared`: its arguments, its words, its ways to fail.

use super::stand_in::{StandIn, is_gone, kill};
use super::{exchange, file};
use ringback_tests::{Service, eventually};
use serde_json::{Value, json};
use std::fs::write;
use std::path::PathBuf;
use tokio::net::TcpListener;

pub(super) const QUICK: &str = "type: http-tunnel, driver: cloudflare, port: [8090, 8091]";

#[tokio::test(flavor = "multi_thread")]
async fn a_quick_tunnel_has_the_url_that_the_program_tells() {
    let cloudflared = StandIn::cloudflared(&["good"]);
    let service = Service::answering(json!({})).await;
    let gateway = cloudflared.run_by(file(QUICK, &service)).run().await;
    let asked = exchange(&gateway, &service, |url| cloudflared.reach(url)).await;
    let host = gateway.public_url(8090).replace("https://", "");
    assert!(host.ends_with(".trycloudflare.com"), "{host}");
    assert_eq!((&asked["address"], &asked["driver"]), (&json!(host), &json!("cloudflare")));
    for started in cloudflared.started() {
        let arguments = started["arguments"].as_array().unwrap();
        assert_eq!(arguments[..3], [json!("tunnel"), json!("--no-autoupdate"), json!("--config")]);
        // Its own configuration, so that nobody else's decides where requests go; and an address, never a name.
        assert_eq!(started["config"], "{}");
        assert!(arguments[5].as_str().unwrap().starts_with("http://127.0.0.1:"), "{started}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_that_dies_is_opened_again_and_runs_use_its_new_url() {
    let cloudflared = StandIn::cloudflared(&["good", "good", "fails", "good"]);
    let service = Service::answering(json!({})).await;
    let gateway = cloudflared.run_by(file(QUICK, &service)).run().await;
    exchange(&gateway, &service, |url| cloudflared.reach(url)).await;
    let before = gateway.public_url(8090);
    kill(&cloudflared.started()[0]["pid"]);
    gateway.public_url_after(8090, &before).await;
    exchange(&gateway, &service, |url| cloudflared.reach(url)).await;
    // The gateway's other program ended with it, and the attempt that failed was not the last.
    assert!(cloudflared.started().len() >= 5);
    gateway.stop().await;
    for started in cloudflared.started() {
        eventually("the program is gone", async || is_gone(&started["pid"])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_starts_before_a_late_url_is_there() {
    let cloudflared = StandIn::cloudflared(&["late"]);
    let gate = TcpListener::bind("127.0.0.1:0").await.unwrap();
    write(cloudflared.path("gate"), gate.local_addr().unwrap().to_string()).unwrap();
    let service = Service::answering(json!({})).await;
    let text = QUICK.replace("[8090, 8091]", "8090");
    let mut starting = Box::pin(cloudflared.run_by(file(&text, &service)).run());
    let waiting = tokio::select! {
        _ = &mut starting => panic!("it has started without a URL"),
        waiting = gate.accept() => waiting.unwrap(),
    };
    assert!(futures_util::poll!(&mut starting).is_pending());
    drop(waiting);
    let gateway = starting.await;
    assert!(gateway.public_url(8090).ends_with(".trycloudflare.com"));
}

#[tokio::test]
async fn a_program_that_never_tells_a_url_stops_the_start_with_its_last_words() {
    let cloudflared = StandIn::cloudflared(&["silent"]);
    let service = Service::answering(json!({})).await;
    // Long enough for the program to have said something; it is silent, so the time runs out.
    let file = file(&format!("{QUICK}, start_timeout: 2s"), &service);
    let told = cloudflared.run_by(file).start().await.err().expect("a refusal").to_string();
    assert!(told.starts_with("the gateway `gateway-1` can't be opened: it was not there within 2s"), "{told}");
    assert!(told.contains("Requesting new quick Tunnel"), "{told}");
    for started in cloudflared.started() {
        eventually("the program is gone", async || is_gone(&started["pid"])).await;
    }
}

#[tokio::test]
async fn a_program_that_fails_is_tried_again_and_then_stops_the_start_with_its_reason() {
    let cloudflared = StandIn::cloudflared(&["fails"]);
    let service = Service::answering(json!({})).await;
    let file = file(&format!("{QUICK}, start_timeout: 1s"), &service);
    let told = cloudflared.run_by(file).start().await.err().expect("a refusal").to_string();
    assert!(told.contains("failed to request quick Tunnel"), "{told}");
    assert!(cloudflared.started().len() > 2, "it was not tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_is_believed_even_if_the_program_has_another_word_for_being_connected() {
    let cloudflared = StandIn::cloudflared(&["unregistered"]);
    let service = Service::answering(json!({})).await;
    let gateway = cloudflared.run_by(file(QUICK, &service)).run().await;
    exchange(&gateway, &service, |url| cloudflared.reach(url)).await;
}

#[tokio::test]
async fn a_program_that_is_not_there_stops_the_start_with_the_way_to_get_it() {
    let service = Service::answering(json!({})).await;
    let file =
        file(QUICK, &service).with(|options| options.reach.gateways.cloudflared = PathBuf::from("no-such-cloudflared"));
    let told = file.start().await.err().expect("a refusal").to_string();
    let expected = "the gateway `gateway-1` can't be opened: the program `no-such-cloudflared` isn't there: install it \
        (https://developers.cloudflare.com/";
    assert!(told.starts_with(expected), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_tunnel_has_its_hostname_and_its_token_is_on_no_command_line() {
    let cloudflared = StandIn::cloudflared(&["good"]);
    let service = Service::answering(json!({})).await;
    let named = "type: http-tunnel, driver: cloudflare, port: 8090, hostname: named.example.com, token: '${env.TOKEN}'";
    let gateway = cloudflared.run_by(file(named, &service)).env("TOKEN", "a-tunnels-token").run().await;
    assert_eq!(gateway.public_url(8090), "https://named.example.com");
    let started = &cloudflared.started()[0];
    assert_eq!(started["token"], "a-tunnels-token");
    assert_eq!(started["arguments"].as_array().unwrap().last(), Some(&json!("run")));
    assert!(!started["arguments"].to_string().contains("a-tunnels-token"), "{started}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_with_a_credentials_file_is_told_where_its_requests_go() {
    let cloudflared = StandIn::cloudflared(&["good"]);
    let credentials = cloudflared.path("tunnel.json");
    write(
        &credentials,
        r#"{"AccountTag": "a", "TunnelSecret": "s", "TunnelID": "6ff42ae2-765d-4adf-8112-31c55c1551ef"}"#,
    )
    .unwrap();
    let service = Service::answering(json!({})).await;
    let named = |path: &str| {
        format!(
            "type: http-tunnel, driver: cloudflare, port: 8090, hostname: named.example.com, credentials_file: {path}"
        )
    };
    let gateway = cloudflared.run_by(file(&named(&credentials.display().to_string()), &service)).run().await;
    assert_eq!(gateway.public_url(8090), "https://named.example.com");
    let config: Value = serde_json::from_str(cloudflared.started()[0]["config"].as_str().unwrap()).unwrap();
    assert_eq!(config["tunnel"], "6ff42ae2-765d-4adf-8112-31c55c1551ef");
    assert_eq!(config["credentials-file"], credentials.display().to_string());
    assert_eq!(config["ingress"][0]["hostname"], "named.example.com");
    assert_eq!(config["ingress"][1], json!({"service": "http_status:404"}));
    let url = format!("{}/done", cloudflared.reach("https://named.example.com"));
    let told =
        ringback_tests::send(gateway.request(reqwest::Method::POST, &url).json(&json!({"task_id": "early"}))).await;
    assert_eq!(told.body["status"], "stored");

    write(&credentials, "{}").unwrap();
    let file = file(&named(&credentials.display().to_string()), &service);
    let told = cloudflared.run_by(file).start().await.err().expect("a refusal").to_string();
    assert!(told.contains("tunnel.json can't be used: it names no tunnel"), "{told}");
}

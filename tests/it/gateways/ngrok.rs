//! ngrok's tunnels, through a stand-in for its agent.

use super::stand_in::{StandIn, is_gone, kill};
use super::{exchange, file};
use ringback_tests::{Service, eventually};
use serde_json::{Value, json};
use std::fs::write;
use tokio::net::TcpListener;

const NGROK: &str = "type: http-tunnel, driver: ngrok, port: [8090, 8091], authtoken: '${env.NGROK}'";
const AUTHTOKEN: &str = "an-authtoken-of-the-tests";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_and_its_callback_come_through_the_tunnel_and_again_after_it_was_cut() {
    let ngrok = StandIn::ngrok(&["good"]);
    let service = Service::answering(json!({})).await;
    let gateway = ngrok.run_by(file(NGROK, &service)).env("NGROK", AUTHTOKEN).run().await;
    let first = gateway.public_url(8090);
    let asked = exchange(&gateway, &service, |url| ngrok.reach(url)).await;
    assert_eq!(asked["driver"], "ngrok");
    kill(&ngrok.started()[0]["pid"]);
    gateway.public_url_after(8090, &first).await;
    exchange(&gateway, &service, |url| ngrok.reach(url)).await;
    gateway.stop().await;
    assert_eq!(ngrok.started().len(), 2, "one agent for both ports, twice");
    for started in ngrok.started() {
        eventually("the agent is gone", async || is_gone(&started["pid"])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_comes_back_under_other_urls_is_noticed() {
    let ngrok = StandIn::ngrok(&["moves", "good"]);
    let gate = TcpListener::bind("127.0.0.1:0").await.unwrap();
    write(ngrok.path("gate"), gate.local_addr().unwrap().to_string()).unwrap();
    let service = Service::answering(json!({})).await;
    let gateway = ngrok.run_by(file(NGROK, &service)).env("NGROK", AUTHTOKEN).run().await;
    let first = gateway.public_url(8090);
    drop(gate.accept().await.unwrap());
    gateway.public_url_after(8090, &first).await;
    exchange(&gateway, &service, |url| ngrok.reach(url)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_of_the_account_is_asked_for_by_name_and_the_authtoken_is_in_no_file_and_on_no_command_line() {
    let ngrok = StandIn::ngrok(&["good"]);
    let service = Service::answering(json!({})).await;
    let text = format!("{NGROK}, hostname: [done.ngrok.test, go.ngrok.test]");
    let gateway = ngrok.run_by(file(&text, &service)).env("NGROK", AUTHTOKEN).run().await;
    assert_eq!(gateway.public_url(8090), "https://done.ngrok.test");
    assert_eq!(gateway.public_url(8091), "https://go.ngrok.test");
    exchange(&gateway, &service, |url| ngrok.reach(url)).await;
    let started = &ngrok.started()[0];
    assert_eq!(started["token"], AUTHTOKEN);
    assert!(!started["arguments"].to_string().contains(AUTHTOKEN), "{started}");
    let config: Value = serde_json::from_str(started["config"].as_str().unwrap()).unwrap();
    assert!(!config.to_string().contains(AUTHTOKEN), "{config}");
    assert_eq!((&config["version"], &config["web_addr"]), (&json!("2"), &json!("false")));
    assert!(config["tunnels"]["port-8090"]["addr"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{config}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_authtoken_is_refused_in_ngroks_words_and_not_repeated() {
    let ngrok = StandIn::ngrok(&["good"]);
    let service = Service::answering(json!({})).await;
    let file = ngrok.run_by(file(NGROK, &service)).env("NGROK", "not-the-one");
    let told = file.start().await.err().expect("a refusal").to_string();
    assert!(told.contains("ngrok refuses: The authtoken is not one of ours. (ERR_NGROK_105"), "{told}");
    assert!(told.contains("https://ngrok.com/docs/errors/err_ngrok_105"), "{told}");
    assert!(!told.contains("not-the-one"), "{told}");
    assert_eq!(ngrok.started().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_stops_the_start_in_words() {
    let ngrok = StandIn::ngrok(&["unreachable"]);
    let service = Service::answering(json!({})).await;
    // Long enough for the agent to have said something; it never connects, so the time runs out.
    let file = file(&format!("{NGROK}, start_timeout: 2s"), &service).env("NGROK", AUTHTOKEN);
    let told = ngrok.run_by(file).start().await.err().expect("a refusal").to_string();
    assert!(told.contains("it was not there within 2s") && told.contains("no route to host"), "{told}");
}

#[tokio::test]
async fn an_authtoken_that_the_agent_quotes_is_not_shown() {
    let ngrok = StandIn::ngrok(&["talkative"]);
    let service = Service::answering(json!({})).await;
    let file = file(&format!("{NGROK}, start_timeout: 1s"), &service).env("NGROK", AUTHTOKEN);
    let told = ngrok.run_by(file).start().await.err().expect("a refusal").to_string();
    assert!(told.contains("can't go on\" authtoken=***") && !told.contains(AUTHTOKEN), "{told}");
}

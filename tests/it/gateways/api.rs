//! What the API says of gateways.

use super::cloudflare::QUICK;
use super::file;
use super::stand_in::{StandIn, kill};
use reqwest::Method;
use ringback_tests::{File, Service, send};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn gateways_are_listed_with_what_they_are_now_to_who_has_the_token() {
    let cloudflared = StandIn::cloudflared(&["good"]);
    let program = cloudflared.path("cloudflared");
    let service = Service::answering(json!({})).await;
    let gateway = file(QUICK, &service).with(|options| options.reach.gateways.cloudflared = program).run().await;
    let entry = |port: u16| {
        let url = gateway.public_url(port);
        let address = url.replace("https://", "");
        json!({"id": "gateway-1", "driver": "cloudflare", "port": port, "public_url": url, "public_address": address})
    };
    assert_eq!(gateway.get("/api/gateways").await.body, json!({"gateways": [entry(8090), entry(8091)]}));
    kill(&cloudflared.started()[0]["pid"]);
    let before = gateway.public_url(8090);
    gateway.public_url_after(8090, &before).await;
    assert_eq!(gateway.get("/api/gateways").await.body, json!({"gateways": [entry(8090), entry(8091)]}));
    let url = format!("{}/api/gateways", gateway.api);
    let answer = send(gateway.request(Method::GET, &url)).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn where_none_is_opened_none_is_listed_and_the_local_address_takes_its_place() {
    let text = "gateway: {type: http-tunnel, driver: ngrok, port: 8090}\n\
                listeners: [{port: 8090, path: /done}, {port: 8091, path: /go, workflow: w}]\n\
                workflow: {id: w, jobs: [{id: a, component: logger, output: '${gateway:8090.driver} ${gateway:8090.public_url}'}]}";
    let gateway = File::new(text).run().await;
    assert_eq!(gateway.get("/api/gateways").await.body, json!({"gateways": []}));
    let task = gateway.start("w", json!({})).await;
    let local = gateway.callback_url("/done").replace("/done", "");
    assert_eq!(gateway.result_of(&task).await, format!("none {local}"));
}

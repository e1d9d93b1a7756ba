//! A changed file beside open tunnels.

use super::cloudflare::QUICK;
use super::stand_in::StandIn;
use super::{exchange, file};
use domain::config::load;
use instance::NewFile;
use ringback_tests::Service;
use serde_json::{Map, json};

#[tokio::test(flavor = "multi_thread")]
async fn tunnels_stay_open_and_known_when_the_file_changes() {
    let cloudflared = StandIn::cloudflared(&["good"]);
    let program = cloudflared.path("cloudflared");
    let service = Service::answering(json!({})).await;
    let before = file(QUICK, &service).with(|options| options.reach.gateways.cloudflared = program);
    let text = before.text().to_owned();
    let gateway = before.run().await;
    let url = gateway.public_url(8090);
    let change = async |text: String| {
        let config = load(&text, "ringback.yml").config.expect("a configuration");
        let file = NewFile { config, text: None, env: Map::new(), functions: None };
        gateway.switch().reload(file).await.unwrap_or_else(|error| panic!("{error}"))
    };
    // Another job, the same gateway.
    assert!(change(text.replace("/jobs", "/other-jobs")).await.is_empty());
    exchange(&gateway, &service, |url| cloudflared.reach(url)).await;
    assert_eq!(service.requests().last().expect("a request").path, "/other-jobs");
    // Another gateway: its tunnels would have to be opened.
    let kept = change(text.replace("port: [8090, 8091]", "port: 8091")).await;
    assert_eq!(kept, ["the gateways stay as they were"]);
    exchange(&gateway, &service, |url| cloudflared.reach(url)).await;
    assert_eq!((gateway.public_url(8090), cloudflared.started().len()), (url, 2));
}

//! What is not opened, said before anything is.

use super::file;
use ringback_tests::{File, Service};
use serde_json::json;

async fn refusal(file: File) -> String {
    file.start().await.err().expect("a refusal").to_string()
}

async fn of(gateway: &str) -> String {
    let service = Service::answering(json!({})).await;
    refusal(file(gateway, &service)).await
}

#[tokio::test]
async fn the_api_is_exposed_only_where_the_gateway_says_so() {
    let told = of("type: http-tunnel, driver: ngrok, port: 8080, authtoken: t").await;
    let expected = "the gateway `gateway-1` can't be opened: its port 8080 is the API's, which is not for the internet: name a \
                    listener's port (8090, 8091), or say `expose_api: true`";
    assert_eq!(told, expected);
    // A chapter's first example is a gateway by itself.
    let told = refusal(File::new("gateway: {type: http-tunnel, driver: cloudflare, port: 8080}").with_gateways()).await;
    assert!(told.contains("name a listener's port (there is none)"), "{told}");
}

#[tokio::test]
async fn what_else_listens_on_this_machine_is_not_exposed() {
    let told = of("type: http-tunnel, driver: ngrok, port: 5432, authtoken: t, expose_api: true").await;
    assert!(told.ends_with("no listener of the file has the port 5432: its ports are 8090, 8091"), "{told}");
}

#[tokio::test]
async fn a_missing_secret_is_named() {
    let told = of("type: http-tunnel, driver: ngrok, port: 8090, authtoken: '${env.NOT_SET}'").await;
    assert!(told.contains("`authtoken` is empty: is the variable set?"), "{told}");
}

#[tokio::test]
async fn a_container_needs_an_engine() {
    let service = Service::answering(json!({})).await;
    let gateway = "type: http-tunnel, driver: cloudflare, port: 8090, runtime: docker";
    let file = file(gateway, &service).with(|options| options.reach.gateways.docker = "no-such-docker".into());
    let told = refusal(file).await;
    assert!(told.contains("no Docker engine answers here") && told.ends_with("use `native`"), "{told}");
}

#[tokio::test]
async fn an_option_for_a_file_without_listeners_has_nothing_to_open() {
    let file = File::new("workflow: {jobs: [{component: logger}]}").with_gateways();
    let told = refusal(file.with(|options| options.reach.tunnel = Some("cloudflare"))).await;
    assert_eq!(told, "`--tunnel` has nothing to open a tunnel to: the file has no listener and no source");
}

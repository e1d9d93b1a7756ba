//! ngrok's tunnels, through its own library and a stand-in for its servers.

use super::{exchange, file};
use ringback_tests::{File, NgrokStandIn, Service};
use serde_json::json;

const NGROK: &str = "type: http-tunnel, driver: ngrok, port: [8090, 8091], authtoken: '${env.NGROK}'";
const AUTHTOKEN: &str = NgrokStandIn::AUTHTOKEN;

fn through(ngrok: &NgrokStandIn, file: File) -> File {
    let address = ngrok.address;
    file.with(move |options| options.gateways.ngrok_server = Some(address))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_and_its_callback_come_through_the_tunnel_and_again_after_it_was_cut() {
    let ngrok = NgrokStandIn::start().await;
    let service = Service::answering(json!({})).await;
    let gateway = through(&ngrok, file(NGROK, &service)).env("NGROK", AUTHTOKEN).run().await;
    let first = gateway.public_url(8090);
    let asked = exchange(&gateway, &service, |url| ngrok.reach(url)).await;
    assert_eq!(asked["driver"], "ngrok");
    ngrok.cut();
    gateway.public_url_after(8090, &first).await;
    exchange(&gateway, &service, |url| ngrok.reach(url)).await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_of_the_account_is_asked_for_by_name() {
    let ngrok = NgrokStandIn::start().await;
    let service = Service::answering(json!({})).await;
    let text = format!("{NGROK}, hostname: [done.ngrok.test, go.ngrok.test]");
    let gateway = through(&ngrok, file(&text, &service)).env("NGROK", AUTHTOKEN).run().await;
    assert_eq!(gateway.public_url(8090), "https://done.ngrok.test");
    assert_eq!(gateway.public_url(8091), "https://go.ngrok.test");
    exchange(&gateway, &service, |url| ngrok.reach(url)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_authtoken_is_refused_in_ngroks_words_and_not_repeated() {
    let ngrok = NgrokStandIn::start().await;
    let service = Service::answering(json!({})).await;
    let file = through(&ngrok, file(NGROK, &service)).env("NGROK", "not-the-one");
    let told = file.start().await.err().expect("a refusal").to_string();
    assert!(told.contains("ngrok refuses: The authtoken is not one of ours. (ERR_NGROK_105"), "{told}");
    assert!(told.contains("https://ngrok.com/docs/errors/err_ngrok_105"), "{told}");
    assert!(!told.contains("not-the-one"), "{told}");
}

#[tokio::test]
async fn a_server_that_is_not_there_stops_the_start_in_words() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let service = Service::answering(json!({})).await;
    let file = file(&format!("{NGROK}, start_timeout: 300ms"), &service).env("NGROK", AUTHTOKEN);
    let told = file.with(move |options| options.gateways.ngrok_server = Some(nobody)).start().await;
    let told = told.err().expect("a refusal").to_string();
    assert!(told.contains("ngrok can't be reached: failed to establish tcp connection"), "{told}");
}

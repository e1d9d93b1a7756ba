//! Signatures over the address: the one by which the provider knows us, wherever we really are.

use domain::signature::{Headers, Preset, Request, Secret, sign};
use reqwest::Method;
use ringback_tests::{Answer, File, Gateway, ManualClock, send};

const SECRET: &str = "a-secret-for-signed-addresses";
const PUBLIC: &str = "https://hooks.example.com";
const SAY: &str = "
workflow: {id: say, jobs: [{component: log}], output: '${input.body}'}
component: {id: log, type: logger, message: said}
";

/// Sends to the gateway's own address what a provider has signed for another.
async fn signed(gateway: &Gateway, clock: &ManualClock, name: &str, public: &str, body: &str) -> Answer {
    let (path, kind) = match name {
        "twilio" => ("/api/webhooks/twilio?x=1&y=%20", "application/x-www-form-urlencoded"),
        "square" => ("/api/webhooks/square", "application/json"),
        _ => ("/api/webhooks/hubspot?a=%3Ab", "application/json"),
    };
    let headers: Headers = [("Content-Type", kind)].into_iter().collect();
    let url = format!("{public}{path}");
    let request = Request { method: "POST", url: &url, headers: &headers, body: body.as_bytes(), client_ip: None };
    let (preset, secret) = (Preset::find(name).unwrap(), Secret::new(SECRET));
    let proof = sign(preset.scheme_for(&secret).unwrap(), &secret, &request, "id-1", clock.time()).unwrap();
    let request = gateway.request(Method::POST, &format!("{}{path}", gateway.api)).header("Content-Type", kind);
    let request = proof.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    send(request.body(body.to_owned())).await
}

fn body(name: &str) -> &'static str {
    if name == "twilio" { "From=%2B15551234&Body=Hello+there" } else { r#"{"event_id": "1"}"# }
}

fn sources(more: &str) -> String {
    let source = |name: &str| format!("  {name}: {{secret: {SECRET}, rules: {{'*': say}}{more}}}\n");
    format!("sources:\n{}{}{}{SAY}", source("twilio"), source("square"), source("hubspot"))
}

async fn all_are_known_by(gateway: &Gateway, clock: &ManualClock, public: &str) {
    for name in ["twilio", "square", "hubspot"] {
        let answer = signed(gateway, clock, name, public, body(name)).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        answer.task_id();
        // For any other place the signature is not ours.
        for elsewhere in ["https://elsewhere.example.com", "http://hooks.example.com"] {
            signed(gateway, clock, name, elsewhere, body(name)).await.is_problem(401, "unauthorized");
        }
    }
}

#[tokio::test]
async fn a_source_is_known_by_its_own_public_address() {
    let clock = ManualClock::new();
    let gateway = File::new(sources(&format!(", public_url: '{PUBLIC}'"))).clock(&clock).run().await;
    all_are_known_by(&gateway, &clock, PUBLIC).await;
    let here = gateway.api.clone();
    signed(&gateway, &clock, "square", &here, body("square")).await.is_problem(401, "unauthorized");
}

#[tokio::test]
async fn all_sources_are_known_by_the_public_address_of_the_controller() {
    let clock = ManualClock::new();
    let text = format!("controller: {{public_url: '{PUBLIC}'}}\n{}", sources(""));
    let gateway = File::new(text).clock(&clock).run().await;
    all_are_known_by(&gateway, &clock, PUBLIC).await;
}

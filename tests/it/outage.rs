//! Without a table nothing is taken, and whoever sends is told when to come again.

use reqwest::{Method, RequestBuilder};
use ringback_tests::{File, Gateway, ManualClock, Provider, send, watch};
use serde_json::json;
use std::time::Duration;

const SECRET: &str = "a-secret-of-github-4711";
const FILE: &str = r#"
sources:
  github: {secret: "${env.GITHUB_SECRET}", rules: {"*": say}}
listeners:
  - {path: /start, workflow: say}
  - {path: /signed, workflow: say, verify: github}
  - {path: /many, workflow: say, bulk: true, item: "${body.items}"}
  - {path: /done, identify_by: "${body.id}"}
workflow: {id: say, jobs: [{component: log}]}
component: {id: log, type: logger, message: said}
"#;

async fn gateway() -> (Gateway, ManualClock) {
    let clock = ManualClock::new();
    let quiet = |options: &mut instance::Options| options.pace.sweep_every = Duration::from_secs(3600);
    let gateway = File::new(FILE).env("GITHUB_SECRET", SECRET).clock(&clock).with(quiet).run().await;
    (gateway, clock)
}

/// A request to each public route that is to be stored.
fn requests(gateway: &Gateway, clock: &ManualClock) -> Vec<(&'static str, RequestBuilder)> {
    let post = |url: String, body| gateway.request(Method::POST, &url).json(&body);
    let github = |path: &str| {
        Provider::new("github", SECRET, clock, path).request(gateway, "", b"{}", &[("X-GitHub-Event", "push")])
    };
    vec![
        ("a trigger", post(gateway.trigger_url("/start"), json!({"a": 1}))),
        ("a trigger of many", post(gateway.trigger_url("/many"), json!({"items": [1, 2]}))),
        ("a signed trigger", github(&gateway.trigger_url("/signed"))),
        ("a callback", post(gateway.callback_url("/done"), json!({"id": 7}))),
        ("a source", github("/api/webhooks/github")),
        ("a source by its other name", github("/hooks/github")),
        ("the API", gateway.api(Method::POST, "/api/workflows/say/runs").json(&json!({"input": 1}))),
    ]
}

#[tokio::test]
async fn each_route_says_when_to_come_again_while_the_table_is_away() {
    let (gateway, clock) = gateway().await;
    for (what, request) in requests(&gateway, &clock) {
        assert_eq!(send(request).await.status, 200, "{what}");
    }
    gateway.lose_table().await;
    for (what, request) in requests(&gateway, &clock) {
        let answer = send(request).await;
        answer.is_problem(503, "unavailable");
        let seconds = answer.header("retry-after").parse::<u32>();
        assert!(seconds.is_ok_and(|seconds| (1..=60).contains(&seconds)), "{what}: {answer:?}");
        // What went wrong is in our log, and nobody else's business.
        let told = answer.body.to_string();
        for inner in ["ResourceNotFound", "DynamoDB", "dynamodb", "table not found"] {
            assert!(!told.contains(inner), "{what}: {told}");
        }
    }
    assert!(watch::logged().contains("the table could not be read or written"));
}

//! HEAD has no effect, at any route.

use contract::Operation;
use local_aws::mapping::Duplicates;
use reqwest::Method;
use ringback_tests::{File, eventually, send};
use serde_json::json;
use std::time::Duration;

const FILE: &str = r#"
source: {id: open, auth_type: none, rules: {"*": echo}}
listeners:
  - {path: /start, method: GET, workflow: echo}
  - {path: "/start/{n}", method: GET, workflow: echo, input: "${path.n}"}
  - {path: /posted, workflow: echo}
  - {path: /signed, method: GET, workflow: echo, verify: {scheme: github, secret: head-secret-4711}}
  - {path: /approve, method: GET, identify_by: "${query.id}", status: "${query.answer}", success_when: ["yes"], fail_when: ["no"]}
workflows:
  echo: {jobs: [{component: {type: delay, duration: 0}}]}
  asks: {jobs: [{component: {endpoint: https://service.test/ask, completion: {type: callback, wait_for: a, callback: /approve}}}]}
"#;

/// The paths of the API's operations, with a value for each parameter.
fn api_paths() -> Vec<String> {
    let paths = Operation::ALL.iter().map(|operation| operation.path());
    paths.map(|path| path.replace("{id}", "x").replace("{name}", "x")).chain(["/api/nothing".to_owned()]).collect()
}

#[tokio::test]
async fn head_starts_completes_rejects_and_writes_nothing_anywhere() {
    let service = ringback_tests::Service::answering(json!({"asked": true})).await;
    let file = File::new(FILE).calling("https://service.test", &service).with(|options| {
        options.pace.duplicates = Duplicates::None;
        options.pace.sweep_every = Duration::from_secs(3600);
    });
    let gateway = file.run().await;
    let waiting = gateway.start("asks", json!({})).await;
    gateway.waiting(&waiting).await;
    // What was begun is over once nothing is written any more for a while that a request takes.
    let mut before = gateway.cost();
    eventually("nothing is written", || {
        let now = gateway.cost();
        let is_quiet = now.writes == before.writes;
        before = now;
        async move { if is_quiet { Ok(()) } else { Err("it writes") } }
    })
    .await;
    let before = gateway.cost();
    let head = |url: String| send(gateway.request(Method::HEAD, &url));
    let triggers = ["/start", "/start/7", "/start?x=1", "/posted", "/signed"];
    let there = triggers.map(|path| gateway.trigger_url(path)).into_iter();
    let there =
        there.chain(["?id=a&answer=no", "?id=a&answer=yes", ""].map(|query| gateway.callback_url("/approve") + query));
    for url in there.chain(["/hooks/open".to_owned()].map(|path| gateway.api.clone() + &path)) {
        let answer = head(url.clone()).await;
        assert_eq!((answer.status, answer.header("content-length")), (200, "0"), "{url}");
    }
    assert_eq!(head(gateway.trigger_url("/none")).await.status, 404);
    assert_eq!(head(format!("{}/hooks/none", gateway.api)).await.status, 404);
    let paths = api_paths();
    assert!(paths.len() > 30, "{paths:?}");
    for path in &paths {
        let anonymous = head(format!("{}{path}", gateway.api)).await;
        let known = send(gateway.api(Method::HEAD, path)).await;
        assert!(anonymous.status < 500 && known.status < 500, "{path}: {} {}", anonymous.status, known.status);
    }
    assert_eq!((&gateway.cost() - &before).writes, 0);
    assert_eq!(gateway.tasks().await.len(), 1);
    gateway.waiting(&waiting).await;
    let answered =
        send(gateway.request(Method::GET, &format!("{}?id=a&answer=yes", gateway.callback_url("/approve")))).await;
    assert_eq!(answered.body["status"], "resumed");
    gateway.result_of(&waiting).await;
}

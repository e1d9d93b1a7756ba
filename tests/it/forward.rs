//! Requests are kept as they were received, and `emulator forward` brings them to another gateway.

use crate::EMULATOR;
use reqwest::Method;
use ringback_tests::{File, Finished, Gateway, ManualClock, Provider, run, send, watch};
use serde_json::{Value, json};
use std::path::Path;

const SECRET: &str = "It's a Secret to Everybody 4711";
const FILE: &str = "
controller: {trusted_proxies: [127.0.0.0/8]}
sources:
  github: {secret: '${env.SECRET}', rules: {push: [{target: build, input: {branch: '${branch}'}}, other]}}
  custom: {auth_type: token, token: known-to-custom-alone, rules: {'*': build}}
listener: {path: /hook, workflow: build}
workflows:
  build: {jobs: [{component: pause}], output: '${input}'}
  other: {jobs: [{component: pause}]}
component: {id: pause, type: delay, duration: 0}
";
/// No serializer writes this so.
const PUSH: &[u8] = br#"{ "ref":"refs/heads/main",  "repository": {"full_name": "a/b"}, "after":"\u0063afe" }"#;

async fn gateway() -> Gateway {
    File::new(FILE).env("SECRET", SECRET).run().await
}

async fn push(gateway: &Gateway, id: &str) {
    let github = Provider::new("github", SECRET, &ManualClock::new(), "/api/webhooks/github?from=here");
    let headers = [("X-GitHub-Event", "push"), ("X-GitHub-Delivery", id), ("Cookie", "not-to-be-kept")];
    let body = String::from_utf8(PUSH.to_vec()).unwrap().replace("cafe", id);
    let body = body.replace(r"\u0063afe", id);
    let request = github.request(gateway, id, body.as_bytes(), &headers);
    let signed = request.try_clone().unwrap().build().unwrap();
    // It proves this body and opens nothing; without it nobody could prove the body again.
    watch::may_show(signed.headers()["x-hub-signature-256"].to_str().unwrap());
    let answer = send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

async fn forward(from: &Gateway, to: &str, directory: &Path, more: &[&str]) -> Finished {
    let arguments = ["forward", "--url", &from.api, "--token", &from.token, "--to", to, "--once", "--json"];
    let arguments = [&arguments, &["--since", "1h"][..], more].concat();
    run(EMULATOR, directory, &arguments, "").await
}

fn lines(finished: &Finished) -> Vec<Value> {
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    finished.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_request_is_kept_as_it_was_received_without_what_authenticates() {
    let gateway = gateway().await;
    push(&gateway, "one").await;
    let custom = gateway.request(Method::POST, &format!("{}/api/webhooks/custom", gateway.api));
    let custom = custom.header("X-Webhook-Token", "known-to-custom-alone").bearer_auth("known-to-custom-alone");
    assert_eq!(send(custom.json(&json!({"n": 1.0}))).await.status, 200);
    let bytes = gateway.request(Method::POST, &gateway.trigger_url("/hook?token=t0k3n")).body(vec![0xff, 0x00]);
    let hook = bytes.header("content-type", "application/octet-stream").header("X-Signature", "of-nobody");
    assert_eq!(send(hook).await.status, 200);
    let answer = gateway.get("/api/requests").await;
    let requests = answer.body["requests"].as_array().unwrap();
    // One for each request, whatever it started.
    assert_eq!(requests.len(), 3, "{}", answer.body);
    let of = |source: Value| requests.iter().find(|request| request["source"] == source).unwrap();
    let github = of(json!("github"));
    assert_eq!(github["body"], String::from_utf8(PUSH.to_vec()).unwrap().replace(r"\u0063afe", "one"));
    assert_eq!((&github["method"], &github["path"]), (&json!("POST"), &json!("/api/webhooks/github?from=here")));
    assert!(github["headers"]["x-hub-signature-256"].as_str().unwrap().starts_with("sha256="), "{github}");
    assert_eq!(of(json!("custom"))["body"], r#"{"n":1.0}"#);
    let hook = of(Value::Null);
    // A signature that nobody judged is a secret like any other.
    assert_eq!(
        (&hook["body_base64"], &hook["path"], &hook["headers"]["x-signature"]),
        (&json!("/wA="), &json!("/hook"), &Value::Null)
    );
    let text = answer.body.to_string();
    for secret in ["known-to-custom-alone", "not-to-be-kept", "t0k3n", SECRET] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let of_source = gateway.get("/api/requests?source=custom").await.body;
    assert_eq!(of_source["requests"].as_array().unwrap().len(), 1);
    gateway.get("/api/requests?since=never").await.is_problem(400, "unusable_request");
}

#[tokio::test]
async fn what_came_meanwhile_is_brought_once_and_its_signature_holds_again() {
    let (deployed, here) = (gateway().await, gateway().await);
    let directory = tempfile::tempdir().unwrap();
    for id in ["one", "two"] {
        push(&deployed, id).await;
    }
    let brought = lines(&forward(&deployed, &here.api, directory.path(), &[]).await);
    assert_eq!(brought.iter().map(|line| &line["status"]).collect::<Vec<_>>(), [200, 200], "{brought:?}");
    assert_eq!(here.tasks().await.len(), 4);
    let again = lines(&forward(&deployed, &here.api, directory.path(), &[]).await);
    assert_eq!(again, [] as [Value; 0]);
    push(&deployed, "three").await;
    assert_eq!(lines(&forward(&deployed, &here.api, directory.path(), &["--source", "github"]).await).len(), 1);
    assert_eq!(here.tasks().await.len(), 6);
}

#[tokio::test]
async fn what_nobody_took_here_is_brought_later() {
    let (deployed, here) = (gateway().await, gateway().await);
    let directory = tempfile::tempdir().unwrap();
    push(&deployed, "one").await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = forward(&deployed, &format!("http://{nobody}"), directory.path(), &[]).await;
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{}", refused.err);
    assert_eq!(lines(&forward(&deployed, &here.api, directory.path(), &[]).await).len(), 1);
}

#[tokio::test]
async fn a_wrong_token_is_told_of_in_words() {
    let deployed = gateway().await;
    let directory = tempfile::tempdir().unwrap();
    let arguments = ["forward", "--url", &deployed.api, "--token", "guessed", "--once"];
    let finished = run(EMULATOR, directory.path(), &arguments, "").await;
    assert_eq!(finished.code, Some(1));
    assert!(finished.err.contains("does not take this token") && !finished.err.contains("guessed"), "{}", finished.err);
}

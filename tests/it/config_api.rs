//! Sources over the API: on top of the file, without secrets in any answer, and in force at once.

use crate::sources::{GITHUB_SECRET, PUSH};
use reqwest::Method;
use ringback_tests::{Answer, File, Gateway, ManualClock, Provider, send};
use serde_json::{Value, json};
use std::time::Duration;

const FILE: &str = "
sources:
  github: {secret: of-the-file, rules: {push: [{when: \"branch == 'main'\", target: deploy}]}}
workflow: {id: deploy, jobs: [{component: logger}], output: '${input}'}
";
const TOKEN: &str = "token-of-the-api-31337";

async fn gateway() -> (Gateway, ManualClock) {
    let clock = ManualClock::new();
    (File::new(FILE).clock(&clock).run().await, clock)
}

async fn put(gateway: &Gateway, fields: Value) -> Answer {
    send(gateway.api(Method::POST, "/api/config/webhooks").json(&fields)).await
}

async fn delete(gateway: &Gateway, name: &str) -> Answer {
    send(gateway.api(Method::DELETE, &format!("/api/config/webhooks/{name}"))).await
}

async fn call(gateway: &Gateway, name: &str, token: &str, n: u32) -> Answer {
    let url = format!("{}/api/webhooks/{name}", gateway.api);
    send(gateway.request(Method::POST, &url).bearer_auth(token).json(&json!({"event": "go", "n": n}))).await
}

#[tokio::test]
async fn a_source_is_made_replaced_and_deleted_and_each_takes_effect_at_once() {
    let (gateway, _clock) = gateway().await;
    call(&gateway, "custom", TOKEN, 1).await.is_problem(404, "not_found");
    let fields = json!({"name": "custom", "auth_type": "token", "token": TOKEN, "rules": {"go": "deploy"}});
    let made = put(&gateway, fields).await;
    assert_eq!((made.status, &made.body["origin"], &made.body["token_set"]), (201, &json!("api"), &json!(true)));
    let task = call(&gateway, "custom", TOKEN, 1).await.task_id();
    assert_eq!(gateway.result_of(&task).await["source"], "custom");
    // The token stays where it isn't named, and a literal `${` is no template.
    let replaced = put(&gateway, json!({"name": "custom", "rules": {"*": "deploy"}, "max_body": 100})).await;
    assert_eq!((replaced.status, &replaced.body["version"]), (200, &json!(2)));
    call(&gateway, "custom", TOKEN, 2).await.task_id();
    // A masked one keeps what is stored, and stands for nothing where nothing is.
    let masked = |field: &str| json!({"name": "custom", field: "********", "rules": {"*": "deploy"}});
    assert_eq!(put(&gateway, masked("token")).await.body["token_set"], true);
    call(&gateway, "custom", TOKEN, 9).await.task_id();
    put(&gateway, masked("secret")).await.is_problem(400, "unusable_request");
    put(&gateway, json!({"name": "github", "secret": ["********"], "rules": {"push": "deploy"}}))
        .await
        .is_problem(400, "unusable_request");
    put(&gateway, json!({"name": "custom", "token": "${env.HOME}", "rules": {"*": "deploy"}})).await;
    call(&gateway, "custom", TOKEN, 3).await.is_problem(401, "unauthorized");
    call(&gateway, "custom", "${env.HOME}", 3).await.task_id();
    assert_eq!(delete(&gateway, "custom").await.status, 204);
    call(&gateway, "custom", TOKEN, 4).await.is_problem(404, "not_found");
    delete(&gateway, "custom").await.is_problem(404, "not_found");
    let history = gateway.get("/api/config/history").await.body;
    let actions: Vec<&str> =
        history["changes"].as_array().unwrap().iter().map(|change| change["action"].as_str().unwrap()).collect();
    // All at one time of the test's clock: each change has its own line all the same.
    assert_eq!(actions.len(), 5, "{history}");
    assert!(!history.to_string().contains(TOKEN) && history.to_string().contains("root token"), "{history}");
}

#[tokio::test]
async fn an_entry_stands_over_the_file_until_it_is_deleted() {
    let (gateway, clock) = gateway().await;
    let pushed = [("X-GitHub-Event", "push")];
    let signed = |secret: &str| Provider::new("github", secret, &clock, "/api/webhooks/github");
    let by_file = signed("of-the-file").send(&gateway, "", PUSH, &pushed).await.task_id();
    let shown = gateway.get("/api/config/webhooks/github").await.body;
    assert_eq!(
        (&shown["origin"], &shown["secret_set"], &shown["scheme"]),
        (&json!("file"), &json!(true), &json!("github"))
    );
    assert_eq!(shown["rules"]["push"][0], json!({"when": "branch == \"main\"", "target": "deploy"}), "{shown}");
    put(&gateway, json!({"name": "github", "secret": [GITHUB_SECRET, "older"], "rules": {"push": "deploy"}})).await;
    signed("of-the-file").send(&gateway, "", PUSH, &pushed).await.is_problem(401, "unauthorized");
    assert_eq!(signed(GITHUB_SECRET).send(&gateway, "", PUSH, &pushed).await.task_id(), by_file);
    signed("older").send(&gateway, "", PUSH, &pushed).await.task_id();
    let listed = gateway.get("/api/config/webhooks").await.body;
    assert_eq!(listed["webhooks"].as_array().unwrap().len(), 1);
    assert_eq!(listed["webhooks"][0]["overrides_file"], true);
    let said = format!("{shown}{listed}{}", gateway.get("/api/config/history").await.body);
    assert!(!said.contains(GITHUB_SECRET) && !said.contains("of-the-file") && !said.contains("older"), "{said}");
    assert_eq!(delete(&gateway, "github").await.status, 204);
    signed("of-the-file").send(&gateway, "", PUSH, &pushed).await.task_id();
    delete(&gateway, "github").await.is_problem(409, "conflict");
}

#[tokio::test]
async fn what_another_process_changed_is_seen_within_seconds() {
    let (gateway, clock) = gateway().await;
    call(&gateway, "custom", TOKEN, 1).await.is_problem(404, "not_found");
    // As another process would: past what this one remembers.
    let app = gateway.app();
    let entry = platform::store::ConfigEntry {
        name: "custom".to_owned(),
        content: json!({"auth_type": "none", "rules": {"*": "deploy"}}),
        secrets: Default::default(),
        version: 0,
        updated_at: clock.time(),
    };
    let change = platform::store::ConfigChange {
        at: clock.time(),
        kind: platform::store::ConfigKind::Source,
        name: "custom".to_owned(),
        action: "created".to_owned(),
        by: "root token".to_owned(),
        fields: vec![],
    };
    app.store.save_config(&entry, 0, &change).await.unwrap();
    call(&gateway, "custom", TOKEN, 1).await.is_problem(404, "not_found");
    clock.advance(Duration::from_secs(3));
    call(&gateway, "custom", TOKEN, 1).await.task_id();
}

#[tokio::test]
async fn what_is_wrong_is_told_by_field_and_nothing_is_stored() {
    let (gateway, _clock) = gateway().await;
    for (fields, expected) in [
        (json!({}), "`name` must be text"),
        (json!({"name": "a/b", "token": TOKEN}), "can't be an id"),
        (json!({"name": "custom"}), "nothing is verified"),
        (json!({"name": "custom", "token": ""}), "`token` must be text"),
        (json!({"name": "custom", "token": [TOKEN, 5]}), "`token` must be text"),
        (json!({"name": "custom", "token": TOKEN, "tokens": 1}), "has no key `tokens`"),
        (json!({"name": "custom", "token": TOKEN, "rules": {"go": "nobody"}}), "no workflow and no program `nobody`"),
        (json!({"name": "custom", "token": TOKEN, "rules": {"go": {"branch ==": "deploy"}}}), "expected"),
        (json!({"name": "custom", "scheme": "standard-webhooks", "secret": "whsec_%"}), "`secret` can't be used"),
    ] {
        let refused = put(&gateway, fields).await;
        refused.is_problem(400, "unusable_request");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains(expected) && !detail.contains(TOKEN), "{detail}");
    }
    assert_eq!(gateway.get("/api/config/history").await.body["changes"], json!([]));
}

#[tokio::test]
async fn only_the_token_that_sees_everything_may() {
    let (gateway, _clock) = gateway().await;
    let made = send(gateway.api(Method::POST, "/api/tokens").json(&json!({"customer_id": "acme"}))).await;
    let token = made.body["token"].as_str().unwrap();
    for (method, path) in [
        (Method::GET, "/api/config/webhooks"),
        (Method::POST, "/api/config/webhooks"),
        (Method::GET, "/api/config/webhooks/github"),
        (Method::DELETE, "/api/config/webhooks/github"),
        (Method::GET, "/api/config/history"),
    ] {
        let url = format!("{}{path}", gateway.api);
        send(gateway.request(method.clone(), &url).bearer_auth(token)).await.is_problem(403, "forbidden");
        send(gateway.request(method, &url)).await.is_problem(401, "unauthorized");
    }
}

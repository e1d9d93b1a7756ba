//! A run goes on by the file that it began with: after another was put in charge, and after a restart with another.

use application::sources::read_entry;
use instance::{NewFile, SETTLED, Switch};
use jiff::Timestamp;
use platform::store::ConfigEntry;
use reqwest::Method;
use ringback_tests::{File, ManualClock, Service, job, send};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Two calls with a callback between them; `word` tells the versions of the file apart.
fn file(word: &str, callback: &str) -> String {
    format!(
        "
listeners:
  - {{path: /hook, workflow: paint}}
  {callback}
components:
  begin:
    type: http-client
    endpoint: https://service.test/begin
    body: {{id: '${{context.run_id}}', word: {word}}}
    completion: {{type: callback, wait_for: '${{context.run_id}}'}}
  end: {{type: http-client, endpoint: https://service.test/end, body: {{word: {word}, got: '${{input}}'}}}}
workflow:
  id: paint
  jobs:
    - {{id: first, component: begin}}
    - {{id: {word}, component: end, input: '${{jobs.first.output.value}}'}}
"
    )
}

const CALLBACK: &str = "- {path: /done, identify_by: '${body.id}', result: {value: '${body.value}'}}";
/// Takes no callback at `/done`, and no callback port but another one.
const ANOTHER: &str = "- {port: 8077, path: /elsewhere, identify_by: '${body.id}'}";

async fn reload(switch: &Switch, text: &str) {
    let loaded = domain::config::load(text, "ringback.yml");
    let config = loaded.config.unwrap_or_else(|| panic!("{:?}\n{text}", loaded.diagnostics));
    let file = NewFile { config, text: Some(text.into()), env: Map::new(), functions: None };
    switch.reload(file).await.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test]
async fn a_file_or_source_that_an_earlier_version_took_is_read_although_it_is_refused_now() {
    let gateway = File::new("{}").run().await;
    let app = gateway.app();
    let text = "workflow: {jobs: [{type: if, condition: true, then: [{component: logger}]}]}";
    assert!(domain::config::load(text, "ringback.yml").config.is_none());
    let id = app.keep_definition(text, false).await.unwrap().unwrap();
    let stored = app.store.definition(&id).await.unwrap().unwrap();
    assert!(app.open_definition(&stored).unwrap().config.workflows.contains_key("default"));
    let content = json!({"auth_type": "none", "rules": {"push": [{"when": "true", "target": "t"}]}});
    let refused = send(gateway.api(Method::POST, "/api/config/webhooks").json(&named(&content))).await;
    refused.is_problem(400, "unusable_request");
    assert!(refused.body["detail"].as_str().unwrap().contains("`true` is always true"), "{}", refused.body);
    let secrets = BTreeMap::new();
    let entry = ConfigEntry { name: "s".into(), content, secrets, version: 1, updated_at: Timestamp::UNIX_EPOCH };
    let (source, targets) = read_entry(&entry, app.keys().unwrap()).unwrap();
    assert_eq!((source.rules.0.len(), targets), (1, vec!["t".to_owned()]));
}

/// The same source as the API takes it.
fn named(content: &Value) -> Value {
    let mut content = content.clone();
    content["name"] = json!("s");
    content
}

#[tokio::test]
async fn a_waiting_run_ends_by_the_file_that_it_began_with() {
    let service = Service::answering(json!({})).await;
    let gateway = File::new(file("old", CALLBACK)).calling("https://service.test", &service).run().await;
    let task = gateway.trigger("/hook", &json!({})).await.task_id();
    gateway.waiting(&task).await;
    assert_eq!(service.next_request().await.body["word"], "old");
    let new = file("new", CALLBACK).replace("https://service.test", &service.url);
    reload(gateway.switch(), &new).await;
    let other = gateway.trigger("/hook", &json!({"other": true})).await.task_id();
    gateway.waiting(&other).await;
    assert_eq!(service.next_request().await.body["word"], "new");
    for (task, word) in [(&task, "old"), (&other, "new")] {
        let answer = gateway.call_back("/done", &json!({"id": task, "value": 7})).await;
        assert_eq!(answer.body, json!({"status": "resumed"}));
        assert_eq!(service.next_request().await.body, json!({"word": word, "got": 7}));
        let task = gateway.finished(task).await;
        assert_eq!(job(&task, word)["status"], "completed", "{task:#}");
    }
}

#[tokio::test]
async fn so_it_does_after_a_restart_with_another_file() {
    let (service, data) = (Service::answering(json!({})).await, tempfile::tempdir().unwrap());
    let gateway = File::new(file("old", CALLBACK)).calling("https://service.test", &service).data(data.path());
    let gateway = gateway.run().await;
    let task = gateway.trigger("/hook", &json!({})).await.task_id();
    gateway.waiting(&task).await;
    service.next_request().await;
    gateway.stop().await;
    // Another workflow of that name, and no such callback route.
    let gateway = File::new(file("new", ANOTHER)).calling("https://service.test", &service).data(data.path());
    let gateway = gateway.run().await;
    // A callback of this file finds nothing to do here; the route of the older file is still there.
    let url = gateway.switch().url_of_port(8090).await.expect("the older file's port");
    let request = gateway.request(Method::POST, &format!("{url}/done"));
    let answer = send(request.json(&json!({"id": task, "value": 7}))).await;
    assert_eq!(answer.body, json!({"status": "resumed"}));
    assert_eq!(service.next_request().await.body, json!({"word": "old", "got": 7}));
    assert_eq!(job(&gateway.finished(&task).await, "old")["status"], "completed");
}

#[tokio::test]
async fn a_variable_that_only_the_older_file_reads_is_that_of_the_process() {
    let (service, data) = (Service::answering(json!({})).await, tempfile::tempdir().unwrap());
    let older = file("old", CALLBACK).replace("{word: old, got", "{word: '${env.WORD}', got");
    let gateway = File::new(older).calling("https://service.test", &service).env("WORD", "before").data(data.path());
    let gateway = gateway.run().await;
    let task = gateway.trigger("/hook", &json!({})).await.task_id();
    gateway.waiting(&task).await;
    service.next_request().await;
    gateway.stop().await;
    let gateway = File::new(file("new", CALLBACK)).calling("https://service.test", &service).data(data.path());
    let set = [("WORD", "of the process")].into_iter().collect();
    let gateway = gateway.with(|options| options.environment = set).run().await;
    gateway.call_back("/done", &json!({"id": task, "value": 7})).await;
    assert_eq!(service.next_request().await.body, json!({"word": "of the process", "got": 7}));
    gateway.finished(&task).await;
}

#[tokio::test]
async fn a_callback_route_that_the_file_lost_stays_as_long_as_a_run_may_wait_there() {
    let (service, clock) = (Service::answering(json!({})).await, ManualClock::new());
    let gateway = File::new(file("old", CALLBACK)).calling("https://service.test", &service).clock(&clock).run().await;
    let task = gateway.trigger("/hook", &json!({})).await.task_id();
    gateway.waiting(&task).await;
    let new = file("new", ANOTHER).replace("https://service.test", &service.url);
    reload(gateway.switch(), &new).await;
    clock.advance(Duration::try_from(SETTLED).unwrap());
    assert_eq!(gateway.switch().let_go().await.unwrap(), 0, "a run still waits");
    let answer = gateway.call_back("/done", &json!({"id": task, "value": 1})).await;
    assert_eq!(answer.body, json!({"status": "resumed"}));
    gateway.result_of(&task).await;
    // What nobody can wait for any more goes, and its port with it.
    assert_eq!(gateway.switch().let_go().await.unwrap(), 1);
    assert_eq!(gateway.switch().url_of_port(8090).await, None);
    // Back in charge, it is all there again.
    let old = file("old", CALLBACK).replace("https://service.test", &service.url);
    reload(gateway.switch(), &old).await;
    let task = gateway.trigger("/hook", &json!({"again": true})).await.task_id();
    gateway.waiting(&task).await;
    let url = gateway.switch().url_of_port(8090).await.expect("the port is back");
    let request = gateway.request(Method::POST, &format!("{url}/done"));
    let answer = send(request.json(&json!({"id": task, "value": 1}))).await;
    assert_eq!(answer.body, json!({"status": "resumed"}));
}

#[tokio::test]
async fn a_file_stays_in_the_state_sealed() {
    let data = tempfile::tempdir().unwrap();
    let text = "sources: {one: {auth_type: token, token: known-to-the-file-alone, rules: {a: w}}}
workflow: {id: w, jobs: [{component: {type: delay, duration: 0}}]}";
    let gateway = File::new(text).data(data.path()).run().await;
    let stored = gateway.app().store.definitions().await.unwrap();
    assert_eq!(stored.len(), 1);
    gateway.stop().await;
    for entry in std::fs::read_dir(data.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        let found = bytes.windows(23).any(|window| window == b"known-to-the-file-alone");
        assert!(!found, "{}", path.display());
    }
}

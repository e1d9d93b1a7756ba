//! Two programs that know OpenAPI and not Ringback: one reads the document, the other sends what it allows, and what it
//! doesn't, to a gateway that has something of everything.

use contract::Operation;
use reqwest::Method;
use ringback_tests::subscriber::publish;
use ringback_tests::{DEADLINE, File, Gateway, Service, eventually, send, skip};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

/// Requests that it thinks of for each operation, besides those that it derives from the schemas: a number and no time, for a busy
/// machine sends fewer in a minute. Idle, all of it takes two minutes.
const EXAMPLES: u32 = 40;

const FILE: &str = "
delivery: {allow_private: [127.0.0.0/8]}
listeners:
  - {port: 8090, path: /done, identify_by: '${body.id}', result: '${body}'}
  - {port: 8091, path: /start, workflow: w}
component:
  id: service
  endpoint: https://service.test/jobs
  completion: {type: callback, callback: /done, wait_for: '${input}'}
sources: {inbox: {token: 'a-token-of-this-source', rules: {push: w}}}
workflows:
  w: {jobs: [{id: generate, component: {type: delay, duration: 0}}]}
  waits: {jobs: [{id: generate, component: service}]}
";

#[tokio::test]
async fn the_document_is_as_its_readers_expect() {
    let Some(node) = skip::node() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // What says that the process is there has no fault of the caller's.
    let lint = root.join("infra/node_modules/@redocly/cli/bin/cli.js");
    let document = root.join("docs/openapi.json");
    let mut command = Command::new(node);
    command
        .arg(lint)
        .arg("lint")
        .args(["--extends=recommended", "--skip-rule=operation-4xx-response"])
        .arg(document)
        .env("REDOCLY_TELEMETRY", "off");
    let output = timeout(DEADLINE, command.output()).await.expect("it ends in time").unwrap();
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    // It counts its warnings: "You have 2 warnings."
    assert!(output.status.success() && said.contains("is valid") && !said.contains("You have"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_document_allows_is_answered_as_it_says() {
    let Some(python) = skip::python_with_stand_ins() else { return };
    let service = Service::answering(json!({})).await;
    let file = File::new(FILE).calling("https://service.test", &service);
    let gateway = file.with(|options| options.settings.runtime_programs = true).run().await;
    let directory = tempfile::tempdir().unwrap();
    let seeded = seed(&gateway, &service).await;
    std::fs::write(directory.path().join("schemathesis.toml"), settings(&gateway, &seeded)).unwrap();
    let report = ask(&python, &gateway, &directory).await;
    let mut succeeded = BTreeSet::new();
    for line in std::fs::read_to_string(report).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        answers(&line, &mut succeeded);
    }
    let missing: Vec<&Operation> =
        Operation::ALL.iter().filter(|operation| !succeeded.contains(&label(**operation))).collect();
    assert!(missing.len() * 10 <= Operation::ALL.len(), "no 2xx from {missing:?}");
}

fn label(operation: Operation) -> String {
    format!("{} {}", operation.method().as_str(), operation.path())
}

/// The operations that a line of the report says were answered with 2xx.
fn answers(line: &Value, succeeded: &mut BTreeSet<String>) {
    let Some(scenario) = line.get("ScenarioFinished") else { return };
    let recorder = &scenario["recorder"];
    let label = recorder["label"].as_str().unwrap_or_default();
    for (id, case) in recorder["cases"].as_object().into_iter().flatten() {
        let status = recorder["interactions"][id]["response"]["status_code"].as_u64().unwrap_or_default();
        // Other methods are tried at an operation's address, too.
        let method = case["value"]["method"].as_str().unwrap_or_default();
        if (200..300).contains(&status) && label.strip_prefix(method).is_some_and(|rest| rest.starts_with(' ')) {
            succeeded.insert(label.to_owned());
        }
    }
}

/// Sends what it thinks of; gives the file of its report.
async fn ask(python: &str, gateway: &Gateway, directory: &TempDir) -> PathBuf {
    let report = directory.path().join("report.ndjson");
    let program = Path::new(python).with_file_name("schemathesis");
    let mut command = Command::new(program);
    command.current_dir(directory.path()).args(["run", &format!("{}/openapi.json", gateway.api)]);
    command.args(["--report", "ndjson", "--report-ndjson-path"]).arg(&report);
    command.args(["--seed", "1", "--max-examples", &EXAMPLES.to_string(), "--no-color", "--continue-on-failure"]);
    // A schema doesn't say everything: that a cursor is one of a page, that a filter is a condition, that an empty parameter counts as
    // left out, that an event is found under its `event_id`.
    let beyond = "positive_data_acceptance,negative_data_rejection,ensure_resource_availability";
    command.args(["--exclude-checks", beyond]);
    // Its own limit, 10 s, is less than what a busy machine may take.
    command.args(["--request-timeout", &DEADLINE.as_secs().to_string()]);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(DEADLINE * 10, command.output()).await.expect("it ends in time").unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    report
}

/// Something of everything, by the operation whose path names it.
async fn seed(gateway: &Gateway, service: &Service) -> BTreeMap<&'static str, String> {
    let done = gateway.trigger("/start", &json!({"n": 1})).await.task_id();
    gateway.result_of(&done).await;
    let waiting = [gateway.start("waits", json!("img-7")).await, gateway.start("waits", json!("img-8")).await];
    for task in &waiting {
        gateway.waiting(task).await;
    }
    let callback = async |id: &str| gateway.call_back("/done", &json!({"id": id})).await;
    assert_eq!(callback("IMG-7").await.body["status"], "stored");
    assert_eq!(callback("img-8").await.body["status"], "resumed");
    gateway.result_of(&waiting[1]).await;
    let post = async |path: &str, body: Value| send(gateway.api(Method::POST, path).json(&body)).await.body;
    let endpoint = async || {
        let body = json!({"url": format!("{}/hooks", service.url), "events": ["*"]});
        post("/api/webhooks", body).await["webhook_id"].as_str().unwrap().to_owned()
    };
    let (kept, gone) = (endpoint().await, endpoint().await);
    let event = publish(gateway, &json!({"event": "order.paid", "data": {"order": 7}})).await;
    let delivery = eventually("the event is delivered", || async {
        let log = gateway.get(&format!("/api/deliveries?webhook_id={kept}")).await.body;
        log["deliveries"][0]["id"].as_str().map(str::to_owned).ok_or(log.clone())
    })
    .await;
    let since = json!({"since": "2020-01-01T00:00:00Z"});
    let operation = post(&format!("/api/webhooks/{kept}/recover"), since).await["operation_id"].clone();
    let token = post("/api/tokens", json!({"customer_id": "acme"})).await["id"].clone();
    post("/api/config/programs", json!({"name": "shown", "command": ["id"]})).await;
    post("/api/config/programs", json!({"name": "gone", "command": ["id"]})).await;
    post("/api/config/webhooks", json!({"name": "gone", "token": "another-token-of-theirs", "rules": {"*": "w"}}))
        .await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let [cancelled, resumed] = waiting;
    BTreeMap::from([
        ("showTask", done.clone()),
        ("cancelTask", cancelled),
        ("showResult", resumed),
        ("rerunTask", done.clone()),
        ("replayTask", done),
        ("startWorkflow", "w".to_owned()),
        ("showProgram", "shown".to_owned()),
        ("deleteProgram", "gone".to_owned()),
        ("showSource", "inbox".to_owned()),
        ("deleteSource", "gone".to_owned()),
        ("deleteToken", text(&token)),
        ("showDelivery", delivery.clone()),
        ("retryDelivery", delivery),
        ("showEndpoint", kept.clone()),
        ("changeEndpoint", kept.clone()),
        ("deleteEndpoint", gone),
        ("rotateSecret", kept.clone()),
        ("testEndpoint", kept.clone()),
        ("diagnoseEndpoint", kept.clone()),
        ("recoverEndpoint", kept),
        ("showOperation", text(&operation)),
        ("showEvent", event),
        ("receiveWebhook", "inbox".to_owned()),
    ])
}

/// Its settings: the token, and the ids of what is there.
fn settings(gateway: &Gateway, seeded: &BTreeMap<&'static str, String>) -> String {
    let mut text = format!("headers = {{ Authorization = \"Bearer {}\" }}\n", gateway.token);
    for operation in Operation::ALL {
        let id = operation.id();
        let Some(one) = seeded.get(id.as_str()) else { continue };
        let name = if operation.path().contains("{name}") { "name" } else { "id" };
        write!(
            text,
            "\n[[operations]]\ninclude-operation-id = \"{id}\"\nparameters = {{ \"path.{name}\" = {one:?} }}\n"
        )
        .unwrap();
    }
    text
}

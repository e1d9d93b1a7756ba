//! A stored request, put through today's rules and triggers.

use reqwest::Method;
use ringback_tests::{Answer, File, Gateway, ManualClock, Provider, send};
use serde_json::{Value, json};
use std::path::Path;

const PUSH: &[u8] = include_bytes!("../fixtures/payload/github_push.json");
const SECRET: &str = "It's a Secret to Everybody";

const THEN: &str = "
listener: {path: '/orders/{shop}', workflow: order, input: {id: '${body.id}', shop: '${path.shop}'}}
sources:
  github:
    secret: ${env.GITHUB_SECRET}
    rules: {push: {\"branch == 'main'\": deploy}}
component: {id: say, type: delay, duration: 0}
workflows:
  order: {jobs: [{component: say}]}
  deploy: {jobs: [{component: say}]}
";
const NOW: &str = "
listener: {port: 8099, path: '/orders/{name}', workflow: order, input: {id: '${body.id}', shop: 'the ${path.name}'}}
sources:
  github:
    secret: ${env.GITHUB_SECRET}
    rules:
      push:
        - {when: \"branch == 'main'\", target: release, input: {commit: '${commit}', by: '${sender}'}}
        - {target: note}
component: {id: say, type: delay, duration: 0}
workflows:
  order: {jobs: [{component: say}]}
  release: {jobs: [{component: say}]}
  note: {jobs: [{component: say}]}
";

async fn run(text: &str, data: &Path, clock: &ManualClock) -> Gateway {
    File::new(text).env("GITHUB_SECRET", SECRET).data(data).clock(clock).run().await
}

async fn replay(gateway: &Gateway, task: &str, query: &str, key: Option<&str>) -> Answer {
    let mut request = gateway.api(Method::POST, &format!("/api/tasks/{task}/replay{query}"));
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    send(request).await
}

#[tokio::test]
async fn a_push_is_replayed_by_the_rules_of_today_without_being_signed_again() {
    let (directory, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let gateway = run(THEN, directory.path(), &clock).await;
    let github = Provider::new("github", SECRET, &clock, "/api/webhooks/github");
    let headers = [("X-GitHub-Event", "push"), ("X-GitHub-Delivery", "d-1")];
    let task = github.send(&gateway, "", PUSH, &headers).await.task_id();
    let before = gateway.result_of(&task).await;
    // The rules are those of then: replaying is the same.
    let same = replay(&gateway, &task, "?dry_run=true", None).await.body;
    assert_eq!(
        (&same["would_start"][0]["workflow"], &same["would_start"][0]["changes"]),
        (&json!("deploy"), &json!([]))
    );
    gateway.stop().await;

    let gateway = run(NOW, directory.path(), &clock).await;
    let dry = replay(&gateway, &task, "?dry_run=true", None).await;
    assert_eq!((dry.status, &dry.body["was"]["workflow"]), (200, &json!("deploy")), "{}", dry.body);
    assert_eq!(dry.body["by"], "the source github");
    let starts = dry.body["would_start"].as_array().unwrap();
    let workflows: Vec<&Value> = starts.iter().map(|start| &start["workflow"]).collect();
    assert_eq!(workflows, ["release", "note"]);
    assert_eq!(starts[0]["input"], json!({"commit": before["commit"], "by": before["sender"]}));
    // It sees the same facts and the same body as then.
    assert_eq!((&starts[1]["input"], &starts[1]["changes"]), (&before, &json!([])));
    assert_eq!(gateway.tasks().await.len(), 1, "a dry run starts nothing");

    let first = replay(&gateway, &task, "", Some("k")).await;
    let ids = first.body["task_ids"].as_array().unwrap().clone();
    assert_eq!((ids.len(), &first.body["replay_of"]), (2, &json!(task)));
    assert_eq!(replay(&gateway, &task, "", Some("k")).await.body["task_ids"], json!(ids));
    assert_ne!(replay(&gateway, &task, "", Some("other")).await.body["task_ids"], json!(ids));
    assert_eq!(gateway.result_of(ids[0].as_str().unwrap()).await["commit"], before["commit"]);
    // A replay can be replayed; of what matches today it starts what it was.
    let again = replay(&gateway, ids[1].as_str().unwrap(), "?dry_run=true", None).await.body;
    assert_eq!((again["would_start"].as_array().unwrap().len(), &again["also_matches"]), (1, &json!(["release"])));
    let all = replay(&gateway, ids[1].as_str().unwrap(), "?dry_run=true&all=true", None).await.body;
    assert_eq!(all["would_start"].as_array().unwrap().len(), 2);
    assert!(!format!("{dry:?}{all}").contains("sha256="), "a signature was kept");
}

#[tokio::test]
async fn a_trigger_s_request_is_replayed_by_the_route_that_takes_it_today() {
    let (directory, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let gateway = run(THEN, directory.path(), &clock).await;
    let task = gateway.trigger("/orders/tea", &json!({"id": 7, "token": "s3cret"})).await.task_id();
    assert_eq!(gateway.result_of(&task).await, json!({"id": 7, "shop": "tea"}));
    gateway.stop().await;

    let gateway = run(NOW, directory.path(), &clock).await;
    let dry = replay(&gateway, &task, "?dry_run=true", None).await.body;
    let changes = json!([{"at": "/shop", "was": "tea", "now": "the tea"}]);
    assert_eq!(
        dry["would_start"],
        json!([{"workflow": "order", "input": {"id": 7, "shop": "the tea"}, "changes": changes}])
    );
    let again = replay(&gateway, &task, "", None).await.task_id();
    assert_ne!(again, task);
    assert_eq!(gateway.result_of(&again).await, json!({"id": 7, "shop": "the tea"}));
    gateway.stop().await;

    let gateway = run(
        "component: {id: say, type: delay, duration: 0}\nworkflow: {jobs: [{component: say}]}",
        directory.path(),
        &clock,
    )
    .await;
    replay(&gateway, &task, "", None).await.is_problem(409, "conflict");
}

#[tokio::test]
async fn one_item_of_many_is_replayed_alone() {
    let text = "
listener: {path: /many, workflow: w, bulk: true, item: '${body.items}', input: {n: '${item.n}'}}
component: {id: say, type: delay, duration: 0}
workflow: {id: w, jobs: [{component: say}]}
";
    let gateway = File::new(text).run().await;
    let answer = gateway.trigger("/many", &json!({"items": [{"n": 1}, {"n": 2}, {"n": 3}]})).await;
    let second = answer.body["task_ids"][1].as_str().unwrap();
    let again = replay(&gateway, second, "", None).await.task_id();
    assert_eq!(gateway.result_of(&again).await, json!({"n": 2}));
    assert_eq!(gateway.tasks().await.len(), 4);
}

#[tokio::test]
async fn what_no_request_started_can_t_be_replayed() {
    let gateway =
        File::new("component: {id: say, type: delay, duration: 0}\nworkflow: {jobs: [{component: say}]}").run().await;
    let task = gateway.start("default", json!(1)).await;
    replay(&gateway, &task, "", None).await.is_problem(409, "conflict");
    replay(&gateway, &task, "?dry_run=perhaps", None).await.is_problem(400, "unusable_request");
    let nobody = format!("run_{}", "0".repeat(32));
    replay(&gateway, &nobody, "", None).await.is_problem(404, "not_found");
}

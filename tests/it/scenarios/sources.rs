//! Providers that sign what they send, and the programs that this starts.

use super::{GITHUB_SECRET, STRIPE_SECRET, Stage};
use ringback_tests::{ManualClock, Provider, send};
use serde_json::json;

pub(super) const FILE: &str = r#"
sources:
  github:
    auth_type: signature
    secret: ${env.GITHUB_SECRET}
    rules:
      push:
        "branch == 'main'": deploy
        "branch == 'dev'": test
      ping: echo
  stripe: {secret: "${env.STRIPE_SECRET}", rules: {invoice.paid: echo}}
programs:
  deploy: {command: [PROGRAM, scripts/deploy.py], params: [branch, commit]}
  test: {command: [PROGRAM, --wrong]}
"#;

const PUSH: &[u8] = include_bytes!("../../fixtures/payload/github_push.json");
const PUSHED: [(&str, &str); 2] =
    [("X-GitHub-Event", "push"), ("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")];
const PING: [(&str, &str); 1] = [("X-GitHub-Event", "ping")];

fn github(stage: &Stage<'_>, secret: &str) -> Provider {
    Provider::new("github", secret, &stage.clock, "/api/webhooks/github")
}

pub(super) async fn a_push_runs_the_program_that_its_branch_is_ruled_to(stage: &Stage<'_>) {
    let github = github(stage, GITHUB_SECRET);
    let answer = github.send(stage, "", PUSH, &PUSHED).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("triggered")), "{}", answer.body);
    let task = stage.finished(&answer.task_id()).await;
    assert_eq!((&task["status"], &task["workflow"]), (&json!("completed"), &json!("program:deploy")), "{task:#}");
    let told = &task["result"]["json"];
    let commit = "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c";
    assert_eq!(told["arguments"], json!(["scripts/deploy.py", "--branch", "main", "--commit", commit]));
    assert_eq!(told["environment"]["RINGBACK_SOURCE"], "github");
    assert_eq!(told["input"]["repository"], "Codertocat/Hello-World");
    assert!(task["started_at"].is_string() && task["ended_at"].is_string());

    // The same delivery once more is the same task.
    assert_eq!(github.send(stage, "", PUSH, &PUSHED).await.task_id(), answer.task_id());
    let runs = stage.tasks().await.iter().filter(|task| task["workflow"] == "program:deploy").count();
    assert_eq!(runs, 1);
}

pub(super) async fn what_is_not_genuine_starts_nothing_and_is_told_nothing(stage: &Stage<'_>) {
    let body = br#"{"zen": "Not for everybody."}"#;
    let wrong = github(stage, "another secret").send(stage, "", body, &PING).await;
    wrong.is_problem(401, "unauthorized");
    // Changed after it was signed.
    let changed = send(github(stage, GITHUB_SECRET).request(stage, "", body, &PING).body("{}")).await;
    changed.is_problem(401, "unauthorized");
    let unsigned = format!("{}/api/webhooks/github", stage.api);
    let unsigned =
        send(stage.request(reqwest::Method::POST, &unsigned).header(PING[0].0, PING[0].1).body(&body[..])).await;
    unsigned.is_problem(401, "unauthorized");
    assert_eq!((&wrong.body, &changed.body), (&unsigned.body, &unsigned.body));
    let started = stage.tasks().await.iter().any(|task| task.to_string().contains("Not for everybody"));
    assert!(!started);
    github(stage, GITHUB_SECRET).send(stage, "", body, &PING).await.task_id();
}

/// What isn't text comes to a function in Base64; a signature over anything but the bytes that were sent would be wrong.
pub(super) async fn a_signature_covers_the_bytes_as_they_were_sent(stage: &Stage<'_>) {
    let github = github(stage, GITHUB_SECRET);
    let form = [PING[0], ("content-type", "application/x-www-form-urlencoded")];
    let answer = github.send(stage, "", "payload=%7B%22n%22%3A1%7D&x=%C3%A9".as_bytes(), &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let image = [PING[0], ("content-type", "image/png")];
    let answer = github.send(stage, "", b"\x89PNG\r\n\x1a\n\x00\xff", &image).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

pub(super) async fn a_signature_with_a_time_is_good_for_a_while(stage: &Stage<'_>) {
    let body = include_bytes!("../../fixtures/payload/stripe_event.json");
    let stripe = |clock| Provider::new("stripe", STRIPE_SECRET, clock, "/api/webhooks/stripe");
    let answer = stripe(&stage.clock).send(stage, "", body, &[]).await;
    assert!(matches!(answer.status, 200 | 202), "{}", answer.body);
    // Of long ago.
    stripe(&ManualClock::new()).send(stage, "", body, &[]).await.is_problem(401, "unauthorized");
}

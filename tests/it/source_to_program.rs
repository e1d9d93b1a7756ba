//! From a push to a program: a source proves who sent it, a rule chooses, a program runs, the task tells.

use crate::PROGRAM;
use ringback_tests::{File, ManualClock, Provider};
use serde_json::json;

const PUSH: &[u8] = include_bytes!("../fixtures/payload/github_push.json");
const SECRET: &str = "It's a Secret to Everybody";

#[tokio::test]
async fn a_push_runs_the_program_that_its_branch_is_ruled_to() {
    let clock = ManualClock::new();
    let text = format!(
        "
sources:
  github:
    auth_type: signature
    secret: ${{env.GITHUB_SECRET}}
    rules:
      push:
        \"branch == 'main'\": deploy
        \"branch == 'dev'\": test
programs:
  deploy: {{command: [{PROGRAM}, scripts/deploy.py], params: [branch, commit]}}
  test: {{command: [{PROGRAM}, --wrong]}}
"
    );
    let gateway = File::new(text).env("GITHUB_SECRET", SECRET).clock(&clock).run().await;
    let github = Provider::new("github", SECRET, &clock, "/api/webhooks/github");
    let headers = [("X-GitHub-Event", "push"), ("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")];
    let answer = github.send(&gateway, "", PUSH, &headers).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("triggered")), "{}", answer.body);
    let task = gateway.finished(&answer.task_id()).await;
    assert_eq!((&task["status"], &task["workflow"]), (&json!("completed"), &json!("program:deploy")), "{task:#}");
    let told = &task["result"]["json"];
    let commit = "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c";
    assert_eq!(told["arguments"], json!(["scripts/deploy.py", "--branch", "main", "--commit", commit]));
    assert_eq!(told["environment"]["RINGBACK_SOURCE"], "github");
    assert_eq!(told["input"]["repository"], "Codertocat/Hello-World");
    assert!(task["started_at"].is_string() && task["ended_at"].is_string());

    // The same delivery once more is the same task.
    assert_eq!(github.send(&gateway, "", PUSH, &headers).await.task_id(), answer.task_id());
    assert_eq!(gateway.tasks().await.len(), 1);
}

//! `emulator redrive`, beside a gateway that serves its little AWS.

use crate::EMULATOR;
use reqwest::Method;
use ringback_tests::{Finished, Process, send};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use tempfile::TempDir;

/// What only a message holds.
const SECRET: &str = "what-a-message-holds";

struct Place {
    directory: TempDir,
    gateway: Process,
}

impl Place {
    /// Programs are left to others, so what goes back to their queue stays there.
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file: PathBuf = directory.path().join("ringback.yml");
        std::fs::write(&file, "programs: {work: {command: [echo]}}").unwrap();
        let more = ["--no-programs", "--aws-port", "0"];
        let gateway = Process::up_with(EMULATOR, &file, &directory.path().join("state"), &more).await;
        Self { directory, gateway }
    }

    fn ready(&self, name: &str) -> String {
        self.gateway.ready[name].as_str().unwrap().to_owned()
    }

    async fn redrive(&self, more: &[&str]) -> Finished {
        let mut command = tokio::process::Command::new(EMULATOR);
        command.arg("redrive").args(more).current_dir(self.directory.path()).stdin(Stdio::null());
        command.env("RINGBACK_QUEUE_URL", self.ready("queue_url"));
        command.env("RINGBACK_PROGRAMS_QUEUE_URL", self.ready("programs_queue_url"));
        command.env("AWS_ENDPOINT_URL", self.ready("aws")).env("AWS_REGION", "local");
        command.env("AWS_ACCESS_KEY_ID", &self.gateway.token).env("AWS_SECRET_ACCESS_KEY", "anything");
        let output = command.output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Finished { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// One JSON line for each queue.
    async fn redrive_json(&self, more: &[&str]) -> Vec<Value> {
        let done = self.redrive(&[&["--json"], more].concat()).await;
        assert_eq!(done.code, Some(0), "{}", done.err);
        assert!(!done.out.contains(SECRET) && !done.err.contains(SECRET), "{}{}", done.out, done.err);
        done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    async fn sqs(&self, operation: &str, request: Value) -> Value {
        let key = format!("AWS4-HMAC-SHA256 Credential={}/20260102/local/sqs/aws4_request", self.gateway.token);
        let asked = self.gateway.request(Method::POST, &self.ready("aws")).header("authorization", key);
        let answer = send(asked.header("x-amz-target", format!("AmazonSQS.{operation}")).json(&request)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    async fn put(&self, url: &str, body: &str, group: Option<&str>) {
        let mut message = json!({"QueueUrl": url, "MessageBody": body});
        if let Some(group) = group {
            message["MessageGroupId"] = group.into();
        }
        self.sqs("SendMessage", message).await;
    }

    /// Messages that can be had.
    async fn visible(&self, url: &str) -> usize {
        let attributes = self.sqs("GetQueueAttributes", json!({"QueueUrl": url})).await;
        attributes["Attributes"]["ApproximateNumberOfMessages"].as_str().unwrap().parse().unwrap()
    }
}

#[tokio::test]
async fn dead_letters_are_told_of_and_sent_back_to_the_queue_that_they_came_from() {
    let place = Place::new().await;
    let (calls, programs) = (place.ready("queue_url"), place.ready("programs_queue_url"));
    let task = place.gateway.start("program:work", json!({"text": SECRET})).await;
    place.gateway.waiting(&task).await;
    // As if workers had given it up.
    let received = place
        .sqs("ReceiveMessage", json!({"QueueUrl": programs, "WaitTimeSeconds": 20, "AttributeNames": ["All"]}))
        .await;
    let message = received["Messages"][0].clone();
    place.sqs("DeleteMessage", json!({"QueueUrl": programs, "ReceiptHandle": message["ReceiptHandle"]})).await;
    place.put(&format!("{programs}-dead"), message["Body"].as_str().unwrap(), Some("work")).await;
    place.put(&format!("{calls}-dead"), SECRET, None).await;

    for look in ["--list", "--dry-run"] {
        let lines = place.redrive_json(&[look]).await;
        assert_eq!(lines[0]["kinds"], json!({"unknown": 1}), "{lines:?}");
        assert_eq!((&lines[1]["queue"], &lines[1]["kinds"]), (&json!("programs"), &json!({"program": 1})));
        assert_eq!(lines[1]["letters"].is_array(), look == "--list");
    }
    let shown = place.redrive(&["--list"]).await;
    assert!(shown.out.contains(&format!("work of {task}, attempt 1")), "{}", shown.out);
    assert!(shown.out.contains("this version can't read it (20 bytes)"), "{}", shown.out);
    assert!(!shown.out.contains(SECRET), "{}", shown.out);
    assert_eq!((place.visible(&format!("{programs}-dead")).await, place.visible(&programs).await), (1, 0));

    let moved = place.redrive_json(&[]).await;
    assert_eq!(moved[0], json!({"queue": "calls", "moved": 1, "unknown": 1, "left": 0}));
    assert_eq!(moved[1], json!({"queue": "programs", "moved": 1, "unknown": 0, "left": 0}));
    let again = place.sqs("ReceiveMessage", json!({"QueueUrl": programs, "AttributeNames": ["All"]})).await["Messages"]
        [0]
    .clone();
    assert_eq!((&again["Body"], &again["Attributes"]["MessageGroupId"]), (&message["Body"], &json!("work")));
    let nothing = place.redrive(&[]).await;
    assert_eq!(
        nothing.out,
        "calls: 0 dead letters sent back from calls-dead\nprograms: 0 dead letters sent back from programs-dead\n"
    );
}

#[tokio::test]
async fn no_more_than_the_bound_are_moved_and_the_rest_is_told_of() {
    let place = Place::new().await;
    let programs = place.ready("programs_queue_url");
    for n in 0..25 {
        place.put(&format!("{programs}-dead"), &format!("{SECRET}-{n}"), None).await;
    }
    let some = place.redrive(&["--max", "12"]).await;
    assert_eq!(some.code, Some(0), "{}", some.err);
    assert!(some.out.contains("programs: 12 dead letters sent back from programs-dead, 12 of which"), "{}", some.out);
    assert!(some.out.contains("--max 12: about 13 are left"), "{}", some.out);
    assert_eq!((place.visible(&programs).await, place.visible(&format!("{programs}-dead")).await), (12, 13));
    let rest = place.redrive_json(&[]).await;
    assert_eq!(rest[1]["moved"], 13);
    assert_eq!(place.visible(&programs).await, 25);
}

#[tokio::test]
async fn what_can_not_be_done_is_said_and_nothing_is_moved() {
    let place = Place::new().await;
    let programs = place.ready("programs_queue_url");
    place.put(&format!("{programs}-dead"), SECRET, None).await;
    let wrong = place.redrive(&["--queue-url", &format!("{programs}-dead")]).await;
    assert_eq!(wrong.code, Some(1), "{}", wrong.out);
    assert!(wrong.err.contains("has no queue for dead letters"), "{}", wrong.err);
    let nowhere = place.redrive(&["--queue-url", "http://sqs.local/000000000000/nowhere"]).await;
    assert_eq!(nowhere.code, Some(1), "{}", nowhere.out);
    assert_eq!(place.visible(&format!("{programs}-dead")).await, 1);
    let mut bare = tokio::process::Command::new(EMULATOR);
    let bare = bare.arg("redrive").env_clear().output().await.unwrap();
    assert!(String::from_utf8_lossy(&bare.stderr).contains("no queue: this works on queues in AWS"), "{bare:?}");
}

//! The chapters' examples, told as runs.

use super::fixture::{file, story};
use crate::run::{Call, Input, JobPath, JobState, Owed, Status};
use crate::wait::Verdict;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// A block of a chapter, and what it leaves out.
fn block(name: &str, rest: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/chapters");
    fs::read_to_string(folder.join(name)).expect("the block") + rest
}

#[test]
fn an_image_is_generated_awaited_and_optimized() {
    let file = file(&block("zh/29-13.5.1.yml", ""));
    let mut story = story(&file, json!({"prompt": "a cat"}));
    assert_eq!(story.jobs(), "generate running");
    let headers = vec![("Authorization".to_owned(), "Bearer key-1".to_owned())];
    let task_id = story.run.id.to_string();
    let body = json!({
        "prompt": "a cat",
        "size": "1024x1024",
        "callback_url": "https://abc.ngrok.test/webhooks/image/completed",
        "task_id": task_id,
    });
    let expected = Call {
        method: "POST".to_owned(),
        url: "https://api.image-ai.com/v1/generate".to_owned(),
        headers,
        params: Vec::new(),
        body: Some(body),
        timeout: Duration::from_secs(30),
        idempotency_key: format!("{task_id}/generate"),
        guarded: false,
    };
    assert_eq!(story.call("generate"), expected);

    story.answer("generate", json!({"task_id": "task-123", "status": "processing"}));
    assert_eq!((story.jobs().as_str(), story.run.status()), ("generate waiting", Status::Waiting));
    let JobState::Waiting { wait, .. } = &story.job("generate").state else { panic!("it waits") };
    assert_eq!((wait.route.0.as_str(), wait.key.as_str()), ("POST /webhooks/image/completed", "task-123"));
    assert_eq!(story.run.owed_by(&story.stretch), [Owed::OpenWait(JobPath::new("generate"), 1)]);

    let result = json!({"url": "https://cdn.test/cat.png", "width": 1024, "height": 768});
    story.arrive("generate", Verdict::Success, result);
    let output = json!({"task_id": "task-123", "image_url": "https://cdn.test/cat.png", "width": 1024, "height": 768});
    assert_eq!(story.output("generate"), &output);
    assert_eq!(story.jobs(), "generate completed, optimize running");
    assert_eq!(story.call("optimize").body, Some(json!({"url": "https://cdn.test/cat.png", "quality": 85})));

    story
        .answer("optimize", json!({"url": "https://cdn.test/small.png", "original_size": 900, "compressed_size": 400}));
    let result = json!({
        "final_url": "https://cdn.test/small.png",
        "original_size": 900,
        "compressed_size": 400,
        "savings": 500,
    });
    assert_eq!(story.result(), &result);
}

#[test]
fn a_failed_task_is_tried_again_by_its_error_handler() {
    let service = "\ncomponents: {async-service: {endpoint: 'https://a.test/x'}}\n";
    let file = file(&block("zh/34-13.6.3.yml", service));
    let mut story = story(&file, json!({"n": 1}));
    story.answer_with("async-task", 500, json!("no"));
    assert_eq!(story.jobs(), "async-task running, async-task/on_error/retry running");
    for _ in 0..2 {
        story.answer_with("async-task/on_error/retry", 500, json!("no"));
        let before = story.now;
        story.wake();
        assert_eq!(story.now.duration_since(before).as_secs(), 5);
    }
    assert_eq!(story.job("async-task/on_error/retry").attempt, 3);
    story.answer("async-task/on_error/retry", json!({"done": true}));
    assert_eq!(story.result(), &json!({"done": true}));
}

#[test]
fn the_last_log_line_says_what_was_logged_before_it() {
    let service = "\ncomponents: {external-api: {endpoint: 'https://a.test/x'}}\n";
    let file = file(&block("zh/36-13.6.4.yml", service));
    let mut story = story(&file, json!({"n": 1}));
    story.answer("request", json!({"task_id": "t-1", "more": true}));
    let data = json!({"request_time": story.now.to_string(), "task_id": "t-1"});
    let lines = [("info", "Task requested: task_id=t-1", &data), ("info", "Task completed: task_id=t-1", &data)];
    assert_eq!(story.logged(), lines);
    assert_eq!(story.result(), &data);
}

#[test]
fn a_run_that_nobody_starts_is_queued() {
    let file = file(&block("zh/29-13.5.1.yml", ""));
    let mut story = super::fixture::Story::queued(&file, "default", json!({}));
    assert_eq!(story.run.status(), Status::Queued);
    story.take(Input::Start);
    assert_eq!(story.run.status(), Status::Running);
}

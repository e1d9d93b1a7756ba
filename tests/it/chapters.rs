//! The complete examples of the chapters, run from start to end as they stand there.

use crate::EMULATOR;
use ringback_tests::{File, Reply, Service, chapter, chapters, run};
use serde_json::json;
use std::path::Path;

#[tokio::test]
async fn every_block_of_the_chapters_passes_the_check() {
    let files = chapters();
    assert_eq!(files.len(), 64);
    for file in files {
        let checked = run(EMULATOR, Path::new("."), &["check", "--part", &file.display().to_string()], "").await;
        assert_eq!(checked.code, Some(0), "{}: {}", file.display(), checked.err);
    }
}

/// 13.4.2 in Chinese, 13.2.2 in Korean: a service behind a gateway answers later.
#[tokio::test]
async fn the_external_service_calls_back_through_the_gateway() {
    for block in ["zh/22-13.4.2.yml", "ko/12-13.2.2.yml"] {
        let service = Service::answering(json!({"task_id": "task-123"})).await;
        let file = File::new(chapter(block)).calling("https://api.external-service.com", &service);
        let gateway = file.run().await;

        let task = gateway.start("default", json!({"data": [1, 2]})).await;
        let request = service.next_request().await;
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/process"));
        let callback = gateway.callback_url("/callback");
        assert_eq!(request.body, json!({"data": [1, 2], "callback_url": callback, "callback_id": task}));

        gateway.waiting(&task).await;
        let body = json!({"task_id": "task-123", "status": "completed", "result": {"url": "https://x/1.png"}});
        let answer = request.call_back(&body).await;
        assert_eq!(answer.status, 200);
        assert_eq!(gateway.result_of(&task).await, json!({"task_id": "task-123", "url": "https://x/1.png"}));
        assert_eq!(service.requests().len(), 1);
    }
}

/// 13.4.6: the responder is started through the API.
#[tokio::test]
async fn the_slack_responder_posts_with_its_token() {
    let service = Service::answering(json!({"ok": true})).await;
    let file = File::new(chapter("zh/28-13.4.6.yml")).calling("https://slack.com/api", &service);
    let gateway = file.env("SLACK_BOT_TOKEN", "xoxb-1234567").run().await;

    let task = gateway.start("default", json!({"event": {"channel": "C1", "text": "hello"}})).await;
    let request = service.next_request().await;
    assert_eq!(request.path, "/chat.postMessage");
    assert_eq!(request.header("authorization"), "Bearer xoxb-1234567");
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.body, json!({"channel": "C1", "text": "Processing complete: hello"}));
    assert_eq!(gateway.result_of(&task).await, json!({"ok": true}));
}

/// 13.5.1 in Chinese, 13.3.1 in Korean: an image is generated, then optimised.
#[tokio::test]
async fn the_image_is_generated_and_then_optimised() {
    for block in ["zh/29-13.5.1.yml", "ko/19-13.3.1.yml"] {
        let generator = Service::scripted(|request| async move {
            Reply::status(202, json!({"task_id": request.body["task_id"], "status": "queued"}))
        })
        .await;
        let optimised = json!({"url": "https://cdn/small.png", "original_size": 1000, "compressed_size": 400});
        let optimiser = Service::answering(optimised).await;
        let file = File::new(chapter(block))
            .calling("https://api.image-ai.com/v1", &generator)
            .calling("https://api.imageoptim.com", &optimiser);
        let gateway =
            file.env("IMAGE_AI_KEY", "key-of-the-ai").env("IMAGEOPTIM_KEY", "key-of-the-optimiser").run().await;

        let task = gateway.start("default", json!({"prompt": "a cat"})).await;
        let request = generator.next_request().await;
        assert_eq!(request.path, "/generate");
        assert_eq!(request.header("authorization"), "Bearer key-of-the-ai");
        assert_eq!(
            request.body,
            json!({"prompt": "a cat", "size": "1024x1024", "task_id": task,
                "callback_url": gateway.callback_url("/webhooks/image/completed")})
        );

        gateway.waiting(&task).await;
        let output = json!({"url": "https://ai/cat.png", "width": 1024, "height": 768});
        request.call_back(&json!({"task_id": task, "status": "completed", "output": output})).await;
        let second = optimiser.next_request().await;
        assert_eq!(second.path, "/optimize");
        assert_eq!(second.header("authorization"), "Bearer key-of-the-optimiser");
        assert_eq!(second.body, json!({"url": "https://ai/cat.png", "quality": 85}));

        let ended = gateway.finished(&task).await;
        let generated = json!({"task_id": task, "image_url": "https://ai/cat.png", "width": 1024, "height": 768});
        assert_eq!(ringback_tests::job(&ended, "generate")["output"], generated);
        let result = json!({"final_url": "https://cdn/small.png", "original_size": 1000, "compressed_size": 400,
            "savings": 600});
        assert_eq!((&ended["status"], &ended["result"]), (&json!("completed"), &result));
    }
}

/// 13.3.8: the components that the example leaves out are the services of this test.
#[tokio::test]
async fn the_github_pipeline_runs_its_jobs_in_order() {
    let service = Service::scripted(|request| async move {
        Reply::ok(match request.path.as_str() {
            "/test" => json!({"success": true}),
            _ => json!({"done": request.path}),
        })
    })
    .await;
    let components = "
components:
  git-clone: {base_url: https://ci.test, path: /clone, method: POST, body: '${input}'}
  run-tests: {base_url: https://ci.test, path: /test, method: POST, body: '${input}'}
  github-status: {base_url: https://ci.test, path: /status, method: POST, body: '${input}'}
";
    let file = File::new(chapter("zh/19-13.3.8.yml")).and(components).calling("https://ci.test", &service);
    let gateway = file.run().await;

    let webhook = json!({"action": "opened", "repository": {"full_name": "octo/cat"},
        "pull_request": {"head": {"ref": "fix-1"}, "user": {"login": "mona"}}});
    let task = gateway.trigger("/github/webhook", &webhook).await.task_id();
    assert_eq!(gateway.result_of(&task).await, json!({"done": "/status"}));
    let input = json!({"event": "opened", "repository": "octo/cat", "branch": "fix-1", "author": "mona"});
    let calls: Vec<_> = service.requests().into_iter().map(|request| (request.path, request.body)).collect();
    let expected = [
        ("/clone".to_owned(), json!({"repo": "octo/cat", "branch": "fix-1"})),
        ("/test".to_owned(), input),
        ("/status".to_owned(), json!({"status": true})),
    ];
    assert_eq!(calls, expected);
}

/// 13.3.8, the second example.
#[tokio::test]
async fn the_slack_bot_answers_with_what_the_analyser_found() {
    let service = Service::scripted(|request| async move {
        Reply::ok(match request.path.as_str() {
            "/analyse" => json!({"result": "cheerful"}),
            _ => json!({"ok": true}),
        })
    })
    .await;
    let components = "
components:
  nlp-analyzer: {base_url: https://bot.test, path: /analyse, method: POST, body: '${input}'}
  slack-client: {base_url: https://bot.test, path: /post, method: POST, body: '${input}'}
";
    let file = File::new(chapter("zh/20-13.3.8.yml")).and(components).calling("https://bot.test", &service);
    let gateway = file.run().await;

    let event = json!({"type": "message", "user": "U1", "channel": "C1", "text": "good morning"});
    let task = gateway.trigger("/slack/events", &json!({"event": event})).await.task_id();
    assert_eq!(gateway.result_of(&task).await, json!({"ok": true}));
    let bodies: Vec<_> = service.requests().into_iter().map(|request| request.body).collect();
    let reply = json!({"channel": "C1", "text": "Processing complete: cheerful"});
    assert_eq!(bodies, [json!({"text": "good morning"}), reply]);
}

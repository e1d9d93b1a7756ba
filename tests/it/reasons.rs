//! Why something failed is there for people to see: in the task, in `runs show`, and in the log of `up`, a line for each.

use crate::EMULATOR;
use reqwest::Method;
use ringback_tests::subscriber::publish;
use ringback_tests::{Finished, Process, Reply, Service, Subscriber, eventually, run, send};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::path::Path;
use tempfile::TempDir;

/// A running file.
struct Up {
    process: Process,
    directory: TempDir,
}

impl Up {
    async fn with(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ringback.yml");
        std::fs::write(&file, text).unwrap();
        let more = ["--tunnel", "none"];
        let env = [("HOOK_SECRET", OsStr::new("It's a Secret to Everybody"))];
        let process = Process::up_in(EMULATOR, &file, &directory.path().join("data"), &more, &env).await;
        Self { process, directory }
    }

    async fn show(&self, run_id: &str) -> Finished {
        let Self { process, .. } = self;
        let arguments = ["runs", "show", run_id, "--url", &process.api, "--token", &process.token];
        run(EMULATOR, Path::new("."), &arguments, "").await
    }

    /// The lines of its log, once it has stopped.
    async fn log(self) -> Vec<Value> {
        self.process.terminate();
        let ended = self.process.ended().await;
        drop(self.directory);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        ended.err.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

/// The lines that say this.
fn said<'l>(log: &'l [Value], words: &str) -> Vec<&'l Value> {
    log.iter().filter(|line| line["message"].as_str().is_some_and(|message| message.contains(words))).collect()
}

fn waiting(service: &Service) -> String {
    format!(
        "
listeners:
  - {{path: /done, identify_by: '${{body.task_id}}', status: '${{body.status}}', success_when: [done],
     fail_when: [failed], result: '${{body.output}}'}}
components:
  paint:
    endpoint: {url}
    completion: {{type: callback, wait_for: '${{context.run_id}}'}}
  say: {{type: logger, message: 'it failed: ${{input}}'}}
  quiet: {{type: logger, message: nothing more}}
workflows:
  bare: {{jobs: [{{id: paint, component: paint}}]}}
  handled:
    jobs:
      - id: paint
        component: paint
        on_error: [{{id: say, component: say, input: '${{error.detail.error}}'}}, {{id: quiet, component: quiet}}]
",
        url = service.url
    )
}

#[tokio::test]
async fn a_callback_that_fails_a_job_says_why_in_the_task_the_picture_and_the_log() {
    let service = Service::answering(json!({})).await;
    let up = Up::with(&waiting(&service)).await;
    let task = up.process.start("bare", Value::Null).await;
    up.process.waiting(&task).await;
    let body = json!({"task_id": task, "status": "failed", "error": "nsfw", "auth_token": "a token of theirs"});
    assert_eq!(up.process.call_back("/done", &body).await.body["status"], "resumed");
    assert_eq!(up.process.call_back("/done", &body).await.body["status"], "duplicate");
    let error = up.process.error_of(&task).await;
    let detail = json!({"task_id": task, "status": "failed", "error": "nsfw", "auth_token": "********"});
    assert_eq!((&error["code"], &error["detail"]), (&json!("callback_failed"), &detail));
    let shown = up.show(&task).await.out;
    let (_, why) = shown.split_once("error: the service reported a failure (callback_failed)\n  {\n").unwrap();
    assert!(why.contains("    \"error\": \"nsfw\","), "{shown}");

    let handled = up.process.start("handled", Value::Null).await;
    up.process.waiting(&handled).await;
    up.process.call_back("/done", &json!({"task_id": handled, "status": "failed", "error": "nsfw"})).await;
    assert_eq!(up.process.finished(&handled).await["status"], "completed");

    let log = up.log().await;
    let failed = said(&log, "a run failed: the service reported a failure");
    assert_eq!(failed.len(), 1, "{log:#?}");
    let expected = (&json!("WARN"), &json!(task), &json!("bare"), &json!("callback_failed"));
    let line = failed[0];
    assert_eq!((&line["level"], &line["task_id"], &line["workflow"], &line["code"]), expected);
    let came: Vec<_> = said(&log, "a callback came").iter().map(|line| (&line["outcome"], &line["became"])).collect();
    let (failure, resumed) = (json!("failure"), json!("resumed"));
    assert_eq!(came, [(&failure, &resumed), (&failure, &json!("duplicate")), (&failure, &resumed)]);
    let logger = said(&log, "it failed: nsfw");
    assert_eq!(logger.len(), 1, "{log:#?}");
    let bare = said(&log, "nothing more");
    assert!(bare.len() == 1 && bare[0].get("data").is_none_or(|data| data != ""), "{bare:#?}");
}

#[tokio::test]
async fn a_failed_program_shows_the_end_of_what_it_complained_of() {
    let up = Up::with("programs: {q: {command: [sh, -c, 'echo no disk >&2; exit 3']}}").await;
    let task = up.process.start("program:q", Value::Null).await;
    up.process.error_of(&task).await;
    let shown = up.show(&task).await.out;
    let expected = "error: the program `q` ended with exit code 3 (exit_code)\n  standard error:\n    no disk\n";
    assert!(shown.contains(expected), "{shown}");
}

#[tokio::test]
async fn what_is_given_up_and_who_is_to_blame_is_said_once_each() {
    let up = Up::with("delivery: {allow_private: [127.0.0.0/8]}").await;
    let broken = Service::scripted(|_| async { Reply::status(500, json!("down")) }).await;
    let failing = Subscriber::new(&up.process, broken, json!({"events": ["a.*"], "max_retries": 0})).await;
    let gone = Service::scripted(|_| async { Reply::status(410, json!("gone")) }).await;
    let gone = Subscriber::new(&up.process, gone, json!({"events": ["b.*"]})).await;
    for (given_up, event) in (1..).zip(["b.c", "a.b", "a.b", "a.b", "a.b", "a.b"]) {
        publish(&up.process, &json!({"event": event, "data": {}})).await;
        eventually("it is given up", || async {
            let found = up.process.get("/api/deliveries?status=exhausted").await.body;
            if found["deliveries"].as_array().is_some_and(|all| all.len() == given_up) { Ok(()) } else { Err(found) }
        })
        .await;
    }
    let log = up.log().await;
    let given_up = said(&log, "a delivery was given up: its tries are used up");
    assert_eq!(given_up.len(), 5, "{log:#?}");
    assert_eq!((&given_up[0]["error"], &given_up[0]["event"]), (&json!("it answered 500"), &json!("a.b")));
    assert!(given_up[0]["delivery_id"].as_str().unwrap().ends_with(&failing.id));
    assert_eq!(said(&log, "a delivery was given up: the endpoint wants nothing any more").len(), 1);
    let opened = said(&log, "its breaker has opened");
    assert_eq!((opened.len(), &opened[0]["endpoint"]), (1, &json!(failing.id)), "{log:#?}");
    let disabled = said(&log, "an endpoint gets nothing any more: it answered 410 Gone");
    assert_eq!((disabled.len(), &disabled[0]["endpoint"]), (1, &json!(gone.id)), "{log:#?}");
}

#[tokio::test]
async fn a_repeated_webhook_and_one_to_nobody_are_told_from_others() {
    let up = Up::with(
        "
sources: {hook: {auth_type: token, token: '${env.HOOK_SECRET}', rules: {ping: w}, event: ping}}
workflow: {id: w, jobs: [{component: {type: delay, duration: 0}}]}
",
    )
    .await;
    let post = |name: &str, token: &str| {
        let url = format!("{}/api/webhooks/{name}", up.process.api);
        let request = up.process.request(Method::POST, &url).header("X-Webhook-Token", token).json(&json!({"n": 1}));
        async move { send(request).await }
    };
    let secret = "It's a Secret to Everybody";
    let first = post("hook", secret).await;
    let again = post("hook", secret).await.body;
    assert_eq!((&again["task_id"], &again["repeated"]), (&first.body["task_id"], &json!(true)));
    let (nobody, wrong) = (post("hok", secret).await, post("hook", "a wrong token").await);
    assert_eq!((first.status, nobody.status, wrong.status), (200, 404, 401));
    let log = up.log().await;
    let (new, again) = (said(&log, "accepted"), said(&log, "repeated: nothing new was started"));
    assert_eq!((new.len(), &new[0]["runs"], new[0].get("repeated")), (1, &json!(1), None), "{log:#?}");
    assert_eq!((again.len(), &again[0]["repeated"]), (1, &json!(1)), "{log:#?}");
    let nobody = said(&log, "there is no source of that name");
    assert_eq!((nobody.len(), &nobody[0]["source"]), (1, &json!("hok")), "{log:#?}");
    assert_eq!(said(&log, "a request was refused").len(), 2, "{log:#?}");
}

#[tokio::test]
async fn whoever_asks_twice_to_stop_need_not_wait() {
    let (service, gate) = Service::held().await;
    let text =
        format!("component: {{id: c, endpoint: {}}}\nworkflow: {{id: w, jobs: [{{component: c}}]}}", service.url);
    let up = Up::with(&text).await;
    up.process.start("w", Value::Null).await;
    service.next_request().await;
    up.process.terminate();
    eventually("it takes no more requests", || async {
        match up.process.request(Method::GET, &up.process.api).send().await {
            Err(error) if error.is_connect() => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    up.process.terminate();
    let ended = up.process.ended().await;
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.err.contains("stopped at once; what was under way is done by the next start"), "{}", ended.err);
    gate.open();
}

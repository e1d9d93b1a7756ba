//! Jobs that would wait for what never comes: each ends at once, with a code that says why, or waits for what was meant.

use crate::EMULATOR;
use ringback_tests::{File, Service, run};
use serde_json::{Value, json};

/// A file whose component `c` calls the service, with these keys, and a callback route with these.
fn file(head: &str, route: &str, component: &str) -> String {
    format!(
        "{head}\nlistener: {{port: 8090, path: /done, {route}}}\n\
         component: {{id: c, endpoint: https://service.test/jobs, {component}}}\n\
         workflow: {{jobs: [{{id: a, component: c, retry: {{max_attempts: 1}}}}]}}\n"
    )
}

/// The end of a run: a result, or a code and a detail.
type Ending = Result<Value, (&'static str, Value)>;
/// Keys of a route, the callbacks without their `id` and the answer to each, and the end.
type Case = (String, Vec<(Value, &'static str)>, Ending);

/// Keys of a route: its key, its status, and one or both lists.
const BOTH: &str = "identify_by: '${body.id}', status: '${body.status}', success_when: [done], fail_when: [bad]";
const FAILURES: &str = "identify_by: '${body.id}', status: '${body.status}', fail_when: [bad]";
const RESULT: &str = "result: {url: '${body.url}'}";
/// The request brings the route's address and the run's id.
const BY_RUN: &str = "body: {to: '${gateway:8090.public_url}/done', id: '${context.run_id}'}";

#[tokio::test]
async fn no_wait_hangs_on_what_a_callback_leaves_out() {
    let failed = |code: &'static str, body: Value| -> Ending { Err((code, body)) };
    let cases: [Case; 11] = [
        (format!("{BOTH}, {RESULT}"), vec![(json!({"url": "u"}), "resumed")], Ok(json!({"url": "u"}))),
        (
            format!("{BOTH}, {RESULT}"),
            vec![(json!({"stat": "done"}), "resumed")],
            failed("no_status", json!({"stat": "done"})),
        ),
        (BOTH.to_owned(), vec![(json!({"state": "done"}), "resumed")], failed("no_status", json!({"state": "done"}))),
        (
            format!("{BOTH}, {RESULT}, on_missing_status: progress"),
            vec![(json!({"url": "u"}), "stored"), (json!({"status": "done", "url": "v"}), "resumed")],
            Ok(json!({"url": "v"})),
        ),
        (
            format!("{BOTH}, on_missing_status: success, result: fixed"),
            vec![(json!({}), "resumed")],
            Ok(json!("fixed")),
        ),
        (
            format!("{BOTH}, {RESULT}, on_missing_status: failure"),
            vec![(json!({"url": "u"}), "resumed")],
            failed("no_status", json!({"url": "u"})),
        ),
        (
            format!("{BOTH}, {RESULT}"),
            vec![
                (json!({"status": "working", "url": "u"}), "stored"),
                (json!({"status": "bad", "url": "v"}), "resumed"),
            ],
            failed("callback_failed", json!({"url": "v"})),
        ),
        (
            format!("{FAILURES}, {RESULT}"),
            vec![(json!({"status": "processing"}), "stored"), (json!({"status": "fine", "url": "u"}), "resumed")],
            Ok(json!({"url": "u"})),
        ),
        (
            format!("{FAILURES}, {RESULT}"),
            vec![(json!({"status": "bad", "url": "why"}), "resumed")],
            failed("callback_failed", json!({"url": "why"})),
        ),
        (format!("{FAILURES}, {RESULT}"), vec![(json!({}), "resumed")], failed("no_status", json!({}))),
        (
            "identify_by: '${body.id}', status: '${body.status}', result: '${body.url}'".to_owned(),
            vec![(json!({"status": "anything", "url": "u"}), "resumed")],
            Ok(json!("u")),
        ),
    ];
    for (route, callbacks, ending) in cases {
        let service = Service::answering(json!({"accepted": true})).await;
        let text = file("", &route, &format!("{BY_RUN}, output: '${{result}}'"));
        let gateway = File::new(&text).calling("https://service.test", &service).run().await;
        let task = gateway.start("default", Value::Null).await;
        gateway.waiting(&task).await;
        for (mut body, told) in callbacks {
            body["id"] = json!(task);
            let answer = gateway.call_back("/done", &body).await;
            assert_eq!((answer.status, &answer.body["status"]), (200, &json!(told)), "{route}: {}", answer.body);
        }
        match ending {
            Ok(result) => assert_eq!(gateway.result_of(&task).await, result, "{route}"),
            Err((code, mut detail)) => {
                let error = gateway.error_of(&task).await;
                if code == "no_status" {
                    detail["id"] = json!(task);
                }
                assert_eq!((&error["code"], &error["detail"]), (&json!(code), &detail), "{route}");
            }
        }
    }
}

#[tokio::test]
async fn a_poll_without_a_status_ends_as_a_callback_does() {
    let poll = "status: '${response.status}', success_when: [done], result: '${response.url}'";
    for (keys, answer, ending) in [
        (poll.to_owned(), json!({"url": "u"}), Ok(json!("u"))),
        (poll.to_owned(), json!({"state": "done"}), Err("no_status")),
        (format!("{poll}, on_missing_status: failure"), json!({"url": "u"}), Err("no_status")),
        (format!("{poll}, on_missing_status: success"), json!({"n": 1}), Ok(json!({"n": 1}))),
    ] {
        let service = Service::answering(answer.clone()).await;
        let text = format!(
            "component: {{id: c, endpoint: https://service.test/jobs, output: '${{result}}', completion: \
             {{type: polling, interval: 1ms, endpoint: https://service.test/state, {keys}}}}}\n\
             workflow: {{jobs: [{{component: c}}]}}\n"
        );
        let gateway = File::new(&text).calling("https://service.test", &service).run().await;
        let task = gateway.start("default", Value::Null).await;
        match ending {
            Ok(result) if keys.contains("on_missing") => {
                let finished = gateway.finished(&task).await;
                assert_eq!((&finished["status"], &result), (&json!("completed"), &answer), "{keys}");
            }
            Ok(result) => assert_eq!(gateway.result_of(&task).await, result, "{keys}"),
            Err(code) => {
                let error = gateway.error_of(&task).await;
                assert_eq!((&error["code"], &error["detail"]), (&json!(code), &answer), "{keys}");
            }
        }
    }
}

#[tokio::test]
async fn a_key_that_was_never_sent_is_no_key() {
    let route = "identify_by: '${body.data.task_id}'";
    let to = "to: '${gateway:8090.public_url}/done'";
    // The component, the service's answer, and the key of the wait; none where the job fails at once.
    for (component, answer, key) in [
        (format!("body: {{{to}}}"), json!({"data": {"taskId": "t"}}), None),
        (format!("body: {{{to}}}"), json!({"data": {"task_id": "t"}}), Some("t")),
        (format!("body: {{{to}, task_id: mine}}"), json!({}), Some("mine")),
        (format!("body: {{{to}, reference: '${{context.run_id}}'}}"), json!({}), Some("TASK")),
        (format!("headers: {{X-Reference: '${{context.run_id}}'}}, body: {{{to}}}"), json!({}), Some("TASK")),
    ] {
        let service = Service::answering(answer.clone()).await;
        let gateway = File::new(file("", route, &component)).calling("https://service.test", &service).run().await;
        let task = gateway.start("default", Value::Null).await;
        let Some(key) = key else {
            let error = gateway.error_of(&task).await;
            assert_eq!(error["code"], "no_correlation_key", "{component}");
            assert_eq!(error["detail"]["response"], answer, "{component}");
            assert_eq!(service.calls(), 1, "{component}");
            continue;
        };
        gateway.waiting(&task).await;
        let key = if key == "TASK" { &task } else { key };
        let said = gateway.call_back("/done", &json!({"data": {"task_id": key}, "n": 1})).await;
        assert_eq!(said.body["status"], "resumed", "{component}: {}", said.body);
        gateway.result_of(&task).await;
    }
}

#[tokio::test]
async fn an_address_of_ours_that_is_written_out_is_waited_for() {
    let head = "controller: {public_url: 'https://my.domain'}";
    let service = Service::answering(json!({})).await;
    let component = "body: {to: 'https://my.domain/done', id: '${context.run_id}'}, output: '${result}'";
    let text = file(head, "identify_by: '${body.id}', result: '${body.n}'", component);
    let gateway = File::new(&text).calling("https://service.test", &service).run().await;
    let task = gateway.start("default", Value::Null).await;
    gateway.waiting(&task).await;
    assert_eq!(service.next_request().await.body["to"], "https://my.domain/done");
    gateway.call_back("/done", &json!({"id": task, "n": 7})).await;
    assert_eq!(gateway.result_of(&task).await, 7);
}

#[tokio::test]
async fn check_tells_of_every_wait_that_may_hang() {
    let by_id = "identify_by: '${body.id}'";
    for (text, told) in [
        (file("", by_id, "body: {to: '${listener.url}'}"), "3:1: warning[uncertain_key]"),
        (file("", by_id, "body: {to: 'https://my.domain/done'}"), "warning[foreign_address]"),
        (file("", "result: '${body.n}'", "body: '${listener.url}'"), "3:1: warning[shared_key]"),
        (
            file("", &format!("{by_id}, status: '${{body.s}}', fail_when: [bad]"), "method: GET"),
            "warning[unjudged_status]",
        ),
        (
            file("", by_id, "body: {id: '${context.run_id}', to: '${listener.url}'}")
                .replace("{id: a, component: c,", "{id: b, component: c}, {id: a, component: c,"),
            "`b` and `a` wait on POST /done on port 8090 under one key",
        ),
        (
            file("", by_id, "method: GET").replace("component: c,", "component: c, output: '${jobs.a.ouput.url}',"),
            "error[unknown_field]: `jobs.a` has no field `ouput`",
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ringback.yml"), &text).unwrap();
        let finished = run(EMULATOR, directory.path(), &["check"], "").await;
        assert!(finished.err.contains(told), "{told}\n{}", finished.err);
        assert_eq!(finished.code, Some(i32::from(told.contains("error["))), "{told}\n{}", finished.err);
    }
}

//! What a callback brought, whatever becomes of it afterwards: a mapping that fails, a run that is full, a key that is used
//! again, a service that knows idempotency keys.

use crate::EMULATOR;
use ringback_tests::{File, Gateway, Process, Service, eventually, job, noise};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// As a user of services that bill by the call would write it.
const FILE: &str = "
listener:
  path: /done
  identify_by: ${body.id}
  status: ${body.status}
  success_when: [done]
  fail_when: [failed]
  result: ${body.value}
component:
  id: service
  endpoint: https://service.test/jobs
  body: {id: '${input.id}', callback_url: '${gateway:8090.public_url}/done'}
  completion: {type: callback, wait_for: '${request.id}', timeout: 10m}
  COMPONENT
workflow:
  jobs: JOBS
";

async fn run(component: &str, jobs: &str, service: &Service) -> Gateway {
    let text = FILE.replace("COMPONENT", component).replace("JOBS", jobs);
    File::new(text).calling("https://service.test", service).run().await
}

async fn call_back(gateway: &Gateway, id: &str, status: &str, value: Value) -> String {
    let answer = gateway.call_back("/done", &json!({"id": id, "status": status, "value": value})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["status"].as_str().unwrap().to_owned()
}

async fn result_of(gateway: &Gateway, task: &str, job: &str) -> Value {
    let answer = gateway.get(&format!("/api/tasks/{task}/result?job={job}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["result"].clone()
}

#[tokio::test]
async fn an_output_that_has_no_value_keeps_the_result_and_calls_nobody_again() {
    let service = Service::answering(json!({})).await;
    let jobs = "[{id: ask, component: service, retry: {max_attempts: 3, delay: 10ms}}]";
    let gateway = run("output: {s: '${result.s as integer}'}", jobs, &service).await;
    let task = gateway.start("default", json!({"id": "k"})).await;
    gateway.waiting(&task).await;
    assert_eq!(call_back(&gateway, "k", "done", json!({"s": "12.5s"})).await, "resumed");
    assert_eq!(gateway.error_of(&task).await["code"], "output_failed");
    assert_eq!(job(&gateway.task(&task).await, "ask")["result"], json!({"s": "12.5s"}));
    assert_eq!(result_of(&gateway, &task, "ask").await, json!({"s": "12.5s"}));
    assert_eq!(service.requests().len(), 1, "it was paid once");
    let none = gateway.get(&format!("/api/tasks/{task}/result?job=other")).await;
    assert_eq!((none.status, none.body["code"].as_str()), (404, Some("not_found")));
}

/// The callback is taken, for its sender may send it no second time; a person mends the file and has the value.
#[tokio::test]
async fn a_result_of_the_route_that_has_no_value_fails_the_job_and_keeps_the_callback() {
    let service = Service::answering(json!({})).await;
    let text = FILE.replace("result: ${body.value}", "result: ${body.value as integer}").replace("COMPONENT", "");
    let start = |jobs: &str| File::new(text.replace("JOBS", jobs)).calling("https://service.test", &service).run();
    let gateway = start("[{id: ask, component: service, retry: {max_attempts: 3, delay: 10ms}}]").await;
    for early in [false, true] {
        let id = format!("k-{early}");
        let body = json!({"id": id, "status": "done", "value": "12.5s"});
        let expected = if early { "stored" } else { "resumed" };
        let start = async || gateway.start("default", json!({"id": id})).await;
        let call = async || assert_eq!(call_back(&gateway, &id, "done", json!("12.5s")).await, expected);
        let task = if early {
            call().await;
            start().await
        } else {
            let task = start().await;
            gateway.waiting(&task).await;
            call().await;
            task
        };
        assert_eq!(gateway.error_of(&task).await["code"], "output_failed");
        assert_eq!(result_of(&gateway, &task, "ask").await, body);
    }
    assert_eq!(service.requests().len(), 2, "each was paid once");
    // Progress goes on, and a failure is one.
    let gateway = start("[{id: ask, component: service}]").await;
    let task = gateway.start("default", json!({"id": "p"})).await;
    gateway.waiting(&task).await;
    assert_eq!(call_back(&gateway, "p", "half", json!("50 %")).await, "stored");
    assert_eq!(call_back(&gateway, "p", "failed", json!("why")).await, "resumed");
    let error = gateway.error_of(&task).await;
    assert_eq!((&error["code"], &error["detail"]["value"]), (&json!("callback_failed"), &json!("why")));
}

/// Bytes of a result.
const SIZE: usize = 300 * 1024;

/// Three results of 300 KiB, of which compression leaves half: a run's item has room for two.
#[tokio::test]
async fn results_that_a_run_has_no_room_for_are_kept_beside_it() {
    for (output, status) in [("output: {n: 1}", "completed"), ("", "failed")] {
        let service = Service::answering(json!({})).await;
        let one =
            |name: &str| format!("{{id: {name}, component: service, input: {{id: '{name}-${{input.id}}'}}, {output}}}");
        let jobs = format!("[{}]", ["a", "b", "c"].map(one).join(", "));
        let gateway = run("timeout: 10m", &jobs, &service).await;
        let task = gateway.start("default", json!({"id": "1"})).await;
        let large = |name: &str| {
            let from = usize::from(name.as_bytes()[0] - b'a') * SIZE;
            Value::from(&noise(3 * SIZE)[from..from + SIZE])
        };
        for name in ["a", "b", "c"] {
            let waits = |task: &Value| {
                let jobs = task["jobs"].as_array().unwrap();
                jobs.iter().any(|job| job["id"] == name && job["status"] == "waiting")
            };
            gateway.task_when(&task, "waiting", waits).await;
            assert_eq!(call_back(&gateway, &format!("{name}-1"), "done", large(name)).await, "resumed");
        }
        let ended = gateway.finished(&task).await;
        assert_eq!(ended["status"], status, "{output}");
        assert_eq!(
            ended["error"]["code"].as_str().unwrap_or("completed"),
            if output.is_empty() { "too_large" } else { "completed" }
        );
        for name in ["a", "b", "c"] {
            assert_eq!(result_of(&gateway, &task, name).await, large(name), "{output} {name}");
        }
        gateway.stop().await;
    }
}

#[tokio::test]
async fn a_callback_that_comes_twice_completes_no_other_job_under_its_key() {
    let service = Service::answering(json!({})).await;
    let jobs = "[{id: a, component: service}, {id: b, component: service}]";
    let gateway = run("timeout: 10m", jobs, &service).await;
    let task = gateway.start("default", json!({"id": "shared"})).await;
    gateway.waiting(&task).await;
    assert_eq!(call_back(&gateway, "shared", "done", json!("of a")).await, "resumed");
    let waits = |task: &Value| task["status"] == "waiting" && task["jobs"].as_array().unwrap().len() == 2;
    gateway.task_when(&task, "waiting", waits).await;
    for _ in 0..2 {
        assert_eq!(call_back(&gateway, "shared", "done", json!("of a")).await, "duplicate");
    }
    assert_eq!(gateway.task(&task).await["status"], "waiting");
    assert_eq!(call_back(&gateway, "shared", "done", json!("of b")).await, "resumed");
    assert_eq!(gateway.result_of(&task).await, "of b");
    assert_eq!(job(&gateway.task(&task).await, "a")["result"], "of a");
}

#[tokio::test]
async fn a_try_after_a_reported_failure_has_another_idempotency_key() {
    let service = Service::answering(json!({})).await;
    let jobs = "[{id: a, component: service, retry: {max_attempts: 3, delay: 10ms}}]";
    let gateway = run("timeout: 10m", jobs, &service).await;
    let task = gateway.start("default", json!({"id": "k"})).await;
    for n in 1..=2 {
        let waits = |task: &Value| task["status"] == "waiting" && task["jobs"][0]["attempt"] == n;
        gateway.task_when(&task, "waiting", waits).await;
        call_back(&gateway, "k", "failed", json!(n)).await;
    }
    gateway.task_when(&task, "waiting", |task| task["status"] == "waiting" && task["jobs"][0]["attempt"] == 3).await;
    // The wait stands before its call is made, and a call may be made twice, since each message comes twice here: the second time
    // perhaps after the next try's call.
    let keys = eventually("each try has made its call", || async {
        let mut keys: Vec<String> = Vec::new();
        for request in service.requests() {
            let key = request.header("idempotency-key").to_owned();
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        if keys.len() >= 3 { Ok(keys) } else { Err(keys) }
    })
    .await;
    assert_eq!(keys, ["", "#2", "#3"].map(|nth| format!("{task}/a{nth}")));
}

/// The process stands still over the deadline, and the callback is in its socket by then.
#[tokio::test]
async fn a_callback_that_arrived_before_the_deadline_counts_though_the_process_was_held_up() {
    let service = Service::answering(json!({})).await;
    let directory = tempfile::tempdir().unwrap();
    let text = FILE.replace("COMPONENT", "output: '${response}'").replace("JOBS", "[{id: ask, component: service}]");
    let text = text.replace("timeout: 10m", "timeout: 3s").replace("https://service.test", &service.url);
    let file = directory.path().join("ringback.yml");
    std::fs::write(&file, text).unwrap();
    let process = Process::up(EMULATOR, &file, &directory.path().join("data")).await;
    let begun = Instant::now();
    let task = process.start("default", json!({"id": "k"})).await;
    process.waiting(&task).await;
    process.signal("STOP");
    let body = json!({"id": "k", "status": "done", "value": "in time"});
    let (answer, ()) = tokio::join!(process.call_back("/done", &body), async {
        eventually("the deadline has passed", || async {
            let passed = begun.elapsed();
            if passed > Duration::from_secs(6) { Ok(()) } else { Err(passed) }
        })
        .await;
        process.signal("CONT");
    });
    assert_eq!(answer.body["status"], "resumed");
    assert_eq!(process.result_of(&task).await, json!({"result": "in time"}));
}

//! `--time-scale` and `--faults`, over real processes: days pass in seconds, and what is acknowledged is done in whatever
//! weather.

use crate::EMULATOR;
use reqwest::Method;
use ringback_tests::{Process, Reply, Service, eventually, run};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

const FILE: &str = "
listeners:
  - {path: /hook, workflow: asks}
  - {path: /done, identify_by: '${body.id}', result: '${body.value}'}
components:
  ask:
    endpoint: https://service.test/ask
    body: {n: '${input.n}'}
    completion: {type: callback, wait_for: '${response.id}', timeout: 3h}
  last: {endpoint: https://service.test/last, body: {value: '${input}'}}
workflows:
  asks: {jobs: [{component: ask, output: '${result}'}, {component: last, input: '${output}'}]}
  patient: {jobs: [{id: last, component: last, retry: {max_attempts: 2, delay: 2h}}]}
";

struct Place {
    directory: TempDir,
}

impl Place {
    fn new(service: &Service) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let text = FILE.replace("https://service.test", &service.url);
        std::fs::write(directory.path().join("ringback.yml"), text).unwrap();
        Self { directory }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("ringback.yml")
    }

    async fn up(&self, more: &[&str]) -> Process {
        self.try_up(more).await.unwrap()
    }

    async fn try_up(&self, more: &[&str]) -> Result<Process, ringback_tests::Finished> {
        Process::try_up_with(EMULATOR, &self.file(), &self.directory.path().join("data"), more).await
    }
}

/// A service that answers each question with the key of its callback.
async fn service() -> Service {
    Service::scripted(|request| async move {
        Reply::ok(match request.path.as_str() {
            "/ask" => json!({"id": format!("job-{}", request.body["n"])}),
            _ => request.body,
        })
    })
    .await
}

/// A trigger, until it is acknowledged: in bad weather it may be refused, and repeating it is safe.
async fn acknowledged(process: &Process, n: usize) -> String {
    eventually("the trigger is acknowledged", || async {
        let request = process.request(Method::POST, &process.trigger_url("/hook"));
        let request = request.header("idempotency-key", format!("n-{n}")).json(&json!({"n": n}));
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let body: Value = answer.json().await.map_err(|error| error.to_string())?;
        if status.is_success() { Ok(body["task_id"].as_str().unwrap().to_owned()) } else { Err(body.to_string()) }
    })
    .await
}

/// The task, once it is in that state; an answer that the weather has spoilt is no answer.
async fn task_that_is(process: &Process, id: &str, statuses: &[&str]) -> Value {
    eventually(&format!("the task is {statuses:?}"), || async {
        let answer = process.get(&format!("/api/tasks/{id}")).await;
        let is_there = statuses.iter().any(|status| answer.body["status"] == *status);
        if answer.status == 200 && is_there { Ok(answer.body) } else { Err(answer.body) }
    })
    .await
}

async fn called_back(process: &Process, n: usize) {
    eventually("the callback is acknowledged", || async {
        let answer = process.call_back("/done", &json!({"id": format!("job-{n}"), "value": n})).await;
        if answer.status == 200 { Ok(()) } else { Err(answer.body) }
    })
    .await;
}

#[tokio::test]
async fn a_retry_two_hours_later_and_a_deadline_after_three_come_within_seconds() {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = calls.clone();
    let service = Service::scripted(move |request| {
        let is_first = request.path == "/last" && seen.fetch_add(1, Ordering::Relaxed) == 0;
        async move { Reply::status(if is_first { 503 } else { 200 }, json!({"id": "nobody"})) }
    })
    .await;
    let place = Place::new(&service);
    let process = place.up(&["--time-scale", "3600"]).await;
    assert_eq!(process.ready["time_scale"], 3600);
    let patient = process.start("patient", Value::Null).await;
    let hopeless = process.start("asks", json!({"n": 1})).await;

    // The retry is a timer, and it is due by the same clock after a restart.
    task_that_is(&process, &patient, &["waiting", "completed"]).await;
    process.kill().await;
    let process = place.up(&["--time-scale", "3600"]).await;
    let task = task_that_is(&process, &patient, &["completed"]).await;
    assert_eq!((calls.load(Ordering::Relaxed), &task["jobs"][0]["attempt"]), (2, &json!(2)));
    let hours = |task: &Value| {
        let time = |name: &str| task[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        time("ended_at").duration_since(time("started_at")).as_hours()
    };
    assert!(hours(&task) >= 2, "{task}");
    let task = task_that_is(&process, &hopeless, &["failed"]).await;
    assert!(task["error"]["code"] == "timeout" && hours(&task) >= 3, "{task}");
    process.terminate();
    assert_eq!(process.ended().await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_ends_right_where_messages_come_twice_and_calls_are_throttled() {
    const RUNS: usize = 25;
    let service = service().await;
    let place = Place::new(&service);
    let faults = ["--faults", "duplicate=0.3,reorder,throttle=0.2", "--seed", "7", "--time-scale", "60"];
    let process = place.up(&faults).await;
    assert_eq!(process.ready["seed"], 7);
    let mut tasks = Vec::new();
    for n in 0..RUNS {
        tasks.push(acknowledged(&process, n).await);
    }
    for n in 0..RUNS {
        called_back(&process, n).await;
    }
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (n, task) in tasks.iter().enumerate() {
        assert_eq!(task_that_is(&process, task, &["completed"]).await["result"], json!({"value": n}));
        assert_eq!(acknowledged(&process, n).await, *task, "a repetition names the same task");
    }
    for request in service.requests() {
        keys.entry(format!("{} {}", request.path, request.body))
            .or_default()
            .insert(request.header("idempotency-key").to_owned());
    }
    assert_eq!(keys.len(), 2 * RUNS);
    assert!(keys.values().all(|keys| keys.len() == 1), "a call has another key when it is tried again: {keys:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_crashes_again_and_again_loses_nothing_that_it_acknowledged() {
    const ROUNDS: usize = 6;
    let service = service().await;
    let place = Place::new(&service);
    let (mut acknowledged_tasks, mut crashes, mut n) = (Vec::new(), 0, 0);
    for round in 0..ROUNDS {
        let seed = round.to_string();
        match place.try_up(&["--faults", "crash=0.05,duplicate=0.2,reorder", "--seed", &seed]).await {
            Err(ended) => {
                assert_eq!(ended.code, None, "it is ended by a signal: {}", ended.err);
                crashes += 1;
            }
            Ok(process) => {
                // Until it dies.
                loop {
                    let request = process.request(Method::POST, &process.trigger_url("/hook"));
                    let answer =
                        request.header("idempotency-key", format!("n-{n}")).json(&json!({"n": n})).send().await;
                    let Ok(answer) = answer else { break };
                    let Ok(body) = answer.json::<Value>().await else { break };
                    acknowledged_tasks.push((n, body["task_id"].as_str().unwrap().to_owned()));
                    n += 1;
                }
                let ended = process.ended().await;
                assert!(ended.code.is_none() && ended.err.contains("--faults asks"), "{ended:?}");
                crashes += 1;
            }
        }
    }
    assert_eq!(crashes, ROUNDS);
    assert!(acknowledged_tasks.len() >= ROUNDS, "{acknowledged_tasks:?}");
    let process = place.up(&[]).await;
    for (n, task) in &acknowledged_tasks {
        called_back(&process, *n).await;
        assert_eq!(task_that_is(&process, task, &["completed"]).await["result"], json!({"value": n}));
    }
}

#[tokio::test]
async fn conditions_that_can_not_be_are_refused_before_anything_starts() {
    let service = service().await;
    let place = Place::new(&service);
    for (arguments, expected) in [
        (vec!["--faults", "storm"], "there is no fault `storm`"),
        (vec!["--faults", "duplicate=1.5"], "`1.5` is no share"),
        (vec!["--faults", "throttle"], "`throttle` needs a share"),
        (vec!["--time-scale", "0"], "0 is not in 1..=86400"),
        (vec!["--time-scale", "fast"], "invalid digit"),
        (vec!["--seed", "3"], "--faults"),
    ] {
        let up = [vec!["up", "--ephemeral-ports"], arguments.clone()].concat();
        let finished = run(EMULATOR, place.directory.path(), &up, "").await;
        assert_eq!(finished.code, Some(2), "{arguments:?}: {}", finished.err);
        assert!(finished.err.contains(expected), "{arguments:?}: {}", finished.err);
    }
    assert!(!place.directory.path().join(".ringback").exists(), "something was started");
}

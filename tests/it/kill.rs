//! SIGKILL at the worst moments, and a start on the same directory: what was acknowledged is done all the same.
//!
//! The listeners have other ports after each start, so callbacks go to where the current process listens, as a tunnel
//! would take them.

use crate::EMULATOR;
use futures_util::future::join_all;
use ringback_tests::{Gate, Process, Reply, Service, eventually, job};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tempfile::TempDir;

const RUNS: usize = 20;

/// `asks` waits under a key of the service's, `asked` under one of ours; `calls` doesn't wait.
const FILE: &str = "
listeners:
  - {path: /hook, workflow: asks}
  - {path: /calls, workflow: calls}
  - {path: /done, identify_by: '${body.id}', result: '${body.value}'}
components:
  ask:
    endpoint: https://service.test/ask
    body: {n: '${input.n}', callback_url: '${gateway:8090.public_url}/done'}
  asked:
    endpoint: https://service.test/asked
    body: {id: '${input.id}', callback_url: '${gateway:8090.public_url}/done'}
    completion: {type: callback, wait_for: '${request.id}'}
  call: {endpoint: https://service.test/call, body: '${input}'}
  last: {endpoint: https://service.test/last, body: {value: '${input}'}}
workflows:
  asks: {jobs: [{component: ask, output: '${result}'}, {component: last, input: '${output}'}]}
  asked: {jobs: [{component: asked}]}
  calls: {jobs: [{id: call, component: call}]}
";

/// A file and a directory that outlive the process.
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

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    async fn up(&self) -> Process {
        Process::up(EMULATOR, &self.directory.path().join("ringback.yml"), &self.data()).await
    }
}

/// A service that answers `/ask` and `/call` once the gate is open, and the rest at once.
async fn held_service() -> (Service, Gate) {
    let gate = Gate::closed();
    let held = gate.clone();
    let service = Service::scripted(move |request| {
        let held = held.clone();
        async move {
            if request.path != "/last" && request.path != "/asked" {
                held.passed().await;
            }
            Reply::ok(match request.path.as_str() {
                "/ask" => json!({"id": format!("job-{}", request.body["n"])}),
                _ => json!({"path": request.path, "got": request.body}),
            })
        }
    })
    .await;
    (service, gate)
}

async fn trigger_all(process: &Process) -> Vec<String> {
    join_all((0..RUNS).map(|n| async move { process.trigger("/hook", &json!({"n": n})).await.task_id() })).await
}

/// Calls back for every run; each callback is acknowledged.
async fn call_back_all(process: &Process) {
    for n in 0..RUNS {
        let body = json!({"id": format!("job-{n}"), "value": n});
        assert_eq!(process.call_back("/done", &body).await.status, 200);
    }
}

async fn all_are_right(process: &Process, tasks: &[String]) {
    for (n, task) in tasks.iter().enumerate() {
        assert_eq!(process.result_of(task).await, json!({"path": "/last", "got": {"value": n}}));
    }
}

/// How often each call was made, by its idempotency key.
fn calls(service: &Service, path: &str) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for request in service.requests().iter().filter(|request| request.path == path) {
        *calls.entry(request.header("idempotency-key").to_owned()).or_default() += 1;
    }
    calls
}

#[tokio::test]
async fn triggers_that_were_acknowledged_are_run_by_the_next_start() {
    let (service, gate) = held_service().await;
    let place = Place::new(&service);
    let process = place.up().await;
    let tasks = trigger_all(&process).await;
    process.kill().await;

    gate.open();
    let process = place.up().await;
    call_back_all(&process).await;
    all_are_right(&process, &tasks).await;
}

#[tokio::test]
async fn calls_under_way_are_made_again_under_the_same_idempotency_key() {
    let (service, gate) = held_service().await;
    let place = Place::new(&service);
    let process = place.up().await;
    let tasks = trigger_all(&process).await;
    for _ in 0..RUNS {
        service.next_request().await;
    }
    process.kill().await;

    let process = place.up().await;
    for _ in 0..RUNS {
        service.next_request().await;
    }
    gate.open();
    call_back_all(&process).await;
    all_are_right(&process, &tasks).await;
    let made = calls(&service, "/ask");
    assert_eq!(made.len(), RUNS);
    assert!(made.values().all(|times| *times == 2), "{made:?}");
}

#[tokio::test]
async fn runs_that_wait_go_on_waiting_without_calling_again() {
    let (service, gate) = held_service().await;
    gate.open();
    let place = Place::new(&service);
    let process = place.up().await;
    let tasks = trigger_all(&process).await;
    for task in &tasks {
        process.waiting(task).await;
    }
    let asked = process.start("asked", json!({"id": "ours"})).await;
    process.waiting(&asked).await;
    process.kill().await;

    let process = place.up().await;
    assert_eq!(process.task(&asked).await["status"], "waiting");
    assert_eq!(process.call_back("/done", &json!({"id": "ours"})).await.body["status"], "resumed");
    process.result_of(&asked).await;
    call_back_all(&process).await;
    all_are_right(&process, &tasks).await;
    assert_eq!(calls(&service, "/asked").values().sum::<usize>(), 1);
}

#[tokio::test]
async fn callbacks_that_were_acknowledged_are_not_lost() {
    let (service, gate) = held_service().await;
    gate.open();
    let place = Place::new(&service);
    let process = place.up().await;
    let tasks = trigger_all(&process).await;
    for task in &tasks {
        process.waiting(task).await;
    }
    call_back_all(&process).await;
    process.kill().await;

    let process = place.up().await;
    all_are_right(&process, &tasks).await;
    let again = process.call_back("/done", &json!({"id": "job-0", "value": 0})).await;
    assert_eq!(again.body["status"], "duplicate");
}

#[tokio::test]
async fn callbacks_that_came_before_their_runs_are_kept() {
    let (service, gate) = held_service().await;
    gate.open();
    let place = Place::new(&service);
    let process = place.up().await;
    call_back_all(&process).await;
    process.kill().await;

    let process = place.up().await;
    let tasks = trigger_all(&process).await;
    all_are_right(&process, &tasks).await;
}

#[tokio::test]
async fn whatever_the_moment_of_the_kill_nothing_is_lost() {
    let (service, gate) = held_service().await;
    gate.open();
    let place = Place::new(&service);
    let mut process = place.up().await;
    let tasks = trigger_all(&process).await;
    // Killed again and again while the runs are on their way: after so many calls, whatever else is going on.
    for calls in [1, 5, 12, RUNS, RUNS + 3] {
        eventually("more calls are made", || async {
            let made = service.calls();
            if made >= calls { Ok(()) } else { Err(made) }
        })
        .await;
        process.kill().await;
        process = place.up().await;
        for n in (0..calls.min(RUNS)).step_by(2) {
            process.call_back("/done", &json!({"id": format!("job-{n}"), "value": n})).await;
        }
    }
    call_back_all(&process).await;
    all_are_right(&process, &tasks).await;
}

#[tokio::test]
async fn a_repeated_request_names_the_same_task_after_a_kill() {
    let (service, gate) = held_service().await;
    gate.open();
    let place = Place::new(&service);
    let process = place.up().await;
    let keyed = async |process: &Process| {
        let request = process.request(reqwest::Method::POST, &process.trigger_url("/calls"));
        ringback_tests::send(request.header("Idempotency-Key", "k").json(&json!(1))).await.task_id()
    };
    let first = keyed(&process).await;
    process.kill().await;
    let process = place.up().await;
    assert_eq!(keyed(&process).await, first);
    process.result_of(&first).await;
    assert_eq!(process.tasks().await.len(), 1);
}

#[tokio::test]
async fn the_token_is_the_owners_alone_and_stays_the_same() {
    let (service, _gate) = held_service().await;
    let place = Place::new(&service);
    let process = place.up().await;
    let token = process.token.clone();
    let file = place.data().join("token");
    assert_eq!(std::fs::read_to_string(&file).unwrap().trim(), token);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    process.kill().await;
    let process = place.up().await;
    assert_eq!(process.token, token);
    assert_eq!(process.get("/api/tasks").await.status, 200);
}

#[tokio::test]
async fn sigterm_lets_a_call_that_is_under_way_finish() {
    let (service, gate) = held_service().await;
    let place = Place::new(&service);
    let process = place.up().await;
    let task = process.start("calls", json!(1)).await;
    service.next_request().await;
    process.terminate();
    // It takes nothing new from here on.
    eventually("the API is closed", || async {
        let answer = process.request(reqwest::Method::GET, &format!("{}/health", process.api)).send().await;
        if answer.is_err() { Ok(()) } else { Err(answer) }
    })
    .await;
    gate.open();
    let ended = process.ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);

    let process = place.up().await;
    assert_eq!(process.result_of(&task).await, json!({"path": "/call", "got": 1}));
    assert_eq!(service.calls(), 1);
}

#[tokio::test]
async fn sigterm_waits_five_seconds_and_no_longer() {
    let (service, gate) = held_service().await;
    let place = Place::new(&service);
    let process = place.up().await;
    let task = process.start("calls", json!(1)).await;
    service.next_request().await;
    let asked = std::time::Instant::now();
    process.terminate();
    let ended = process.ended().await;
    let took = asked.elapsed().as_secs_f64();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!((4.5..15.0).contains(&took), "it took {took} s");

    gate.open();
    let process = place.up().await;
    assert_eq!(process.result_of(&task).await, json!({"path": "/call", "got": 1}));
    assert_eq!(job(&process.task(&task).await, "call")["attempt"], 1);
}

#[tokio::test]
async fn an_idle_process_stops_at_once() {
    let (service, _gate) = held_service().await;
    let place = Place::new(&service);
    let process = place.up().await;
    assert_eq!(process.get("/api/tasks").await.status, 200);
    let asked = std::time::Instant::now();
    process.terminate();
    assert_eq!(process.ended().await.code, Some(0));
    assert!(asked.elapsed().as_secs_f64() < 4.0, "{:?}", asked.elapsed());
}

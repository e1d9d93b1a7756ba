//! Bodies that are small as text and large once they are parsed.

use crate::EMULATOR;
use futures_util::{StreamExt, stream};
use reqwest::Method;
use ringback_tests::{DEADLINE, File, Process, Service, send};
use serde_json::json;

const MIB: usize = 1 << 20;

const FILE: &str = "
listeners:
  - {path: /hook, workflow: w}
  - {path: /done, identify_by: '${body.id}'}
sources: {open: {auth_type: none, rules: {'*': w}}}
workflow: {id: w, jobs: [{component: {type: logger, message: hello}}]}
";

/// A megabyte of one piece again and again, in a list.
fn repeated(piece: &str) -> String {
    format!("[{}0]", piece.repeat(MIB / piece.len() - 2))
}

#[tokio::test]
async fn what_would_take_too_much_memory_is_refused_wherever_bodies_are_read() {
    let gateway = File::new(FILE).run().await;
    let nested = repeated(&format!("{}{},", "[".repeat(100), "]".repeat(100)));
    let api = |path: &str| format!("{}{path}", gateway.api);
    for url in [
        gateway.trigger_url("/hook"),
        gateway.callback_url("/done"),
        api("/hooks/open"),
        api("/hooks/unknown"),
        api("/api/webhooks/open"),
        api("/api/webhooks"),
        api("/api/events"),
        api("/api/workflows/w/runs"),
        api("/api/tokens"),
    ] {
        let request = gateway.request(Method::POST, &url).bearer_auth(&gateway.token);
        let answer = send(request.header("content-type", "application/json").body(nested.clone())).await;
        assert_eq!((answer.status, &answer.body["code"]), (413, &json!("body_too_large")), "{url}");
    }
    assert!(gateway.tasks().await.is_empty());
}

#[tokio::test]
async fn heavy_runs_wait_for_memory_and_light_ones_do_not() {
    let gateway = File::new(FILE).run().await;
    let all = gateway.app().memory.runs.hold(usize::MAX).await;
    let list = vec![json!([]); 100_000];
    let heavy = gateway.trigger("/hook", &json!(list)).await.task_id();
    let light = gateway.trigger("/hook", &json!([])).await.task_id();
    assert_eq!(gateway.finished(&light).await["status"], "completed");
    assert_eq!(gateway.task(&heavy).await["status"], "queued");
    drop(all);
    assert_eq!(gateway.finished(&heavy).await["status"], "completed");
}

const CALLS: &str = "
listeners:
  - {path: /call, workflow: calls}
  - {path: /hook, workflow: w}
  - {path: /done, identify_by: '${body.id}'}
workflows:
  w: {jobs: [{component: {type: logger, message: hello}}]}
  calls: {jobs: [{component: call}], output: '${input.n}'}
component:
  id: call
  type: http-client
  endpoint: https://service.test/call
  body: {n: '${input.n}'}
  completion: {type: callback, callback: /done, wait_for: '${input.n}', timeout: 1h}
";

#[tokio::test]
async fn a_heavy_run_leaves_its_memory_to_others_while_a_service_is_slow() {
    let (service, gate) = Service::held().await;
    let gateway = File::new(CALLS).calling("https://service.test", &service).run().await;
    let list = vec![json!([]); 100_000];
    let calls = gateway.trigger("/call", &json!({"n": 1, "list": list})).await.task_id();
    service.next_request().await;
    // All the room there is.
    drop(tokio::time::timeout(DEADLINE, gateway.app().memory.runs.hold(usize::MAX)).await.unwrap());
    let other = gateway.trigger("/hook", &json!(list)).await.task_id();
    assert_eq!(gateway.finished(&other).await["status"], "completed");
    gate.open();
    gateway.call_back("/done", &json!({"id": 1})).await;
    let finished = gateway.finished(&calls).await;
    assert_eq!((&finished["status"], &finished["result"]), (&json!("completed"), &json!(1)));
}

#[tokio::test]
async fn a_heavy_run_that_is_cancelled_while_it_calls_leaves_no_wait() {
    let (service, gate) = Service::held().await;
    let gateway = File::new(CALLS).calling("https://service.test", &service).run().await;
    let list = vec![json!([]); 100_000];
    let calls = gateway.trigger("/call", &json!({"n": 1, "list": list})).await.task_id();
    service.next_request().await;
    assert_eq!(gateway.post(&format!("/api/tasks/{calls}/cancel")).await.status, 200);
    gate.open();
    assert_eq!(gateway.finished(&calls).await["status"], "cancelled");
    let late = gateway.call_back("/done", &json!({"id": 1})).await;
    assert_eq!(late.body["status"], "ignored", "{}", late.body);
}

/// The most memory that the attack may take, in MiB. All bodies parsed at once would take 12 times 80 MiB. One at a time, with the
/// run that it starts, and a program without optimisation that takes 70 MiB before, came to 250 MiB.
#[cfg(target_os = "linux")]
const MOST: usize = 320;

/// The most memory that a process has had, in MiB: `proc_pid_status(5)`.
#[cfg(target_os = "linux")]
fn peak(process: &Process) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<usize>().unwrap() / 1024
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_heavy_bodies_at_once_take_no_more_memory_than_a_few() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ringback.yml");
    std::fs::write(&file, FILE).unwrap();
    let process = Process::up(EMULATOR, &file, &directory.path().join("data")).await;
    let url = process.trigger_url("/hook");
    for piece in ["[],", "0,", "\"some text\","] {
        let body = repeated(piece);
        let sent = stream::iter(0..12).map(|_| {
            let request = process.request(Method::POST, &url).header("content-type", "application/json");
            send(request.body(body.clone()))
        });
        let mut answers = sent.buffer_unordered(12);
        while let Some(answer) = answers.next().await {
            assert!(answer.status == 200 || answer.body["code"] == "overloaded", "{}", answer.body);
        }
        let honest = process.trigger("/hook", &json!({"n": 1})).await.task_id();
        assert_eq!(process.finished(&honest).await["status"], "completed");
        let peak = peak(&process);
        assert!(peak <= MOST, "{peak} MiB after {piece}");
    }
}

//! Workers in processes of their own: each program is run once while they live, and none is lost when one dies.

use crate::EMULATOR;
use futures_util::{StreamExt, stream};
use ringback_tests::{Process, WorkerProcess, eventually};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const PROGRAMS: usize = 1000;
/// Requests of the test's own under way at once.
const CONNECTIONS: usize = 32;

/// Programs that note what they were run for: `tee` appends its standard input, which is the task's input.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new(programs: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ran = directory.path().join("ran");
        let text = programs.replace("RAN", &ran.display().to_string());
        std::fs::write(directory.path().join("ringback.yml"), text).unwrap();
        Self { directory }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("ringback.yml")
    }

    async fn up(&self) -> Process {
        let data = self.directory.path().join("data");
        Process::up_with(EMULATOR, &self.file(), &data, &["--aws-port", "0", "--no-programs"]).await
    }

    /// How often each number was run.
    fn ran(&self) -> HashMap<u64, usize> {
        let text = std::fs::read_to_string(self.directory.path().join("ran")).unwrap_or_default();
        let mut ran = HashMap::new();
        for input in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
            *ran.entry(input.unwrap()["n"].as_u64().unwrap()).or_default() += 1;
        }
        ran
    }
}

async fn worker(gateway: &Process, file: &Path, arguments: &[&str]) -> WorkerProcess {
    WorkerProcess::start(EMULATOR, &gateway.work_place(), file, arguments).await
}

async fn start_all(gateway: &Process, program: &str, count: usize) -> Vec<String> {
    let started = stream::iter(0..count).map(|n| gateway.start(program, json!({"n": n})));
    started.buffered(CONNECTIONS).collect().await
}

/// However slow the machine is, there has to be progress.
async fn all_complete(gateway: &Process, tasks: &[String]) {
    for task in tasks {
        let task = gateway.finished(task).await;
        assert_eq!(task["status"], "completed", "{task:#}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_run_each_of_a_thousand_programs_once() {
    let place = Place::new("programs: {note: {command: [tee, -a, RAN]}}");
    let gateway = place.up().await;
    let (first, second) = (
        worker(&gateway, &place.file(), &["--concurrency", "16"]).await,
        worker(&gateway, &place.file(), &["--concurrency", "16"]).await,
    );
    let tasks = start_all(&gateway, "program:note", PROGRAMS).await;
    all_complete(&gateway, &tasks).await;
    let ran = place.ran();
    assert_eq!(ran.len(), PROGRAMS);
    assert!(ran.values().all(|times| *times == 1), "{:?}", ran.iter().filter(|(_, times)| **times != 1));
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_worker_had_is_run_by_another() {
    let place = Place::new("programs: {hang: {command: [sh, -c, 'tee -a RAN; test -e RAN.go || sleep 1000']}}");
    let gateway = place.up().await;
    let doomed = worker(&gateway, &place.file(), &["--lease", "1s", "--concurrency", "20"]).await;
    let tasks = start_all(&gateway, "program:hang", 30).await;
    eventually("the worker has all that it can have", || async {
        let ran = place.ran().len();
        if ran == 20 { Ok(()) } else { Err(ran) }
    })
    .await;
    doomed.kill();
    std::fs::write(place.directory.path().join("ran.go"), "").unwrap();
    let _other = worker(&gateway, &place.file(), &["--lease", "1s"]).await;
    all_complete(&gateway, &tasks).await;
    assert_eq!(place.ran().len(), 30);
}

#[tokio::test]
async fn a_worker_that_is_asked_to_stop_gives_back_what_it_has() {
    let place = Place::new("programs: {hang: {command: [sh, -c, 'tee -a RAN; test -e RAN.go || sleep 1000']}}");
    let gateway = place.up().await;
    // Only by giving it back does it come to the other in time.
    let arguments = ["--lease", "1h", "--patience", "1ms"];
    let first = worker(&gateway, &place.file(), &arguments).await;
    let tasks = start_all(&gateway, "program:hang", 3).await;
    eventually("it has them", || async { if place.ran().len() == 3 { Ok(()) } else { Err(place.ran()) } }).await;
    first.stop().await;
    std::fs::write(place.directory.path().join("ran.go"), "").unwrap();
    let _other = worker(&gateway, &place.file(), &arguments).await;
    all_complete(&gateway, &tasks).await;
}

#[tokio::test]
async fn a_worker_leaves_to_others_what_it_is_not_for() {
    let place = Place::new("programs: {a: {command: [echo, a]}, b: {command: [echo, b]}}");
    let gateway = place.up().await;
    let _only_a = worker(&gateway, &place.file(), &["--only", "a"]).await;
    let (a, b) = (gateway.start("program:a", json!({})).await, gateway.start("program:b", json!({})).await);
    assert_eq!(gateway.result_of(&a).await["stdout"], "a\n");
    assert_eq!(gateway.task(&b).await["status"], "waiting");
    let _any = worker(&gateway, &place.file(), &[]).await;
    assert_eq!(gateway.result_of(&b).await["stdout"], "b\n");
}

#[tokio::test]
async fn the_little_aws_is_open_to_nobody_without_the_token() {
    let place = Place::new("programs: {a: {command: [echo]}}");
    let gateway = place.up().await;
    let url = gateway.ready["aws"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let ask = |authorization: &str| {
        let request = gateway.request(reqwest::Method::POST, url).header("authorization", authorization);
        let request = request.header("x-amz-target", "AmazonSQS.ListQueues").body("{}");
        async move { request.send().await.unwrap().status().as_u16() }
    };
    let key = |key: &str| format!("AWS4-HMAC-SHA256 Credential={key}/20260102/local/sqs/aws4_request, Signature=x");
    assert_eq!(ask("").await, 403);
    assert_eq!(ask(&format!("Bearer {}", gateway.token)).await, 403);
    assert_eq!(ask(&key("AKIAIOSFODNN7EXAMPLE")).await, 403);
    assert_eq!(ask(&key(&gateway.token)).await, 200);
}

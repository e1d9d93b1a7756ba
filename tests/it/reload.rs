//! `emulator up` takes its file over whenever it changes: no request is lost, and a bad file changes nothing.

use crate::EMULATOR;
use reqwest::Method;
use ringback_tests::{Answer, Process, Service, eventually, job, send};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use tempfile::TempDir;

struct Place {
    directory: TempDir,
    file: PathBuf,
}

impl Place {
    fn with(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = Self { file: directory.path().join("ringback.yml"), directory };
        place.write(text);
        place
    }

    /// As most editors do: another file takes the name.
    fn write(&self, text: &str) {
        let new = self.directory.path().join("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(&new, &self.file).unwrap();
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    async fn up(&self, more: &[&str]) -> Process {
        Process::up_with(EMULATOR, &self.file, &self.data(), more).await
    }
}

/// A trigger whose runs' results say by which version of the file they were accepted.
fn version(number: usize) -> String {
    format!(
        "
listener: {{path: /hook, workflow: echo, input: {{version: {number}, n: '${{body.n}}'}}, dedupe_window: 0}}
workflow: {{id: echo, jobs: [{{component: {{type: delay, duration: 0}}}}]}}
"
    )
}

async fn version_in_charge(process: &Process) -> Value {
    let task = process.trigger("/hook", &json!({})).await.task_id();
    process.result_of(&task).await["version"].clone()
}

async fn post(process: &Process, url: &str) -> Answer {
    send(process.request(Method::POST, url).json(&json!({}))).await
}

fn url(line: &Value, id: &str) -> String {
    let listeners = line["listeners"].as_array().expect("listeners").iter();
    let mut found = listeners.filter(|listener| listener["id"] == id).map(|listener| listener["url"].as_str().unwrap());
    format!("{}/hook", found.next_back().unwrap_or_else(|| panic!("no {id} in {line}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_changes_lose_no_request() {
    let place = Place::with(&version(0));
    let process = Arc::new(place.up(&[]).await);
    let done = Arc::new(AtomicBool::new(false));
    let (caller, until) = (process.clone(), done.clone());
    #[expect(clippy::disallowed_methods, reason = "a caller of its own")]
    let caller = tokio::spawn(async move {
        let mut tasks = Vec::new();
        while !until.load(Ordering::Relaxed) {
            let n = tasks.len();
            let answer = caller.trigger("/hook", &json!({"n": n})).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            tasks.push(answer.task_id());
        }
        tasks
    });
    for number in 1..=20 {
        place.write(&version(number));
        let line = process.next_line().await;
        assert_eq!((&line["reloaded"], &line["changes"]), (&json!(true), &json!(["changed route POST :8091/hook"])));
        assert_eq!(version_in_charge(&process).await, number);
    }
    done.store(true, Ordering::Relaxed);
    for (n, task) in caller.await.unwrap().iter().enumerate() {
        assert_eq!(process.result_of(task).await["n"], n);
    }
}

#[tokio::test]
async fn a_bad_file_is_told_of_in_full_and_changes_nothing() {
    let place = Place::with(&version(0));
    let process = place.up(&[]).await;
    place.write(&version(1).replace("input:", "inptu:"));
    let line = process.next_line().await;
    assert_eq!(line["reloaded"], false, "{line}");
    assert_eq!(version_in_charge(&process).await, 0);
    // A warning that would keep it from starting.
    place.write(&version(1).replace("workflow: echo", "workflow: elsewhere"));
    let why = "what stands above stops it: warning undefined_workflow (line 2)";
    assert_eq!(process.next_line().await["error"], why);
    // Text that is no YAML, and no text at all.
    place.write("listener: [");
    assert_eq!(process.next_line().await["reloaded"], false);
    std::fs::remove_file(&place.file).unwrap();
    let line = process.next_line().await;
    assert!(line["error"].as_str().unwrap().contains("there is no file"), "{line}");
    assert_eq!(version_in_charge(&process).await, 0);
    place.write(&version(2));
    assert_eq!(process.next_line().await["reloaded"], true);
    assert_eq!(version_in_charge(&process).await, 2);
    process.terminate();
    let log = process.ended().await.err;
    // As `emulator check` says it: the place in the text, and the nearest right name.
    for part in ["ringback.yml:2:", "unknown_key", "`inptu`", "did you mean `input`?", "stays in charge"] {
        assert!(log.contains(part), "no {part} in {log}");
    }
    assert!(log.contains("changed route POST :8091/hook"), "{log}");
}

#[tokio::test]
async fn a_port_in_use_is_refused_in_words_and_a_free_one_appears() {
    let listeners = |ports: &[u16]| {
        let each = ports.iter().map(|port| format!("  - {{id: p{port}, port: {port}, path: /hook, workflow: echo}}\n"));
        let jobs = "jobs: [{component: {type: delay, duration: 0}}]";
        format!(
            "controller: {{type: http-server, port: {}}}\nlisteners:\n{}workflow: {{id: echo, {jobs}}}\n",
            free(),
            each.collect::<String>()
        )
    };
    let (first, second) = (free(), free());
    let place = Place::with(&listeners(&[first]));
    let directory = place.directory.path();
    let process =
        Process::start(EMULATOR, directory, &["up", "--json", "--data", &place.data().display().to_string()]).await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    place.write(&listeners(&[first, port]));
    let line = process.next_line().await;
    let error = line["error"].as_str().unwrap_or_else(|| panic!("{line}"));
    assert!(error.contains(&port.to_string()) && error.contains(&format!("the listener `p{port}`")), "{error}");
    assert_eq!(post(&process, &url(&process.ready, &format!("p{first}"))).await.status, 200);
    drop(taken);
    place.write(&listeners(&[second]));
    let line = process.next_line().await;
    assert_eq!(line["reloaded"], true, "{line}");
    let kept = line["kept"][0].as_str().unwrap();
    assert!(kept.contains("the controller stays at"), "{line}");
    assert_eq!(post(&process, &url(&line, &format!("p{second}"))).await.status, 200);
    let gone = url(&process.ready, &format!("p{first}"));
    eventually("the old port is closed", || async {
        match process.request(Method::POST, &gone).send().await {
            Err(error) if error.is_connect() => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

/// A port that nobody is given who asks for any.
fn free() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let ports = std::iter::repeat_with(|| first + NEXT.fetch_add(1, Ordering::Relaxed));
    ports.take(100).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}

#[tokio::test]
async fn a_file_that_is_not_watched_is_taken_over_on_hang_up() {
    let place = Place::with(&version(0));
    let process = place.up(&["--no-reload"]).await;
    place.write(&version(1));
    assert_eq!(version_in_charge(&process).await, 0);
    process.signal("HUP");
    assert_eq!(process.next_line().await["reloaded"], true);
    assert_eq!(version_in_charge(&process).await, 1);
    // Asked once more, it says that there is nothing new.
    process.signal("HUP");
    assert_eq!(process.next_line().await["changes"], json!([]));
}

#[tokio::test]
async fn a_run_that_waits_ends_by_its_own_file_after_a_reload_and_a_kill() {
    let service = Service::answering(json!({})).await;
    let file = |word: &str| {
        format!(
            "
listeners:
  - {{path: /hook, workflow: paint}}
  - {{path: /done, identify_by: '${{body.id}}'}}
components:
  begin: {{endpoint: {url}/begin, body: {{id: '${{context.run_id}}'}},
    completion: {{type: callback, wait_for: '${{context.run_id}}'}}}}
  end: {{endpoint: {url}/end, body: {{word: {word}}}}}
workflow: {{id: paint, jobs: [{{component: begin}}, {{id: {word}, component: end}}]}}
",
            url = service.url
        )
    };
    let place = Place::with(&file("old"));
    let process = place.up(&[]).await;
    let task = process.trigger("/hook", &json!({})).await.task_id();
    process.waiting(&task).await;
    assert_eq!(service.next_request().await.path, "/begin");
    place.write(&file("newer"));
    assert_eq!(process.next_line().await["reloaded"], true);
    process.kill().await;
    place.write(&file("newest"));
    let process = place.up(&[]).await;
    let answer = process.call_back("/done", &json!({"id": task})).await;
    assert_eq!(answer.body, json!({"status": "resumed"}));
    assert_eq!(service.next_request().await.body, json!({"word": "old"}));
    assert_eq!(job(&process.finished(&task).await, "old")["status"], "completed");
}

#[tokio::test]
async fn a_file_that_is_written_in_place_is_taken_over_too() {
    let place = Place::with(&version(0));
    let process = place.up(&[]).await;
    overwrite(&place.file, &version(1));
    assert_eq!(process.next_line().await["reloaded"], true);
    assert_eq!(version_in_charge(&process).await, 1);
}

fn overwrite(file: &Path, text: &str) {
    std::fs::write(file, text).unwrap();
}

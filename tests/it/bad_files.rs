//! Files and places that can't be used: nothing starts, and the terminal says why and where.

use crate::EMULATOR;
use ringback_tests::{Finished, Process, run};
use std::net::TcpListener;
use std::path::Path;

const GOOD: &str = "
listener: {path: /hook, workflow: w}
workflow: {id: w, jobs: [{component: {type: delay, duration: 0}}]}
";

async fn up(directory: &Path, text: &str, more: &[&str]) -> Finished {
    std::fs::write(directory.join("ringback.yml"), text).unwrap();
    run(EMULATOR, directory, &[&["up", "--json"], more].concat(), "").await
}

#[track_caller]
fn refused(finished: &Finished, words: &str) {
    assert_eq!((finished.code, finished.out.as_str()), (Some(1), ""), "{}", finished.err);
    assert!(finished.err.contains(words), "{words}\n{}", finished.err);
    assert!(!finished.err.contains("panicked"), "{}", finished.err);
}

#[tokio::test]
async fn a_broken_file_is_refused_with_the_place_before_any_port_is_bound() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let cases = [
        ("listener: {path: /hook, workflow: w", "ringback.yml:2:11: error[yaml_syntax]"),
        ("\nlisten: {path: /hook, workflow: w}\n", "ringback.yml:2:1: error[unknown_key]"),
        ("listener: {path: /hook, workflow: w, port: eighty}\n", "ringback.yml:1:44: error[bad_port]"),
        ("listener:\n  path: /hook\n  workflow: w\n  input: '${body.'\n", "ringback.yml:4:"),
        ("workflow:\n  jobs:\n  - {id: a, component: c, depends_on: [b]}\n", "ringback.yml:3:40: error[unknown_job]"),
        ("workflow: {jobs: [{component: nowhere}]}\n", "ringback.yml:1:31: warning[undefined_component]"),
        ("component: {id: c, endpoint: '${env.NOT_SET_HERE}'}\n", "warning[unset_env]"),
    ];
    for (text, place) in cases {
        let directory = tempfile::tempdir().unwrap();
        let text = format!("{text}\ncontroller: {{port: {port}}}\n");
        let finished = up(directory.path(), &text, &[]).await;
        refused(&finished, place);
        assert!(!finished.err.contains("can't be used for the API"), "{}", finished.err);
        assert!(!directory.path().join(".ringback").exists(), "nothing is touched");
    }
}

#[tokio::test]
async fn a_missing_file_and_one_that_is_not_text_are_refused_in_words() {
    let directory = tempfile::tempdir().unwrap();
    let missing = run(EMULATOR, directory.path(), &["up", "-f", "nowhere.yml"], "").await;
    refused(&missing, "there is no file `nowhere.yml`");
    std::fs::write(directory.path().join("ringback.yml"), b"\xff\xfe").unwrap();
    refused(&run(EMULATOR, directory.path(), &["up"], "").await, "`ringback.yml` is not UTF-8 text");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_and_the_state_is_not_touched() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let directory = tempfile::tempdir().unwrap();
    let finished = up(directory.path(), GOOD, &["--port", &port.to_string()]).await;
    refused(&finished, &format!("127.0.0.1:{port} can't be used for the API"));
    assert!(!directory.path().join(".ringback").exists(), "nothing is touched");
    // This process holds it.
    if cfg!(target_os = "linux") {
        refused(&finished, &format!("process {}", std::process::id()));
    }
}

#[tokio::test]
async fn each_port_says_what_wanted_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let directory = tempfile::tempdir().unwrap();
    let text = GOOD.replace("path: /hook", &format!("path: /hook, port: {port}"));
    let finished = up(directory.path(), &text, &["--port", "0"]).await;
    refused(&finished, &format!("127.0.0.1:{port} can't be used for the listener `listener-{port}`"));
    let finished = up(directory.path(), GOOD, &["--ephemeral-ports", "--aws-port", &port.to_string()]).await;
    refused(&finished, &format!("127.0.0.1:{port} can't be used for the table and the queues"));
    assert!(!directory.path().join(".ringback").exists(), "nothing is touched");
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_used_is_refused_in_words() {
    let directory = tempfile::tempdir().unwrap();
    // A file stands where the directory or its database should be; also root can't write there.
    std::fs::write(directory.path().join("file"), "").unwrap();
    let finished = up(directory.path(), GOOD, &["--ephemeral-ports", "--data", "file/data"]).await;
    refused(&finished, "the data directory can't be used: file/data: ");
    std::fs::create_dir_all(directory.path().join("state/table.db")).unwrap();
    let finished = up(directory.path(), GOOD, &["--ephemeral-ports", "--data", "state"]).await;
    refused(&finished, "the database in the data directory can't be opened: ");
}

#[tokio::test]
async fn a_file_in_the_place_of_the_data_directory_is_told_from_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("notadir"), "mine").unwrap();
    for more in [&[][..], &["--time-scale", "10"]] {
        let arguments = [&["--ephemeral-ports", "--data", "notadir"], more].concat();
        refused(&up(directory.path(), GOOD, &arguments).await, "notadir is a file, not a directory");
    }
    assert_eq!(std::fs::read_to_string(directory.path().join("notadir")).unwrap(), "mine");
}

#[tokio::test]
async fn a_port_that_the_file_gives_a_listener_is_not_the_apis() {
    let directory = tempfile::tempdir().unwrap();
    let text = GOOD.replace("path: /hook", "path: /hook, port: 18093");
    let finished = up(directory.path(), &text, &["--port", "18093"]).await;
    refused(&finished, "the API and the listener `listener-18093` both want port 18093");
    assert!(!finished.err.contains("held by"), "{}", finished.err);
}

#[tokio::test]
async fn a_warning_that_stops_the_start_is_named_as_what_stops_it() {
    let directory = tempfile::tempdir().unwrap();
    let text = "listener: {path: /hook, workflow: elsewhere}\n";
    let finished = up(directory.path(), text, &["--ephemeral-ports"]).await;
    refused(&finished, "not started: what stands above stops it: warning undefined_workflow (line 1)");
    assert!(finished.err.contains("`emulator up` does not start with this"), "{}", finished.err);
}

#[tokio::test]
async fn a_secret_whose_variable_is_empty_names_the_variable() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ringback.yml"), "sources: {github: {secret: '${env.GITHUB_SECRET}'}}")
        .unwrap();
    let mut up = tokio::process::Command::new(EMULATOR);
    up.args(["up", "--ephemeral-ports"]).current_dir(directory.path()).env("GITHUB_SECRET", "").kill_on_drop(true);
    let done = up.output().await.unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the source `github`: `secret` is empty: the environment variable `GITHUB_SECRET`"),
        "{said}"
    );
}

#[tokio::test]
async fn a_newer_versions_directory_is_refused_and_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    std::fs::create_dir(&data).unwrap();
    for format in ["2", "x"] {
        std::fs::write(data.join("format"), format).unwrap();
        let finished = up(directory.path(), GOOD, &["--ephemeral-ports", "--data", "data"]).await;
        refused(&finished, &format!("has the format {format}, and this version knows those up to 1"));
        let left: Vec<_> = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["format"]);
    }
    std::fs::write(data.join("format"), "1").unwrap();
    let file = directory.path().join("ringback.yml");
    Process::up(EMULATOR, &file, &data).await.kill().await;
    // The directory of a first start is marked, and can be used again.
    let other = directory.path().join("other");
    Process::up(EMULATOR, &file, &other).await.kill().await;
    assert_eq!(std::fs::read_to_string(other.join("format")).unwrap(), "1\n");
    Process::up(EMULATOR, &file, &other).await.kill().await;
}

#[tokio::test]
async fn a_directory_in_use_is_refused_and_its_owner_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let (file, data) = (directory.path().join("ringback.yml"), directory.path().join("data"));
    std::fs::write(&file, GOOD).unwrap();
    let first = Process::up(EMULATOR, &file, &data).await;
    let second = up(directory.path(), GOOD, &["--ephemeral-ports", "--data", "data"]).await;
    refused(&second, &format!("data is in use by another emulator (process {})", first.id()));
    let task = first.trigger("/hook", &serde_json::json!(1)).await.task_id();
    assert_eq!(first.result_of(&task).await, 1);
}

#[tokio::test]
async fn a_wrong_command_line_is_refused_with_another_exit_code() {
    for arguments in [&["up", "--prot", "1"][..], &["pu"], &[], &["up", "--port", "70000"], &["eval"]] {
        let finished = run(EMULATOR, Path::new("."), arguments, "").await;
        assert_eq!(finished.code, Some(2), "{arguments:?}: {}", finished.err);
        assert!(finished.err.contains("--help"), "{}", finished.err);
    }
}

//! The commands that speak to a gateway, each a process of its own, against one in this process.

mod documented;
mod follow;
mod importing;
mod sending;
mod starting;
mod watching;

use crate::EMULATOR;
use ringback_tests::{Caller, File, Finished, Gateway, Service, run};
use serde_json::{Value, json};
use std::path::Path;

/// A workflow that waits for a callback, one that is done at once, and one that fails.
const FILE: &str = "
listeners:
  - {path: /done, identify_by: '${body.id}', result: '${body.value}'}
  - {path: /orders, workflow: quick, input: '${body}'}
components:
  ask:
    endpoint: https://service.test
    body: {id: '${input.id}', to: '${gateway:8090.public_url}/done'}
    completion: {type: callback, wait_for: '${request.id}'}
    output: '${result}'
  say: {type: delay, duration: 0}
  broken: {endpoint: https://service.test/broken}
workflows:
  slow: {jobs: [{id: ask, component: ask}, {id: say, component: say}], output: '${jobs.ask.output}'}
  quick: {jobs: [{id: say, component: say}]}
  broken: {jobs: [{id: call, component: broken}]}
";

async fn gateway() -> Gateway {
    let service = Service::scripted(|request| async move {
        let status = if request.path == "/broken" { 418 } else { 200 };
        ringback_tests::Reply::status(status, json!({}))
    })
    .await;
    File::new(FILE).calling("https://service.test", &service).run().await
}

/// A command with the gateway's address and token.
async fn emulator(gateway: &Caller, arguments: &[&str]) -> Finished {
    emulator_with(gateway, arguments, "").await
}

async fn emulator_with(gateway: &Caller, arguments: &[&str], input: &str) -> Finished {
    let more = ["--url", &gateway.api, "--token", &gateway.token];
    run(EMULATOR, Path::new("."), &[arguments, &more].concat(), input).await
}

/// What it printed, if it worked.
#[track_caller]
fn printed(done: Finished) -> String {
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    done.out
}

/// That it failed so, and said this.
#[track_caller]
fn refused(done: &Finished, code: i32, words: &[&str]) {
    assert_eq!(done.code, Some(code), "{}{}", done.out, done.err);
    for words in words {
        assert!(done.err.contains(words), "{words}: {}", done.err);
    }
    assert!(!done.err.contains("panicked"), "{}", done.err);
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

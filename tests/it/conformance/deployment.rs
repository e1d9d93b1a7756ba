//! infra/ deployed to `ministack`, whose functions run the real bootstraps, and all scenarios played on it.

use crate::EMULATOR;
use crate::scenarios::{ALL, ENV, Stage, file};
use futures_util::{StreamExt, stream};
use ringback_tests::{Deployed, Source, Tools, WorkerProcess, eventually, skip};
use serde_json::json;
use std::path::Path;

/// Scenarios that are played at the same time: most of the time they wait, one of them a minute.
const AT_ONCE: usize = 4;
/// What only a deployment has: a program that is a function, and one for a worker that dies.
const MORE: &str = "
programs:
  shout: {function: shout}
  hang: {command: [sh, -c, 'tee -a RAN; test -e RAN.go || sleep 60']}
";
const SHOUT: &str = "
def handler(event, context):
    if 'text' not in event:
        raise ValueError('nothing to shout')
    return {'shouted': event['text'].upper(), 'context': context.client_context}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_does_what_the_emulator_does() {
    let (Some(tools), Some(address)) = (Tools::find(), skip::own_address()) else { return };
    let directory = tempfile::tempdir().unwrap();
    let ran = directory.path().join("ran").display().to_string();
    // One section of programs.
    let more = MORE.replace("RAN", &ran);
    let text = file(address).replacen("\nprograms:\n", &more, 1);
    let source = Source { file: &text, env: &ENV, emulator: EMULATOR, bootstraps: env!("CARGO_BIN_EXE_bootstraps") };
    let deployed = Deployed::deploy(&tools, &source).await;
    let others = ["--only", "deploy,test"];
    let _worker = WorkerProcess::start(EMULATOR, &deployed.work_place(), &deployed.file, &others).await;
    let stage = Stage::new(&deployed, address);
    let scenarios = stream::iter(ALL).for_each_concurrent(AT_ONCE, |(_, play)| play(&stage));
    tokio::join!(
        scenarios,
        a_function_is_a_program(&deployed),
        a_killed_worker_is_replaced(&deployed, Path::new(&ran))
    );
}

async fn a_function_is_a_program(deployed: &Deployed) {
    deployed.aws.make_function("shout", SHOUT).await;
    let task = deployed.start("program:shout", json!({"text": "done"})).await;
    // The context should hold our idempotency key; this stand-in passes none on.
    assert_eq!(deployed.result_of(&task).await, json!({"shouted": "DONE", "context": null}));
    let task = deployed.start("program:shout", json!({})).await;
    let error = deployed.error_of(&task).await;
    assert_eq!(error["code"], "function_failed", "{error:#}");
    assert!(error["message"].as_str().unwrap().ends_with("nothing to shout"), "{error:#}");
}

async fn a_killed_worker_is_replaced(deployed: &Deployed, ran: &Path) {
    let arguments = ["--only", "hang", "--lease", "1s"];
    let worker = async || WorkerProcess::start(EMULATOR, &deployed.work_place(), &deployed.file, &arguments).await;
    let doomed = worker().await;
    let task = deployed.start("program:hang", json!({"n": 1})).await;
    let noted = || std::fs::read_to_string(ran).unwrap_or_default();
    eventually("the worker runs it", || async { if noted() == r#"{"n":1}"# { Ok(()) } else { Err(noted()) } }).await;
    doomed.kill();
    std::fs::write(ran.with_extension("go"), "").unwrap();
    let _other = worker().await;
    assert_eq!(deployed.result_of(&task).await["exit_code"], 0);
    assert_eq!(noted(), r#"{"n":1}{"n":1}"#);
}

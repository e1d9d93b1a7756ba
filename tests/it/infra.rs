//! infra/: its own tests, and a template of a real file by a real plan. Where Node.js isn't there, they are skipped.

use crate::EMULATOR;
use ringback_tests::skip::node;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

const INFRA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra");
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/image-callback.yml");
/// How long a command may say nothing. The longest silence is the compiler's: idle, a quarter of a minute.
const SILENCE: Duration = Duration::from_secs(600);
/// How much of what a failed command says is shown.
const SHOWN: usize = 6_000;

async fn run(node: &str, arguments: &[&str], variables: &[(&str, String)]) -> Output {
    let mut command = Command::new(node);
    command.args(arguments).current_dir(INFRA).env("NODE_NO_WARNINGS", "1").envs(variables.iter().cloned());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("it starts");
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let (mut out_is_open, mut err_is_open) = (true, true);
    while out_is_open || err_is_open {
        let progress = async {
            tokio::select! {
                read = out.read_buf(&mut stdout), if out_is_open => out_is_open = read.unwrap() > 0,
                read = err.read_buf(&mut stderr), if err_is_open => err_is_open = read.unwrap() > 0,
            }
        };
        tokio::time::timeout(SILENCE, progress).await.expect("it goes on");
    }
    Output { status: child.wait().await.unwrap(), stdout, stderr }
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text[text.len().saturating_sub(SHOWN)..]).into_owned()
}

async fn succeeds(node: &str, arguments: &[&str]) {
    let output = run(node, arguments, &[]).await;
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
}

#[tokio::test]
async fn infrastructure_is_well_typed_and_formatted() {
    let Some(node) = node() else { return };
    succeeds(&node, &["node_modules/typescript/bin/tsc", "--noEmit"]).await;
    succeeds(&node, &["node_modules/prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."]).await;
}

#[tokio::test]
async fn infrastructure_passes_its_own_tests() {
    let Some(node) = node() else { return };
    let mut tests: Vec<String> = std::fs::read_dir(Path::new(INFRA).join("test"))
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string())
        .filter(|path| path.ends_with(".test.ts"))
        .collect();
    tests.sort();
    assert!(tests.len() >= 5, "{tests:?}");
    let mut arguments = vec!["--import", "tsx", "--test", "--test-reporter=dot"];
    arguments.extend(tests.iter().map(String::as_str));
    succeeds(&node, &arguments).await;
}

/// The template of a file, by the app as `cdk synth` runs it.
async fn synthesize(node: &str, file: &Path) -> (Output, Option<Value>) {
    let made = tempfile::tempdir().unwrap();
    let (out, binaries) = (made.path().join("out"), made.path().join("lambda"));
    for name in ["trigger", "callback", "api", "relay", "deliver", "sweep"] {
        // The head of a program for x86-64: nothing runs it.
        let mut head = vec![0; 64];
        head[..4].copy_from_slice(b"\x7fELF");
        head[18] = 62;
        std::fs::create_dir_all(binaries.join(name)).unwrap();
        std::fs::write(binaries.join(name).join("bootstrap"), head).unwrap();
    }
    // Whoever runs this may have credentials of an account: it isn't asked.
    let context = json!({"config": file, "binaries": binaries, "architecture": "x86-64", "checkParameters": "false"});
    let variables = [
        ("RINGBACK_EMULATOR", EMULATOR.to_owned()),
        ("CDK_OUTDIR", out.display().to_string()),
        ("CDK_CONTEXT_JSON", context.to_string()),
    ];
    let output = run(node, &["--import", "tsx", "bin/ringback.ts"], &variables).await;
    let template = std::fs::read(out.join("ringback.template.json")).ok();
    (output, template.map(|text| serde_json::from_slice(&text).unwrap()))
}

#[tokio::test]
async fn a_file_becomes_a_template_with_its_routes_and_limits() {
    let Some(node) = node() else { return };
    let (output, template) = synthesize(&node, Path::new(FILE)).await;
    assert!(output.status.success(), "{}", said(&output));
    let template = template.unwrap();
    let of = |kind: &str| -> Vec<Value> {
        let all = template["Resources"].as_object().unwrap().values();
        all.filter(|resource| resource["Type"] == kind).map(|resource| resource["Properties"].clone()).collect()
    };
    let routes: Vec<Value> = of("AWS::ApiGatewayV2::Route");
    let routes: BTreeSet<&str> = routes.iter().map(|route| route["RouteKey"].as_str().unwrap()).collect();
    assert!(routes.is_superset(&["POST /images", "POST /webhooks/image/completed", "ANY /api/{proxy+}"].into()));
    let functions = of("AWS::Lambda::Function");
    assert_eq!(functions.len(), 6);
    let callback = functions.iter().find(|function| function["FunctionName"] == "ringback-callback").unwrap();
    assert_eq!(callback["ReservedConcurrentExecutions"], 5);
}

#[tokio::test]
async fn a_file_that_can_not_be_deployed_is_refused_at_synth_with_its_line() {
    let Some(node) = node() else { return };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ringback.yml");
    std::fs::write(&file, "listeners:\n  - {port: 8090, path: /in}\n  - {port: 8091, path: /in}\n").unwrap();
    let (output, template) = synthesize(&node, &file).await;
    assert!(!output.status.success() && template.is_none());
    assert!(said(&output).contains("ringback.yml:3:24: error[route_conflict]"), "{}", said(&output));
}

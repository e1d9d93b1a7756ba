//! Programs: what reaches them, what comes of them, and how they end.

use crate::PROGRAM;
use ringback_tests::{File, Gateway, eventually, job, send};
use serde_json::{Value, json};
use std::time::Duration;

/// A gateway whose program `p` has these fields.
async fn gateway(fields: &str) -> Gateway {
    File::new(format!("programs: {{p: {{{fields}}}}}")).run().await
}

async fn result(fields: &str, input: Value) -> Value {
    let gateway = gateway(fields).await;
    let task = gateway.start("program:p", input).await;
    gateway.result_of(&task).await
}

async fn error(fields: &str, input: Value) -> Value {
    let gateway = gateway(fields).await;
    let task = gateway.start("program:p", input).await;
    gateway.error_of(&task).await
}

#[tokio::test]
async fn values_reach_a_program_as_they_are_and_no_shell() {
    let evil = "$(touch /tmp/x) `id`; rm -rf / | & > < * ~ ' \" \\ \n\t é \u{1f980} %s";
    let input = json!({"a": evil, "b": "--force", "c": "-", "d": "", "e": {"x": [1, null]}, "f": false, "g": null});
    let result =
        result(&format!("command: [{PROGRAM}, '$HOME', '*'], params: [a, b, c, d, e, f, g]"), input.clone()).await;
    let told = &result["json"];
    let expected = json!([
        "$HOME",
        "*",
        "--a",
        evil,
        "--b=--force",
        "--c=-",
        "--d",
        "",
        "--e",
        "{\"x\":[1,null]}",
        "--f",
        "false"
    ]);
    assert_eq!(told["arguments"], expected);
    assert_eq!(told["environment"]["RINGBACK_PARAM_A"], evil);
    assert_eq!(told["environment"]["RINGBACK_PARAM_B"], "--force");
    assert_eq!(told["environment"].get("RINGBACK_PARAM_G"), None);
    assert_eq!(told["input"], input);
    assert_eq!((&result["exit_code"], &result["truncated"], &result["stderr"]), (&json!(0), &json!(false), &json!("")));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "what this process has is what is hidden")]
async fn a_program_sees_nothing_of_our_environment_but_what_is_allowed() {
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "there is something to hide");
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().canonicalize().unwrap();
    let text = format!(
        "programs: {{p: {{command: [{PROGRAM}], cwd: {}, pass_env: [PATH], env: {{TOKEN: '${{env.TOKEN}}'}}}}}}",
        place.display()
    );
    let gateway = File::new(text).env("TOKEN", "a-secret-token").run().await;
    let task = gateway.start("program:p", json!({"source": "github", "event": "push"})).await;
    let told = gateway.result_of(&task).await["json"].clone();
    let names: Vec<&str> = told["environment"].as_object().unwrap().keys().map(String::as_str).collect();
    let mut names: Vec<&str> = names.into_iter().filter(|name| !name.starts_with("LLVM_")).collect();
    names.sort_unstable();
    let expected = [
        "PATH",
        "RINGBACK_ATTEMPT",
        "RINGBACK_EVENT",
        "RINGBACK_IDEMPOTENCY_KEY",
        "RINGBACK_JOB",
        "RINGBACK_PROGRAM",
        "RINGBACK_SOURCE",
        "RINGBACK_TASK_ID",
        "RINGBACK_WORKFLOW",
        "TOKEN",
    ];
    assert_eq!(names, expected);
    let environment = &told["environment"];
    // It has the secret: what is shown in its place stands for that and nothing else.
    assert_eq!((&environment["TOKEN"], &environment["RINGBACK_TASK_ID"]), (&json!("********"), &json!(task)));
    assert_eq!(told["directory"], place.display().to_string());
}

#[tokio::test]
async fn what_an_argument_cannot_hold_fails_the_task_in_words() {
    let nul = error(&format!("command: [{PROGRAM}], params: [a]"), json!({"a": "x\0y"})).await;
    assert_eq!(nul["code"], "bad_argument", "{nul}");
    let missing = error("command: [/no/such/program]", json!({})).await;
    assert_eq!(missing["code"], "not_started");
    assert!(missing["message"].as_str().unwrap().starts_with("`/no/such/program` can't be started: No such file"));
    let elsewhere = error(&format!("command: [{PROGRAM}], cwd: /no/such/place"), json!({})).await;
    assert!(elsewhere["message"].as_str().unwrap().contains("in `/no/such/place`"), "{elsewhere}");
}

// On two threads: looking at the task again and again must not keep the worker from writing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_megabytes_are_too_much_for_an_argument_and_not_for_standard_input() {
    let file = File::new(format!("programs: {{a: {{command: [{PROGRAM}], params: [v]}}, i: {{command: [wc, -c]}}}}"));
    let gateway = file.with(|options| options.settings.max_body = 20 << 20).run().await;
    let input = json!({"v": "x".repeat(10 << 20)});
    let task = gateway.start("program:a", input.clone()).await;
    assert_eq!(gateway.error_of(&task).await["code"], "argument_too_large");
    let task = gateway.start("program:i", input.clone()).await;
    assert_eq!(gateway.result_of(&task).await["json"], input.to_string().len());
}

#[tokio::test]
async fn a_program_need_not_read_its_input() {
    let input = json!({"v": "x".repeat(1 << 19)});
    assert_eq!(result("command: ['true']", input).await["exit_code"], 0);
}

#[tokio::test]
async fn of_long_outputs_both_ends_are_kept_and_the_program_never_waits() {
    let kept = result("command: [seq, '1', '200000'], output_limit: 100", json!({})).await;
    let text = kept["stdout"].as_str().unwrap();
    assert!(text.starts_with("1\n2\n3\n") && text.ends_with("199999\n200000\n") && text.len() < 200, "{text}");
    assert!(text.contains("bytes left out") && kept["truncated"] == true && kept.get("json").is_none(), "{text}");
    let both = result("command: [sh, -c, 'seq 1 50000 >&2; echo done']", json!({})).await;
    assert_eq!((&both["stdout"], both["stderr"].as_str().unwrap().len() > 60_000), (&json!("done\n"), true));
}

#[tokio::test]
async fn a_failure_has_its_exit_code_and_its_outputs_and_is_tried_again() {
    let gateway =
        gateway("command: [sh, -c, 'echo out; echo err >&2; exit 3'], retry: {max_attempts: 2, delay: 0}").await;
    let task = gateway.start("program:p", json!({})).await;
    let error = gateway.error_of(&task).await;
    assert_eq!(
        (&error["code"], &error["message"]),
        (&json!("exit_code"), &json!("the program `p` ended with exit code 3"))
    );
    let detail = &error["detail"];
    assert_eq!(
        (&detail["exit_code"], &detail["stdout"], &detail["stderr"]),
        (&json!(3), &json!("out\n"), &json!("err\n"))
    );
    assert_eq!(job(&gateway.task(&task).await, "p")["attempt"], 2);
}

/// A program that starts another one which never ends, says who that is, and waits for it.
const PARENT: &str = "command: [sh, -c, 'sleep 1000 & echo $! > pid; wait']";

/// The grandchild that it started in the directory, once it has.
async fn grandchild(directory: &std::path::Path) -> String {
    let path = directory.join("pid");
    eventually("the program has started another", || async {
        match std::fs::read_to_string(&path) {
            Ok(text) if text.ends_with('\n') => Ok(text.trim().to_owned()),
            other => Err(other),
        }
    })
    .await
}

async fn is_gone(process: &str) {
    let stat = format!("/proc/{process}/stat");
    eventually("the grandchild has ended", || async {
        match std::fs::read_to_string(&stat) {
            // One that has ended may wait for its parent to notice.
            Ok(text) if !text.contains(") Z ") => Err(text),
            _ => Ok(()),
        }
    })
    .await;
}

#[tokio::test]
async fn when_its_time_is_up_a_program_ends_with_all_that_it_has_started() {
    let directory = tempfile::tempdir().unwrap();
    let gateway = gateway(&format!("{PARENT}, cwd: {}, timeout: 300ms", directory.path().display())).await;
    let task = gateway.start("program:p", json!({})).await;
    let process = grandchild(directory.path()).await;
    let error = gateway.error_of(&task).await;
    assert_eq!(error["code"], "timeout", "{error}");
    is_gone(&process).await;
}

#[tokio::test]
async fn a_program_that_ends_leaves_nothing_behind_and_is_not_waited_for_any_longer() {
    let directory = tempfile::tempdir().unwrap();
    let fields = format!("command: [sh, -c, 'sleep 1000 & echo $! > pid'], cwd: {}", directory.path().display());
    let gateway = gateway(&fields).await;
    let task = gateway.start("program:p", json!({})).await;
    assert_eq!(gateway.result_of(&task).await["exit_code"], 0);
    is_gone(&grandchild(directory.path()).await).await;
}

#[tokio::test]
async fn a_task_that_is_cancelled_ends_its_program() {
    let directory = tempfile::tempdir().unwrap();
    let file = File::new(format!("programs: {{p: {{{PARENT}, cwd: {}}}}}", directory.path().display()));
    let gateway = file.with(|options| options.programs.lease = Duration::from_secs(1)).run().await;
    let task = gateway.start("program:p", json!({})).await;
    let process = grandchild(directory.path()).await;
    let running = gateway.task(&task).await;
    assert_eq!((&running["status"], &job(&running, "p")["program"]), (&json!("running"), &json!("p")));
    assert_eq!(gateway.post(&format!("/api/tasks/{task}/cancel")).await.status, 200);
    is_gone(&process).await;
}

#[tokio::test]
async fn what_runs_when_the_gateway_stops_is_ended_and_run_by_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let text = |script: &str| {
        format!("programs: {{p: {{command: [sh, -c, '{script}'], cwd: {}}}}}", directory.path().display())
    };
    let data = directory.path().join("data");
    let twice = "if [ -e pid ]; then echo again; else sleep 1000 & echo $! > pid; wait; fi";
    let gateway = File::new(text(twice)).data(&data).run().await;
    let task = gateway.start("program:p", json!({})).await;
    let process = grandchild(directory.path()).await;
    gateway.stop().await;
    is_gone(&process).await;
    // Another file gives the name to another program; the run goes on with its own.
    let gateway = File::new(text("echo another")).data(&data).run().await;
    assert_eq!(gateway.result_of(&task).await["stdout"], "again\n");
}

#[tokio::test]
async fn a_workflow_goes_on_with_what_a_program_has_printed() {
    let file = File::new(format!(
        "programs: {{tell: {{command: [{PROGRAM}], params: [unused]}}}}
components:
  tell: {{type: program, program: tell, params: {{who: '${{input.name}}'}}, output: '${{response.json}}'}}
workflow:
  id: w
  jobs:
    - {{id: first, component: tell, input: {{name: 'n ${{input.n}}'}}}}
    - {{id: each, type: for-each, items: [1, 2], component: tell, input: {{name: '${{item}}'}}}}
  output: {{first: '${{jobs.first.output.arguments}}', input: '${{jobs.first.output.input}}', each: '${{jobs.each.output[*].arguments[1]}}'}}"
    ));
    let gateway = file.run().await;
    let task = gateway.start("w", json!({"n": 7})).await;
    let result = gateway.result_of(&task).await;
    assert_eq!(result, json!({"first": ["--who", "n 7"], "input": {"name": "n 7"}, "each": ["1", "2"]}));
}

#[tokio::test]
async fn a_program_runs_no_more_often_at_once_than_its_file_says() {
    let directory = tempfile::tempdir().unwrap();
    let script = "mkdir here && sleep 0.02 && rmdir here && echo alone";
    let fields = format!("command: [sh, -c, '{script}'], cwd: {}, max_concurrent: 1", directory.path().display());
    let gateway = gateway(&fields).await;
    let mut tasks = Vec::new();
    for n in 0..12 {
        tasks.push(gateway.start("program:p", json!(n)).await);
    }
    for task in tasks {
        assert_eq!(gateway.result_of(&task).await["stdout"], "alone\n");
    }
}

#[tokio::test]
async fn a_program_is_run_as_the_user_that_the_file_names() {
    let who = result("command: [id, -u], user: nobody", json!({})).await;
    let expected = std::process::Command::new("id").args(["-u", "nobody"]).output().unwrap();
    assert_eq!(who["stdout"], String::from_utf8(expected.stdout).unwrap());
    let home = result("command: [sh, -c, 'echo $USER; id -G'], user: nobody", json!({})).await;
    let groups = home["stdout"].as_str().unwrap();
    assert!(groups.starts_with("nobody\n") && groups.split_whitespace().count() == 2, "no groups of ours: {groups}");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_no_workflow() {
    let gateway = gateway("command: [x]").await;
    for id in ["program:q", "p", "program:"] {
        let path = format!("/api/workflows/{id}/runs");
        send(gateway.api(reqwest::Method::POST, &path).json(&json!({}))).await.is_problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_program_may_have_a_name_that_is_no_group_of_sqs() {
    let long = "배".repeat(100);
    let gateway = File::new(format!("programs: {{배포: {{command: [echo, one]}}, {long}: {{command: [echo, two]}}}}"))
        .run()
        .await;
    for (name, says) in [("배포", "one\n"), (long.as_str(), "two\n")] {
        let task = gateway.start(&format!("program:{name}"), json!({})).await;
        assert_eq!(gateway.result_of(&task).await["stdout"], says, "{name}");
    }
}

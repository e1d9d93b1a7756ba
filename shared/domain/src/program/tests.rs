use super::{Assignment, Ended, LONGEST_ARGUMENT, Prepared, prepare};
use crate::config::program::variable;
use crate::config::{Program, load};
use crate::id::RunId;
use crate::run::JobError;
use proptest::prelude::*;
use serde_json::{Value, json};

fn program(fields: &str) -> Program {
    let loaded = load(&format!("programs: {{deploy: {{{fields}}}}}"), "f");
    let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    config.programs["deploy"].clone()
}

fn prepared(fields: &str, params: Option<&Value>, input: &Value) -> Result<Prepared, JobError> {
    let program = program(fields);
    let run = RunId::random([7; 16]);
    let assignment = Assignment { run: &run, workflow: "w", job: "j", attempt: 2, program: "deploy", params, input };
    let inherited = |name: &str| (name != "UNSET").then(|| format!("the worker's {name}"));
    let command = program.command().expect("a command");
    prepare(&program, command, &assignment, &json!({"TOKEN": "secret"}), &inherited)
}

#[track_caller]
fn argv(fields: &str, input: &Value) -> Vec<String> {
    prepared(fields, None, input).expect("something to start").argv
}

#[track_caller]
fn refused(fields: &str, input: &Value) -> (String, String) {
    let error = prepared(fields, None, input).expect_err("nothing to start");
    (error.code, error.message)
}

const DEPLOY: &str = "command: [python, deploy.py], params: [branch, commit, repository.full_name]";

#[test]
fn parameters_are_found_by_name_or_by_path_in_the_body() {
    let input = json!({"branch": "main", "commit": null, "body": {
        "branch": "another", "commit": "c0ffee", "repository": {"full_name": "a/b"}}});
    let expected = ["python", "deploy.py", "--branch", "main", "--commit", "c0ffee", "--repository.full_name", "a/b"];
    assert_eq!(argv(DEPLOY, &input), expected);
    assert_eq!(argv(DEPLOY, &json!({"body": {"commit": [1]}})), ["python", "deploy.py", "--commit", "[1]"]);
    assert_eq!(argv("command: [x], params: [commits.1.id]", &json!({"body": {"commits": [1, {"id": 2}]}})).len(), 3);
    for nothing in [json!(null), json!("text"), json!([1]), json!({"body": "text"}), json!({"body": {"repository": 1}})]
    {
        assert_eq!(argv(DEPLOY, &nothing), ["python", "deploy.py"], "{nothing}");
    }
}

#[test]
fn values_are_texts_or_json_and_never_options() {
    let one = |value: Value| argv("command: [x], params: [p]", &json!({"p": value}))[1..].to_vec();
    assert_eq!(one(json!("")), ["--p", ""]);
    assert_eq!(
        one(json!("a b\n$(rm -rf /); `x` | & > < * ? ~ \" ' \\")),
        ["--p", "a b\n$(rm -rf /); `x` | & > < * ? ~ \" ' \\"]
    );
    assert_eq!(one(json!({"a": [1, true]})), ["--p", r#"{"a":[1,true]}"#]);
    assert_eq!(one(json!(false)), ["--p", "false"]);
    assert_eq!(one(json!("--force")), ["--p=--force"]);
    assert_eq!(one(json!("-")), ["--p=-"]);
    assert_eq!(one(json!(-1)), ["--p=-1"]);
}

#[test]
fn what_the_job_gives_takes_the_place_of_the_programs_own_parameters() {
    let given = json!({"tag": "v1", "none": null});
    let found = prepared(DEPLOY, Some(&given), &json!({"branch": "main"})).expect("something to start");
    assert_eq!(found.argv, ["python", "deploy.py", "--tag", "v1"]);
}

#[test]
fn the_environment_is_what_was_allowed_and_what_we_tell() {
    let fields = "command: [x], params: [commit-id], pass_env: [HOME, UNSET], \
                  env: {TOKEN: '${env.TOKEN}', HOME: /srv, GONE: '${env.GONE}', RINGBACK_JOB: mine}";
    let input = json!({"commit-id": "c", "source": "github", "event": "push", "action": 1});
    let mut env = prepared(fields, None, &input).expect("something to start").env;
    env.sort();
    let pairs: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let key = "run_07070707070707070707070707070707/j";
    assert_eq!(
        pairs,
        [
            ("HOME", "/srv"),
            ("RINGBACK_ATTEMPT", "2"),
            ("RINGBACK_EVENT", "push"),
            ("RINGBACK_IDEMPOTENCY_KEY", key),
            ("RINGBACK_JOB", "j"),
            ("RINGBACK_PARAM_COMMIT_ID", "c"),
            ("RINGBACK_PROGRAM", "deploy"),
            ("RINGBACK_SOURCE", "github"),
            ("RINGBACK_TASK_ID", "run_07070707070707070707070707070707"),
            ("RINGBACK_WORKFLOW", "w"),
            ("TOKEN", "secret"),
        ]
    );
    let default = prepared("command: [x]", None, &json!({})).expect("something to start").env;
    assert_eq!(default[..3].iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["PATH", "HOME", "LANG"]);
}

#[test]
fn what_arguments_cannot_hold_is_refused_in_words() {
    let (code, message) = refused("command: [x], params: [p]", &json!({"p": "a\0b"}));
    assert_eq!(code, "bad_argument");
    assert_eq!(message, "`p` holds a NUL character at byte 1: neither an argument nor an environment variable can");
    assert_eq!(refused("command: [x]", &json!({"source": "\0"})).0, "bad_argument");
    let (code, message) = refused("command: [x], params: [p]", &json!({"p": "x".repeat(10 << 20)}));
    assert_eq!(code, "argument_too_large");
    assert!(message.starts_with("`p` has 10485760 bytes, and an argument may have 131071"), "{message}");
    let names: Vec<String> = (0..8).map(|n| format!("p{n}")).collect();
    let input: Value = names.iter().map(|name| (name.clone(), json!("x".repeat(100_000)))).collect();
    let (code, message) = refused(&format!("command: [x], params: [{}]", names.join(", ")), &input);
    assert_eq!((code.as_str(), message.contains("let it read its standard input")), ("argument_too_large", true));
    let unread = json!({"q": "x".repeat(10 << 20)});
    let stdin = prepared("command: [x]", None, &unread).expect("something to start").stdin;
    assert_eq!(serde_json::from_slice::<Value>(&stdin).expect("JSON"), unread, "the input has no such bound");
}

#[test]
fn an_end_is_a_success_only_with_exit_code_0_and_in_time() {
    let ended = |exit_code, signal, timed_out_ms, stdout: &str, truncated| Ended {
        exit_code,
        signal,
        timed_out_ms,
        stdout: stdout.into(),
        stderr: "warned".to_owned(),
        duration_ms: 12,
        truncated,
    };
    let well = ended(Some(0), None, None, "{\"url\": 1}\n", false);
    assert_eq!(well.failure("p"), None);
    let result = json!({"exit_code": 0, "stdout": "{\"url\": 1}\n", "stderr": "warned", "duration_ms": 12,
        "truncated": false, "json": {"url": 1}});
    assert_eq!(well.result(), result);
    assert!(ended(Some(0), None, None, "1 2", false).result().get("json").is_none());
    let forged = ended(Some(0), None, None, "{\"$serde_json::private::Number\":\"1\"}", false).result();
    assert!(forged.get("json").is_none(), "{forged}");
    assert!(ended(Some(0), None, None, "12", true).result().get("json").is_none(), "it may be another number");
    let why = |ended: Ended| ended.failure("p").map(|error| (error.code, error.message)).expect("a failure");
    assert_eq!(
        why(ended(Some(3), None, None, "", false)),
        ("exit_code".into(), "the program `p` ended with exit code 3".into())
    );
    assert_eq!(
        why(ended(None, Some(9), None, "", false)),
        ("signal".into(), "the program `p` was ended by signal 9".into())
    );
    assert_eq!(
        why(ended(Some(0), None, Some(50), "", false)),
        ("timeout".into(), "the program `p` was ended after 50 ms: its time was up".into())
    );
    assert_eq!(ended(None, Some(9), None, "", false).failure("p").expect("a failure").detail["signal"], 9);
}

/// As version 0.1 stored it, and with an output that is no text.
#[test]
fn an_end_is_read_as_it_was_stored() {
    let bytes = crate::bytes::value(None, b"\x89PNG");
    for (output, json) in [("\"{\\\"n\\\":1.10}\"".to_owned(), Some("{\"n\":1.10}")), (bytes.to_string(), None)] {
        let text =
            format!("{{\"exit_code\":0,\"stdout\":{output},\"stderr\":\"\",\"duration_ms\":12,\"truncated\":false}}");
        let ended: Ended = serde_json::from_str(&text).expect("an end");
        assert_eq!(serde_json::to_string(&ended).expect("JSON"), text);
        assert_eq!(ended.result().get("json").map(ToString::to_string).as_deref(), json);
        assert!(!ended.is_without_outputs() && ended.without_outputs().is_without_outputs());
    }
}

proptest! {
    #[test]
    fn whatever_a_value_is_it_arrives_whole_and_in_its_place(value in any::<String>(), name in "[a-z][a-z0-9_.-]{0,8}") {
        let fields = format!("command: [x, -v], params: [{name}]");
        let prepared = prepared(&fields, None, &json!({ &name: value }));
        if value.contains('\0') {
            prop_assert_eq!(prepared.expect_err("no argument").code, "bad_argument");
            return Ok(());
        }
        let prepared = prepared.expect("something to start");
        let rest: Vec<&str> = prepared.argv[2..].iter().map(String::as_str).collect();
        let (option, together) = (format!("--{name}"), format!("--{name}={value}"));
        match rest.as_slice() {
            [only] => prop_assert!(value.starts_with('-') && *only == together),
            [first, second] => prop_assert!(!value.starts_with('-') && *first == option && *second == value),
            more => prop_assert!(false, "{:?}", more),
        }
        let told = prepared.env.iter().find(|(key, _)| *key == variable(&name)).map(|(_, value)| value);
        prop_assert_eq!(told, Some(&value));
        prop_assert!(prepared.argv.iter().all(|argument| argument.len() <= LONGEST_ARGUMENT));
    }
}

//! The command line, in a process of its own.

use crate::EMULATOR;
use ringback_tests::{Finished, run};
use serde_json::{Value, json};
use std::path::Path;

async fn emulator(arguments: &[&str], input: &str) -> Finished {
    run(EMULATOR, Path::new("."), arguments, input).await
}

/// What `check` says of a text.
async fn check(text: &str, more: &[&str]) -> Finished {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ringback.yml"), text).unwrap();
    run(EMULATOR, directory.path(), &[&["check"], more].concat(), "").await
}

#[tokio::test]
async fn eval_prints_the_value_of_a_template() {
    let cases =
        [("${1 + 2}", "3\n"), ("no holes", "\"no holes\"\n"), ("${nothing}", "null\n"), ("$${x}", "\"${x}\"\n")];
    for (template, printed) in cases {
        let done = emulator(&["eval", template], "").await;
        assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (Some(0), printed, ""), "{template}");
    }
}

#[tokio::test]
async fn eval_reads_its_sources_from_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let scope = directory.path().join("scope.json");
    std::fs::write(&scope, r#"{"body": {"user": {"name": "Ada"}}, "header": {"x-id": "7"}}"#).unwrap();
    let scope = scope.display().to_string();
    let evaluate = |template: &'static str| {
        let scope = scope.clone();
        async move { emulator(&["eval", "--scope", &scope, template], "").await.out }
    };
    assert_eq!(evaluate("Hello ${body.user.name}").await, "\"Hello Ada\"\n");
    assert_eq!(evaluate("${header.X-Id as integer}").await, "7\n");
    assert_eq!(evaluate("${body.user}").await, "{\n  \"name\": \"Ada\"\n}\n");
    for wrong in ["{", "[1]"] {
        std::fs::write(&scope, wrong).unwrap();
        let done = emulator(&["eval", "--scope", &scope, "${body}"], "").await;
        assert_eq!((done.code, done.out.as_str()), (Some(1), ""), "{wrong}");
        assert!(!done.err.is_empty() && !done.err.contains("panicked"), "{}", done.err);
    }
}

#[tokio::test]
async fn eval_says_what_is_wrong_with_a_template() {
    for template in ["${1 +", "${'a' - 1}", "${a && b}"] {
        let done = emulator(&["eval", template], "").await;
        assert_eq!((done.code, done.out.as_str()), (Some(1), ""), "{template}");
        assert!(!done.err.trim().is_empty() && !done.err.contains("panicked"), "{}", done.err);
    }
    assert!(emulator(&["eval", "${a && b}"], "").await.err.contains("write `and`"));
}

#[tokio::test]
async fn eval_answers_each_line_of_a_batch_in_order_whatever_is_in_it() {
    let lines = [
        (r#"{"template": "${a.b + 1}", "scope": {"a": {"b": 1}}}"#, Some(json!(2))),
        (r#"{"template": "${a.b +", "scope": {}}"#, None),
        ("not JSON", None),
        ("[]", None),
        (r#"{"template": "${x | \"é\"}"}"#, Some(json!("é"))),
        (r#"{"template": "${a * 2}", "scope": {"a": {}}}"#, None),
        (r#"{"template": "${a}", "scope": {"a": null}}"#, Some(Value::Null)),
    ];
    let input: String = lines.iter().map(|(line, _)| format!("{line}\n\n")).collect();
    let done = emulator(&["eval", "--batch"], input.trim_end()).await;
    assert_eq!(done.code, Some(0), "{}", done.err);
    let answers: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), lines.len(), "{}", done.out);
    for (answer, (line, expected)) in answers.iter().zip(lines) {
        match expected {
            Some(value) => assert_eq!(*answer, json!({"value": value}), "{line}"),
            None => assert!(answer["error"].as_str().is_some_and(|error| !error.is_empty()), "{line}: {answer}"),
        }
    }
}

#[tokio::test]
async fn check_prints_what_it_understood() {
    let text = "
listener: {path: /done, port: 8090, identify_by: '${body.id}'}
component: {id: slow, endpoint: https://service.test, body: {to: '${gateway:8090.public_url}/done'}, output: {id: '${response.id}'}}
workflow: {id: w, jobs: [{id: ask, component: slow}]}
";
    let done = check(text, &[]).await;
    assert_eq!(done.code, Some(0), "{}", done.err);
    for words in ["/done", "slow", "ask", "response.id", "ringback.yml: 0 errors, 0 warnings"] {
        assert!(done.out.contains(words), "{words}\n{}", done.out);
    }
}

#[tokio::test]
async fn check_names_the_place_and_the_nearest_right_name() {
    let done = check("workflow:\n  jobs:\n    - {id: a, componet: b}\n", &[]).await;
    assert_eq!(done.code, Some(1));
    let words = "ringback.yml:3:15: error[unknown_key]";
    assert!(done.err.contains(words) && done.err.contains("did you mean `component`?"), "{}", done.err);
    assert!(done.err.contains("ringback.yml: 1 error, 0 warnings"), "{}", done.err);
    let missing = emulator(&["check", "nowhere.yml"], "").await;
    assert_eq!(missing.code, Some(1));
    assert!(missing.err.contains("there is no file `nowhere.yml`") && !missing.err.contains("-f"), "{}", missing.err);
}

#[tokio::test]
async fn check_is_content_with_part_of_a_file_and_says_what_up_would_miss() {
    let done = check("listener: {path: /hook, workflow: elsewhere}\n", &[]).await;
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.err.contains("ringback.yml:1:35: warning[undefined_workflow]"), "{}", done.err);
    let stops = "`emulator up` would not start with these: warning undefined_workflow (line 1)";
    assert!(done.out.contains("ringback.yml: 0 errors, 1 warning\n") && done.out.contains(stops), "{}", done.out);
    let unset = check("sources: {github: {secret: '${env.RINGBACK_NOT_SET}'}}", &[]).await;
    assert_eq!(unset.code, Some(0), "{}", unset.err);
    let needs = "`emulator up` needs these environment variables, which are not set here: RINGBACK_NOT_SET";
    assert!(unset.out.contains(needs), "{}", unset.out);
    let harmless = "sources: {open: {auth_type: none}}";
    let done = check(harmless, &[]).await;
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.contains("1 warning") && !done.out.contains("would not start"), "{}", done.out);
    let strict = check(harmless, &["--strict"]).await;
    assert_eq!(strict.code, Some(1));
    assert!(strict.err.contains("1 warning"), "{}", strict.err);
}

#[tokio::test]
async fn schema_is_a_json_schema_that_knows_the_sections() {
    let done = emulator(&["schema"], "").await;
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    let schema: Value = serde_json::from_str(&done.out).unwrap();
    assert!(schema["$schema"].is_string());
    for section in ["listener", "listeners", "gateway", "workflow", "components", "controller"] {
        assert!(schema["properties"][section].is_object(), "{section}");
    }
}

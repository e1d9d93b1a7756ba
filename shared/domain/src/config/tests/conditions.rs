//! Conditions of a file: every place where something is true or false.

use super::{check, config, told};
use crate::config::{Code, Config, If, Step, load, load_source, load_stored, load_stored_source};
use crate::expr::{Condition, Scope};
use serde_json::json;

/// Puts a condition in its place in a file.
type Write = fn(&str) -> String;
/// Finds the condition of such a file.
type Find = fn(&Config) -> Option<&Condition>;

fn quoted(condition: &str) -> String {
    serde_json::Value::from(condition).to_string()
}

fn in_branch(condition: &str) -> String {
    format!("workflow: {{jobs: [{{type: if, condition: {}, then: [{{component: logger}}]}}]}}", quoted(condition))
}

fn in_rule(condition: &str) -> String {
    let rules = format!("{{push: [{{when: {}, target: default}}]}}", quoted(condition));
    format!("sources: {{s: {{token: '12345678', rules: {rules}}}}}\nworkflow: {{jobs: [{{component: logger}}]}}")
}

fn in_key(condition: &str) -> String {
    let rules = format!("{{push: {{{}: default}}}}", quoted(condition));
    format!("sources: {{s: {{token: '12345678', rules: {rules}}}}}\nworkflow: {{jobs: [{{component: logger}}]}}")
}

fn of_branch(config: &Config) -> Option<&Condition> {
    match &config.workflows["default"].jobs.jobs[0].step {
        Step::If(If { condition, .. }) => Some(condition),
        _ => None,
    }
}

fn of_rule(config: &Config) -> Option<&Condition> {
    config.sources["s"].rules.0[0].when.as_ref()
}

/// Every place of a file that takes a condition, and what can be read there. The filters of endpoints, which no file has,
/// are tested where they are read.
const PLACES: [(&str, Write, Find, &str); 3] = [
    ("`condition` of `if`", in_branch, of_branch, "input"),
    ("`when` of a rule", in_rule, of_rule, "body"),
    ("the key of targets", in_key, of_rule, "body"),
];

#[test]
fn every_place_takes_every_spelling_and_decides_by_it() {
    for (place, write, find, source) in PLACES {
        for spelling in ["${X.n} == 5", "X.n == 5", "${X.n == 5}", "(${X.n} == 5)", "X.n == 5 and not X.none"] {
            let text = spelling.replace('X', source);
            let config = config(&write(&text));
            let condition = find(&config).expect(place);
            for (n, expected) in [(5, true), (6, false)] {
                let value = json!({"n": n});
                assert_eq!(condition.holds(&Scope::new().with(source, &value)), Ok(expected), "{place}: {text}");
            }
        }
    }
}

#[test]
fn every_place_refuses_what_is_decided_before_any_request() {
    for (place, write, _, source) in PLACES {
        for text in ["true", "false", "1 == 1", "'x'", "5", "'${X.n}' == '5'", "X.n == 5 or 'six'", "X.n | 0 > 5"] {
            let text = text.replace('X', source);
            let loaded = load(&write(&text), "f");
            let codes: Vec<Code> = loaded.diagnostics.iter().map(|told| told.code).collect();
            assert_eq!(codes, [Code::BadCondition], "{place}: {text}: {:?}", loaded.diagnostics);
            assert!(loaded.config.is_none(), "{place}: {text}");
        }
        for text in ["", "hello ${X.n}", "${X.n} ${X.m}", "X.n = 5", "${X.n"] {
            let text = text.replace('X', source);
            let loaded = load(&write(&text), "f");
            let codes: Vec<Code> = loaded.diagnostics.iter().map(|told| told.code).collect();
            assert!(matches!(codes[..], [Code::BadCondition | Code::BadTemplate]), "{place}: {text}: {codes:?}");
        }
        let text = "${env.X} == 'y'";
        assert!(load(&write(text), "f").config.is_some(), "{place}: {text}");
    }
}

#[test]
fn a_refusal_says_what_and_where() {
    check(&[
        (
            "workflow:\n  jobs:\n    - type: if\n      condition: \"false\"\n      then: [{component: logger}]\n",
            "f:4:19: error[bad_condition]: this is no condition: `false` is always false: a condition must read \
             something, such as `input.x == 5`",
        ),
        (
            "workflow:\n  jobs:\n    - type: if\n      condition: true\n      then: [{component: logger}]\n",
            "f:4:18: error[bad_condition]: expected a condition, such as `input.x == 5`, not `true`",
        ),
        (
            "workflow:\n  jobs:\n    - type: if\n      condition: [1]\n      then: [{component: logger}]\n",
            "f:4:18: error[bad_condition]: expected a condition, such as `input.x == 5`, not a list",
        ),
        (
            "workflow:\n  jobs:\n    - type: if\n      condition: hello ${input.n}\n      then: [{component: \
             logger}]\n",
            "f:4:18: error[bad_condition]: this is no condition: there is no source `hello` here (text needs quotes)",
        ),
        (
            "workflow:\n  jobs:\n    - type: if\n      condition: ${bdy.n} == 5\n      then: [{component: logger}]\n",
            "f:4:20: error[bad_template]: there is no source `bdy` here (text needs quotes); did you mean `body`?",
        ),
        (
            "workflow:\n  jobs:\n    - type: if\n      condition: body.n == 5\n      then: [{component: logger}]\n",
            "f:4:18: error[misplaced_source]: `body` has no value in a job, which can read: input, output, jobs, item, \
             error, context, env, gateway, listener",
        ),
    ]);
}

#[test]
fn a_job_that_a_condition_reads_is_waited_for() {
    let text = "workflow:\n  jobs:\n    - {id: a, component: logger}\n    - {id: b, component: logger}\n    \
                - {id: c, type: if, depends_on: [b], condition: jobs.a.output == 1, then: [{component: logger}]}\n";
    assert_eq!(config(text).workflows["default"].jobs.jobs[2].depends_on, [0, 1]);
}

#[test]
fn a_switch_over_a_constant_is_told_of() {
    let file = |keys: &str| {
        format!("workflow: {{jobs: [{{type: switch, {keys}, cases: [{{value: a, then: [{{component: logger}}]}}]}}]}}")
    };
    for (keys, expected) in [
        ("value: input.kind", vec![("constant_switch", 1)]),
        ("input: {kind: a}", vec![("constant_switch", 1)]),
        ("value: '${input.kind}'", vec![]),
        ("value: 'a-${env.STAGE}'", vec![]),
        ("input: '${output}'", vec![]),
    ] {
        assert_eq!(told(&file(keys)), expected, "{keys}");
    }
}

#[test]
fn a_comparison_is_no_status() {
    for list in ["success_when", "fail_when"] {
        for status in ["\"${body.status} == 'done'\"", "\"status == 'done'\"", "\"${body.done}\""] {
            let text =
                format!("listener: {{path: /a, status: '${{body.status}}', success_when: [ok], {list}: [{status}]}}");
            let text = text.replace("success_when: [ok], success_when", "success_when");
            assert_eq!(told(&text), [("bad_value", 1)], "{text}");
        }
    }
}

#[test]
fn a_stored_file_is_read_although_it_would_be_refused_now() {
    let always = [json!({}), json!({"n": 5})];
    for (written, expected) in
        [("true", true), ("\"false\"", false), ("''", false), ("[]", false), ("\"hello ${input.n}\"", true)]
    {
        let text = format!("workflow: {{jobs: [{{type: if, condition: {written}, then: [{{component: logger}}]}}]}}");
        assert!(load(&text, "f").config.is_none(), "{written}");
        let config = load_stored(&text, "f").config.expect(written);
        let condition = of_branch(&config).expect("a branch");
        for input in &always {
            let holds = condition.holds(&Scope::new().with("input", input));
            assert_eq!(holds, Ok(expected), "{written}");
        }
    }
    let misspelt = "workflow: {jobs: [{id: a, component: logger, input: '${jobs.b.ouput}', depends_on: [b]}, \
                    {id: b, component: logger, depends_on: []}]}";
    assert!(load(misspelt, "f").config.is_none() && load_stored(misspelt, "f").config.is_some());
    for text in [
        "{component: {id: e, type: event, event: endpoint.x}, workflow: {jobs: [{component: e}]}}",
        "{component: {id: e, type: event, event: a.b, source: ringback}, workflow: {jobs: [{component: e}]}}",
        "listener: {path: /a, status: '${body.s}', success_when: ['a > b']}",
        "listener: {path: /a, status: '${body.s}', success_when: ['1'], fail_when: ['1.0']}",
    ] {
        let (now, stored) = (load(text, "f"), load_stored(text, "f"));
        assert!(now.config.is_none(), "{text}");
        assert!(stored.config.is_some(), "{text}: {:?}", stored.diagnostics);
    }
    assert!(load_stored("workflow: {jobs: [{component: logger, nonsense: 1}]}", "f").config.is_none());
}

#[test]
fn a_stored_source_is_read_although_it_would_be_refused_now() {
    let fields = json!({"token": "12345678", "rules": {"push": [{"when": "true", "target": "t"}]}});
    let errors = load_source("s", &fields).expect_err("a condition of a literal");
    assert!(errors[0].contains("`true` is always true"), "{errors:?}");
    let (source, _) = load_stored_source("s", &fields).expect("as before");
    assert_eq!(source.rules.0[0].when.as_ref().map(|when| when.holds(&Scope::new())), Some(Ok(true)));
    let wrong = json!({"token": "12345678", "rules": {"push": [{"whn": "x", "target": "t"}]}});
    assert!(load_stored_source("s", &wrong).is_err());
}

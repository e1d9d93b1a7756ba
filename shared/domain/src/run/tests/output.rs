//! What a job's output is made of.

use super::fixture::{file, story};
use crate::bytes;
use crate::wait::Verdict;
use serde_json::{Value, json};

/// What a job comes to whose component maps `output` from the response, and whose callback brings `result`.
fn merged(output: Option<Value>, response: Value, result: Value) -> Value {
    let mapped = output.map_or(String::new(), |output| format!(", output: {output}"));
    let file = file(&format!(
        "
        listener: {{port: 8090, callbacks: [{{path: /done, identify_by: '${{body.key}}'}}]}}
        component:
          {{id: c, endpoint: 'https://a.test', completion: {{type: callback, wait_for: fixed}}{mapped}}}
        workflow: {{jobs: [{{id: a, component: c}}]}}
        "
    ));
    let mut story = story(&file, json!({}));
    story.answer("a", response);
    story.arrive("a", Verdict::Success, result);
    story.result().clone()
}

#[test]
fn the_callbacks_fields_go_over_the_answers() {
    let response = json!({"id": 1, "state": "accepted"});
    let result = json!({"state": "done", "url": "u"});
    assert_eq!(merged(None, response.clone(), result.clone()), json!({"id": 1, "state": "done", "url": "u"}));
    let mapped = json!({"task": "${response.id}", "url": "none yet"});
    assert_eq!(merged(Some(mapped), response, result), json!({"task": 1, "url": "u", "state": "done"}));
}

#[test]
fn a_result_that_is_no_object_is_the_output_unless_the_component_maps_one() {
    let response = json!({"id": 1});
    assert_eq!(merged(None, response.clone(), json!("u")), json!("u"));
    assert_eq!(merged(None, response.clone(), json!([1, 2])), json!([1, 2]));
    let mapped = json!({"task": "${response.id}"});
    assert_eq!(merged(Some(mapped.clone()), response.clone(), json!("u")), json!({"task": 1, "result": "u"}));
    let named = json!({"task": "${response.id}", "result": "${response.id}"});
    assert_eq!(merged(Some(named), response.clone(), json!("u")), json!({"task": 1, "result": 1}));
    assert_eq!(merged(Some(json!("${response.id}")), response, json!("u")), json!("u"));
}

/// Fields among those of bytes would make them an object like any other.
#[test]
fn bytes_are_one_value_as_text_is() {
    let png = bytes::value(Some("image/png"), b"\x89PNG");
    assert_eq!(merged(None, png.clone(), Value::Null), png);
    assert_eq!(merged(None, png.clone(), json!({"url": "u"})), json!({"url": "u"}));
    assert_eq!(merged(None, json!({"id": 1}), png.clone()), png);
    let mapped = json!({"task": "${response.id}"});
    assert_eq!(merged(Some(mapped), json!({"id": 1}), png.clone()), json!({"task": 1, "result": png}));
    assert_eq!(merged(Some(json!("${response}")), png.clone(), png.clone()), png);
}

#[test]
fn a_callback_that_brings_nothing_leaves_the_answer() {
    assert_eq!(merged(None, json!({"id": 1}), Value::Null), json!({"id": 1}));
    assert_eq!(merged(None, json!("accepted"), json!({"url": "u"})), json!({"url": "u"}));
}

#[test]
fn a_component_reads_answer_result_request_and_input() {
    let file = file(
        r#"
        listener: {port: 8090, callbacks: [{path: /done, identify_by: "${body.key}"}]}
        component:
          id: c
          endpoint: https://a.test
          body: {sent: "${input.n}"}
          completion: {type: callback, wait_for: fixed}
          output: ["${response.id}", "${request.sent}", "${input.n}"]
        workflow:
          jobs:
            - id: a
              component: c
              input: {n: "${input.number + 1}"}
              output: {all: "${output}", response: "${response}", result: "${result}", input: "${input}"}
        "#,
    );
    let mut story = story(&file, json!({"number": 1}));
    story.answer("a", json!({"id": 7}));
    story.arrive("a", Verdict::Success, Value::Null);
    let expected = json!({"all": [7, 2, 2], "response": {"id": 7}, "result": null, "input": {"number": 1}});
    assert_eq!(story.result(), &expected);
}

#[test]
fn the_workflow_decides_what_the_run_comes_to() {
    let with = |output: &str| {
        file(&format!(
            "
            component: {{id: c, endpoint: 'https://a.test'}}
            workflow:
              jobs: [{{id: a, component: c, depends_on: []}}, {{id: b, component: c, depends_on: []}}]
              {output}
            "
        ))
    };
    for (output, expected) in [
        ("", json!({"a": 1, "b": 2})),
        ("output: '${jobs.a.output + jobs.b.output}'", json!(3)),
        ("output: {all: '${output}', of: '${input.x}'}", json!({"all": {"a": 1, "b": 2}, "of": "y"})),
    ] {
        let file = with(output);
        let mut story = story(&file, json!({"x": "y"}));
        story.answer("b", json!(2));
        story.answer("a", json!(1));
        assert_eq!(story.result(), &expected);
    }
}

#[test]
fn a_workflow_whose_output_has_no_value_has_failed() {
    let file = file(
        "
        component: {id: c, endpoint: 'https://a.test'}
        workflow: {jobs: [{id: a, component: c}], output: '${jobs.a.output as integer}'}
        ",
    );
    let mut story = story(&file, json!({}));
    story.answer("a", json!("seven"));
    assert_eq!(story.failure().0, "output_failed");
}

#[test]
fn a_logger_passes_on_what_it_logged() {
    let file = file(
        "
        components: {c: {endpoint: 'https://a.test'}, shout: {type: logger, level: WARN, message: '${input.what}!'}}
        workflow:
          jobs:
            - {id: said, component: shout, input: {what: fire}}
            - {id: silent, component: logger, input: {data: {a: 1}}}
            - {id: call, component: c, input: '${output}'}
        ",
    );
    let mut story = story(&file, json!({}));
    assert_eq!(story.logged(), [("warn", "fire!", &Value::Null), ("info", "", &json!({"a": 1}))]);
    assert_eq!(story.output("said"), &json!({"what": "fire"}));
    story.answer("call", json!(1));
    assert_eq!(story.jobs(), "said completed, silent completed, call completed");
}

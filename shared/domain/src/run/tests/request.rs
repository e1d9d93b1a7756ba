//! What a job asks of the outside world.

use super::fixture::{File, Story, at, file, story};
use crate::run::{JobError, JobPath};
use serde_json::{Value, json};

fn component(fields: &str) -> File {
    file(&format!(
        "
        listener: {{port: 8090, callbacks: [{{path: /done, identify_by: '${{body.key}}'}}]}}
        components: {{c: {{{fields}}}}}
        workflow: {{jobs: [{{id: a, component: c}}]}}
        "
    ))
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_request_is_rendered_from_the_input() {
    let file = component(
        "endpoint: '${env.HOST}/v1/${input.id}', method: PUT,
         headers: {X-Id: '${input.id}', X-None: '${input.none}', X-All: '${input.list}', X-Text: 'a ${input.none} b'},
         params: {q: '${input.list[0]}', none: '${input.none}', on: true},
         body: {id: '${input.id}', none: '${input.none}', run: '${context.run_id}', n: '${context.attempt}'},
         timeout: 5s",
    );
    let story = story(&file, json!({"id": 7, "list": [1, "b"]}));
    let call = story.call("a");
    assert_eq!((call.method.as_str(), call.url.as_str()), ("PUT", "https://api.test/v1/7"));
    assert_eq!(call.headers, pairs(&[("X-Id", "7"), ("X-All", "[1,\"b\"]"), ("X-Text", "a  b")]));
    assert_eq!(call.params, pairs(&[("q", "1"), ("on", "true")]));
    assert_eq!(call.body, Some(json!({"id": 7, "none": null, "run": story.run.id, "n": 1})));
    assert_eq!(call.timeout.as_secs(), 5);
}

#[test]
fn only_a_host_that_a_template_brings_is_guarded() {
    let guarded = |url: &str| {
        let file = component(&format!("endpoint: '{url}'"));
        story(&file, json!({"host": "https://b.test"})).call("a").guarded
    };
    assert!(guarded("${input.host}/x"));
    assert!(!guarded("https://a.test/${input.host}"));
    assert!(!guarded("${env.HOST}/x"), "the environment is the author's");
}

#[test]
fn a_call_ends_while_its_message_is_still_hidden_however_long_its_wait_may_last() {
    let file = component(
        "endpoint: 'https://a.test/x', timeout: 2h, completion: {type: callback, wait_for: '${context.run_id}'}",
    );
    let story = story(&file, json!({}));
    assert_eq!(story.call("a").timeout.as_secs(), 9 * 60);
    let (_, deadline) = story.wait_before("a").expect("a wait");
    assert_eq!(deadline.duration_since(story.now).as_hours(), 2);
}

#[test]
fn without_a_body_nothing_is_sent() {
    let file = component("endpoint: 'https://a.test/x'");
    let call = story(&file, json!({})).call("a");
    assert_eq!((call.method.as_str(), call.body, call.guarded, call.timeout.as_secs()), ("GET", None, false, 30));
}

#[test]
fn every_attempt_has_the_same_idempotency_key() {
    let file = file(
        "
        component: {id: c, endpoint: 'https://a.test', body: {n: '${context.attempt}'}}
        workflow: {jobs: [{id: a, component: c, retry: {max_attempts: 3}}]}
        ",
    );
    let mut story = story(&file, json!({}));
    let first = story.call("a");
    story.answer_with("a", 500, json!("no"));
    story.wake();
    let second = story.call("a");
    assert_eq!((first.body, second.body), (Some(json!({"n": 1})), Some(json!({"n": 2}))));
    assert_eq!(first.idempotency_key, second.idempotency_key);
    assert_eq!(first.idempotency_key, format!("{}/a", story.run.id));
}

#[track_caller]
fn refusal<T: std::fmt::Debug>(result: Result<T, JobError>) -> (String, String) {
    let error = result.expect_err("an error");
    (error.code, error.message)
}

#[test]
fn what_has_no_address_or_no_value_is_refused() {
    let call = |file: &File| refusal(Story::begun(file).run.call(&JobPath::new("a"), Story::begun(file).plan(), at(0)));
    let none = ("no_address".to_owned(), "the component has no `base_url` or `endpoint`".to_owned());
    assert_eq!(call(&component("path: /x")), none);
    let empty = ("no_address".to_owned(), "the component's address came out as null".to_owned());
    assert_eq!(call(&component("endpoint: '${input.url}'")), empty);
    assert_eq!(call(&component("endpoint: 'https://a.test', body: '${env.HOST as integer}'")).0, "template");
}

/// The key that a job waits under, as it stands after the answer.
fn key(wait_for: &str, input: Value, response: Value) -> Result<String, String> {
    let file = component(&format!(
        "endpoint: 'https://a.test', body: {{id: '${{input.id}}', job: '${{context.job}}'}},
         completion: {{type: callback, wait_for: '{wait_for}'}}"
    ));
    let mut story = story(&file, input);
    let before = story.wait_before("a");
    story.answer("a", response);
    let after = story.run.open_wait_of(&JobPath::new("a"));
    match after {
        None => Err(story.failure().0.to_owned()),
        Some(after) => {
            assert!(before.is_none_or(|before| before == after), "the same wait before and after the call");
            Ok(after.0.key)
        }
    }
}

#[test]
fn a_key_is_read_from_answer_request_input_or_place() {
    let (input, response) = (json!({"id": "i-1"}), json!({"task": {"id": 42}}));
    for (wait_for, expected) in [
        ("${response.task.id}", "42"),
        ("${request.id}", "i-1"),
        ("${input.id}-${request.job}", "i-1-a"),
        ("${context.job}", "a"),
        ("${response.none | ${request.id}}", "i-1"),
        ("fixed", "fixed"),
    ] {
        assert_eq!(key(wait_for, input.clone(), response.clone()).as_deref(), Ok(expected), "{wait_for}");
    }
    let run = Story::begun(&component("endpoint: 'https://a.test'")).run.id;
    assert_eq!(key("${context.run_id}", input, response).as_deref(), Ok(run.as_str()));
}

#[test]
fn a_wait_without_a_key_fails_and_shows_the_answer() {
    let none = Err("no_correlation_key".to_owned());
    assert_eq!(key("${response.id}", json!({}), json!({"task": 1})), none);
    assert_eq!(key("${response.id}", json!({}), json!({"id": ""})), none);
    assert_eq!(key("${response}", json!({}), json!({"id": 1})), none);
    let file = component("endpoint: 'https://a.test', completion: {type: callback, wait_for: '${response.id}'}");
    let mut story = story(&file, json!({}));
    story.answer("a", json!({"task": 1}));
    let Some(Err(error)) = story.run.ending() else { panic!("{:?}", story.run) };
    assert_eq!(error.detail, json!({"response": {"task": 1}}));
}

#[test]
fn a_key_that_is_missing_before_the_call_is_refused_before_the_call() {
    let file = component("endpoint: 'https://a.test', completion: {type: callback, wait_for: '${input.id}'}");
    let story = Story::begun(&file);
    assert_eq!(refusal(story.run.wait_before(&JobPath::new("a"), story.plan(), at(0))).0, "no_correlation_key");
}

#[test]
fn only_a_wait_that_needs_no_answer_is_opened_before_the_call() {
    let with = |key: &str| {
        component(&format!("endpoint: 'https://a.test', completion: {{type: callback, wait_for: '{key}'}}"))
    };
    assert!(Story::begun(&with("${context.run_id}")).wait_before("a").is_some());
    assert!(Story::begun(&with("${response.id | ${context.run_id}}")).wait_before("a").is_none());
    assert!(Story::begun(&component("endpoint: 'https://a.test'")).wait_before("a").is_none());
}

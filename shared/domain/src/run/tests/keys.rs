//! The idempotency keys of calls: the same while the outcome of the call before is unknown, another once it was reported.

use super::fixture::{File, Story, file, story};
use crate::run::{Input, JobError, JobPath, Outcome};
use crate::wait::Verdict;
use serde_json::{Value, json};

const FILE: &str = "
listener: {port: 8090, callbacks: [{path: /done, identify_by: '${body.key}'}]}
components:
  plain: {endpoint: 'https://a.test'}
  called_back: {endpoint: 'https://a.test', completion: {type: callback, wait_for: '${response.key}', timeout: 1m}}
  polled:
    endpoint: 'https://a.test'
    completion:
      {type: polling, endpoint: 'https://a.test/s', interval: 5s, timeout: 1m, status: '${response.s}', success_when: [done],
       fail_when: [failed]}
workflow: {jobs: [{id: a, component: COMPONENT, retry: {max_attempts: 5}}]}
";

fn with(component: &str) -> File {
    file(&FILE.replace("COMPONENT", component))
}

/// The keys of the calls before and after a failure, without the run's id.
fn keys(component: &str, fail: impl Fn(&mut Story<'_>)) -> (String, String) {
    let file = with(component);
    let mut story = story(&file, json!({}));
    let prefix = format!("{}/", story.run.id);
    let key = |story: &Story<'_>| story.call("a").idempotency_key.replace(&prefix, "");
    let before = key(&story);
    fail(&mut story);
    story.wake();
    assert_eq!(story.job("a").attempt, 2);
    (before, key(&story))
}

fn waiting(story: &mut Story<'_>) {
    story.answer("a", json!({"key": "k"}));
}

/// A question is asked and answered.
fn told(story: &mut Story<'_>, state: &str) {
    waiting(story);
    story.wake();
    story.answer("a", json!({"s": state}));
}

#[test]
fn the_key_stays_while_the_outcome_is_unknown_and_changes_once_failure_is_reported() {
    let same = ("a".to_owned(), "a".to_owned());
    let other = ("a".to_owned(), "a#2".to_owned());
    for status in [100, 300, 302, 408, 409, 425, 429, 500, 502, 503, 504, 599] {
        assert_eq!(keys("plain", |story| story.answer_with("a", status, Value::Null)), same, "{status}");
    }
    for status in [400, 401, 402, 403, 404, 405, 410, 412, 413, 418, 422, 424, 426, 428, 451, 499] {
        assert_eq!(keys("plain", |story| story.answer_with("a", status, Value::Null)), other, "{status}");
    }
    for code in ["unreachable", "timeout", "function_failed"] {
        let broken = Outcome::Unreachable(JobError::new(code, "it broke off"));
        let fail = |story: &mut Story<'_>| story.take(Input::Answered(JobPath::new("a"), 1, broken.clone()));
        assert_eq!(keys("plain", fail), same, "{code}");
    }
    let no_callback = |story: &mut Story<'_>| {
        waiting(story);
        story.time_out("a");
    };
    assert_eq!(keys("called_back", no_callback), same);
    let reported = |story: &mut Story<'_>| {
        waiting(story);
        story.arrive("a", Verdict::Failure, json!("nsfw"));
    };
    assert_eq!(keys("called_back", reported), other);
    assert_eq!(keys("polled", |story| told(story, "failed")), other);
    let unfinished = |story: &mut Story<'_>| {
        told(story, "working");
        story.time_out("a");
    };
    assert_eq!(keys("polled", unfinished), same);
}

#[test]
fn each_reported_failure_counts_and_an_unknown_one_between_them_does_not() {
    let file = with("called_back");
    let mut story = story(&file, json!({}));
    let mut keys = vec![story.call("a").idempotency_key];
    let fail: [fn(&mut Story<'_>); 4] = [
        |story| {
            waiting(story);
            story.arrive("a", Verdict::Failure, json!(1));
        },
        |story| story.answer_with("a", 503, Value::Null),
        |story| story.answer_with("a", 404, Value::Null),
        |story| {
            waiting(story);
            story.time_out("a");
        },
    ];
    for fail in fail {
        fail(&mut story);
        story.wake();
        keys.push(story.call("a").idempotency_key);
    }
    let run = story.run.id.clone();
    assert_eq!(keys, ["a", "a#2", "a#2", "a#3", "a#3"].map(|key| format!("{run}/{key}")));
}

#[test]
fn a_question_has_a_key_of_its_own_beside_the_one_of_its_call() {
    let file = with("polled");
    let mut story = story(&file, json!({}));
    told(&mut story, "failed");
    story.wake();
    let call = story.call("a").idempotency_key;
    waiting(&mut story);
    story.wake();
    assert_eq!(story.call("a").idempotency_key, format!("{call}/question-2-1"));
}

/// The block around is tried again: what had an outcome there is another piece of work, what had none is the same.
#[test]
fn a_job_in_a_block_that_is_tried_again_keeps_its_key_unless_its_outcome_is_known() {
    let file = file(
        "
        component: {id: c, endpoint: 'https://a.test'}
        workflow:
          jobs:
            - id: all
              type: for-each
              items: [x]
              retry: {max_attempts: 3}
              do: [{id: one, component: c}, {id: two, component: c}]
        ",
    );
    let mut story = story(&file, json!({}));
    let run = story.run.id.clone();
    let key = |story: &Story<'_>, job: &str| story.call(job).idempotency_key.replace(&format!("{run}/"), "");
    assert_eq!(key(&story, "all/0/one"), "all/0/one");
    story.answer("all/0/one", json!(1));
    assert_eq!(key(&story, "all/0/two"), "all/0/two");
    story.answer_with("all/0/two", 503, Value::Null);
    story.wake();
    assert_eq!(key(&story, "all~2/0/one"), "all/0/one#2", "it was completed before");
    story.answer("all~2/0/one", json!(1));
    assert_eq!(key(&story, "all~2/0/two"), "all/0/two", "nobody knows what became of it");
    story.answer_with("all~2/0/two", 404, Value::Null);
    story.wake();
    story.answer("all~3/0/one", json!(1));
    assert_eq!(key(&story, "all~3/0/two"), "all/0/two#2");
}

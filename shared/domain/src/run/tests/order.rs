//! Which jobs begin when.

use super::fixture::{file, story};
use crate::run::{Input, JobPath, Owed, Stretch};
use serde_json::json;

fn ordered(jobs: &str) -> String {
    format!("component: {{id: c, endpoint: 'https://a.test'}}\nworkflow: {{jobs: {jobs}}}")
}

#[test]
fn jobs_run_one_after_the_other() {
    let file = file(&ordered("[{id: a, component: c}, {id: b, component: c}]"));
    let mut story = story(&file, json!({}));
    assert_eq!(story.jobs(), "a running");
    story.answer("a", json!(1));
    assert_eq!(story.jobs(), "a completed, b running");
}

#[test]
fn a_job_begins_when_all_it_depends_on_is_done() {
    let file = file(&ordered(
        "[{id: c, component: c, depends_on: [a, b]}, {id: a, component: c, depends_on: []},
          {id: b, component: c, depends_on: []}, {id: d, component: c, depends_on: [],
          input: '${jobs.b.output}'}]",
    ));
    let mut story = story(&file, json!({}));
    assert_eq!(story.jobs(), "a running, b running");
    story.answer("b", json!({"from": "b"}));
    assert_eq!(story.jobs(), "a running, b completed, d running");
    story.answer("a", json!(1));
    assert_eq!(story.jobs(), "a completed, b completed, d running, c running");
}

#[test]
fn without_an_input_a_job_gets_the_runs() {
    let text = "component: {id: c, endpoint: 'https://a.test', body: '${input}'}
workflow: {jobs: [{id: a, component: c}, {id: b, component: c}]}";
    let file = file(text);
    let mut story = story(&file, json!({"x": 1}));
    story.answer("a", json!("not this"));
    assert_eq!(story.call("b").body, Some(json!({"x": 1})));
}

#[test]
fn branches_belong_to_the_stretches_that_made_them_due() {
    let text = "
        components: {c: {endpoint: 'https://a.test'}, pause: {type: delay, duration: 1s}}
        workflow:
          jobs:
            - {id: a, component: c, depends_on: []}
            - {id: pause, component: pause, depends_on: []}
            - {id: b, component: c}
        ";
    let file = file(text);
    let mut story = story(&file, json!({}));
    story.wake();
    let owed = |stretch: &Stretch| story.run.owed_by(stretch);
    assert_eq!(owed(&Stretch::Start), [Owed::Call(JobPath::new("a"), 1)]);
    assert_eq!(owed(&story.stretch), [Owed::Call(JobPath::new("b"), 1)]);
}

#[test]
fn a_failure_stops_its_siblings_and_closes_what_they_wait_for() {
    let text = r#"
        listener: {port: 8090, callbacks: [{path: /done, identify_by: "${body.key}"}]}
        components:
          plain: {endpoint: "https://a.test"}
          late: {endpoint: "https://a.test", completion: {type: callback, wait_for: "${response.key}"}}
          early: {endpoint: "https://a.test", completion: {type: callback, wait_for: fixed}}
        workflow:
          jobs:
            - {id: bad, component: plain, depends_on: []}
            - {id: late, component: late, depends_on: []}
            - {id: early, component: early, depends_on: []}
            - {id: next, component: plain}
        "#;
    let file = file(text);
    for ends_by_itself in [true, false] {
        let mut story = story(&file, json!({}));
        story.answer("late", json!({"key": "k"}));
        if ends_by_itself {
            story.answer_with("bad", 400, json!("no"));
            assert_eq!(story.failure(), ("http_status", "the service answered 400"));
        } else {
            story.take(Input::Cancel);
        }
        let bad = if ends_by_itself { "failed" } else { "cancelled" };
        assert_eq!(story.jobs(), format!("bad {bad}, late cancelled, early cancelled"));
        // The call of `early` is under way, and its wait was opened before it.
        assert_eq!(story.closed(), ["k", "fixed"]);
        let ended = story.run.clone();
        story.answer_at("early", 1, json!(1));
        assert_eq!(story.run, ended);
    }
}

#[test]
fn a_wait_is_not_closed_while_another_job_waits_there() {
    let text = r#"
        listener: {port: 8090, callbacks: [{path: /done, identify_by: "${body.key}"}]}
        components:
          plain: {endpoint: "https://a.test"}
          early: {endpoint: "https://a.test", completion: {type: callback, wait_for: "${input.key}"}}
        workflow:
          jobs:
            - {id: a, component: early, depends_on: []}
            - id: b
              type: if
              condition: input.key
              depends_on: []
              then: [{id: mine, component: early, depends_on: []}, {id: bad, component: plain, depends_on: []}]
              on_error: [{id: sorry, component: plain}]
        "#;
    let file = file(text);
    let mut story = story(&file, json!({"key": "k"}));
    story.answer_with("b/then/bad", 400, json!("no"));
    assert_eq!(
        story.jobs(),
        "a running, b running, b/then/mine cancelled, b/then/bad failed, b/on_error/sorry running"
    );
    assert_eq!(story.closed(), [""; 0]);
}

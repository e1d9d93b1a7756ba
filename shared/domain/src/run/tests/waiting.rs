//! Jobs that wait without a call under way: for the clock, for another run, for the answer to a question.

use super::fixture::{at, file, story};
use crate::run::{Effect, Input, JobError, JobPath, Owed, Status, Stretch};
use serde_json::{Value, json};

const POLLED: &str = "
component:
  id: c
  endpoint: https://a.test/start
  body: {n: 1}
  output: {id: '${response.id}'}
  completion:
    type: polling
    endpoint: 'https://a.test/jobs/${response.id}'
    interval: 5s
    timeout: 12s
    status: ${response.status}
    success_when: [done]
    fail_when: [bad]
    result: {url: '${response.link}'}
workflow: {jobs: [{id: a, component: c}]}
";

#[test]
fn a_service_is_asked_until_it_is_done() {
    let file = file(POLLED);
    let mut story = story(&file, json!({}));
    let first = story.call("a").idempotency_key;
    story.answer("a", json!({"id": 9}));
    assert_eq!((story.jobs().as_str(), story.run.status()), ("a waiting", Status::Waiting));
    story.wake();
    assert_eq!((story.now, story.run.status()), (at(5), Status::Running));
    assert_eq!(story.run.owed_by(&story.stretch), [Owed::Call(JobPath::new("a"), 1)]);
    let question = story.call("a");
    assert_eq!((question.method.as_str(), question.url.as_str()), ("GET", "https://a.test/jobs/9"));
    story.answer("a", json!({"status": "working"}));
    story.wake();
    assert_eq!(story.now, at(10));
    let mut keys = vec![first, question.idempotency_key, story.call("a").idempotency_key];
    keys.dedup();
    assert_eq!(keys.len(), 3, "a question is not the one before: {keys:?}");
    story.answer("a", json!({"status": "done", "link": "u"}));
    assert_eq!(story.result(), &json!({"id": 9, "url": "u"}));
}

#[test]
fn a_question_that_is_not_answered_is_asked_again_until_the_deadline() {
    let file = file(POLLED);
    let mut story = story(&file, json!({}));
    story.answer("a", json!({"id": 9}));
    for asked_at in [5, 10] {
        story.wake();
        assert_eq!(story.now, at(asked_at));
        story.answer_with("a", 503, Value::Null);
    }
    story.wake();
    assert_eq!(story.now, at(12), "the last rest ends with the deadline");
    assert_eq!(story.failure(), ("timeout", "the service had not finished after 2 questions"));
}

#[test]
fn a_status_can_fail_a_polled_job() {
    let file = file(POLLED);
    let mut story = story(&file, json!({}));
    story.answer("a", json!({"id": 9}));
    story.wake();
    story.answer("a", json!({"status": "bad", "link": "why"}));
    let Some(Err(error)) = story.run.ending() else { panic!("{:?}", story.run) };
    assert_eq!((error.code.as_str(), error.detail), ("callback_failed", json!({"url": "why"})));
}

#[test]
fn only_the_next_questions_wake_counts_and_a_handed_over_one() {
    let file = file(POLLED);
    let mut story = story(&file, json!({}));
    story.answer("a", json!({"id": 9}));
    story.pass("5s");
    let job = JobPath::new("a");
    for (stretch, status) in [
        (Stretch::Wake { job: job.clone(), attempt: 1, nth: 2 }, Status::Waiting),
        (Stretch::Wake { job: job.clone(), attempt: 1, nth: 1 }, Status::Running),
        (Stretch::Continue { version: 7 }, Status::Running),
    ] {
        let mut story = story.clone();
        story.stretch = stretch;
        story.take(Input::Woke(job.clone(), 1));
        assert_eq!(story.run.status(), status, "{:?}", story.stretch);
    }
}

#[test]
fn a_pause_lasts_as_long_as_it_says_and_passes_its_input_on() {
    let file = file(
        "
        components:
          pause: {type: delay, duration: '${input.time}'}
          out: {type: delay, duration: 1, output: '${input.x}!'}
        workflow: {jobs: [{id: a, component: pause}, {id: b, component: out, input: {x: '${output.time}'}}]}
        ",
    );
    for (time, seconds) in [(json!("1m"), 60), (json!(2000), 2)] {
        let mut story = story(&file, json!({"time": time}));
        assert_eq!((story.jobs().as_str(), story.run.status()), ("a waiting", Status::Waiting));
        story.wake();
        assert_eq!(story.now, at(seconds));
        assert_eq!(story.output("a"), &json!({"time": time}));
        story.wake();
        assert_eq!(story.result(), &json!(format!("{}!", time.as_str().unwrap_or("2000"))));
    }
    assert_eq!(story(&file, json!({"time": "soon"})).failure().0, "bad_duration");
    assert_eq!(story(&file, json!({"time": -1})).failure().0, "bad_duration");
}

const PARENT: &str = "
components:
  c: {endpoint: 'https://a.test'}
  sub: {type: workflow, workflow: child, input: {n: '${input.n + 1}'}, output: {got: '${output}'}, timeout: 1h}
workflows:
  - {id: parent, jobs: [{id: a, component: sub, retry: {max_attempts: 2}}]}
  - {id: child, jobs: [{id: b, component: c}]}
";

#[test]
fn a_child_run_is_started_and_awaited() {
    let file = file(PARENT);
    let mut story = story(&file, json!({"n": 1}));
    let job = JobPath::new("a");
    assert_eq!(story.run.owed_by(&Stretch::Start), [Owed::StartChild(job.clone(), 1)]);
    let stretch = Stretch::Deadline { job: job.clone(), attempt: 1 };
    assert_eq!(story.effects, [Effect::Wake { stretch, at: at(3600) }]);
    let child = story.run.child_run(&job, story.plan(), at(1)).expect("a child");
    assert_eq!((child.workflow.as_str(), &*child.input), ("child", &json!({"n": 2})));
    let parent = child.parent.expect("a parent");
    assert_eq!((parent.run, parent.job, parent.attempt), (story.run.id.clone(), job.clone(), 1));

    story.take(Input::ChildEnded(job.clone(), 1, Err(JobError::new("http_status", "it failed"))));
    story.wake();
    let second = story.run.child_run(&job, story.plan(), story.now).expect("a child");
    assert_ne!(second.id, child.id, "each attempt has a child of its own");
    story.take(Input::ChildEnded(job, 2, Ok(json!("done"))));
    assert_eq!(story.result(), &json!({"got": "done"}));
}

//! What has happened but was not written, and what was written but is not in the file any more.

use super::fixture::{File, Story, at, file, story};
use crate::run::{Effect, Input, JobPath, JobState, Owed, Phase, Stretch};
use crate::wait::Verdict;
use serde_json::json;

const RESTED: &str = "
listener: {port: 8090, callbacks: [{path: /done, identify_by: '${body.key}'}]}
components:
  pause: {type: delay, duration: 10s}
  early: {endpoint: 'https://a.test', completion: {type: callback, wait_for: fixed, timeout: 20s}}
workflow:
  jobs:
    - {id: pause, component: pause}
    - {id: each, type: for-each, items: [1], component: early}
";

/// The message of the pause made the call without a write: the table says that the job still pauses.
fn asleep(file: &File) -> Story<'_> {
    let mut story = story(file, json!({}));
    assert_eq!(story.jobs(), "pause waiting");
    story.pass("10s");
    story
}

fn woken() -> Stretch {
    Stretch::Wake { job: JobPath::new("pause"), attempt: 1, nth: 0 }
}

#[test]
fn a_callback_of_a_call_that_was_made_without_a_write_is_kept() {
    let file = file(RESTED);
    let mut story = asleep(&file);
    let job = JobPath::new("each/0/each");
    let arrival = crate::wait::Arrival { verdict: Verdict::Success, result: json!({"url": "u"}) };
    story.take(Input::Arrived(job.clone(), 1, arrival));
    assert_eq!(story.jobs(), "pause completed, each running, each/0/each running");
    assert_eq!(story.run.owed_by(&woken()), [Owed::Call(job.clone(), 1)], "the call is the pause's message's");
    story.stretch = woken();
    story.take(Input::Woke(JobPath::new("pause"), 1));
    story.answer(job.as_str(), json!({"id": 1}));
    assert_eq!(story.result(), &json!([{"id": 1, "url": "u"}]));
}

#[test]
fn a_deadline_of_a_call_that_was_made_without_a_write_counts() {
    let file = file(RESTED);
    let mut story = asleep(&file);
    story.pass("20s");
    story.take(Input::TimedOut(JobPath::new("each/0/each"), 1));
    assert_eq!(story.failure().0, "timeout");
}

#[test]
fn a_rest_that_is_not_over_has_begun_nothing() {
    let file = file(RESTED);
    let mut story = story(&file, json!({}));
    story.take(Input::TimedOut(JobPath::new("each/0/each"), 1));
    assert_eq!(story.jobs(), "pause waiting");
}

#[test]
fn an_early_callback_may_be_the_first_that_is_written_of_a_run() {
    let text = RESTED.replace("duration: 10s", "duration: 0").replace("- {id: pause, component: pause}", "");
    let file = file(&text);
    let mut story = Story::queued(&file, "default", json!({}));
    let job = JobPath::new("each/0/each");
    let arrival = crate::wait::Arrival { verdict: Verdict::Success, result: json!({"url": "u"}) };
    story.stretch = Stretch::Continue { version: 1 };
    story.take(Input::Arrived(job.clone(), 1, arrival));
    assert_eq!(story.run.owed_by(&Stretch::Start), [Owed::Call(job, 1)]);
}

const FULL: &str = "
listener: {port: 8090, callbacks: [{path: /done, identify_by: '${body.key}'}]}
components:
  plain: {endpoint: 'https://a.test'}
  late: {endpoint: 'https://a.test', completion: {type: callback, wait_for: '${response.key}'}}
workflow:
  jobs:
    - {id: a, component: plain, depends_on: []}
    - {id: b, component: late, depends_on: []}
    - {id: c, type: if, condition: 'input.yes | true', depends_on: [], then: [{id: in, component: plain}],
       on_error: [{id: oh, component: plain}]}
    - {id: d, type: for-each, items: [1], depends_on: [], component: plain}
";

/// A run of the whole file, of which something is gone by now.
fn changed<'a>(before: &'a File, after: &'a File) -> Story<'a> {
    let mut story = story(before, json!({}));
    story.answer("b", json!({"key": "k"}));
    story.file = after;
    story
}

#[test]
fn a_run_whose_workflow_is_gone_fails_and_waits_for_nothing() {
    let (before, after) = (file(FULL), file(&FULL.replace("workflow:", "workflow:\n  id: another")));
    let mut story = changed(&before, &after);
    story.answer("a", json!(1));
    assert_eq!(story.failure().0, "unknown_workflow");
    assert_eq!(story.closed(), ["k"]);
    assert!(story.run.jobs.values().all(|job| job.state.has_ended()), "{}", story.jobs());
}

#[test]
fn jobs_that_are_gone_do_not_hold_up_the_rest() {
    let only_a = FULL.split("    - {id: b").next().expect("a part");
    let (before, after) = (file(FULL), file(only_a));
    let mut story = changed(&before, &after);
    story.answer("a", json!(1));
    assert!(matches!(story.run.phase, Phase::Completed { .. }));
    assert_eq!(story.closed(), ["k"]);
    assert!(story.run.jobs.values().all(|job| job.state.has_ended()), "{}", story.jobs());
}

#[test]
fn a_job_that_is_another_kind_by_now_fails() {
    let call = "component: plain, depends_on: []";
    let branch = "type: if, condition: 'input.yes | true', depends_on: [], then: [{id: in, component: plain}]";
    let each = "type: for-each, items: [1], depends_on: [], component: plain";
    for (was, is) in [(branch, call), (each, branch), (each, call)] {
        let (before, after) = (file(&FULL.replacen(call, was, 1)), file(FULL));
        let after = if is == call { after } else { file(&FULL.replacen(call, is, 1)) };
        let mut story = changed(&before, &after);
        story.take(Input::Start);
        assert_eq!(story.failure().0, "unknown_job", "{was} has become {is}");
    }
}

#[test]
fn an_error_handler_that_is_gone_ends_its_job() {
    let (before, after) = (file(FULL), file(&FULL.replace(",\n       on_error: [{id: oh, component: plain}]", "")));
    let mut story = changed(&before, &after);
    story.file = &before;
    story.answer_with("c/then/in", 500, json!("no"));
    story.file = &after;
    story.take(Input::Start);
    assert_eq!(story.failure().0, "unknown_job");
}

#[test]
fn an_answer_to_a_question_that_is_asked_no_more_ends_its_job() {
    let polled = "components:
  c:
    endpoint: https://a.test
    completion: {type: polling, endpoint: 'https://a.test/far', status: '${response.status}', success_when: [ok]}
workflow: {jobs: [{id: a, component: c}]}";
    let (before, after) = (
        file(polled),
        file("component: {id: c, endpoint: 'https://a.test'}\nworkflow: {jobs: [{id: a, component: c}]}"),
    );
    let mut story = story(&before, json!({}));
    story.answer("a", json!({}));
    story.wake();
    story.file = &after;
    let refused = story.run.call(&JobPath::new("a"), story.plan(), story.now).expect_err("nothing to ask");
    assert_eq!(refused.code, "unknown_job");
    story.answer("a", json!({"status": "ok"}));
    assert_eq!(story.failure().0, "unknown_job");
}

#[test]
fn a_rest_of_a_job_that_is_gone_ends() {
    let job = "{id: a, component: plain, depends_on: []";
    let before = file(&FULL.replace(job, &format!("{job}, retry: {{}}")));
    let after = file(&FULL.replace(&format!("- {job}}}"), ""));
    let mut story = story(&before, json!({}));
    story.answer_with("a", 500, json!("no"));
    let [Effect::Wake { at: due, .. }] = story.effects.as_slice() else { panic!("{:?}", story.effects) };
    assert_eq!(*due, at(1));
    story.file = &after;
    story.wake();
    let JobState::Failed { error, .. } = &story.job("a").state else { panic!("{}", story.jobs()) };
    assert_eq!(error.code, "unknown_job");
}

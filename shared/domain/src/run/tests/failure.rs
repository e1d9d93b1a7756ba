//! Attempts that fail: retries, error handlers, deadlines.

use super::fixture::{File, Story, at, file, story};
use crate::run::{Effect, Input, JobError, JobPath, JobState, Outcome, Owed, Stretch};
use crate::wait::Verdict;
use serde_json::{Value, json};

fn call_with(job: &str) -> File {
    file(&format!(
        "
        listener: {{port: 8090, callbacks: [{{path: /done, identify_by: '${{body.key}}'}}]}}
        components:
          plain: {{endpoint: 'https://a.test'}}
          early:
            {{endpoint: 'https://a.test', timeout: 20s, completion: {{type: callback, wait_for: '${{input.key}}'}}}}
          late:
            {{endpoint: 'https://a.test', completion: {{type: callback, wait_for: '${{response.key}}', timeout: 1m}}}}
          pause: {{type: delay, duration: 10s}}
        workflow: {{jobs: [{{id: a, {job}}}]}}
        "
    ))
}

/// Fails attempt after attempt; the pauses between them, in milliseconds.
fn pauses(retry: &str) -> Vec<i128> {
    let file = call_with(&format!("component: plain, retry: {retry}"));
    let mut story = story(&file, json!({}));
    let mut pauses = Vec::new();
    loop {
        story.answer_with("a", 503, json!("busy"));
        if story.run.has_ended() {
            return pauses;
        }
        let failed_at = story.now;
        story.wake();
        pauses.push(story.now.duration_since(failed_at).as_millis());
    }
}

#[test]
fn each_pause_is_as_long_as_the_file_says() {
    assert_eq!(pauses("{max_attempts: 1}"), []);
    assert_eq!(pauses("{}"), [1000, 1000]);
    assert_eq!(pauses("{max_attempts: 4, delay: 250ms}"), [250, 250, 250]);
    assert_eq!(pauses("{max_attempts: 5, delay: 100, backoff: 2}"), [100, 200, 400, 800]);
    assert_eq!(pauses("{max_attempts: 4, delay: 1s, backoff: 1.5}"), [1000, 1500, 2250]);
    assert_eq!(pauses("{max_attempts: 4, delay: 1s, backoff: exponential}"), [1000, 2000, 4000]);
}

#[test]
fn no_pause_is_longer_than_a_year_and_none_overflows() {
    const YEAR: i128 = 365 * 24 * 3600 * 1000;
    assert_eq!(pauses("{max_attempts: 6, delay: 1h, backoff: 100}").last(), Some(&YEAR));
    let pauses = pauses("{max_attempts: 200, delay: 0, backoff: 100}");
    assert_eq!((pauses.len(), pauses.iter().max()), (199, Some(&0)));
}

#[test]
fn a_job_that_is_woken_too_early_rests_on() {
    let file = call_with("component: plain, retry: {delay: 5s}");
    let mut story = story(&file, json!({}));
    story.answer_with("a", 503, json!("busy"));
    let resting = story.run.clone();
    story.pass("4s");
    story.take(Input::Woke(JobPath::new("a"), 2));
    assert_eq!(story.run, resting);
    story.pass("1s");
    story.take(Input::Woke(JobPath::new("a"), 2));
    assert_eq!((story.jobs().as_str(), story.job("a").attempt), ("a running", 2));
    assert_eq!(story.job("a").started_at, at(0), "a job starts with its first attempt");
}

#[test]
fn a_handlers_success_is_the_jobs() {
    let handled = "component: plain, retry: {max_attempts: 2}, output: {said: '${output}'},
        on_error: [{id: b, component: plain}, 
          {id: c, component: logger, input: {message: '${error.message}', data: '${output}'}}]";
    let file = call_with(handled);
    let mut story = story(&file, json!({}));
    story.answer_with("a", 500, json!("no"));
    story.wake();
    story.take(Input::Answered(JobPath::new("a"), 2, Outcome::Unreachable(JobError::new("dns", "no such host"))));
    assert_eq!(story.jobs(), "a running, a~2/on_error/b running");
    story.answer("a~2/on_error/b", json!("sorry"));
    assert_eq!(story.logged(), [("info", "no such host", &json!("sorry"))]);
    assert_eq!(story.result(), &json!({"said": "sorry"}));
}

#[test]
fn a_handlers_failure_is_the_jobs() {
    let file = call_with("component: plain, retry: {max_attempts: 1}, on_error: [{id: b, component: plain}]");
    let mut story = story(&file, json!({}));
    story.answer_with("a", 500, json!("no"));
    story.answer_with("a/on_error/b", 502, json!("no"));
    assert_eq!(story.failure(), ("http_status", "the service answered 502"));
}

#[test]
fn a_failure_says_what_came_with_it() {
    let file = call_with("component: early");
    let mut story = story(&file, json!({"key": "k"}));
    story.answer("a", Value::Null);
    story.arrive("a", Verdict::Failure, json!({"why": "too dark"}));
    let Some(Err(error)) = story.run.ending() else { panic!("{:?}", story.run) };
    let expected = JobError::new("callback_failed", "the service reported a failure");
    assert_eq!(error, expected.with_detail(json!({"why": "too dark"})));
}

#[test]
fn a_callback_without_a_status_fails_the_job_and_is_a_failure_in_every_other_way() {
    let file = call_with("component: early");
    let whole = json!({"state": "done"});
    let mut story = story(&file, json!({"key": "k"}));
    story.answer("a", Value::Null);
    story.arrive("a", Verdict::NoStatus, whole.clone());
    let Some(Err(error)) = story.run.ending() else { panic!("{:?}", story.run) };
    assert_eq!((error.code.as_str(), error.detail), ("no_status", whole));
    // Held before the answer, it gives way to a success and to nothing else.
    for (held, then, ends) in [
        (Verdict::NoStatus, Verdict::Success, "completed"),
        (Verdict::Success, Verdict::NoStatus, "completed"),
        (Verdict::NoStatus, Verdict::Failure, "no_status"),
        (Verdict::Failure, Verdict::NoStatus, "callback_failed"),
        (Verdict::Unmapped, Verdict::Failure, "output_failed"),
        (Verdict::Failure, Verdict::Unmapped, "output_failed"),
        (Verdict::Success, Verdict::Unmapped, "completed"),
        (Verdict::Unmapped, Verdict::Success, "output_failed"),
    ] {
        let mut story = super::fixture::story(&file, json!({"key": "k"}));
        story.arrive("a", held, json!(1));
        story.arrive("a", then, json!(2));
        story.answer("a", Value::Null);
        let ended = match story.run.ending() {
            Some(Ok(_)) => "completed".to_owned(),
            Some(Err(error)) => error.code,
            None => "open".to_owned(),
        };
        assert_eq!(ended, ends, "{held:?}, then {then:?}");
    }
    // A failure of an attempt that was given up says nothing of the next one.
    let file = call_with("component: early, retry: {delay: 10s}");
    let mut story = super::fixture::story(&file, json!({"key": "k"}));
    story.answer_with("a", 504, Value::Null);
    let arrival = |verdict| crate::wait::Arrival { verdict, result: json!("it") };
    story.take(Input::Arrived(JobPath::new("a"), 1, arrival(Verdict::NoStatus)));
    assert_eq!(story.jobs(), "a retrying");
    // A success does, even one that the file can't map: the service has done its part.
    story.take(Input::Arrived(JobPath::new("a"), 1, arrival(Verdict::Unmapped)));
    let Some(Err(error)) = story.run.ending() else { panic!("{:?}", story.run) };
    assert_eq!((error.code.as_str(), error.detail), ("output_failed", Value::Null));
}

#[test]
fn a_callback_before_the_answer_is_held_until_the_answer_is_there() {
    let file = call_with("component: early");
    for (status, expected) in [(202, json!({"id": 1, "url": "u"})), (504, json!({"url": "u"}))] {
        let mut story = story(&file, json!({"key": "k"}));
        story.arrive("a", Verdict::Success, json!({"url": "u"}));
        assert_eq!(story.jobs(), "a running");
        story.answer_with("a", status, json!({"id": 1}));
        assert_eq!(story.result(), &expected, "{status}");
    }
}

#[test]
fn a_success_counts_for_an_attempt_that_was_given_up() {
    let file = call_with("component: early, retry: {delay: 10s}");
    let mut story = story(&file, json!({"key": "k"}));
    story.answer_with("a", 504, Value::Null);
    assert_eq!(story.closed(), [""; 0], "the wait stays open while there is another attempt");
    let arrived =
        |verdict| Input::Arrived(JobPath::new("a"), 1, crate::wait::Arrival { verdict, result: json!({"url": "u"}) });
    story.take(arrived(Verdict::Failure));
    assert_eq!(story.jobs(), "a retrying");
    story.take(arrived(Verdict::Success));
    assert_eq!(story.result(), &json!({"url": "u"}));
}

#[test]
fn after_the_last_attempt_nobody_waits_any_more() {
    let file = call_with("component: early, retry: {max_attempts: 1}");
    let mut story = story(&file, json!({"key": "k"}));
    story.answer_with("a", 500, Value::Null);
    // A callback may have come, and have been acknowledged: the wait has the last word.
    assert_eq!(
        (story.run.owed_by(&story.stretch), story.closed()),
        (vec![Owed::GiveUpWait(JobPath::new("a"), 1)], Vec::new())
    );
    let mut called_back = story.clone();
    story.time_out("a");
    assert_eq!(story.failure().0, "http_status");
    called_back.arrive("a", Verdict::Success, json!({"url": "u"}));
    assert_eq!(called_back.result(), &json!({"url": "u"}));
}

#[test]
fn a_wait_ends_with_its_deadline() {
    let file = call_with("component: late");
    let mut story = story(&file, json!({}));
    story.pass("2s");
    story.answer("a", json!({"key": 5}));
    let JobState::Waiting { deadline, wait, .. } = &story.job("a").state else { panic!("it waits") };
    assert_eq!((*deadline, wait.key.as_str()), (at(60), "5"), "it is counted from the attempt's beginning");
    story.pass("58s");
    story.time_out("a");
    assert_eq!(story.failure(), ("timeout", "no callback came for `5` before the deadline"));
}

#[test]
fn the_shorter_of_job_and_component_bounds_call_and_wait() {
    for (job, call, wait) in [("component: early", 20, 20), ("component: early, timeout: 5s", 5, 5)] {
        let file = call_with(job);
        let story = story(&file, json!({"key": "k"}));
        assert_eq!(story.call("a").timeout.as_secs(), call);
        let (_, deadline) = story.wait_before("a").expect("a wait");
        assert_eq!(deadline, at(wait));
    }
}

#[test]
fn an_answer_after_the_deadline_opens_a_wait_that_only_a_callback_of_before_can_meet() {
    let file = call_with("component: late, retry: {max_attempts: 2}");
    let answered = || {
        let mut story = story(&file, json!({}));
        story.pass("2m");
        story.answer("a", json!({"key": "k"}));
        assert_eq!(story.jobs(), "a waiting");
        story
    };
    let mut story = answered();
    story.arrive("a", Verdict::Success, json!(1));
    assert_eq!(story.jobs(), "a completed");
    let mut story = answered();
    story.time_out("a");
    assert_eq!(story.jobs(), "a retrying");
}

#[test]
fn a_pause_ends_with_its_jobs_deadline_if_that_is_sooner() {
    let file = call_with("component: pause, timeout: 3s");
    let mut story = story(&file, json!({}));
    let stretch = Stretch::Deadline { job: JobPath::new("a"), attempt: 1 };
    assert!(story.effects.contains(&Effect::Wake { stretch, at: at(3) }), "{:?}", story.effects);
    story.pass("3s");
    story.time_out("a");
    assert_eq!(story.failure().0, "timeout");
    let file = call_with("component: pause, timeout: 11s");
    assert_eq!(Story::begun(&file).effects.len(), 1);
}

#[test]
fn what_cannot_be_had_fails_the_job_unless_its_success_is_there() {
    let file = call_with("component: early");
    let refused = || Input::Refused(JobPath::new("a"), 1, JobError::new("key_taken", "another waits"));
    let mut story = story(&file, json!({"key": "k"}));
    let mut lucky = story.clone();
    story.take(refused());
    assert_eq!(story.failure(), ("key_taken", "another waits"));
    lucky.arrive("a", Verdict::Success, json!({"url": "u"}));
    lucky.take(refused());
    assert_eq!(lucky.result(), &json!({"url": "u"}));
}

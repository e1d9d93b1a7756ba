//! What callbacks and answers brought is kept with their job, whatever the file makes of it.

use super::fixture::{File, Story, file, story};
use crate::program::Ended;
use crate::run::{Brought, Claim, Claiming, Input, JobPath, JobRun, JobState, Keep, Outcome, ProgramOutcome, Run};
use crate::wait::{Arrival, Verdict};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The component of a kind, which is called `c`; OUTPUT stands for more fields.
fn component(kind: &str) -> &'static str {
    match kind {
        "late" => {
            "{id: c, endpoint: 'https://a.test', completion: {type: callback, wait_for: '${response.key}'} OUTPUT}"
        }
        "early" => "{id: c, endpoint: 'https://a.test', completion: {type: callback, wait_for: fixed} OUTPUT}",
        "polled" => {
            "{id: c, endpoint: 'https://a.test', completion: {type: polling, endpoint: 'https://a.test/s', interval: 5s, \
             status: '${response.s}', success_when: [done]} OUTPUT}"
        }
        "works" => "{id: c, type: program, program: work OUTPUT}",
        _ => "{id: c, endpoint: 'https://a.test' OUTPUT}",
    }
}

/// A file whose component, or whose job, makes its output so.
fn with(kind: &str, output: &str, of_job: &str) -> File {
    let more = |fields: &str| if fields.is_empty() { String::new() } else { format!(", {fields}") };
    let output = if output.is_empty() { String::new() } else { format!("output: {output}") };
    let component = component(kind).replace(" OUTPUT", &more(&output));
    let (listener, program) = ("{port: 8090, path: /done, identify_by: '${body.key}'}", "{command: [echo]}");
    file(&format!(
        "
        listener: {listener}
        programs: {{work: {program}}}
        component: {component}
        workflow: {{jobs: [{{id: a, component: c, retry: {{max_attempts: 3}}{}}}]}}
        ",
        more(of_job)
    ))
}

fn here(value: Value) -> Option<Brought> {
    Some(Brought::Here(value))
}

/// Takes a job to its end: the value is what its callback, or its last answer, brings.
fn bring(story: &mut Story<'_>, component: &str, value: &Value) {
    match component {
        "late" => {
            story.answer("a", json!({"key": "k"}));
            story.arrive("a", Verdict::Success, value.clone());
        }
        "early" => {
            story.arrive("a", Verdict::Success, value.clone());
            story.answer("a", json!({"key": "k"}));
        }
        "polled" => {
            story.answer("a", json!({"key": "k"}));
            story.wake();
            story.answer("a", value.clone());
        }
        "works" => {
            let (run, outcome) = ran(story.run.clone(), story.now, value);
            story.run = run;
            assert!(outcome.is_object());
            story.take(Input::Ran(JobPath::new("a"), 1));
        }
        _ => story.answer("a", value.clone()),
    }
}

fn ran(run: Run, now: Timestamp, value: &Value) -> (Run, Value) {
    let (job, claim) = (JobPath::new("a"), Claim { by: "w".to_owned(), until: Timestamp::MAX });
    let Claiming::Claimed(run) = run.claim(&job, 1, claim, now) else { panic!("not claimed") };
    let ended: Ended = serde_json::from_value(json!({
        "exit_code": 0, "stdout": value.to_string(), "stderr": "", "duration_ms": 1, "truncated": false,
    }))
    .expect("an outcome");
    let result = ended.result();
    (run.ended(&job, 1, "w", ProgramOutcome::Ended(ended)).expect("its claim"), result)
}

fn kept(story: &Story<'_>) -> Option<Brought> {
    story.job("a").brought.clone()
}

#[test]
fn a_mapping_that_fails_keeps_what_came_and_calls_nobody_again() {
    let value = json!({"s": "done", "seconds": "12.5s"});
    for component in ["late", "early", "polled", "plain", "works"] {
        let of_result = matches!(component, "late" | "early" | "polled");
        let source = if of_result { "result" } else { "response" };
        let broken = format!("{{n: '${{{source} as integer}}'}}");
        for (output, of_job) in [(broken.as_str(), String::new()), ("", format!("output: {broken}"))] {
            let file = with(component, output, &of_job);
            let mut story = story(&file, json!({}));
            bring(&mut story, component, &value);
            assert_eq!(story.failure().0, "output_failed", "{component} {output} {of_job}");
            assert_eq!(story.job("a").attempt, 1, "{component}: nothing is called again");
            let Some(Brought::Here(found)) = kept(&story) else { panic!("{component}: nothing is kept") };
            let found = if component == "works" { found["json"].clone() } else { found };
            assert_eq!(found, value, "{component} {output} {of_job}");
        }
    }
}

#[test]
fn a_callback_is_kept_also_where_the_mapping_leaves_it_out() {
    let value = json!({"url": "u", "more": [1, 2]});
    for component in ["late", "early"] {
        let file = with(component, "", "output: {only: '${result.url}'}");
        let mut story = story(&file, json!({}));
        bring(&mut story, component, &value);
        assert_eq!((story.output("a"), kept(&story)), (&json!({"only": "u"}), here(value.clone())));
    }
    let file = with("late", "", "");
    let mut story = story(&file, json!({}));
    story.answer("a", json!({"key": "k"}));
    story.arrive("a", Verdict::Failure, json!("nsfw"));
    assert_eq!((story.jobs().as_str(), kept(&story)), ("a retrying", here(json!("nsfw"))));
}

#[test]
fn a_poll_whose_status_can_t_be_read_keeps_the_answer() {
    let text = component("polled").replace("response.s", "response.s as integer").replace(" OUTPUT", "");
    let file = file(&format!("{{component: {text}, workflow: {{jobs: [{{id: a, component: c}}]}}}}"));
    let mut story = story(&file, json!({}));
    bring(&mut story, "polled", &json!({"s": "soon"}));
    assert_eq!((story.failure().0, kept(&story)), ("output_failed", here(json!({"s": "soon"}))));
}

/// `result` is read only once the status says that the service has finished.
#[test]
fn a_poll_without_a_result_yet_asks_again_and_a_reported_failure_stays_one() {
    let more = "success_when: [done], fail_when: [failed], result: '${response.secs as integer}'";
    let text = component("polled").replace("success_when: [done]", more).replace(" OUTPUT", "");
    let file = file(&format!("{{component: {text}, workflow: {{jobs: [{{id: a, component: c}}]}}}}"));
    let after = |answer: Value| {
        let mut story = story(&file, json!({}));
        bring(&mut story, "polled", &answer);
        story
    };
    assert_eq!(after(json!({"s": "processing", "secs": "n/a"})).jobs(), "a waiting");
    let failed = after(json!({"s": "failed", "secs": "n/a"}));
    assert_eq!(failed.failure().0, "callback_failed");
    assert_eq!(after(json!({"s": "done", "secs": "n/a"})).failure().0, "output_failed");
    assert_eq!(after(json!({"s": "done", "secs": "7"})).jobs(), "a completed");
}

#[test]
fn an_answer_without_a_key_is_not_asked_for_again() {
    let file = with("late", "", "");
    let mut story = story(&file, json!({}));
    story.answer("a", json!({"other": 1}));
    assert_eq!((story.failure().0, story.job("a").attempt), ("no_correlation_key", 1));
}

/// Takes the input where the run has room only as `keep` says.
fn keeping(story: &mut Story<'_>, keep: Keep, input: Input) {
    let applied = story.run.clone().apply_keeping(keep, input, &story.stretch, story.plan(), story.now);
    (story.run, story.effects) = (applied.run, applied.effects);
}

fn arrived(verdict: Verdict, result: Value) -> Input {
    Input::Arrived(JobPath::new("a"), 1, Arrival { verdict, result })
}

#[test]
fn what_the_run_has_no_room_for_is_kept_beside_it_and_the_job_goes_on_if_its_output_fits() {
    let file = with("late", "", "output: {only: '${result.url}'}");
    let mut story = story(&file, json!({}));
    story.answer("a", json!({"key": "k"}));
    let input = arrived(Verdict::Success, json!({"url": "u"}));
    let value = story.run.value_of(&input).map(|(path, attempt, value)| (path.as_str().to_owned(), attempt, value));
    assert_eq!(value, Some(("a".to_owned(), 1, json!({"url": "u"}))));
    let beside = Some(Brought::Beside { attempt: 1 });
    let mut alone = story.clone();
    keeping(&mut story, Keep::Beside, input.clone());
    assert_eq!((story.output("a"), kept(&story)), (&json!({"only": "u"}), beside.clone()));
    keeping(&mut alone, Keep::Alone { bytes: 9 }, input);
    assert_eq!((alone.failure().0, alone.job("a").attempt, kept(&alone)), ("too_large", 1, beside));
}

#[test]
fn an_answer_too_large_for_the_run_ends_its_job_unless_its_callback_came() {
    let answer = || {
        let body = json!({"key": "k"});
        Input::Answered(JobPath::new("a"), 1, Outcome::Answered { status: 200, body })
    };
    for (keep, expected) in [
        (Keep::Alone { bytes: 9 }, Brought::Beside { attempt: 1 }),
        (Keep::Nowhere { bytes: 9 }, Brought::Dropped { bytes: 9 }),
    ] {
        let file = with("plain", "", "");
        let mut story = story(&file, json!({}));
        keeping(&mut story, keep, answer());
        assert_eq!((story.failure().0, story.job("a").attempt), ("too_large", 1));
        assert_eq!(kept(&story), Some(expected));
    }
    let file = with("early", "", "");
    let mut story = story(&file, json!({}));
    story.arrive("a", Verdict::Success, json!("u"));
    keeping(&mut story, Keep::Alone { bytes: 9 }, answer());
    assert_eq!(story.output("a"), &json!("u"));
}

#[test]
fn a_callback_that_comes_before_the_answer_and_has_no_room_is_held_by_its_verdict() {
    for (verdict, code, jobs) in
        [(Verdict::Success, "too_large", "a failed"), (Verdict::Failure, "callback_failed", "a retrying")]
    {
        let file = with("early", "", "");
        let mut story = story(&file, json!({}));
        keeping(&mut story, Keep::Beside, arrived(verdict, json!("large")));
        assert_eq!(kept(&story), Some(Brought::Beside { attempt: 1 }));
        story.answer("a", json!({}));
        assert_eq!(story.jobs(), jobs);
        let (JobState::Failed { error, .. } | JobState::Resting { error, .. }) = &story.job("a").state else {
            panic!("{:?}", story.job("a"))
        };
        assert_eq!(error.code, code);
    }
}

#[test]
fn what_a_stale_input_brings_is_not_kept() {
    let file = with("late", "", "");
    let mut story = story(&file, json!({}));
    story.answer("a", json!({"key": "k"}));
    story.time_out("a");
    story.wake();
    let before = story.run.clone();
    for keep in [Keep::Here, Keep::Alone { bytes: 9 }] {
        keeping(&mut story, keep, arrived(Verdict::Failure, json!("late")));
        keeping(
            &mut story,
            keep,
            Input::Answered(JobPath::new("a"), 1, Outcome::Answered { status: 200, body: json!(1) }),
        );
        assert_eq!(story.run, before);
    }
}

#[test]
fn a_program_whose_end_was_told_before_its_time_was_over_counts() {
    let file = with("works", "", "");
    let mut story = story(&file, json!({}));
    let (run, result) = ran(story.run.clone(), story.now, &json!(7));
    story.run = run;
    story.time_out("a");
    assert_eq!(story.output("a"), &result);
}

#[test]
fn jobs_of_the_version_before_are_read() {
    let stored =
        json!({"attempt": 2, "started_at": "2026-01-01T00:00:00Z", "state": {"state": "branching", "branch": "then"}});
    let job: JobRun = serde_json::from_value(stored.clone()).expect("a job");
    assert_eq!((job.reported, &job.brought), (0, &None));
    assert_eq!(serde_json::to_value(job).expect("JSON"), stored, "and nothing is added where there is nothing");
}

//! Jobs that run a program: who may, what they are told, and what the job has of it.

use super::fixture::{File, Story, at, file, story};
use crate::config::Config;
use crate::program::Ended;
use crate::run::{
    Claim, Claiming, Effect, Input, JobError, JobPath, Outcome, Owed, ProgramOutcome, Run, Status, Stretch,
};
use serde_json::{Value, json};
use std::time::Duration;

const FILE: &str = "
programs:
  deploy: {command: [deploy], params: [branch], retry: {max_attempts: 2, delay: 1s}}
  resize: {function: resizer, timeout: 20m}
components:
  ship: {type: program, program: deploy, params: {tag: 'v${input.n}', none: null}, output: '${response.json | none}'}
  plain: {type: program, program: deploy}
  small: {type: program, program: resize, output: '${response.url}'}
  given: {type: program, program: resize, params: {key: '${input.n}'}}
workflows:
  ships: {jobs: [{id: ship, component: ship, input: {n: '${input.number}'}}]}
  plain: {jobs: [{id: plain, component: plain, timeout: 5s, retry: {max_attempts: 1}}]}
  small: {jobs: [{id: small, component: small, retry: {max_attempts: 2, delay: 1s}}]}
  given: {jobs: [{id: given, component: given, timeout: 5s}]}
";

fn started<'a>(file: &'a File, workflow: &str, input: Value) -> Story<'a> {
    let mut story = Story::queued(file, workflow, input);
    story.take(Input::Start);
    story
}

fn claim(by: &str, until: i64) -> Claim {
    Claim { by: by.to_owned(), until: at(until) }
}

fn ended(exit_code: i32, stdout: &str) -> ProgramOutcome {
    ProgramOutcome::Ended(Ended {
        exit_code: Some(exit_code),
        signal: None,
        timed_out_ms: None,
        stdout: stdout.into(),
        stderr: String::new(),
        duration_ms: 5,
        truncated: false,
    })
}

#[track_caller]
fn claimed(run: &Run, job: &str, attempt: u32, by: &str, until: i64, now: i64) -> Run {
    match run.clone().claim(&JobPath::new(job), attempt, claim(by, until), at(now)) {
        Claiming::Claimed(run) => *run,
        other => panic!("{other:?}"),
    }
}

/// A worker claims the job, runs its program, and the run goes on.
#[track_caller]
fn run_by_a_worker(story: &mut Story<'_>, job: &str, outcome: ProgramOutcome) {
    let (path, attempt) = (JobPath::new(job), story.job(job).attempt);
    let held = claimed(&story.run, job, attempt, "w", 1000, 0);
    story.run = held.ended(&path, attempt, "w", outcome).expect("its job");
    story.take(Input::Ran(path, attempt));
}

#[test]
fn a_program_is_handed_to_the_workers_and_to_nobody_else() {
    let file = file(FILE);
    let story = started(&file, "program:deploy", json!({"branch": "main"}));
    let job = JobPath::new("deploy");
    let told = Effect::RunProgram { job: job.clone(), attempt: 1, program: "deploy".to_owned() };
    assert_eq!((story.effects.as_slice(), story.jobs().as_str()), (&[told][..], "deploy queued"));
    assert_eq!(story.run.owed_by(&Stretch::Start), []);
    assert_eq!(story.run.status(), Status::Waiting, "nothing is being done until a worker comes");
    let task = story.run.assignment(&job, 1).expect("something to run");
    assert_eq!((task.program, task.params, task.input), ("deploy", None, &json!({"branch": "main"})));
    assert_eq!((task.workflow, task.job, task.attempt), ("program:deploy", "deploy", 1));
}

#[test]
fn one_worker_has_the_job_while_its_claim_lasts() {
    let file = file(FILE);
    let run = started(&file, "program:deploy", json!({})).run;
    let job = JobPath::new("deploy");
    let held = claimed(&run, "deploy", 1, "a", 10, 0);
    assert_eq!(held.status(), Status::Running);
    assert_eq!(held.clone().claim(&job, 1, claim("b", 19), at(9)), Claiming::Taken(at(10)));
    let prolonged = claimed(&held, "deploy", 1, "a", 20, 9);
    assert_eq!(prolonged.clone().claim(&job, 1, claim("b", 30), at(19)), Claiming::Taken(at(20)));
    let taken_over = claimed(&prolonged, "deploy", 1, "b", 30, 20);
    assert_eq!(taken_over.clone().ended(&job, 1, "a", ended(0, "")), None, "whose claim is over can't tell");
    assert_eq!(taken_over.clone().give_back(&job, 1, "a"), None);
    let done = taken_over.clone().ended(&job, 1, "b", ended(0, "")).expect("its job");
    assert_eq!(done.clone().claim(&job, 1, claim("a", 99), at(98)), Claiming::Over, "it was run");
    let back = taken_over.give_back(&job, 1, "b").expect("its job");
    assert_eq!(back.status(), Status::Waiting);
    claimed(&back, "deploy", 1, "a", 31, 21);
}

#[test]
fn a_claim_of_a_clock_that_is_ahead_keeps_nobody_away_for_longer_than_two_leases() {
    let file = file(FILE);
    let story = started(&file, "program:deploy", json!({}));
    let job = JobPath::new("deploy");
    for (until, is_taken) in [(60, true), (61, false), (7200, false)] {
        let held = claimed(&story.run, "deploy", 1, "a", until, 0);
        let other = held.claim(&job, 1, claim("b", 30), at(0));
        assert_eq!(matches!(other, Claiming::Taken(_)), is_taken, "{until}: {other:?}");
    }
}

#[test]
fn a_claim_that_is_over_still_counts_while_nobody_else_has_one() {
    let file = file(FILE);
    let run = started(&file, "program:deploy", json!({})).run;
    let held = claimed(&run, "deploy", 1, "a", 10, 0);
    claimed(&held, "deploy", 1, "a", 40, 30);
    assert!(held.ended(&JobPath::new("deploy"), 1, "a", ended(0, "")).is_some());
}

#[test]
fn a_job_that_was_stopped_is_nobodys() {
    let file = file(FILE);
    let (job, mut story) = (JobPath::new("deploy"), started(&file, "program:deploy", json!({})));
    let held = claimed(&story.run, "deploy", 1, "a", 10, 0);
    for attempt in [0, 2] {
        assert_eq!(held.clone().claim(&job, attempt, claim("a", 20), at(1)), Claiming::Over);
        assert!(held.assignment(&job, attempt).is_none());
    }
    story.run = held;
    story.take(Input::Cancel);
    assert_eq!(story.run.clone().claim(&job, 1, claim("a", 20), at(1)), Claiming::Over);
    assert!(story.run.assignment(&job, 1).is_none() && story.run.ended(&job, 1, "a", ended(0, "")).is_none());
}

#[test]
fn what_came_of_it_is_the_jobs_output() {
    let file = file(FILE);
    let mut story = started(&file, "program:deploy", json!({}));
    run_by_a_worker(&mut story, "deploy", ended(0, "[1]"));
    let output =
        json!({"exit_code": 0, "stdout": "[1]", "stderr": "", "duration_ms": 5, "truncated": false, "json": [1]});
    assert_eq!(story.result(), &output);

    let mut story = started(&file, "ships", json!({"number": 7}));
    let job = JobPath::new("ship");
    let task = story.run.assignment(&job, 1).expect("something to run");
    assert_eq!((task.params, task.input), (Some(&json!({"tag": "v7", "none": null})), &json!({"n": 7})));
    run_by_a_worker(&mut story, "ship", ended(0, "[1]"));
    assert_eq!(story.result(), &json!([1]));
}

#[test]
fn a_failure_is_tried_again_as_the_program_says_or_the_job() {
    let file = file(FILE);
    let mut story = started(&file, "program:deploy", json!({}));
    run_by_a_worker(&mut story, "deploy", ended(3, "no"));
    assert_eq!(story.jobs(), "deploy retrying");
    story.wake();
    assert!(matches!(story.effects.as_slice(), [Effect::RunProgram { attempt: 2, .. }]));
    run_by_a_worker(&mut story, "deploy", ProgramOutcome::Refused(JobError::new("not_started", "it isn't there")));
    assert_eq!(story.failure(), ("not_started", "it isn't there"));

    let mut story = started(&file, "plain", json!({}));
    run_by_a_worker(&mut story, "plain", ended(3, "no"));
    assert_eq!(story.failure(), ("exit_code", "the program `deploy` ended with exit code 3"));
}

#[test]
fn a_deadline_of_the_job_stops_the_program() {
    let file = file(FILE);
    let mut story = started(&file, "plain", json!({}));
    let [Effect::RunProgram { .. }, Effect::Wake { stretch, at: due }] = story.effects.as_slice() else { panic!() };
    assert_eq!((stretch, *due), (&Stretch::Deadline { job: JobPath::new("plain"), attempt: 1 }, at(5)));
    let held = claimed(&story.run, "plain", 1, "a", 10, 0);
    story.run = held;
    story.time_out("plain");
    assert_eq!(story.failure().0, "timeout");
}

#[test]
fn nothing_is_told_twice() {
    let file = file(FILE);
    let mut story = started(&file, "program:deploy", json!({}));
    story.take(Input::Start);
    assert_eq!(story.effects, []);
    story.take(Input::Ran(JobPath::new("deploy"), 1));
    assert_eq!(story.jobs(), "deploy queued", "nobody has run it");
    run_by_a_worker(&mut story, "deploy", ended(1, ""));
    let before = story.run.clone();
    story.take(Input::Ran(JobPath::new("deploy"), 1));
    assert_eq!((&story.run, story.effects.len()), (&before, 0));
}

#[test]
fn a_function_is_invoked_by_the_stretch_with_the_input_as_its_payload() {
    let file = file(FILE);
    let mut story = started(&file, "small", json!({"key": "a.png"}));
    let job = JobPath::new("small");
    assert_eq!(story.run.owed_by(&Stretch::Start), [Owed::Invoke(job.clone(), 1)]);
    assert_eq!((story.run.status(), story.jobs().as_str()), (Status::Running, "small running"));
    let invocation = story.run.invocation(&job, story.plan(), story.now).expect("a function");
    assert_eq!((invocation.function.as_str(), &invocation.payload), ("resizer", &json!({"key": "a.png"})));
    assert_eq!(invocation.timeout, Duration::from_mins(9), "as for any call");
    assert_eq!(invocation.idempotency_key, format!("{}/small", story.run.id));
    story.take(Input::Answered(job.clone(), 1, Outcome::Unreachable(JobError::new("function_failed", "it threw"))));
    assert_eq!(story.jobs(), "small retrying");
    story.wake();
    story.answer("small", json!({"url": "u"}));
    assert_eq!(story.result(), &json!("u"));

    let story = started(&file, "given", json!({"n": 7}));
    let invocation = story.run.invocation(&JobPath::new("given"), story.plan(), story.now).expect("a function");
    assert_eq!((invocation.payload, invocation.timeout), (json!({"key": 7}), Duration::from_secs(5)));
}

#[test]
fn a_program_that_is_gone_fails_its_job() {
    let (before, gone) = (file(FILE), file("workflow: {jobs: [{component: logger}]}"));
    let mut story = started(&gone, "program:deploy", json!({}));
    assert_eq!(story.failure().0, "unknown_workflow");
    let text = "components: {c: {type: program, program: deploy}}\nworkflow: {jobs: [{component: c}]}";
    let undefined = file(text);
    assert_eq!(self::story(&undefined, json!({})).failure(), ("unknown_program", "there is no program `deploy`"));
    story = started(&before, "small", json!({}));
    story.file = &undefined;
    let refused = story.run.invocation(&JobPath::new("small"), story.plan(), story.now).expect_err("no function");
    assert_eq!(refused.code, "unknown_program");
}

#[test]
fn the_workflow_of_a_program_is_found_by_its_name_only() {
    let Config { workflows, .. } = file(FILE).config;
    assert!(workflows.keys().all(|id| !id.contains(':')));
}

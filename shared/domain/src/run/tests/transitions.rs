//! Every state of a job, and every input: what comes of it.
//!
//! A cell is the state after the input, `=` where nothing has changed, followed by the effects: `w`ake, `c`lose the
//! wait, `l`og. The job is in its second attempt of three; a name with `!` says that it is in its last.

use super::fixture::{File, Story, at, file};
use crate::config::RouteId;
use crate::id::RunId;
use crate::program::Ended;
use crate::run::{
    Claim, Effect, Errand, Input, JobError, JobPath, JobRun, JobState, Outcome, Phase, ProgramOutcome, Stretch,
};
use crate::wait::{Arrival, Verdict, WaitKey};
use serde_json::json;

const FILE: &str = r#"
listener: {port: 8090, callbacks: [{path: /done, identify_by: "${body.key}"}]}
programs: {ship: {command: [x]}, fun: {function: f}}
components:
  ship: {type: program, program: ship}
  fun: {type: program, program: fun}
  plain: {endpoint: "https://a.test/call"}
  early: {endpoint: "https://a.test/call", completion: {type: callback, wait_for: "${input.key}"}}
  late: {endpoint: "https://a.test/call", completion: {type: callback, wait_for: "${response.key}"}}
  polled:
    endpoint: https://a.test/call
    completion: {type: polling, endpoint: "https://a.test/how-far", status: "${response.status}", success_when: [ok]}
  pause: {type: delay, duration: 10s}
  child: {type: workflow, workflow: plain}
  told: {type: event, event: told}
workflows:
  - {id: plain, jobs: [{id: job, component: plain, retry: &retry {max_attempts: 3, delay: 1s}}]}
  - {id: after, jobs: [{id: before, component: plain}, {id: job, component: plain}]}
  - {id: beside, jobs: [{id: other, component: plain}, {id: job, component: plain, depends_on: []}]}
  - {id: early, jobs: [{id: job, component: early, retry: *retry}]}
  - {id: handled, jobs: [{id: job, component: early, retry: *retry, on_error: [{id: sorry, component: plain}]}]}
  - {id: late, jobs: [{id: job, component: late, retry: *retry}]}
  - {id: polled, jobs: [{id: job, component: polled, retry: *retry}]}
  - {id: told, jobs: [{id: job, component: told, retry: *retry}]}
  - {id: ship, jobs: [{id: job, component: ship, retry: *retry}]}
  - {id: fun, jobs: [{id: job, component: fun, retry: *retry}]}
  - {id: pause, jobs: [{id: job, component: pause, retry: *retry}]}
  - {id: child, jobs: [{id: job, component: child, retry: *retry}]}
  - {id: if, jobs: [{id: job, type: if, condition: 'input.yes | true', then: [{id: in, component: plain}], retry: *retry}]}
  - {id: each, jobs: [{id: job, type: for-each, items: [1, 2], component: plain, retry: *retry}]}
"#;

const THIS_ATTEMPT: &str = "
              200      500      broken   success  failure  deadline woke     child    no child ran      refused
not begun     =        =        =        =        =        =        =        =        =        =        =
queued        done     rests w  rests w  held     held     rests w  calling  calling  calling  calling  rests w
run ended     =        =        =        =        =        =        =        =        =        =        =
calling       done     rests w  rests w  held     held     rests w  =        =        =        =        rests w
calling early waits    rests w  rests w  held     held     rests w  =        =        =        =        rests w
calling late  waits    rests w  rests w  held     held     rests w  =        =        =        =        rests w
calling poll  polls w  rests w  rests w  held     held     rests w  =        =        =        =        rests w
calling !     waits    waits    waits    held     held     fixing c =        =        =        =        fixing c
held success  done     done     done     =        =        done     =        =        =        =        done
held failure  rests w  rests w  rests w  held     =        rests w  =        =        =        =        rests w
publishing    done     rests w  rests w  =        =        rests w  =        =        =        =        rests w
handed over   =        =        =        =        =        rests w  =        =        =        =        rests w
claimed       =        =        =        =        =        rests w  =        =        =        =        rests w
ran           =        =        =        =        =        done     =        =        =        done     rests w
ran badly     =        =        =        =        =        rests w  =        =        =        rests w  rests w
invoking      done     rests w  rests w  =        =        rests w  =        =        =        =        rests w
resting       =        =        =        held     held     rests w  calling  =        =        =        rests w
resting on    =        =        =        held     held     rests w  =        =        =        =        rests w
waiting       =        =        =        done     rests w  rests w  =        =        =        =        rests w
giving up     =        =        =        done     rests w  rests w  =        =        =        =        rests w
polling       =        =        =        =        =        rests w  asks     =        =        =        rests w
asking        done     polls w  polls w  =        =        rests w  =        =        =        =        rests w
sleeping      =        =        =        =        =        rests w  done     =        =        =        =
sleeping on   =        =        =        =        =        rests w  =        =        =        =        =
child         =        =        =        =        =        rests s w=        done     rests w  =        rests w
branching     =        =        =        =        =        rests w  =        =        =        =        =
looping       =        =        =        =        =        rests w  =        =        =        =        =
recovering    =        =        =        =        =        =        =        =        =        =        =
completed     =        =        =        =        =        =        =        =        =        =        =
failed        =        =        =        =        =        =        =        =        =        =        =
cancelled     =        =        =        =        =        =        =        =        =        =        =
";

/// Only a success counts for an attempt before this one.
const EARLIER_ATTEMPT: &str = "
              200      500      broken   success  failure  deadline woke     child    no child ran      refused
not begun     =        =        =        =        =        =        =        =        =        =        =
queued        calling  calling  calling  held     calling  calling  calling  calling  calling  calling  calling
run ended     =        =        =        =        =        =        =        =        =        =        =
calling       =        =        =        held     =        =        =        =        =        =        =
calling early =        =        =        held     =        =        =        =        =        =        =
calling late  =        =        =        held     =        =        =        =        =        =        =
calling poll  =        =        =        held     =        =        =        =        =        =        =
calling !     =        =        =        held     =        =        =        =        =        =        =
held success  =        =        =        =        =        =        =        =        =        =        =
held failure  =        =        =        held     =        =        =        =        =        =        =
publishing    =        =        =        =        =        =        =        =        =        =        =
handed over   =        =        =        =        =        =        =        =        =        =        =
claimed       =        =        =        =        =        =        =        =        =        =        =
ran           =        =        =        =        =        =        =        =        =        =        =
ran badly     =        =        =        =        =        =        =        =        =        =        =
invoking      =        =        =        =        =        =        =        =        =        =        =
resting       =        =        =        done     =        =        =        =        =        =        =
resting on    =        =        =        done     =        =        =        =        =        =        =
waiting       =        =        =        done c   =        =        =        =        =        =        =
giving up     =        =        =        done c   =        =        =        =        =        =        =
polling       =        =        =        =        =        =        =        =        =        =        =
asking        =        =        =        =        =        =        =        =        =        =        =
sleeping      =        =        =        =        =        =        =        =        =        =        =
sleeping on   =        =        =        =        =        =        =        =        =        =        =
child         =        =        =        =        =        =        =        =        =        =        =
branching     =        =        =        =        =        =        =        =        =        =        =
looping       =        =        =        =        =        =        =        =        =        =        =
recovering    =        =        =        =        =        =        =        =        =        =        =
completed     =        =        =        =        =        =        =        =        =        =        =
failed        =        =        =        =        =        =        =        =        =        =        =
cancelled     =        =        =        =        =        =        =        =        =        =        =
";

const NO_ATTEMPT: &str = "
              start    cancel
not begun     =        never
queued        calling  never
run ended     =        =
calling       =        stopped
calling early =        stopped c
calling late  =        stopped
calling poll  =        stopped
calling !     =        stopped c
held success  =        stopped
held failure  =        stopped
publishing    =        stopped
handed over   =        stopped
claimed       =        stopped
ran           =        stopped
ran badly     =        stopped
invoking      =        stopped
resting       =        stopped c
resting on    =        stopped c
waiting       =        stopped c
giving up     =        stopped c
polling       =        stopped
asking        =        stopped
sleeping      =        stopped
sleeping on   =        stopped
child         =        stopped s
branching     =        stopped
looping       =        stopped
recovering    =        stopped
completed     =        done
failed        =        =
cancelled     =        stopped
";

#[test]
fn every_state_takes_every_input_of_its_attempt() {
    assert_eq!(table(inputs), THIS_ATTEMPT);
}

#[test]
fn of_an_earlier_attempt_only_a_success_counts() {
    assert_eq!(table(|attempt| inputs(attempt - 1)), EARLIER_ATTEMPT);
}

#[test]
fn of_an_attempt_to_come_nothing_counts() {
    let table = table(|attempt| inputs(attempt + 1));
    for row in table.lines().skip(2) {
        let cells = row.get(14..).expect("the cells").split_whitespace();
        let expected = if row.starts_with("queued") { "calling" } else { "=" };
        assert!(cells.into_iter().all(|cell| cell == expected), "{row}");
    }
}

#[test]
fn every_state_takes_the_start_and_the_cancelling() {
    assert_eq!(table(|_| vec![("start", Input::Start), ("cancel", Input::Cancel)]), NO_ATTEMPT);
}

/// One row of the tables: a run whose `job` is in some state.
struct Row {
    name: &'static str,
    workflow: &'static str,
    attempt: u32,
    state: Option<JobState>,
}

/// Every state at least once. A new variant doesn't compile until `next` leads to it.
fn rows() -> Vec<Row> {
    let row = |name, workflow, state| Row { name, workflow, attempt: 2, state: Some(state) };
    let mut rows = vec![
        Row { name: "not begun", workflow: "after", attempt: 1, state: None },
        Row { name: "queued", workflow: "plain", attempt: 1, state: None },
        row("run ended", "plain", completed()),
    ];
    let mut state = Some(calling(None));
    while let Some(now) = state {
        state = next(&now);
        match &now {
            JobState::Calling { .. } => {
                rows.push(row("calling", "plain", now.clone()));
                rows.push(row("calling early", "early", now.clone()));
                rows.push(row("calling late", "late", now.clone()));
                rows.push(row("calling poll", "polled", now.clone()));
                rows.push(Row { attempt: 3, ..row("calling !", "handled", now) });
                rows.push(row("held success", "early", calling(Some(Verdict::Success))));
                rows.push(row("held failure", "early", calling(Some(Verdict::Failure))));
            }
            JobState::Publishing { .. } => rows.push(row("publishing", "told", now)),
            JobState::Program { .. } => {
                rows.push(row("handed over", "ship", now));
                rows.push(row("claimed", "ship", program(None)));
                rows.push(row("ran", "ship", program(Some(0))));
                rows.push(row("ran badly", "ship", program(Some(1))));
            }
            JobState::Invoking { .. } => rows.push(row("invoking", "fun", now)),
            JobState::Resting { .. } => {
                rows.push(row("resting", "early", now));
                rows.push(row("resting on", "early", JobState::Resting { until: at(101), error: error() }));
            }
            JobState::Waiting { .. } => {
                rows.push(row("waiting", "late", now.clone()));
                let JobState::Waiting { wait, response, deadline, .. } = now else { unreachable!() };
                let (opener, failed) = (Some(wake()), Some(error()));
                rows.push(row("giving up", "early", JobState::Waiting { wait, response, deadline, opener, failed }));
            }
            JobState::Polling { .. } => {
                rows.push(row("polling", "polled", now));
                rows.push(row("asking", "polled", polling(Some(wake()))));
            }
            JobState::Sleeping { .. } => {
                rows.push(row("sleeping", "pause", now));
                rows.push(row("sleeping on", "pause", JobState::Sleeping { until: at(101) }));
            }
            JobState::Child { .. } => rows.push(row("child", "child", now)),
            JobState::Branching { .. } => rows.push(row("branching", "if", now)),
            JobState::Looping { .. } => rows.push(row("looping", "each", now)),
            JobState::Recovering { .. } => rows.push(row("recovering", "handled", now)),
            JobState::Completed { .. } => rows.push(row("completed", "plain", now)),
            JobState::Failed { .. } => rows.push(row("failed", "plain", now)),
            JobState::Cancelled { .. } => rows.push(row("cancelled", "plain", now)),
        }
    }
    rows
}

fn next(state: &JobState) -> Option<JobState> {
    let wait = WaitKey { route: RouteId("r".to_owned()), key: "k".to_owned() };
    Some(match state {
        JobState::Calling { .. } => JobState::Publishing { stretch: wake() },
        JobState::Publishing { .. } => JobState::Program { errand: errand(), claim: None, outcome: None },
        JobState::Program { .. } => JobState::Invoking { stretch: wake() },
        JobState::Invoking { .. } => JobState::Resting { until: at(100), error: error() },
        JobState::Resting { .. } => {
            JobState::Waiting { wait, response: json!({"key": "k"}), deadline: at(200), opener: None, failed: None }
        }
        JobState::Waiting { .. } => polling(None),
        JobState::Polling { .. } => JobState::Sleeping { until: at(100) },
        JobState::Sleeping { .. } => JobState::Child { child: RunId::random([2; 16]), starter: Stretch::Start },
        JobState::Child { .. } => JobState::Branching { branch: "then".to_owned() },
        JobState::Branching { .. } => JobState::Looping { items: vec![json!(1), json!(2)] },
        JobState::Looping { .. } => JobState::Recovering { error: error() },
        JobState::Recovering { .. } => completed(),
        JobState::Completed { .. } => JobState::Failed { at: at(50), error: error() },
        JobState::Failed { .. } => JobState::Cancelled { at: at(50) },
        JobState::Cancelled { .. } => return None,
    })
}

fn calling(verdict: Option<Verdict>) -> JobState {
    let arrived = verdict.map(|verdict| Arrival { verdict, result: json!({"held": true}) });
    JobState::Calling { since: at(90), stretch: wake(), arrived }
}

fn errand() -> Errand {
    Errand { program: "ship".to_owned(), params: None, input: None }
}

/// Claimed by a worker, which may have run the program.
fn program(exit_code: Option<i32>) -> JobState {
    let outcome = exit_code.map(|code| {
        let (stdout, stderr) = ("".into(), String::new());
        let (signal, timed_out_ms, duration_ms, truncated) = (None, None, 1, false);
        let exit_code = Some(code);
        ProgramOutcome::Ended(Ended { exit_code, signal, timed_out_ms, stdout, stderr, duration_ms, truncated })
    });
    let claim = Claim { by: "worker".to_owned(), until: at(110) };
    JobState::Program { errand: errand(), claim: Some(claim), outcome }
}

fn polling(asker: Option<Stretch>) -> JobState {
    JobState::Polling { response: json!({"key": "k"}), asked: 0, deadline: at(200), asker }
}

fn completed() -> JobState {
    JobState::Completed { at: at(50), output: json!("done") }
}

fn wake() -> Stretch {
    Stretch::Wake { job: JobPath::new("job"), attempt: 2, nth: 1 }
}

fn error() -> JobError {
    JobError::new("unreachable", "nobody is there")
}

impl Row {
    /// The run, driven to where nothing more can begin.
    fn story<'a>(&self, file: &'a File) -> Story<'a> {
        let mut story = Story::queued(file, self.workflow, json!({"key": "k"}));
        if self.name != "queued" {
            story.run.phase = Phase::Active { started_at: at(0) };
        }
        if let Some(state) = self.state.clone() {
            let job = JobRun { attempt: self.attempt, ..JobRun::new(at(0), state) };
            story.run.jobs.insert(JobPath::new("job"), job);
        }
        (story.now, story.stretch) = (at(100), wake());
        let has_ended = self.state.as_ref().is_some_and(JobState::has_ended);
        if self.name == "run ended" {
            story.run.phase = Phase::Failed { started_at: at(0), ended_at: at(50), error: error() };
        } else if has_ended {
            // Another job keeps the run going.
            story.run.workflow = "beside".to_owned();
        }
        if self.name != "queued" {
            story.take(Input::Start);
        }
        story
    }
}

/// Every input about the job, by column. A new variant doesn't compile until `after` leads to it.
fn inputs(attempt: u32) -> Vec<(&'static str, Input)> {
    let job = || JobPath::new("job");
    let arrived = |verdict| Input::Arrived(job(), attempt, Arrival { verdict, result: json!({"url": "u"}) });
    let answered = |status| Outcome::Answered {
        status,
        body: json!({"key": "k", "status": if status == 200 { "ok" } else { "" }}),
    };
    let after = |input: &Input| {
        Some(match input {
            Input::Start | Input::Cancel => Input::Answered(job(), attempt, answered(200)),
            Input::Answered(..) => arrived(Verdict::Success),
            Input::Arrived(..) => Input::TimedOut(job(), attempt),
            Input::TimedOut(..) => Input::Woke(job(), attempt),
            Input::Woke(..) => Input::ChildEnded(job(), attempt, Ok(json!("output"))),
            Input::ChildEnded(..) => Input::Ran(job(), attempt),
            Input::Ran(..) => Input::Refused(job(), attempt, error()),
            Input::Refused(..) => return None,
        })
    };
    let mut inputs = Vec::new();
    let mut input = after(&Input::Start);
    while let Some(now) = input {
        input = after(&now);
        match &now {
            Input::Answered(job, attempt, outcome) => {
                let name = match outcome {
                    Outcome::Answered { .. } => "200",
                    Outcome::Unreachable(_) => "broken",
                };
                let other = |outcome| Input::Answered(job.clone(), *attempt, outcome);
                inputs.push((name, now.clone()));
                inputs.push(("500", other(answered(500))));
                inputs.push(("broken", other(Outcome::Unreachable(error()))));
            }
            Input::Arrived(..) => inputs.extend([("success", now), ("failure", arrived(Verdict::Failure))]),
            Input::TimedOut(..) => inputs.push(("deadline", now)),
            Input::Woke(..) => inputs.push(("woke", now)),
            Input::ChildEnded(job, attempt, _) => {
                let failed = Input::ChildEnded(job.clone(), *attempt, Err(error()));
                inputs.extend([("child", now.clone()), ("no child", failed)]);
            }
            Input::Ran(..) => inputs.push(("ran", now)),
            Input::Refused(..) => inputs.push(("refused", now)),
            Input::Start | Input::Cancel => {}
        }
    }
    inputs
}

fn table(inputs: impl Fn(u32) -> Vec<(&'static str, Input)>) -> String {
    let file = file(FILE);
    let line = |name: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("{cell:<9}")).collect();
        format!("{name:<14}{cells}").trim_end().to_owned() + "\n"
    };
    let mut table = "\n".to_owned() + &line("", inputs(1).into_iter().map(|(name, _)| name.to_owned()).collect());
    for row in rows() {
        let before = row.story(&file);
        let cells = inputs(row.attempt).into_iter().map(|(_, input)| {
            let mut story = before.clone();
            story.take(input);
            cell(&before, &story)
        });
        table += &line(row.name, cells.collect());
    }
    table
}

fn cell(before: &Story<'_>, after: &Story<'_>) -> String {
    if before.run == after.run && after.effects.is_empty() {
        return "=".to_owned();
    }
    let state = match after.run.jobs.get("job").map(|job| &job.state) {
        None => "never",
        Some(JobState::Calling { arrived: None, .. }) => "calling",
        Some(JobState::Calling { .. }) => "held",
        Some(JobState::Publishing { .. }) => "tells",
        Some(JobState::Program { claim: None, .. }) => "queues",
        Some(JobState::Program { .. }) => "runs",
        Some(JobState::Invoking { .. }) => "invokes",
        Some(JobState::Resting { .. }) => "rests",
        Some(JobState::Waiting { .. }) => "waits",
        Some(JobState::Polling { asker: None, .. }) => "polls",
        Some(JobState::Polling { .. }) => "asks",
        Some(JobState::Sleeping { .. }) => "sleeps",
        Some(JobState::Child { .. }) => "child",
        Some(JobState::Branching { .. }) => "branches",
        Some(JobState::Looping { .. }) => "loops",
        Some(JobState::Recovering { .. }) => "fixing",
        Some(JobState::Completed { .. }) => "done",
        Some(JobState::Failed { .. }) => "failed",
        Some(JobState::Cancelled { .. }) => "stopped",
    };
    let effects: String = after
        .effects
        .iter()
        .map(|effect| match effect {
            Effect::Log { .. } => " l",
            Effect::Wake { .. } => " w",
            Effect::CloseWait(..) => " c",
            Effect::StopChild(_) => " s",
            Effect::RunProgram { .. } => " p",
        })
        .collect();
    format!("{state}{effects}")
}

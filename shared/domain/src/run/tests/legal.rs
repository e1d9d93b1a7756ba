//! Whatever comes, in whatever order, a run stays legal.

use super::fixture::{File, Story, file};
use super::workflows::{NAMES, WORKFLOWS};
use crate::config::{ForEach, RouteId, Step};
use crate::id::RunId;
use crate::run::path::locate;
use crate::run::{
    Claim, Claiming, Effect, Input, JobError, JobPath, JobRun, JobState, Outcome, Phase, ProgramOutcome, Run, Stretch,
};
use crate::wait::{Arrival, Verdict, WaitKey};
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;
use std::collections::HashSet;

/// One event of an arbitrary life, told relative to the run as it stands then.
#[derive(Debug, Clone)]
enum Event {
    /// News of some job, under some stretch.
    News {
        kind: Kind,
        job: Index,
        attempt: i64,
        stretch: Index,
    },
    /// A worker claims a job, or tells what came of it, with that exit code.
    Worker(Index, Option<i32>),
    /// What was applied before.
    Again(Index),
    /// Seconds.
    Pass(i64),
    Cancel,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Start,
    Answered(&'static str),
    Refusing,
    Broken,
    Arrived(Verdict),
    TimedOut,
    Woke,
    ChildEnded(bool),
    Ran,
    Refused,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let kind = prop_oneof![
        1 => Just(Kind::Start),
        8 => Just(Kind::Answered("ok")),
        3 => Just(Kind::Answered("working")),
        1 => Just(Kind::Answered("bad")),
        1 => Just(Kind::Refusing),
        1 => Just(Kind::Broken),
        5 => Just(Kind::Arrived(Verdict::Success)),
        1 => Just(Kind::Arrived(Verdict::Failure)),
        1 => Just(Kind::TimedOut),
        6 => Just(Kind::Woke),
        2 => any::<bool>().prop_map(Kind::ChildEnded),
        3 => Just(Kind::Ran),
        1 => Just(Kind::Refused),
    ];
    let attempt = prop_oneof![8 => Just(0), 1 => -2..=2_i64];
    let news = (kind, any::<Index>(), attempt, any::<Index>()).prop_map(|(kind, job, attempt, stretch)| Event::News {
        kind,
        job,
        attempt,
        stretch,
    });
    let event = prop_oneof![
        60 => news,
        12 => (any::<Index>(), prop::option::of(0..2_i32)).prop_map(|(job, code)| Event::Worker(job, code)),
        6 => any::<Index>().prop_map(Event::Again),
        20 => (0..20_i64).prop_map(Event::Pass),
        1 => (0..4000_i64).prop_map(Event::Pass),
        1 => Just(Event::Cancel),
    ];
    prop::collection::vec(event, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_a_run_stays_legal(name in prop::sample::select(&NAMES[..]), events in events()) {
        let file = file(WORKFLOWS);
        let mut story = Story::queued(&file, name, json!({"key": "k"}));
        let mut applied: Vec<(Input, Stretch)> = Vec::new();
        for event in events {
            let (input, stretch) = match event {
                Event::Pass(seconds) => {
                    story.now = story.now.checked_add(SignedDuration::from_secs(seconds)).expect("a time");
                    continue;
                }
                Event::Worker(job, exit_code) => {
                    work(&mut story, job, exit_code)?;
                    continue;
                }
                Event::Again(_) if applied.is_empty() => continue,
                Event::Again(which) => which.get(&applied).clone(),
                Event::Cancel => (Input::Cancel, Stretch::Start),
                Event::News { kind, job, attempt, stretch } => {
                    (news(&story.run, kind, job, attempt), stretch.get(&stretches(&story.run)).clone())
                }
            };
            let before = story.run.clone();
            story.stretch = stretch.clone();
            story.take(input.clone());
            check(&file, &before, &story)?;
            let once = story.run.clone();
            story.take(input.clone());
            prop_assert_eq!(&story.run, &once, "a repeated input changes nothing");
            prop_assert!(story.effects.is_empty(), "and owes nothing: {:?}", story.effects);
            applied.push((input, stretch));
        }
    }
}

/// An input about a job that has begun, or about one that has not, or isn't there at all.
fn news(run: &Run, kind: Kind, job: Index, attempt: i64) -> Input {
    let begun = run.jobs.keys().cloned();
    let mut jobs: Vec<JobPath> = begun.chain(["b", "each/0/fetch", "ghost"].map(JobPath::new)).collect();
    // Those that are under way come up more often than those that are done.
    jobs.extend(run.jobs.iter().filter(|(_, job)| !job.state.has_ended()).flat_map(|(path, _)| vec![path.clone(); 4]));
    let job = job.get(&jobs).clone();
    let attempt = run.jobs.get(&job).map_or(1, |job| i64::from(job.attempt)) + attempt;
    let attempt = u32::try_from(attempt).unwrap_or(0);
    let answered = |status, word: &str| Outcome::Answered { status, body: json!({"key": job, "status": word}) };
    let error = || JobError::new("unreachable", "nobody is there");
    match kind {
        Kind::Start => Input::Start,
        Kind::Answered(word) => Input::Answered(job.clone(), attempt, answered(200, word)),
        Kind::Refusing => Input::Answered(job.clone(), attempt, answered(500, "")),
        Kind::Broken => Input::Answered(job, attempt, Outcome::Unreachable(error())),
        Kind::Arrived(verdict) => Input::Arrived(job, attempt, Arrival { verdict, result: json!({"url": "u"}) }),
        Kind::TimedOut => Input::TimedOut(job, attempt),
        Kind::Woke => Input::Woke(job, attempt),
        Kind::ChildEnded(true) => Input::ChildEnded(job, attempt, Ok(json!("output"))),
        Kind::ChildEnded(false) => Input::ChildEnded(job, attempt, Err(error())),
        Kind::Ran => Input::Ran(job, attempt),
        Kind::Refused => Input::Refused(job, attempt, error()),
    }
}

/// What a worker writes changes nothing but its own job.
fn work(story: &mut Story<'_>, job: Index, exit_code: Option<i32>) -> Result<(), TestCaseError> {
    if story.run.jobs.is_empty() {
        return Ok(());
    }
    let at_work = |job: &JobRun| matches!(job.state, JobState::Program { .. });
    let mut jobs: Vec<_> = story.run.jobs.iter().filter(|(_, job)| at_work(job)).collect();
    jobs.extend(story.run.jobs.iter().take(1));
    let (path, attempt) = {
        let (path, job) = job.get(&jobs);
        ((*path).clone(), job.attempt)
    };
    let until = story.now.checked_add(SignedDuration::from_secs(5)).expect("a time");
    let by = format!("worker {}", story.now);
    let next = match exit_code {
        None => match story.run.clone().claim(&path, attempt, Claim { by, until }, story.now) {
            Claiming::Claimed(run) => Some(*run),
            Claiming::Taken(_) | Claiming::Over => None,
        },
        Some(code) => {
            let outcome = ProgramOutcome::Refused(JobError::new("x", format!("{code}")));
            story.run.clone().ended(&path, attempt, &by, outcome)
        }
    };
    let Some(next) = next else { return Ok(()) };
    prop_assert!(!story.run.has_ended());
    let mut same = next.clone();
    same.jobs.insert(path.clone(), story.run.jobs[&path].clone());
    prop_assert_eq!(&same, &story.run);
    story.run = next;
    Ok(())
}

/// Any message's stretch, those of the jobs among them.
fn stretches(run: &Run) -> Vec<Stretch> {
    let wait = WaitKey { route: RouteId("r".to_owned()), key: "k".to_owned() };
    let mut stretches = vec![Stretch::Start, Stretch::Continue { version: 3 }];
    for (path, record) in &run.jobs {
        let (job, attempt) = (path.clone(), record.attempt);
        stretches.push(Stretch::wait(&wait, &job, attempt));
        for nth in 0..3 {
            stretches.push(Stretch::Wake { job: job.clone(), attempt, nth });
        }
        stretches.push(Stretch::Deadline { job: job.clone(), attempt });
        stretches.push(Stretch::Child { child: RunId::random([3; 16]), job, attempt });
    }
    stretches
}

fn check(file: &File, before: &Run, after: &Story<'_>) -> Result<(), TestCaseError> {
    let (run, effects) = (&after.run, &after.effects);
    if before.has_ended() {
        prop_assert_eq!(before, run, "an ended run never changes");
        prop_assert!(effects.is_empty());
    }
    if run.has_ended() {
        prop_assert!(run.jobs.values().all(|job| job.state.has_ended()), "an ended run has no open job: {:#?}", run);
    }
    if let Phase::Completed { .. } = run.phase {
        let top = run.jobs.iter().filter(|(path, _)| path.prefix().is_empty());
        let done = top.filter(|(_, job)| matches!(job.state, JobState::Completed { .. })).count();
        prop_assert_eq!(done, file.config.workflows[&run.workflow].jobs.jobs.len(), "a completed run is complete");
    }
    for (path, job) in &run.jobs {
        let (definition, block) = locate(&file.config.workflows[&run.workflow], path).expect("a job of the file");
        prop_assert!(
            job.attempt <= run.retry_of(path, after.plan()).map_or(1, |retry| retry.max_attempts),
            "{} tries too often",
            path
        );
        match before.jobs.get(path) {
            Some(old) if old.state.has_ended() => prop_assert_eq!(old, job, "an ended job never changes"),
            Some(old) => prop_assert!(old.attempt <= job.attempt),
            None => {
                for &index in &definition.depends_on {
                    let needed = format!("{}{}", path.prefix(), block.jobs[index].id);
                    prop_assert!(run.completed_output(&needed).is_some(), "{} begins before {}", path, needed);
                }
            }
        }
        if let (JobState::Looping { items }, Step::ForEach(ForEach { max_concurrent, .. })) =
            (&job.state, &definition.step)
        {
            let open = (0..items.len()).filter(|index| is_open(run, path, job.attempt, *index)).count();
            prop_assert!(open <= usize::try_from(*max_concurrent).expect("a count"), "too many items at once");
        }
    }
    for (path, job) in &before.jobs {
        prop_assert!(run.jobs.contains_key(path), "a job is never forgotten");
        if let (JobState::Waiting { wait, .. }, JobState::Cancelled { .. }) = (&job.state, &run.jobs[path].state) {
            let needed =
                run.jobs.values().any(|job| matches!(&job.state, JobState::Waiting { wait: w, .. } if w == wait));
            let closed = effects.iter().any(|effect| matches!(effect, Effect::CloseWait(closed, _) if closed == wait));
            prop_assert!(closed || needed || wait.key == "fixed", "the wait of a stopped job is closed");
        }
    }
    let mut owed = HashSet::new();
    for stretch in stretches(run) {
        for call in run.owed_by(&stretch) {
            prop_assert!(owed.insert(call.clone()), "two stretches owe {:?}", call);
        }
    }
    let stored: Run = serde_json::from_str(&serde_json::to_string(run).expect("text")).expect("a run");
    prop_assert_eq!(&stored, run, "a run reads back as it was written");
    Ok(())
}

fn is_open(run: &Run, each: &JobPath, attempt: u32, index: usize) -> bool {
    let prefix = each.inner(attempt, &crate::run::path::Inner::Item(index));
    let mut inside = run.jobs.iter().filter(|(path, _)| path.as_str().starts_with(&prefix)).peekable();
    inside.peek().is_some() && inside.any(|(_, job)| !job.state.has_ended())
}

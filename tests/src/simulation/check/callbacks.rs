//! A success that was acknowledged completed its job, once, with its own result.

use super::super::service::Callback;
use super::super::state::State;
use super::Left;
use super::runs::orders;
use domain::run::{Brought, JobState, Phase, Run};
use jiff::Timestamp;
use std::collections::BTreeMap;

pub(super) fn check(state: &mut State, left: &Left, wrong: &mut Vec<String>) {
    let orders = orders(&state.service);
    let paths: BTreeMap<_, _> = orders.iter().map(|(key, (whose, _))| (*whose, *key)).collect();
    let mut taken: BTreeMap<_, u32> = BTreeMap::new();
    for callback in state.service.callbacks.iter().filter(|callback| callback.status == "done") {
        let Some((at, how)) = acknowledged(callback) else { continue };
        // One that was kept for the next job under its key, and is repeated when that waits, is taken in the place of the one
        // that was kept. Version 0.1 did not remember what it had taken.
        let times = taken.entry((&callback.whose, callback.round, how)).or_default();
        *times += 1;
        if *times > 1 && !state.is_upgraded() {
            wrong.push(format!("two callbacks of {:?} were taken", callback.whose));
        }
        let (run, _) = &state.watch.runs[&callback.whose.0];
        let path = paths[&callback.whose].strip_prefix(&format!("{}/", callback.whose.0)).unwrap_or_default();
        // Its key was in an answer that got lost: nobody knew what to wait for. A job that waited under it would have had it.
        let is_unclaimed = |key: &str| {
            let routes = ["POST /done", "back:POST:/done"];
            routes.iter().any(|route| left.unclaimed.contains(&format!("wait#{route}#{key}")))
        };
        if callback.told_key().is_some_and(is_unclaimed) && !has_waited(run, path) {
            state.tally.count("callbacks acknowledged that nobody came to wait for");
            continue;
        }
        match told(run, path, callback, at + state.weather.slack()) {
            Told::Kept => state.tally.count("results kept whose output could not be made"),
            Told::Completed => state.tally.count("jobs completed by an acknowledged callback"),
            Told::Stopped => state.tally.count("callbacks acknowledged for a run that was stopped"),
            Told::TooLate => state.tally.count("callbacks acknowledged after their job had ended"),
            Told::Lost(how) => wrong.push(format!("{} was acknowledged at {at} and is lost: {how}", callback.from)),
        }
    }
}

/// When it was taken, and by which answer; a duplicate or a late one was not.
fn acknowledged(callback: &Callback) -> Option<(Timestamp, &str)> {
    let (at, answer) = callback.answers.iter().find(|(_, answer)| answer == "resumed" || answer == "stored")?;
    Some((*at, answer))
}

/// Whether the job had the answer that names its key, and waited until its time was over.
fn has_waited(run: &Run, path: &str) -> bool {
    let job = run.jobs().iter().find(|(of, _)| of.as_str() == path).map(|(_, job)| job.state());
    matches!(job, Some(JobState::Failed { error, .. }) if error.code == "timeout")
}

enum Told {
    Completed,
    /// Its output could not be made, and it is kept with the job.
    Kept,
    /// Nobody needs it any more.
    Stopped,
    /// Its job had ended without it before.
    TooLate,
    Lost(String),
}

fn told(run: &Run, path: &str, callback: &Callback, at: Timestamp) -> Told {
    let job = run.jobs().iter().find(|(of, _)| of.as_str() == path).map(|(_, job)| job);
    match job.map(|job| job.state()) {
        Some(JobState::Completed { output, .. }) if output["from"] == *callback.from => Told::Completed,
        Some(JobState::Failed { error, .. }) if error.code == "output_failed" => match run.jobs()[path].brought() {
            Some(Brought::Here(result)) if result["from"] == *callback.from => Told::Kept,
            kept => Told::Lost(format!("its output could not be made, and {kept:?} is kept")),
        },
        Some(JobState::Completed { at: ended, .. } | JobState::Failed { at: ended, .. }) if *ended <= at => {
            Told::TooLate
        }
        Some(JobState::Cancelled { .. }) => Told::Stopped,
        None if matches!(run.phase(), Phase::Cancelled { .. } | Phase::Failed { .. }) => Told::Stopped,
        state => Told::Lost(format!("its job is {state:?}")),
    }
}

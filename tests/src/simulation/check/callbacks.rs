//! A success that was acknowledged completed its job, once, with its own result.

use super::super::service::{Callback, task_of};
use super::super::state::State;
use super::Left;
use super::runs::orders;
use domain::run::{JobState, Phase, Run};
use jiff::Timestamp;
use std::collections::BTreeMap;

pub(super) fn check(state: &mut State, left: &Left, wrong: &mut Vec<String>) {
    let orders = orders(&state.service);
    let paths: BTreeMap<_, _> = orders.iter().map(|(key, (whose, _))| (*whose, *key)).collect();
    let mut taken: BTreeMap<_, u32> = BTreeMap::new();
    for callback in state.service.callbacks.iter().filter(|callback| callback.status == "done") {
        let Some(at) = acknowledged(callback) else { continue };
        let times = taken.entry((&callback.whose, callback.round)).or_default();
        *times += 1;
        if *times > 1 {
            wrong.push(format!("two callbacks of {:?} were taken", callback.whose));
        }
        // Its key was in an answer that got lost: nobody knew what to wait for.
        if callback.key_was_told() && left.unclaimed.contains(&format!("wait#POST /done#{}", task_of(&callback.whose)))
        {
            state.tally.count("callbacks acknowledged that nobody came to wait for");
            continue;
        }
        let (run, _) = &state.watch.runs[&callback.whose.0];
        let path = paths[&callback.whose].strip_prefix(&format!("{}/", callback.whose.0)).unwrap_or_default();
        match told(run, path, callback, at) {
            Told::Completed => state.tally.count("jobs completed by an acknowledged callback"),
            Told::Stopped => state.tally.count("callbacks acknowledged for a run that was stopped"),
            Told::TooLate => state.tally.count("callbacks acknowledged after their job had ended"),
            Told::Lost(how) => wrong.push(format!("{} was acknowledged at {at} and is lost: {how}", callback.from)),
        }
    }
}

/// When it was taken; a duplicate or a late one was not.
fn acknowledged(callback: &Callback) -> Option<Timestamp> {
    let (at, _) = callback.answers.iter().find(|(_, answer)| answer == "resumed" || answer == "stored")?;
    Some(*at)
}

enum Told {
    Completed,
    /// Nobody needs it any more.
    Stopped,
    /// Its job had ended without it before.
    TooLate,
    Lost(String),
}

fn told(run: &Run, path: &str, callback: &Callback, at: Timestamp) -> Told {
    let job = run.jobs.iter().find(|(of, _)| of.as_str() == path).map(|(_, job)| job);
    match job.map(|job| &job.state) {
        Some(JobState::Completed { output, .. }) if output["from"] == *callback.from => Told::Completed,
        Some(JobState::Completed { at: ended, .. } | JobState::Failed { at: ended, .. }) if *ended <= at => {
            Told::TooLate
        }
        Some(JobState::Cancelled { .. }) => Told::Stopped,
        None if matches!(run.phase, Phase::Cancelled { .. } | Phase::Failed { .. }) => Told::Stopped,
        state => Told::Lost(format!("its job is {state:?}")),
    }
}

//! Every run ends, and each of its jobs has come to what its service says that it did.

use super::super::file::WAIT_MINUTES;
use super::super::service::{Order, Service, Whose};
use super::super::state::State;
use domain::run::{JobError, JobRun, JobState, Phase, Run};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// The service's orders by what their calls are named by: run and path of the job.
pub(super) fn orders(service: &Service) -> BTreeMap<&str, (&Whose, &Order)> {
    service.orders.iter().map(|(whose, order)| (order.key.as_str(), (whose, order))).collect()
}

pub(super) fn check(state: &mut State, wrong: &mut Vec<String>) {
    for run in state.promises.runs.keys().filter(|run| !state.watch.runs.contains_key(*run)) {
        wrong.push(format!("{run} was acknowledged and is nowhere"));
    }
    let orders = orders(&state.service);
    for (id, (run, _)) in &state.watch.runs {
        state.tally.count(match run.phase() {
            Phase::Completed { .. } => "runs completed",
            Phase::Failed { .. } => "runs failed",
            Phase::Cancelled { .. } => "runs cancelled",
            Phase::Queued | Phase::Active { .. } => "runs that never ended",
        });
        phase(state, run, wrong);
        for (path, job) in run.jobs() {
            let Some((whose, order)) = orders.get(format!("{id}/{path}").as_str()) else { continue };
            outcome(state, (whose, order), run, job, wrong);
            let once = order.fate.bad_first == 0 && job.attempt() == 1;
            if state.weather.is_fair() && !state.is_upgraded() && once && order.calls != 1 {
                wrong.push(format!("in fair weather {whose:?} was called {} times", order.calls));
            }
        }
    }
}

fn phase(state: &State, run: &Run, wrong: &mut Vec<String>) {
    let top_level = || run.jobs().iter().filter(|(path, _)| !path.as_str().contains(['/', '~']));
    let id = run.id.as_str();
    match run.phase() {
        Phase::Queued | Phase::Active { .. } => wrong.push(format!("{id} never ended: {:?}", run.jobs())),
        Phase::Completed { .. } => {
            if let Some((path, job)) = top_level().find(|(_, job)| !matches!(job.state(), JobState::Completed { .. })) {
                wrong.push(format!("{id} is completed, and its {path} is {:?}", job.state()));
            }
        }
        Phase::Failed { error, .. } => {
            let failed = |job: &JobRun| matches!(job.state(), JobState::Failed { error: why, .. } if why == error);
            if !run.jobs().values().any(failed) {
                wrong.push(format!("{id} failed by {error:?}, and none of its jobs did"));
            }
        }
        Phase::Cancelled { .. } => {
            let parent = run.parent.as_ref().and_then(|parent| state.watch.runs.get(parent.run.as_str()));
            let left = parent.is_some_and(|(parent, _)| !matches!(parent.phase(), Phase::Completed { .. }));
            if !left && !state.promises.cancels.contains_key(id) {
                wrong.push(format!("{id} is cancelled, and nobody wanted it"));
            }
        }
    }
    if state.promises.cancels.get(id) == Some(&true) && !matches!(run.phase(), Phase::Cancelled { .. }) {
        wrong.push(format!("the cancellation of {id} was acknowledged, and it is {}", run.status().as_str()));
    }
}

fn outcome(state: &State, (whose, order): (&Whose, &Order), run: &Run, job: &JobRun, wrong: &mut Vec<String>) {
    match job.state() {
        JobState::Completed { output, .. } => completed(state, (whose, order), output, wrong),
        JobState::Failed { at, error } => {
            // A job may begin without a write, and is said to have begun when it is written first.
            if let Err(why) = failed(state, whose, order, (run.accepted_at, *at), error) {
                wrong.push(format!("{whose:?} failed by {error}, and {why}"));
            }
        }
        _ => {}
    }
}

fn completed(state: &State, (whose, order): (&Whose, &Order), output: &Value, wrong: &mut Vec<String>) {
    let service = &state.service;
    if order.is_plain() {
        if order.good == 0 && order.rounds == 0 {
            wrong.push(format!("{whose:?} is completed, and its service never said so"));
        }
        return;
    }
    // One whose last attempt failed may have the output of those who cleared up after it.
    let Some(from) = output["from"].as_str() else { return };
    let is_polled = from.ends_with("/polled") && order.fate.verdicts[0];
    let done = |from: &str| service.callbacks.iter().any(|c| c.sent && c.status == "done" && c.from == from);
    // Nothing tells a second result of a job from the first one of the next job under its key; and version 0.1 did not remember
    // what it had taken.
    let is_other_work = |(other, order): (&Whose, &Order)| {
        let is_theirs = other != whose && from.starts_with(&format!("{}/{}/", other.0, other.1));
        is_theirs && (order.rounds > 1 || state.is_upgraded())
    };
    if done(from) && service.orders.iter().any(is_other_work) {
        return;
    }
    if !from.starts_with(&format!("{}/{}/", whose.0, whose.1)) || !(is_polled || done(from)) {
        wrong.push(format!("{whose:?} is completed by {from}, which its service never said"));
    }
}

fn failed(
    state: &State,
    whose: &Whose,
    order: &Order,
    (accepted_at, at): (Timestamp, Timestamp),
    error: &JobError,
) -> Result<(), &'static str> {
    let service = &state.service;
    let holds = |holds: bool, else_: &'static str| if holds { Ok(()) } else { Err(else_) };
    match error.code.as_str() {
        "callback_failed" => {
            // As in `completed`: what another job of the run under the same key has caused may count for this one.
            let is_told_apart =
                |c: &Whose| service.orders.get(c).is_none_or(|order| order.rounds <= 1) && !state.is_upgraded();
            let is_theirs = |c: &Whose| c == whose || (c.0 == whose.0 && !is_told_apart(c));
            let said = service.callbacks.iter().any(|c| is_theirs(&c.whose) && c.sent && c.status == "failed");
            holds(said || (order.questions > 0 && !order.fate.verdicts[0]), "its service never said so")
        }
        "timeout" => {
            let took = at.duration_since(accepted_at);
            // Two clocks took these times, and two others may have set the deadline and passed it.
            let slack = state.weather.slack() + state.weather.slack();
            holds(took + slack >= SignedDuration::from_mins(WAIT_MINUTES), "its time was not over")
        }
        "unreachable" | "http_status" => {
            // A job that somebody clears up after fails by what failed there.
            let clearing_up = service.orders.get(&(whose.0.clone(), "sorry".to_owned()));
            let bad = order.bad + clearing_up.map_or(0, |order| order.bad);
            holds(bad > 0, "its service answered every call")
        }
        "output_failed" => holds(!order.fate.sized, "its output can be made"),
        _ => Err("nothing in the scenario explains that"),
    }
}

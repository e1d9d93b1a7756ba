//! Every event reaches every endpoint that subscribed before it, or is given up by the policy and not sooner.

use super::super::client::{EndpointPromise, EventPromise};
use super::super::receiver::{Mood, Receiver};
use super::super::state::State;
use domain::delivery::{Delivery, GaveUp, State as Progress, delay};
use domain::event::EventId;
use domain::run::{JobState, Phase, Run};
use jiff::{SignedDuration, Timestamp};

/// How long it takes at the most, once the sky is clear, until an event's messages are sent: one may have to come again.
const RELAYED: SignedDuration = SignedDuration::from_mins(20);
/// What we say ourselves; `*` doesn't take it in.
const OURS: [&str; 2] = ["job.failed", "delivery.exhausted"];

pub(super) fn check(state: &mut State, wrong: &mut Vec<String>) {
    let mut events = state.promises.events.clone();
    events.extend(state.watch.runs.values().filter_map(|(run, _)| told_by_job(run)));
    events.extend(state.watch.runs.values().filter_map(|(run, _)| told_of_failure(run)));
    events.extend(state.watch.deliveries.values().filter_map(|(delivery, _)| told_of_exhaustion(delivery)));
    let mut owed = Vec::new();
    for event in &events {
        let slack = state.weather.slack();
        for (receiver, endpoint) in state.promises.endpoints.iter().filter(|(_, endpoint)| owes(endpoint, event, slack))
        {
            owed.push((event, *receiver, endpoint));
        }
    }
    for (event, receiver, endpoint) in owed {
        let id = format!("{}.{}.{}", event.customer, event.id, endpoint.id);
        let delivery = state.watch.deliveries.get(&id).map(|(delivery, _)| delivery);
        let there = &state.receivers[receiver];
        let disabled = state.watch.disabled.get(&endpoint.id).copied();
        // Whom it is for is asked again each time that it is relayed: in bad weather, after the first attempt too.
        let relayed = event.began.max(state.weather.ends) + RELAYED;
        let disabled = disabled.map(|at| at - state.weather.slack());
        match judge(event, there, endpoint, delivery, (disabled, relayed)) {
            Ok(how) => state.tally.count(how),
            Err(why) => wrong.push(format!("{} is owed to receiver {receiver}, and {why}", event.id)),
        }
        let sent = there.got.iter().filter(|got| got.event == event.id).count();
        if state.weather.is_fair() && !state.is_upgraded() && there.mood == Mood::Well && sent != 1 {
            wrong.push(format!("in fair weather receiver {receiver} got {} {sent} times", event.id));
        }
    }
    for endpoint in state.promises.endpoints.values() {
        let theirs =
            state.watch.deliveries.values().filter(|(delivery, _)| delivery.id.endpoint.as_str() == endpoint.id);
        // What two clocks say of two tries tells nothing of the time between them.
        let theirs = theirs.filter(|_| state.weather.slack().is_zero());
        theirs.for_each(|(delivery, _)| paced(delivery, endpoint, wrong));
    }
}

fn owes(endpoint: &EndpointPromise, event: &EventPromise, slack: SignedDuration) -> bool {
    let named = endpoint.events.contains(&event.kind);
    let all = endpoint.events.iter().any(|pattern| pattern == "*") && !OURS.contains(&event.kind.as_str());
    let known = endpoint.acked_at + slack <= event.began && !endpoint.ended;
    known && endpoint.customer == event.customer && (named || all)
}

fn judge(
    event: &EventPromise,
    there: &Receiver,
    endpoint: &EndpointPromise,
    delivery: Option<&Delivery>,
    (disabled, relayed): (Option<Timestamp>, Timestamp),
) -> Result<&'static str, String> {
    let arrived = there.answered(&event.id, |status| (200..300).contains(&status)) > 0;
    let requests = there.got.iter().filter(|got| got.event == event.id).count();
    let state = delivery.map(|delivery| &delivery.state);
    match state {
        Some(Progress::Delivered { .. }) if arrived => Ok("events delivered"),
        Some(Progress::Exhausted { why: GaveUp::Tries, .. }) => {
            let tries = endpoint.settings.max_retries.map_or(9, |retries| retries as usize) + 1;
            if requests >= tries { Ok("events exhausted") } else { Err(format!("was given up after {requests} tries")) }
        }
        Some(Progress::Exhausted { why: GaveUp::Gone, .. }) if there.is_gone() => {
            Ok("events for an endpoint that is gone")
        }
        // The watch has seen whether that was right.
        Some(Progress::Exhausted { why: GaveUp::NoEndpoint, at }) if disabled.is_some_and(|since| since <= *at) => {
            Ok("events for an endpoint that was disabled")
        }
        None if disabled.is_some_and(|since| since <= relayed) => Ok("events that an endpoint was disabled before"),
        state => Err(format!("arrived is {arrived}, and its delivery is {state:?}")),
    }
}

/// No try comes before its time.
fn paced(delivery: &Delivery, endpoint: &EndpointPromise, wrong: &mut Vec<String>) {
    for (tries, two) in delivery.log.windows(2).enumerate() {
        let tries = u32::try_from(tries + 1).unwrap_or(u32::MAX);
        let pause = delay(tries, &endpoint.settings, two[0].retry_after, 0.0);
        if pause.is_none_or(|pause| two[1].at.duration_since(two[0].at) < pause) {
            wrong.push(format!("try {} of {} came too soon, at {}", tries + 1, delivery.id, two[1].at));
        }
    }
}

fn promise(id: &str, kind: &str, customer: &str, began: Timestamp) -> EventPromise {
    EventPromise { id: id.to_owned(), kind: kind.to_owned(), customer: customer.to_owned(), began }
}

/// The event of a workflow's own job.
fn told_by_job(run: &Run) -> Option<EventPromise> {
    let ended = |job: &str| {
        let (_, job) = run.jobs().iter().find(|(path, _)| path.as_str() == job)?;
        if let JobState::Completed { at, output } = job.state() { Some((*at, output)) } else { None }
    };
    let (began, _) = ended("optimise")?;
    let (_, output) = ended("tell")?;
    Some(promise(output["event_id"].as_str()?, "image.done", "default", began))
}

fn told_of_failure(run: &Run) -> Option<EventPromise> {
    let (Phase::Failed { ended_at, .. }, None) = (run.phase(), &run.parent) else { return None };
    let id = EventId::keyed(&["job.failed", run.id.as_str()]);
    Some(promise(id.as_str(), "job.failed", "default", *ended_at))
}

fn told_of_exhaustion(delivery: &Delivery) -> Option<EventPromise> {
    let Progress::Exhausted { at, why: GaveUp::Tries | GaveUp::Gone } = &delivery.state else { return None };
    if OURS.contains(&delivery.event_type.as_str()) {
        return None;
    }
    let id = EventId::keyed(&["delivery.exhausted", &delivery.id.to_string(), &delivery.attempts.to_string()]);
    Some(promise(id.as_str(), "delivery.exhausted", delivery.id.customer.as_str(), *at))
}

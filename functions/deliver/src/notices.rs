//! What we have to say ourselves, as events that endpoints can subscribe to.
//!
//! | event | when |
//! |---|---|
//! | `job.failed` | a run has failed |
//! | `delivery.exhausted` | a delivery was given up |
//! | `endpoint.disabled` | an endpoint gets nothing any more, and nobody asked for that |
//! | `endpoint.recovered` | an endpoint whose breaker had opened has answered well |
//!
//! They are promised in the same write as what they tell, so none is lost. What becomes of *their* deliveries raises no
//! events, so none loops.

use domain::delivery::{Delivery, GaveUp};
use domain::endpoint::{Disabled, Endpoint};
use domain::event::{CustomerId, Event, EventId, EventType, OWN_SOURCE, Origin};
use domain::redact::{KnownSecrets, hide_fields};
use domain::run::{JobStatus, Phase, Run};
use jiff::Timestamp;
use platform::queue::Message;
use serde_json::{Value, json};

/// The longest error that is told whole, in bytes of JSON. What a message holds is in the item that owes it, beside the run, and
/// must pass through the queue.
const WHOLE: usize = 16 * 1024;
/// Of a longer one, how much of its message is told, in characters, and none of its detail.
const TOLD: usize = 1024;
/// How many failed jobs are named.
const NAMED: usize = 100;

/// A run has failed; `None` if it hasn't, or another run waits for it and decides what that means. An error may quote what a
/// service said, so secrets are taken out of it; one that is too long for a notice is cut, and `truncated` says so.
pub(crate) fn run_failed(run: &Run, secrets: &KnownSecrets) -> Option<Message> {
    let (Phase::Failed { started_at, ended_at, error }, None) = (run.phase(), &run.parent) else { return None };
    let failed =
        run.jobs().iter().filter(|(_, job)| job.state().status() == JobStatus::Failed).map(|(path, _)| path.as_str());
    let mut data = json!({
        "task_id": run.id, "workflow": run.workflow, "status": "failed", "error": error,
        "jobs": failed.take(NAMED).collect::<Vec<_>>(),
        "started_at": started_at.to_string(), "ended_at": ended_at.to_string(),
    });
    data.get_mut("error").into_iter().for_each(hide_fields);
    secrets.hide(&mut data);
    KnownSecrets::of_input(&run.input).hide(&mut data);
    // After the secrets are out: half of one would not be known as one.
    let truncated = data.get_mut("error").is_some_and(cut);
    if let Value::Object(data) = &mut data {
        data.insert("truncated".to_owned(), truncated.into());
    }
    message("job.failed", &[run.id.as_str()], CustomerId::default(), data, *ended_at)
}

/// Cuts an error that is too long; whether it was.
fn cut(error: &mut Value) -> bool {
    let long = serde_json::to_vec(error).is_ok_and(|json| json.len() > WHOLE);
    if long && let Value::Object(error) = error {
        error.remove("detail");
        if let Some(Value::String(message)) = error.get_mut("message") {
            *message = message.chars().take(TOLD).collect();
        }
    }
    long
}

/// A delivery of that event was given up; `None` where the event is one of ours.
pub(crate) fn exhausted(
    event: &Event,
    delivery: &Delivery,
    endpoint: &Endpoint,
    why: GaveUp,
    now: Timestamp,
) -> Option<Message> {
    if !event.raises_events() {
        return None;
    }
    let last = delivery.log.last();
    let data = json!({
        "delivery_id": delivery.id, "event_id": event.id, "event": event.event_type, "webhook_id": endpoint.id,
        "url": endpoint.settings.url, "attempts": delivery.attempts, "reason": why,
        "response_status": last.and_then(|attempt| attempt.status), "error": last.and_then(|attempt| attempt.failure()),
    });
    let id = [delivery.id.to_string(), delivery.attempts.to_string()];
    message("delivery.exhausted", &[&id[0], &id[1]], event.customer.clone(), data, now)
}

/// An endpoint gets nothing any more.
pub(crate) fn disabled(endpoint: &Endpoint, disabled: &Disabled) -> Option<Message> {
    let data = json!({
        "webhook_id": endpoint.id, "name": endpoint.settings.name, "url": endpoint.settings.url,
        "reason": disabled.why, "message": disabled.why.as_str(), "disabled_at": disabled.at.to_string(),
    });
    let id = [endpoint.id.as_str(), &disabled.at.to_string()];
    message("endpoint.disabled", &id, endpoint.customer.clone(), data, disabled.at)
}

/// An endpoint answers again.
pub(crate) fn recovered(endpoint: &Endpoint, failing_since: Timestamp, now: Timestamp) -> Option<Message> {
    let data = json!({
        "webhook_id": endpoint.id, "name": endpoint.settings.name, "url": endpoint.settings.url,
        "failing_since": failing_since.to_string(),
    });
    let id = [endpoint.id.as_str(), &failing_since.to_string()];
    message("endpoint.recovered", &id, endpoint.customer.clone(), data, now)
}

/// `about` makes the event's id: the same for every repetition.
fn message(name: &str, about: &[&str], customer: CustomerId, data: Value, now: Timestamp) -> Option<Message> {
    let parts: Vec<&str> = std::iter::once(name).chain(about.iter().copied()).collect();
    Some(Message::Publish(Box::new(Event {
        id: EventId::keyed(&parts),
        customer,
        event_type: EventType::parse(name).ok()?,
        data,
        timestamp: now,
        source: OWN_SOURCE.to_owned(),
        version: "1.0".to_owned(),
        accepted_at: now,
        origin: Origin::System,
        given_id: None,
        attributes: serde_json::Map::new(),
    })))
}

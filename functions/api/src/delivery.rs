//! A delivery, as the API shows it.

use crate::room;
use crate::shown::Shown;
use contract::DeliveryStatus;
use contract::answer::{self, DeliveryInList, EventOfDelivery, HeldBy};
use domain::delivery::{self, Attempt, Delivery, GaveUp, State};
use domain::endpoint::{Endpoint, Health};
use domain::event::Event;
use domain::redact::hide_fields;
use jiff::Timestamp;

/// In place of the name of an endpoint that has been deleted.
const UNKNOWN: &str = "Unknown";

/// The reason why a delivery waits, and until when, where that isn't its schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// Not tried before, unless somebody asks.
    until: Timestamp,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    /// The endpoint's breaker is open, after so many failures in a row.
    Breaker(u32),
    /// The endpoint's rate limit: earlier deliveries have the earlier slots.
    RateLimit,
    /// The endpoint had as many attempts under way and waiting as a process allows at once.
    Lane,
}

impl Held {
    /// `None` where the delivery waits for its schedule alone, or for nothing.
    pub(crate) fn of(delivery: &Delivery, health: Option<&Health>, now: Timestamp) -> Option<Self> {
        let State::Pending { due, held } = delivery.state else { return None };
        if let (Some(until), Some(health)) = (Health::holds(health, due, now), health) {
            return Some(Self::by_breaker(until, health));
        }
        let why = match held? {
            delivery::Held::RateLimit => Why::RateLimit,
            delivery::Held::Lane => Why::Lane,
            // It is closed again by now, and the delivery is due soon.
            delivery::Held::Breaker => return None,
        };
        (due > now).then_some(Self { until: due, why })
    }

    /// Held by the breaker of an endpoint of that health.
    pub(crate) fn by_breaker(until: Timestamp, health: &Health) -> Self {
        Self { until, why: Why::Breaker(health.failures) }
    }

    fn shown(&self) -> answer::Held {
        let (reason, message) = match self.why {
            Why::Breaker(failures) => (
                HeldBy::BreakerOpen,
                format!(
                    "its endpoint has failed {failures} times in a row, so deliveries to it are held, and one at a time \
                     probes it"
                ),
            ),
            Why::RateLimit => (
                HeldBy::RateLimit,
                "its endpoint's rate_limit gives it this slot, since deliveries before it have the earlier ones"
                    .to_owned(),
            ),
            Why::Lane => (
                HeldBy::Lane,
                "its endpoint had as many attempts under way as it gets at once, so this one has a slot behind them"
                    .to_owned(),
            ),
        };
        answer::Held { until: self.until, reason, message }
    }
}

/// The state of a delivery.
pub(crate) fn status(delivery: &Delivery) -> DeliveryStatus {
    match delivery.state {
        State::Pending { .. } if delivery.attempts == 0 => DeliveryStatus::Pending,
        State::Pending { .. } => DeliveryStatus::Retrying,
        State::Delivered { .. } => DeliveryStatus::Delivered,
        State::Exhausted { .. } => DeliveryStatus::Exhausted,
    }
}

/// As in a list.
pub(crate) fn brief(delivery: &Delivery, endpoint_name: Option<&str>, held: Option<&Held>) -> DeliveryInList {
    let last = delivery.log.last();
    let next_retry_at = match delivery.state {
        State::Pending { due, .. } => Some(due),
        State::Delivered { .. } | State::Exhausted { .. } => None,
    };
    DeliveryInList {
        id: delivery.id.to_string(),
        webhook_id: delivery.id.endpoint.to_string(),
        endpoint_name: endpoint_name.unwrap_or(UNKNOWN).to_owned(),
        customer_id: delivery.id.customer.to_string(),
        event_id: delivery.id.event.to_string(),
        event_type: delivery.event_type.to_string(),
        status: status(delivery),
        attempt_count: delivery.attempts,
        response_status: last.and_then(|attempt| attempt.status),
        response_time: last.map(seconds),
        created_at: delivery.created_at,
        last_attempt_at: last.map(|attempt| attempt.at),
        next_retry_at,
        held: held.map(Held::shown),
        error_message: error(delivery),
    }
}

/// With its attempts, oldest first, the event, and what of it is sent: cut where the answer would be too large.
pub(crate) fn whole(
    delivery: &Delivery,
    endpoint: Option<&Endpoint>,
    event: Option<&Event>,
    held: Option<&Held>,
) -> Shown<answer::Delivery> {
    // Shown without what is secret in it, in each form.
    let event = event.cloned().map(|mut event| {
        hide_fields(&mut event.data);
        event
    });
    let body = endpoint.zip(event.as_ref()).map(|(endpoint, event)| endpoint.settings.format.body(event));
    // Of very many attempts only the newest are kept.
    let first = u64::from(delivery.attempts).saturating_sub(delivery.log.len() as u64) + 1;
    let shown = answer::Delivery {
        delivery: brief(delivery, endpoint.map(|endpoint| endpoint.settings.name.as_str()), held),
        attempts: delivery.log.iter().zip(first..).map(|(attempt, n)| show(attempt, n)).collect(),
        event: event.map(show_event),
        request_body: body.map(|body| String::from_utf8_lossy(&body).into_owned()),
        truncated: Vec::new(),
    };
    Shown::of(&shown).but(|shown| {
        // The one is what the other says, in the endpoint's format.
        for name in ["request_body", "event.data"] {
            if room::is_too_large(shown) {
                room::shorten(shown, &[name]);
            }
        }
    })
}

/// Seconds that an attempt took.
pub(crate) fn seconds(attempt: &Attempt) -> f64 {
    attempt.took_ms as f64 / 1000.0
}

/// Why it isn't delivered, in words.
fn error(delivery: &Delivery) -> Option<String> {
    let last = || delivery.log.last().and_then(Attempt::failure);
    match delivery.state {
        State::Delivered { .. } => None,
        State::Pending { .. } | State::Exhausted { why: GaveUp::Tries | GaveUp::Permanent | GaveUp::Gone, .. } => {
            last()
        }
        State::Exhausted { why: GaveUp::NoEndpoint, .. } => Some("the endpoint is disabled or deleted".to_owned()),
        State::Exhausted { why: GaveUp::NoEvent, .. } => Some("the event has expired".to_owned()),
        // Once it was tried all the same, because somebody asked, the attempt says why it isn't delivered.
        State::Exhausted { why: GaveUp::FilterFailed, .. } => {
            Some("the endpoint's filter could not be evaluated on the event's data".to_owned())
        }
        State::Exhausted { why: GaveUp::FilterTooCostly, .. } => {
            Some("the endpoint's filter takes too many steps on the event's data".to_owned())
        }
    }
}

fn show(attempt: &Attempt, n: u64) -> answer::Attempt {
    answer::Attempt {
        n,
        at: attempt.at,
        status: attempt.status,
        error: attempt.error.map(|class| class.as_str().to_owned()),
        error_message: attempt.failure(),
        took_ms: attempt.took_ms,
        retry_after: attempt.retry_after,
        request_headers: attempt.request_headers.iter().cloned().collect(),
        response_body: attempt.response_body.clone(),
        truncated: attempt.truncated,
    }
}

fn show_event(event: Event) -> EventOfDelivery {
    EventOfDelivery {
        id: event.id.to_string(),
        event_type: event.event_type.to_string(),
        data: event.data,
        source: event.source,
        version: event.version,
        timestamp: event.timestamp,
        accepted_at: event.accepted_at,
    }
}

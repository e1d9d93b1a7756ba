//! A delivery: what we owe to one endpoint for one event.
//!
//! [`Delivery::record`] is the only code that changes one: it takes an [`Attempt`] and says what comes [`Next`]. It has
//! no clock, no randomness and no I/O. A delivery ends as delivered or exhausted; whoever wants it again begins a new
//! round of tries with [`Delivery::replay`] or [`Delivery::ask`]. A delivery that is not in the table is one that hasn't been tried.

mod attempt;
mod id;
mod policy;
mod retry_after;
pub mod sign;

pub use attempt::{Attempt, ErrorClass};
pub use id::DeliveryId;
pub use policy::{DEFAULT_TIMEOUT, LONGEST_DELAY, SCHEDULE, delay};
pub use retry_after::retry_after;

use crate::endpoint::Settings;
use crate::event::EventType;
use crate::operation::OperationId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Attempts that are kept whole; of older ones the headers and the response's body are dropped.
const WHOLE: usize = 5;
/// Attempts that are kept at all.
const KEPT: usize = 50;

/// What we owe to one endpoint for one event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Customer, event and endpoint.
    pub id: DeliveryId,
    /// The event's type.
    pub event_type: EventType,
    /// When the event was accepted.
    pub created_at: Timestamp,
    /// How far it is.
    pub state: State,
    /// Attempts made, in all rounds.
    pub attempts: u32,
    /// Attempts made in this round: what the schedule goes by.
    pub tries: u32,
    /// The operation that began this round, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_by: Option<OperationId>,
    /// Somebody asked for the attempt that is owed: an open breaker doesn't hold it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asked: bool,
    /// The newest attempts, oldest first.
    pub log: Vec<Attempt>,
}

/// How far a delivery is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// An attempt is owed.
    Pending {
        /// Not before this time.
        due: Timestamp,
        /// The reason for that time, unless it is the event's own or the schedule's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held: Option<Held>,
    },
    /// It was answered with a 2xx.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// We gave up.
    Exhausted {
        /// When.
        at: Timestamp,
        /// Why.
        why: GaveUp,
    },
}

/// The reason why an attempt that was due is put off. The delivery's new `due` is then the slot that it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// The endpoint's `rate_limit`: earlier deliveries have the earlier slots.
    RateLimit,
    /// As many attempts to the endpoint are under way or wait as this process allows at once.
    Lane,
    /// The endpoint's breaker is open, or another attempt probes the endpoint.
    Breaker,
}

/// Why we gave up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GaveUp {
    /// All tries failed.
    Tries,
    /// Trying again can't help: the address, the URL or a header can't be used.
    Permanent,
    /// It answered 410 Gone.
    Gone,
    /// The endpoint is disabled or deleted.
    NoEndpoint,
    /// The event has expired from the table.
    NoEvent,
    /// The endpoint's filter could not be evaluated on the event's data.
    FilterFailed,
    /// The endpoint's filter takes too many steps on the event's data.
    FilterTooCostly,
}

/// What comes after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it has arrived.
    Done,
    /// Another attempt.
    Retry(Timestamp),
    /// Nothing: we gave up.
    GiveUp(GaveUp),
}

impl Delivery {
    /// One that hasn't been tried.
    pub fn new(id: DeliveryId, event_type: EventType, created_at: Timestamp) -> Self {
        let state = State::Pending { due: created_at, held: None };
        Self { id, event_type, created_at, state, attempts: 0, tries: 0, begun_by: None, asked: false, log: Vec::new() }
    }

    /// The number of the attempt that is owed, from 1. `None` if none is.
    pub fn owed(&self) -> Option<u32> {
        matches!(self.state, State::Pending { .. }).then(|| self.attempts.saturating_add(1))
    }

    /// After an attempt. `jitter` is random, from 0 up to 1.
    #[must_use]
    pub fn record(mut self, attempt: Attempt, settings: &Settings, now: Timestamp, jitter: f64) -> (Self, Next) {
        self.attempts = self.attempts.saturating_add(1);
        self.tries = self.tries.saturating_add(1);
        self.asked = false;
        let next = if attempt.succeeded() {
            Next::Done
        } else if attempt.status == Some(GONE) {
            Next::GiveUp(GaveUp::Gone)
        } else if attempt.error.is_some_and(ErrorClass::is_permanent) {
            Next::GiveUp(GaveUp::Permanent)
        } else {
            let at =
                delay(self.tries, settings, attempt.retry_after, jitter).and_then(|delay| now.checked_add(delay).ok());
            at.map_or(Next::GiveUp(GaveUp::Tries), Next::Retry)
        };
        self.state = match next {
            Next::Done => State::Delivered { at: now },
            Next::Retry(due) => State::Pending { due, held: None },
            Next::GiveUp(why) => State::Exhausted { at: now, why },
        };
        self.log.push(attempt);
        self.trim();
        (self, next)
    }

    /// Puts the attempt off: it is owed at that time instead, for that reason.
    #[must_use]
    pub fn hold(mut self, due: Timestamp, why: Held) -> Self {
        self.state = State::Pending { due, held: Some(why) };
        self
    }

    /// Whether the owed attempt already has a slot from the endpoint's rate limit or lane. It keeps that slot: once `due`
    /// has come, the attempt is made without asking for another.
    pub fn has_slot(&self) -> bool {
        matches!(self.state, State::Pending { held: Some(Held::RateLimit | Held::Lane), .. })
    }

    /// No attempt can be made.
    #[must_use]
    pub fn give_up(mut self, why: GaveUp, now: Timestamp) -> Self {
        self.state = State::Exhausted { at: now, why };
        self
    }

    /// A new round of tries, from now. `None` while one is under way: asking twice is asking once.
    #[must_use]
    pub fn replay(mut self, now: Timestamp) -> Option<Self> {
        if matches!(self.state, State::Pending { .. }) {
            return None;
        }
        self.state = State::Pending { due: now, held: None };
        self.tries = 0;
        self.begun_by = None;
        Some(self)
    }

    /// A new round of tries that somebody asked for, from now, also where the next try is some time off. `None` if it is
    /// due already: asking twice is asking once.
    #[must_use]
    pub fn ask(self, now: Timestamp) -> Option<Self> {
        let begun = match self.state {
            State::Pending { due, .. } if due <= now => None,
            // An operation that began the round has still begun it.
            State::Pending { .. } => Some(Self { state: State::Pending { due: now, held: None }, tries: 0, ..self }),
            State::Delivered { .. } | State::Exhausted { .. } => self.replay(now),
        };
        begun.map(|begun| Self { asked: true, ..begun })
    }

    /// `pending` before the first attempt, `retrying` after one that failed, `delivered` or `exhausted`.
    pub fn status(&self) -> &'static str {
        match self.state {
            State::Pending { .. } if self.attempts == 0 => "pending",
            State::Pending { .. } => "retrying",
            State::Delivered { .. } => "delivered",
            State::Exhausted { .. } => "exhausted",
        }
    }

    fn trim(&mut self) {
        let surplus = self.log.len().saturating_sub(KEPT);
        self.log.drain(..surplus);
        let whole_from = self.log.len().saturating_sub(WHOLE);
        self.log.iter_mut().take(whole_from).for_each(Attempt::shorten);
    }
}

/// RFC 9110 section 15.5.11.
const GONE: u16 = 410;

#[cfg(test)]
mod tests;

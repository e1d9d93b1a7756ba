//! Filters: the condition under which an endpoint wants an event, within a budget of steps.
//!
//! Filters are written by customers and evaluated for every event, so each has a budget ([`STEPS`]), and one that exceeds it on
//! the largest event is refused when it is made ([`check`]). An event that a filter can't be evaluated on is not delivered:
//! its delivery is given up with the reason, so that it is counted, shown and can be recovered.

use super::Endpoint;
use crate::event::{CustomerId, Event, EventId, EventType, Origin};
use crate::expr::{Condition, Meter, Parsed, size};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::cell::OnceCell;

/// Steps that a filter may take for one event: about 20 ms, and half a second where a pattern with `\b` meets a text with letters
/// beyond ASCII.
pub const STEPS: u64 = 400_000;
/// The largest text that an event may hold, in bytes: the size of a request's body unless the operator sets another.
const LARGEST: usize = 1024 * 1024;
/// Places of the data that a filter is tried with the largest text at.
const PLACES: usize = 8;

/// An endpoint's answer to the question whether it wants an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// There is a delivery of the event to it.
    Wants,
    /// There is none.
    Declines,
    /// The filter can't say.
    Fails(FilterFault),
}

/// Why a filter has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterFault {
    /// An operator or a conversion does not fit the event's data.
    Failed,
    /// The filter takes more than [`STEPS`].
    TooCostly,
}

/// An event as the filters of many endpoints see it: a text in it is parsed as JSON once for all of them.
#[derive(Debug)]
pub struct EventView<'e> {
    event: &'e Event,
    parsed: Parsed,
    size: OnceCell<usize>,
}

impl<'e> EventView<'e> {
    /// A view in which nothing was parsed yet.
    pub fn new(event: &'e Event) -> Self {
        Self { event, parsed: Parsed::default(), size: OnceCell::new() }
    }

    /// Whether an endpoint wants the event, and the steps that finding it out has taken.
    pub fn wish(&self, endpoint: &Endpoint) -> (Wish, u64) {
        if !endpoint.is_addressed(self.event) {
            return (Wish::Declines, 0);
        }
        let Some(filter) = endpoint.settings.filter() else { return (Wish::Wants, 0) };
        let meter = Meter::new(STEPS, *self.size.get_or_init(|| size(&self.event.data)));
        let scope = self.event.scope();
        let holds = filter.holds(&scope.metered(&meter).remembering(&self.parsed));
        let wish = match holds {
            _ if meter.is_exceeded() => Wish::Fails(FilterFault::TooCostly),
            Ok(true) => Wish::Wants,
            Ok(false) => Wish::Declines,
            Err(_) => Wish::Fails(FilterFault::Failed),
        };
        (wish, meter.done())
    }
}

/// Whether a filter stays within [`STEPS`] on the largest event: one that holds the largest text, as JSON, at one of the places
/// that the filter reads. What it costs on other data is only known when it is evaluated.
pub(super) fn check(filter: &Condition) -> bool {
    let mut places: Vec<Vec<String>> = Vec::new();
    for read in filter.template().references().into_iter().filter(|read| read.source == "data") {
        if places.len() < PLACES && !places.contains(&read.path) {
            places.push(read.path);
        }
    }
    places.iter().all(|place| {
        let event = largest(place);
        let meter = Meter::new(STEPS, size(&event.data)).thorough();
        // Data of another kind than the filter expects is an error here; what matters is the steps up to it.
        let _ = filter.holds(&event.scope().metered(&meter));
        !meter.is_exceeded()
    })
}

/// An event with the largest text at a place of its data: a list of numbers, written as JSON.
fn largest(place: &[String]) -> Event {
    let mut text = String::with_capacity(LARGEST);
    text.push('[');
    text.push_str(&"0,".repeat(LARGEST / 2 - 1));
    text.push_str("0]");
    let nested = |inner, name: &String| Value::Object(Map::from_iter([(name.clone(), inner)]));
    Event {
        id: EventId::random([0; 16]),
        customer: CustomerId::default(),
        event_type: EventType::sample(),
        data: place.iter().rev().fold(Value::String(text), nested),
        timestamp: Timestamp::UNIX_EPOCH,
        source: String::new(),
        version: String::new(),
        accepted_at: Timestamp::UNIX_EPOCH,
        origin: Origin::Test,
        given_id: None,
        attributes: Map::new(),
    }
}

#[cfg(test)]
mod tests;

//! Slots in time: each attempt is given one once, no two are given the same, and nothing overtakes them.

use super::super::state::State;
use domain::delivery::{Delivery, DeliveryId, Held, State as Progress};
use domain::event::EndpointId;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// What was seen of events and slots.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// When each event was written, by its key.
    written: BTreeMap<String, Timestamp>,
    /// When each delivery that has a slot was given it.
    given: BTreeMap<String, Timestamp>,
}

impl State {
    /// An event was written.
    pub(super) fn saw_event(&mut self, pk: &str) {
        let now = self.now;
        self.watch.slots.written.insert(pk.to_owned(), now);
    }

    /// A delivery is being written over what the watch knows of it.
    pub(super) fn saw_slot(&mut self, delivery: &Delivery) {
        let (id, now) = (delivery.id.to_string(), self.now);
        let Progress::Pending { due, held: Some(why @ (Held::RateLimit | Held::Lane)) } = delivery.state else {
            self.watch.slots.given.remove(&id);
            return;
        };
        self.tally.count(match why {
            Held::RateLimit => "deliveries given a slot by a rate limit",
            _ => "deliveries given a slot by a full lane",
        });
        let before = self.watch.deliveries.get(&id).map(|(before, _)| before);
        let again = before.is_some_and(|before| before.has_slot() && before.attempts == delivery.attempts);
        if why == Held::RateLimit && again {
            self.violation(format!("{id} had a slot of its rate limit and was given another"));
        }
        // Clocks that differ give slots that may be anywhere.
        if why == Held::RateLimit
            && self.weather.slack().is_zero()
            && let Some(spacing) = self.spacing(&delivery.id.endpoint)
            && let Some(other) = self.slot_near(&delivery.id, due, spacing)
        {
            self.violation(format!("{id} and {other} have slots closer than {spacing:#}, around {due}"));
        }
        self.watch.slots.given.insert(id, now);
    }

    /// The spacing of the endpoint's slots, once its creation is acknowledged.
    fn spacing(&self, endpoint: &EndpointId) -> Option<SignedDuration> {
        let known = self.promises.endpoints.values().find(|known| known.id == endpoint.as_str())?;
        known.settings.rate_limit.map(|rate| rate.spacing())
    }

    fn slot_near(&self, of: &DeliveryId, due: Timestamp, spacing: SignedDuration) -> Option<DeliveryId> {
        self.waiting(&of.endpoint).find_map(|(other, at, why)| {
            let near = at.duration_since(due).abs() < spacing;
            (why == Held::RateLimit && near && other.id != *of).then(|| other.id.clone())
        })
    }

    /// The endpoint's deliveries that have a slot.
    fn waiting(&self, endpoint: &EndpointId) -> impl Iterator<Item = (&Delivery, Timestamp, Held)> {
        let theirs = self.watch.deliveries.values().map(|(delivery, _)| delivery);
        theirs.filter(move |delivery| delivery.id.endpoint == *endpoint).filter_map(|delivery| match delivery.state {
            Progress::Pending { due, held: Some(why @ (Held::RateLimit | Held::Lane)) } => Some((delivery, due, why)),
            _ => None,
        })
    }

    /// A first attempt arrives at its endpoint. A delivery that was given a slot before this event was even written goes before
    /// it. A lane knows of the slots that its own process gave, and forgets them when that dies.
    pub(in super::super) fn comes_in_turn(&mut self, delivery: &str) {
        let Some(id) = DeliveryId::parse(delivery) else { return };
        let tried = self.watch.deliveries.get(delivery).is_some_and(|(known, _)| known.attempts > 0);
        if tried || !self.weather.slack().is_zero() {
            return;
        }
        let Some(&written) = self.watch.slots.written.get(&format!("event#{}#{}", id.customer, id.event)) else {
            return;
        };
        let own = self.watch.deliveries.get(delivery).and_then(|(known, _)| match known.state {
            Progress::Pending { due, held: Some(Held::RateLimit | Held::Lane) } => Some(due),
            _ => None,
        });
        let lanes_remember = self.weather.is_fair() && !self.weather.cloud;
        let overtaken = self.waiting(&id.endpoint).find_map(|(other, due, why)| {
            let given = self.watch.slots.given.get(&other.id.to_string())?;
            let before = *given < written && due > self.now && (why == Held::RateLimit || lanes_remember);
            // Of two that have slots the earlier one goes first, whichever gave them.
            let before = before && own.is_none_or(|own| own > due);
            before.then(|| format!("{delivery} overtakes {}, which waits for its slot at {due}", other.id))
        });
        if let Some(overtaken) = overtaken {
            self.violation(overtaken);
        }
    }
}

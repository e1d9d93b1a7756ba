//! Slots of endpoints with a rate limit: each attempt is given one, once, in the order in which they ask.
//!
//! **Flow.** The table has one item for each such endpoint, with the next free slot; a conditional write moves it on and so
//! gives the slot before. A slot that lies ahead is stored with its delivery, which comes at that time and asks no more.
//! **Guarantees.** No slot is given twice, by however many processes, and no two are closer than the limit's spacing. What is
//! remembered here of the next slot only chooses which of two conditional writes is tried first.

use crate::store::{Store, StoreError};
use domain::endpoint::RateLimit;
use domain::event::{CustomerId, EndpointId};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Endpoints remembered at most; beyond, all are forgotten.
const MOST: usize = 10_000;
/// Writes that are tried before the table counts as unavailable: each lost condition means that another process had a slot.
const TRIES: usize = 100;

/// The next free slot of each endpoint, as far as this process knows.
#[derive(Debug, Default)]
pub struct Slots {
    next: Mutex<HashMap<EndpointId, Timestamp>>,
}

impl Slots {
    /// Gives the endpoint's next free slot: now, or a time ahead.
    ///
    /// # Errors
    /// If the table is unavailable, or others take every slot first.
    pub async fn reserve(
        &self,
        store: &Store,
        endpoint: (&CustomerId, &EndpointId),
        rate: RateLimit,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let known = self.next.lock().unwrap_or_else(PoisonError::into_inner).get(endpoint.1).copied();
        let mut ahead = known.is_some_and(|next| next > now);
        for _ in 0..TRIES {
            let given = match ahead {
                true => store.slot_ahead(endpoint, rate, now).await?,
                false => store.slot_now(endpoint, rate, now).await?,
            };
            if let Some(slot) = given {
                self.note(endpoint.1, slot, rate);
                return Ok(slot);
            }
            ahead = !ahead;
        }
        Err(StoreError::Unavailable("each slot of an endpoint was taken by another process first".to_owned()))
    }

    fn note(&self, endpoint: &EndpointId, slot: Timestamp, rate: RateLimit) {
        let mut known = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(endpoint) {
            known.clear();
        }
        known.insert(endpoint.clone(), slot.checked_add(rate.spacing()).unwrap_or(Timestamp::MAX));
    }
}

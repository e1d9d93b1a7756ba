//! Slots of endpoints with a rate limit: each attempt is given one, once, in the order in which they ask.
//!
//! **Flow.** The table has one item for each such endpoint, with the next free slot; a conditional write moves it on and so
//! gives the slot before. A slot that lies ahead is stored with its delivery, which comes at that time and asks no more.
//! **Guarantees.** No slot is given twice, by however many processes, and no two are closer than the limit's spacing, where
//! the clocks of the processes agree to within a minute. Where they don't, the table trusts none of them, and each process
//! keeps the spacing of the slots that it gives itself: what is remembered here of the next slot is not fallen below.

use domain::endpoint::RateLimit;
use domain::event::{CustomerId, EndpointId};
use jiff::Timestamp;
use platform::store::{CLOCKS_DIFFER, Store, StoreError};
use quick_cache::sync::Cache;

/// Endpoints remembered at most; beyond, those are forgotten that seldom ask.
const MOST: usize = 10_000;
/// Writes that are tried before the table counts as unavailable: each lost condition means that another process had a slot.
const TRIES: usize = 100;

/// The next free slot of each endpoint, as far as this process knows.
#[derive(Debug)]
pub struct Slots {
    next: Cache<EndpointId, Next>,
}

impl Default for Slots {
    fn default() -> Self {
        Self { next: Cache::new(MOST) }
    }
}

#[derive(Debug, Clone, Copy)]
struct Next {
    slot: Timestamp,
    /// When the one before it was given.
    given: Timestamp,
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
        let known = self.next.get(endpoint.1);
        // One that this process's own clock gave when it was ahead is worth nothing.
        let latest = now.checked_add(CLOCKS_DIFFER).unwrap_or(Timestamp::MAX);
        let known = known.filter(|known| known.given <= latest).map(|known| known.slot);
        let mut ahead = known.is_some_and(|next| next > now);
        for _ in 0..TRIES {
            let given = match ahead {
                true => store.slot_ahead(endpoint, rate, now).await?,
                false => store.slot_now(endpoint, rate, now).await?,
            };
            if let Some(slot) = given {
                let slot = known.map_or(slot, |known| known.max(slot));
                self.note(endpoint.1, slot, rate, now);
                return Ok(slot);
            }
            ahead = !ahead;
        }
        Err(StoreError::Unavailable("each slot of an endpoint was taken by another process first".to_owned()))
    }

    fn note(&self, endpoint: &EndpointId, slot: Timestamp, rate: RateLimit, now: Timestamp) {
        let next = slot.checked_add(rate.spacing()).unwrap_or(Timestamp::MAX);
        self.next.insert(endpoint.clone(), Next { slot: next, given: now });
    }
}

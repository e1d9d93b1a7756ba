//! Who has which endpoints, and how they are doing: read from the table, remembered for seconds.
//!
//! `relay` asks for what the table holds *now*, once for all events of a batch, so that an event published after an
//! endpoint was made always reaches it. `deliver` is content with what was read within [`REMEMBERED`]: a change of an
//! endpoint takes effect within that time, and at once where it is made in the same process.

use domain::event::{CustomerId, EndpointId};
use jiff::{SignedDuration, Timestamp};
use platform::store::{Store, StoreError, StoredEndpoint, StoredHealth};
use quick_cache::sync::Cache;
use std::sync::Arc;

/// How long what was read is good enough for an attempt.
pub const REMEMBERED: SignedDuration = SignedDuration::from_secs(5);
/// Customers remembered at most; beyond, those are forgotten that are seldom asked for.
const MOST: usize = 10_000;

/// A customer's endpoints, as they were at a time.
#[derive(Debug)]
pub struct Endpoints {
    read_at: Timestamp,
    all: Vec<(StoredEndpoint, StoredHealth)>,
}

impl Endpoints {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &StoredEndpoint> {
        self.all.iter().map(|(endpoint, _)| endpoint)
    }

    /// One of them, and how it is doing.
    pub fn get(&self, id: &EndpointId) -> Option<&(StoredEndpoint, StoredHealth)> {
        self.all.iter().find(|(stored, _)| stored.endpoint.id == *id)
    }
}

/// What is remembered.
#[derive(Debug)]
pub struct Directory {
    customers: Cache<CustomerId, Arc<Endpoints>>,
}

impl Default for Directory {
    fn default() -> Self {
        Self { customers: Cache::new(MOST) }
    }
}

impl Directory {
    /// As the table has it now.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn fresh(
        &self,
        store: &Store,
        customer: &CustomerId,
        now: Timestamp,
    ) -> Result<Arc<Endpoints>, StoreError> {
        let endpoints = Arc::new(Endpoints { read_at: now, all: store.endpoints(customer).await? });
        self.customers.insert(customer.clone(), endpoints.clone());
        Ok(endpoints)
    }

    /// As the table had it within [`REMEMBERED`].
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn recent(
        &self,
        store: &Store,
        customer: &CustomerId,
        now: Timestamp,
    ) -> Result<Arc<Endpoints>, StoreError> {
        let known = self.customers.get(customer);
        match known.filter(|known| now.duration_since(known.read_at).abs() < REMEMBERED) {
            Some(known) => Ok(known),
            None => self.fresh(store, customer, now).await,
        }
    }

    /// Something of that customer's has changed.
    pub fn forget(&self, customer: &CustomerId) {
        self.customers.remove(customer);
    }
}

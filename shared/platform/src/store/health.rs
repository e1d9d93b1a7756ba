//! How endpoints fail: what changes with attempts.

use super::endpoint::{StoredEndpoint, customer_pk, is_endpoint};
use super::item::{Item, bytes, expiry, number, s, text};
use super::versioned::put_over;
use super::{Saved, Store, StoreError, codec, unavailable};
use crate::dispatch::Dispatch;
use crate::queue::Message;
use domain::endpoint::Health;
use domain::event::{CustomerId, EndpointId};
use jiff::Timestamp;
use std::time::Duration;

/// How long what has healed is kept, for those who still have the version before.
const HEALED: Duration = Duration::from_secs(60 * 60);

/// How an endpoint is doing, as it stands in the table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoredHealth {
    /// How it fails; `None` if it is well.
    pub health: Option<Health>,
    /// Counts the writes; 0 if there is nothing in the table.
    pub version: u64,
}

pub(super) fn sk(id: &EndpointId) -> String {
    format!("health#{id}")
}

impl Store {
    /// A customer's endpoints and how each is doing, with all writes that were answered before.
    ///
    /// # Errors
    /// If the table is unavailable, or an item is damaged.
    pub async fn endpoints(&self, customer: &CustomerId) -> Result<Vec<(StoredEndpoint, StoredHealth)>, StoreError> {
        let (endpoints, healths): (Vec<Item>, Vec<Item>) =
            self.below_customer(customer).await?.into_iter().partition(is_endpoint);
        endpoints
            .iter()
            .map(|item| {
                let endpoint = self.stored_endpoint(item)?;
                let sk = sk(&endpoint.endpoint.id);
                let health = healths.iter().find(|item| text(item, "sk") == Some(&sk)).map(read).transpose()?;
                Ok((endpoint, health.unwrap_or_default()))
            })
            .collect()
    }

    /// How an endpoint is doing.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn health(&self, customer: &CustomerId, id: &EndpointId) -> Result<StoredHealth, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("pk", s(customer_pk(customer))).key("sk", s(sk(id)));
        let item = get.dispatch().await.map_err(unavailable)?.item;
        Ok(item.map(|item| read(&item)).transpose()?.unwrap_or_default())
    }

    /// Stores how an endpoint is doing over the version that it was read at, with the messages that this owes.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn save_health(
        &self,
        (customer, id): (&CustomerId, &EndpointId),
        health: Option<&Health>,
        version: u64,
        owes: &[Message],
        now: Timestamp,
    ) -> Result<Saved, StoreError> {
        let mut put = self.client.put_item().table_name(&self.table);
        put = put.item("pk", s(customer_pk(customer))).item("sk", s(sk(id)));
        put = match health {
            Some(health) => {
                let packed = super::item::b(codec::pack_plain(health)?);
                put.item("health", packed).item("expires", expiry(now, self.retention))
            }
            None => put.item("expires", expiry(now, HEALED)),
        };
        put_over(put, version, owes).await
    }

    /// Forgets how an endpoint has been failing.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn forget_health(&self, customer: &CustomerId, id: &EndpointId) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.key("pk", s(customer_pk(customer))).key("sk", s(sk(id)));
        delete.dispatch().await.map(|_| ()).map_err(unavailable)
    }
}

fn read(item: &Item) -> Result<StoredHealth, StoreError> {
    let whose = text(item, "pk").unwrap_or_default();
    let health = bytes(item, "health").map(|health| codec::unpack_plain(health, whose)).transpose()?;
    Ok(StoredHealth { health, version: number(item, "v").unwrap_or(0) })
}

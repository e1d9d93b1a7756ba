//! Deliveries in the table, beside their event. One is written when its first attempt has been made or put off.

use super::event::event_pk;
use super::item::{Item, b, damaged, expiry, number, s, sortable};
use super::list::Place;
use super::versioned::put_over;
use super::{Saved, Store, StoreError, unavailable};
use crate::dispatch::Dispatch;
use crate::queue::Message;
use domain::delivery::{Delivery, DeliveryId};
use domain::event::{CustomerId, EndpointId, EventType};
use jiff::Timestamp;

/// A delivery as it stands in the table.
#[derive(Debug, Clone)]
pub struct StoredDelivery {
    /// The delivery.
    pub delivery: Delivery,
    /// Counts the writes, from 1; the next one must name it.
    pub version: u64,
}

/// Where a delivery stands among its customer's, by time, event type and endpoint: what can be told without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryPlace {
    /// Names the place; a page goes on before it.
    pub cursor: String,
    /// When the event was accepted.
    pub created_at: Timestamp,
    /// Its type.
    pub event_type: EventType,
    /// The endpoint.
    pub endpoint: EndpointId,
    place: Place,
}

fn sk(endpoint: &EndpointId) -> String {
    format!("delivery#{endpoint}")
}

/// The key of a delivery's item.
pub(super) fn delivery_key(id: &DeliveryId) -> (String, String) {
    (event_pk(&id.customer, &id.event), sk(&id.endpoint))
}

impl Store {
    /// Reads a delivery, with all writes that were answered before.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn delivery(&self, id: &DeliveryId) -> Result<Option<StoredDelivery>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("pk", s(event_pk(&id.customer, &id.event))).key("sk", s(sk(&id.endpoint)));
        get.dispatch().await.map_err(unavailable)?.item.map(|item| self.stored_delivery(&item)).transpose()
    }

    /// Stores a delivery over the version that it was read at, 0 for one that wasn't there, with the messages that it owes.
    ///
    /// # Errors
    /// If it is too large, or the table is unavailable.
    pub async fn save_delivery(
        &self,
        delivery: &Delivery,
        version: u64,
        owes: &[Message],
        now: Timestamp,
    ) -> Result<Saved, StoreError> {
        let id = &delivery.id;
        let list = format!("deliveries#{}", id.customer);
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", s(event_pk(&id.customer, &id.event)))
            .item("sk", s(sk(&id.endpoint)))
            .item("st", s(delivery.status()))
            .item("delivery", b(self.vault.pack(delivery, &event_pk(&id.customer, &id.event))?))
            .item("list", s(self.list_shard(&list, id.event.as_str())))
            .item("at", s(Self::delivery_place(delivery)))
            .item("expires", expiry(now.max(delivery.created_at), self.retention));
        put_over(put, version, owes).await
    }

    /// The customer's newest deliveries before a cursor and not older than `since`, newest first; at most `limit`. Says
    /// no more than what needs no reading.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn delivery_places(
        &self,
        customer: &CustomerId,
        before: Option<&str>,
        since: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<DeliveryPlace>, StoreError> {
        let list = format!("deliveries#{customer}");
        let places = self.places(&list, before, since.map(sortable).as_deref(), limit).await?;
        Ok(places.into_iter().filter_map(delivery_place).collect())
    }

    /// The deliveries at these places, in no order; those that have gone meanwhile are left out.
    ///
    /// # Errors
    /// If the table is unavailable, or an item is damaged.
    pub async fn deliveries_at(&self, places: &[DeliveryPlace]) -> Result<Vec<StoredDelivery>, StoreError> {
        let places: Vec<Place> = places.iter().map(|place| place.place.clone()).collect();
        self.items_at(&places).await?.iter().map(|item| self.stored_delivery(item)).collect()
    }

    /// The cursor before which everything is older than that time.
    pub fn delivery_cursor(before: Timestamp) -> String {
        sortable(before)
    }

    /// The cursor of a delivery's place.
    pub fn delivery_place(delivery: &Delivery) -> String {
        let id = &delivery.id;
        format!("{}#{}#{}#{}", sortable(delivery.created_at), delivery.event_type, id.endpoint, id.event)
    }
}

impl Store {
    fn stored_delivery(&self, item: &Item) -> Result<StoredDelivery, StoreError> {
        let delivery = self.vault.unpack(item, "delivery")?;
        Ok(StoredDelivery { delivery, version: number(item, "v").ok_or_else(|| damaged(item))? })
    }
}

fn delivery_place(place: Place) -> Option<DeliveryPlace> {
    let mut parts = place.at.split('#');
    let created_at = Timestamp::from_millisecond(parts.next()?.parse().ok()?).ok()?;
    let event_type = EventType::parse(parts.next()?).ok()?;
    let endpoint = EndpointId::parse(parts.next()?).ok()?;
    Some(DeliveryPlace { cursor: place.at.clone(), created_at, event_type, endpoint, place })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_begins_with_a_time() {
        let id = DeliveryId::parse("c.evt_1.ep_1").unwrap();
        let delivery = Delivery::new(id, EventType::parse("job.failed").unwrap(), Timestamp::UNIX_EPOCH);
        assert_eq!(Store::delivery_place(&delivery), "000000000000000#job.failed#ep_1#evt_1");
        assert_eq!(Store::delivery_cursor(Timestamp::UNIX_EPOCH), "000000000000000");
    }
}

//! Events in the table. An event is written once and never changed; `owed` has the stream bring it to `relay`.

use super::item::{Item, b, bytes, damaged, expiry, s, yes};
use super::vault::Vault;
use super::{Store, StoreError, codec, unavailable};
use crate::dispatch::Dispatch;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::event::{CustomerId, Event, EventId};
use serde_json::Value;

/// What became of a published event.
#[derive(Debug, Clone, PartialEq)]
pub enum NewEvent {
    /// It is stored, and will be delivered.
    Accepted,
    /// This event was there before.
    Duplicate,
    /// Another event has its id.
    Taken,
}

pub(super) fn event_pk(customer: &CustomerId, id: &EventId) -> String {
    format!("event#{customer}#{id}")
}

impl Store {
    /// Stores an event, and with it the promise to deliver it.
    ///
    /// # Errors
    /// If it is too large, or the table is unavailable.
    pub async fn add_event(&self, event: &Event) -> Result<NewEvent, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", s(event_pk(&event.customer, &event.id)))
            .item("sk", s("event"))
            .item("event", b(codec::pack_plain(&self.sealed_event(event))?))
            .item("owed", yes())
            .item("expires", expiry(event.accepted_at, self.retention))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.dispatch().await {
            Ok(_) => Ok(NewEvent::Accepted),
            Err(SdkError::ServiceError(error)) => match error.err() {
                PutItemError::ConditionalCheckFailedException(refused) => {
                    let before =
                        self.read_event(refused.item().ok_or_else(|| StoreError::Damaged(event.id.to_string()))?)?;
                    Ok(if event.repeats(&before) { NewEvent::Duplicate } else { NewEvent::Taken })
                }
                _ => Err(unavailable(SdkError::ServiceError(error))),
            },
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Reads an event.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn event(&self, customer: &CustomerId, id: &EventId) -> Result<Option<Event>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("pk", s(event_pk(customer, id))).key("sk", s("event"));
        get.dispatch().await.map_err(unavailable)?.item.map(|item| self.read_event(&item)).transpose()
    }

    /// The event with the secrets of its free values sealed. Its names stay as they are, also where one of them says a
    /// secret: `relay` reads them without a key.
    fn sealed_event(&self, event: &Event) -> Event {
        let mut sealed = event.clone();
        self.free_values(&mut sealed, |vault, value, pk| vault.seal(value, pk));
        sealed
    }

    /// An event that came as its item has it, by the stream or a message, with its secrets opened.
    pub fn open_event(&self, event: &mut Event) {
        self.free_values(event, |vault, value, pk| vault.open(value, pk));
    }

    fn free_values(&self, event: &mut Event, change: impl Fn(&Vault, &mut Value, &str)) {
        let pk = event_pk(&event.customer, &event.id);
        change(&self.vault, &mut event.data, &pk);
        let mut attributes = Value::Object(std::mem::take(&mut event.attributes));
        change(&self.vault, &mut attributes, &pk);
        if let Value::Object(attributes) = attributes {
            event.attributes = attributes;
        }
    }

    fn read_event(&self, item: &Item) -> Result<Event, StoreError> {
        let mut event = codec::unpack_plain(bytes(item, "event").ok_or_else(|| damaged(item))?, "an event")?;
        self.open_event(&mut event);
        Ok(event)
    }
}

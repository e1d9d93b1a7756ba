//! A run as the small attributes of its item tell of it. Reading those takes no memory, and most repetitions of a request
//! need no more: a run itself can be a hundred times as large in memory as its item is.

use super::item::{Item, damaged, number, text};
use super::{Store, StoreError, Stored};
use domain::id::RunId;
use domain::run::Status;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as Unknown;

/// A run that was found, and not read yet: [`Store::read`] does.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its name.
    pub id: RunId,
    /// When it was stored first, in whole milliseconds.
    pub accepted_at: Timestamp,
    /// How far it is.
    pub status: Status,
    /// Runs that requests of the same identity started later.
    pub later: u32,
    /// The provider's id of the request that started it.
    pub delivery: Option<String>,
    item: Item,
}

/// The field of a stored request that recognition needs.
#[derive(Default, Deserialize)]
struct Request {
    delivery_id: Option<String>,
}

impl Known {
    /// Whether nothing can change it any more.
    pub fn has_ended(&self) -> bool {
        matches!(self.status, Status::Completed | Status::Failed | Status::Cancelled)
    }
}

impl Store {
    /// Finds a run, with all writes that were answered before.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn known_run(&self, id: &RunId) -> Result<Option<Known>, StoreError> {
        self.run_item(id).await?.map(|item| self.known(item)).transpose()
    }

    /// Reads a run that was found, as it was then.
    ///
    /// # Errors
    /// If the item is damaged.
    pub fn read(&self, known: &Known) -> Result<Stored, StoreError> {
        self.stored_run(&known.item)
    }

    pub(super) fn known(&self, item: Item) -> Result<Known, StoreError> {
        let id = text(&item, "pk").and_then(|pk| pk.strip_prefix("run#")).and_then(RunId::parse);
        let place = text(&item, "at").and_then(|place| place.split('#').next()?.parse().ok());
        let accepted_at = place.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let status = text(&item, "st")
            .and_then(|word| Status::deserialize(IntoDeserializer::<Unknown>::into_deserializer(word)).ok());
        let (Some(id), Some(accepted_at), Some(status)) = (id, accepted_at, status) else { return Err(damaged(&item)) };
        let later = number(&item, "later").unwrap_or_default();
        let request = item.contains_key("request").then(|| self.vault.unpack::<Request>(&item, "request"));
        let delivery = request.transpose()?.and_then(|request| request.delivery_id);
        Ok(Known { id, accepted_at, status, later, delivery, item })
    }
}

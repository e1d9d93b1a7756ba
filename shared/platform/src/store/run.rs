//! Runs in the table.

use super::item::{Item, b, bytes, damaged, expiry, n, number, s, sortable, text, yes};
use super::{Store, StoreError, codec, unavailable};
use crate::dispatch::Dispatch;
use crate::memory::{Hold, Pool};
use crate::queue::Message;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::RunId;
use domain::run::Run;
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// The largest item that DynamoDB stores
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>).
const MAX_ITEM: usize = 400 * 1024;

/// What the runs of a page may weigh together, parsed, in bytes.
pub(super) const PAGE_WEIGHT: usize = 48 << 20;
/// How long work on a run waits for room; then its message comes again. It is well below the time for which the queue gives the
/// message to no other (15 min).
const WAITS_FOR_ROOM: Duration = Duration::from_secs(5 * 60);

/// A run as it stands in the table.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The run.
    pub run: Run,
    /// Counts the writes; the next one must name it.
    pub version: u64,
    /// The request that started it, for replay.
    pub request: Option<Value>,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It is stored, as this version.
    Written(u64),
    /// Somebody else changed the run in between: read it again.
    Conflict,
}

impl Store {
    /// Reads a run, with all writes that were answered before.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn run(&self, id: &RunId) -> Result<Option<Stored>, StoreError> {
        self.run_item(id).await?.map(|item| self.stored_run(&item)).transpose()
    }

    /// Reads a run for work on it, without the request that started it, once there is room for it. The work has the room until
    /// it drops it, and must not wait for more of the same pool.
    ///
    /// # Errors
    /// If the table is unavailable, the item is damaged, or there was no room in time.
    pub async fn run_within(&self, id: &RunId, pool: &Pool) -> Result<Option<(Run, u64, Hold)>, StoreError> {
        let packed = |item: &Item| bytes(item, "run").map_or(0, codec::weight);
        let Some(item) = self.run_item(id).await? else { return Ok(None) };
        let weight = packed(&item);
        let (item, hold) = match pool.try_hold(weight) {
            Some(hold) => (item, hold),
            None => {
                // Many may wait: none has the item meanwhile, and its room is for what it weighed before.
                drop(item);
                let held = tokio::time::timeout(WAITS_FOR_ROOM, pool.hold(weight)).await;
                let no_room = || {
                    StoreError::Unavailable(format!("there is no memory for the run {id}, as heavy as {weight} bytes"))
                };
                let hold = held.ok().flatten().ok_or_else(no_room)?;
                match self.run_item(id).await? {
                    Some(item) => (item, hold),
                    None => return Ok(None),
                }
            }
        };
        let run = hold.run(|| self.vault.unpack(&item, "run"))?;
        Ok(Some((run, number(&item, "v").ok_or_else(|| damaged(&item))?, hold)))
    }

    pub(super) async fn run_item(&self, id: &RunId) -> Result<Option<Item>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("pk", s(format!("run#{id}"))).key("sk", s("run"));
        Ok(get.dispatch().await.map_err(unavailable)?.item)
    }

    /// Stores a change of a run, with the messages that it owes.
    ///
    /// # Errors
    /// If it is too large, or the table is unavailable.
    pub async fn save_run(
        &self,
        run: &Run,
        version: u64,
        owes: &[Message],
        now: Timestamp,
    ) -> Result<Saved, StoreError> {
        let next = version + 1;
        let mut set = "SET v = :next, st = :st, run = :run".to_owned();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", s(format!("run#{}", run.id)))
            .key("sk", s("run"))
            .condition_expression("v = :v")
            .expression_attribute_values(":v", n(version))
            .expression_attribute_values(":next", n(next))
            .expression_attribute_values(":st", s(run.status().as_str()))
            .expression_attribute_values(":run", b(self.vault.pack(run, &format!("run#{}", run.id))?));
        if run.has_ended() {
            set.push_str(", expires = :expires");
            update = update.expression_attribute_values(":expires", expiry(now, self.retention));
        }
        if owes.is_empty() {
            set.push_str(" REMOVE owed, owes");
        } else {
            set.push_str(", owed = :owed, owes = :owes");
            update = update.expression_attribute_values(":owed", yes());
            update = update.expression_attribute_values(":owes", owes_value(owes)?);
        }
        match update.update_expression(set).dispatch().await {
            Ok(_) => Ok(Saved::Written(next)),
            Err(SdkError::ServiceError(error))
                if matches!(error.err(), UpdateItemError::ConditionalCheckFailedException(_)) =>
            {
                Ok(Saved::Conflict)
            }
            Err(error) => Err(too_large_or_unavailable(error)),
        }
    }

    /// The newest runs before a cursor, newest first, and the cursor for those before them.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn list_runs(
        &self,
        before: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Stored>, Option<String>), StoreError> {
        let mut places = self.places("runs", before, None, limit + 1).await?;
        let more = places.len() > limit;
        places.truncate(limit);
        let cursor = places.last().filter(|_| more).map(|place| place.at.clone());
        let mut items = self.items_at(&places).await?;
        items.sort_by(|a, b| text(b, "at").cmp(&text(a, "at")));
        let cursor = page(&mut items, PAGE_WEIGHT).or(cursor);
        Ok((items.iter().map(|item| self.stored_run(item)).collect::<Result<_, _>>()?, cursor))
    }

    /// The oldest runs that were accepted after a cursor, oldest first, and the cursor for those after them. A run's place is
    /// known a moment after the run is, and clocks differ: who goes on from a cursor goes back a little.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn runs_after(&self, after: &str, limit: usize) -> Result<(Vec<Stored>, Option<String>), StoreError> {
        let places = self.places_after("runs", after, limit).await?;
        let cursor = places.last().filter(|_| places.len() >= limit).map(|place| place.at.clone());
        let mut items = self.items_at(&places).await?;
        items.sort_by(|a, b| text(a, "at").cmp(&text(b, "at")));
        let cursor = page(&mut items, PAGE_WEIGHT).or(cursor);
        Ok((items.iter().map(|item| self.stored_run(item)).collect::<Result<_, _>>()?, cursor))
    }

    /// Where a run stands among all: the cursor from which a list goes on after it.
    pub fn run_place(run: &Run) -> String {
        format!("{}#{}", sortable(run.accepted_at), run.id)
    }

    /// The cursor before everything that was accepted at a time or later.
    pub fn runs_cursor(since: Timestamp) -> String {
        sortable(since)
    }
}

/// Shortens a list to what may be in memory at once, one item at least: the place after which the next page goes on, if
/// something was left off.
pub(super) fn page(items: &mut Vec<Item>, most: usize) -> Option<String> {
    let weight = |item: &Item| {
        ["run", "request", "result"].map(|name| bytes(item, name).map_or(0, codec::weight)).iter().sum::<usize>()
    };
    let mut whole = 0;
    let fit = items.iter().take_while(|item| {
        whole += weight(item);
        whole <= most
    });
    let fit = fit.count().max(1);
    if fit >= items.len() {
        return None;
    }
    items.truncate(fit);
    items.last().and_then(|item| text(item, "at")).map(str::to_owned)
}

impl Store {
    pub(super) fn stored_run(&self, item: &Item) -> Result<Stored, StoreError> {
        let request = item.contains_key("request").then(|| self.vault.unpack(item, "request")).transpose()?;
        let version = number(item, "v").ok_or_else(|| damaged(item))?;
        Ok(Stored { run: self.vault.unpack(item, "run")?, version, request })
    }
}

pub(super) fn owes_value(messages: &[Message]) -> Result<AttributeValue, StoreError> {
    serde_json::to_string(messages).map(s).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// DynamoDB says that an item is too large in a validation error's text only.
pub(super) fn too_large_or_unavailable<E, R>(error: SdkError<E, R>) -> StoreError
where
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let service = error.as_service_error();
    let too_large = service.and_then(|e| e.message()).is_some_and(|text| text.contains("Item size"));
    if too_large { StoreError::TooLarge { size: MAX_ITEM, limit: MAX_ITEM } } else { unavailable(error) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory;

    /// The runs of a list, by the weight of each: those of the page, and where the next one goes on.
    fn paged(weights: &[usize], most: usize) -> (usize, Option<String>) {
        let item = |(n, weight): (usize, &usize)| {
            let text = vec![b'x'; weight / memory::weight(b"x")];
            Item::from([("at".to_owned(), s(format!("{n}"))), ("run".to_owned(), b(text))])
        };
        let mut items: Vec<Item> = weights.iter().enumerate().map(item).collect();
        let next = page(&mut items, most);
        (items.len(), next)
    }

    #[test]
    fn a_page_has_what_may_be_in_memory_and_one_run_at_least() {
        assert_eq!(paged(&[600, 600, 600], 1800), (3, None));
        assert_eq!(paged(&[600, 600, 600], 1799), (2, Some("1".to_owned())));
        assert_eq!(paged(&[6000, 600, 600], 1799), (1, Some("0".to_owned())));
        assert_eq!(paged(&[], 1799), (0, None));
    }
}

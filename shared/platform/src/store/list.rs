//! The list index: keys alone, in shards, newest first.
//!
//! An item is in it by `list` (which list, and a shard of it) and `at` (what it is sorted by, which begins with a time and
//! never changes). What the list shows is then read from the table.

use super::item::{Item, s, text};
use super::{Store, StoreError, unavailable};
use crate::dispatch::Dispatch;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::{StreamExt, TryStreamExt, stream};

/// Keys in one `BatchGetItem`
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>).
pub(super) const BATCH: usize = 100;
/// Shards that are asked at once.
const AT_ONCE: usize = 8;

/// Where an item stands in its list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) at: String,
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Store {
    /// The shard of a list that something belongs to.
    pub(super) fn list_shard(&self, list: &str, of: &str) -> String {
        format!("{list}#{}", self.shard(of))
    }

    /// The newest places of a list before and after what `at` says, newest first; at most `limit`.
    pub(super) async fn places(
        &self,
        list: &str,
        before: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Place>, StoreError> {
        let shards = (0..self.shards).map(|shard| self.places_of(format!("{list}#{shard}"), before, after, limit));
        let pages: Vec<Vec<Place>> = stream::iter(shards).buffer_unordered(AT_ONCE).try_collect().await?;
        let mut places: Vec<Place> = pages.into_iter().flatten().collect();
        places.sort_unstable_by(|a, b| b.at.cmp(&a.at));
        places.truncate(limit);
        Ok(places)
    }

    /// The oldest places of a list after what `after` says, oldest first; at most `limit`.
    pub(super) async fn places_after(&self, list: &str, after: &str, limit: usize) -> Result<Vec<Place>, StoreError> {
        let shards = (0..self.shards).map(|shard| async move {
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .index_name("list")
                .key_condition_expression("#l = :l AND #a > :after")
                .expression_attribute_names("#l", "list")
                .expression_attribute_names("#a", "at")
                .expression_attribute_values(":l", s(format!("{list}#{shard}")))
                .expression_attribute_values(":after", s(after))
                .limit(i32::try_from(limit).unwrap_or(i32::MAX));
            let page = query.dispatch().await.map_err(unavailable)?;
            Ok::<_, StoreError>(page.items().iter().filter_map(place).collect::<Vec<Place>>())
        });
        let pages: Vec<Vec<Place>> = stream::iter(shards).buffer_unordered(AT_ONCE).try_collect().await?;
        let mut places: Vec<Place> = pages.into_iter().flatten().collect();
        places.sort_unstable_by(|a, b| a.at.cmp(&b.at));
        places.truncate(limit);
        Ok(places)
    }

    async fn places_of(
        &self,
        shard: String,
        before: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Place>, StoreError> {
        let mut places = Vec::new();
        let mut start = None;
        loop {
            let left = i32::try_from(limit - places.len()).unwrap_or(i32::MAX);
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .index_name("list")
                .key_condition_expression("#l = :l AND #a BETWEEN :after AND :before")
                .expression_attribute_names("#l", "list")
                .expression_attribute_names("#a", "at")
                .expression_attribute_values(":l", s(&shard))
                // Every `at` begins with a digit.
                .expression_attribute_values(":after", s(after.unwrap_or("0")))
                .expression_attribute_values(":before", s(before.unwrap_or("~")))
                .scan_index_forward(false)
                .limit(left)
                .set_exclusive_start_key(start);
            let page = query.dispatch().await.map_err(unavailable)?;
            // A cursor is the place before: `BETWEEN` takes its ends in.
            places.extend(page.items().iter().filter_map(place).filter(|place| before != Some(place.at.as_str())));
            start = page.last_evaluated_key;
            if start.is_none() || places.len() >= limit {
                return Ok(places);
            }
        }
    }

    /// The items at these places, in no order; those that have gone meanwhile are left out.
    pub(super) async fn items_at(&self, places: &[Place]) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::with_capacity(places.len());
        for places in places.chunks(BATCH) {
            let keys =
                places.iter().map(|p| Item::from([("pk".to_owned(), s(&p.pk)), ("sk".to_owned(), s(&p.sk))])).collect();
            items.extend(self.batch(keys, None).await?);
        }
        Ok(items)
    }

    /// The items of at most [`BATCH`] keys that differ, in no order: whole, or these attributes of them. A read may be a
    /// second old.
    pub(super) async fn batch(&self, keys: Vec<Item>, only: Option<&str>) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::with_capacity(keys.len());
        let keys = KeysAndAttributes::builder().set_keys(Some(keys)).set_projection_expression(only.map(str::to_owned));
        let mut left = Some(keys.build());
        while let Some(Ok(keys)) = left.take() {
            let get = self.client.batch_get_item().request_items(&self.table, keys);
            let mut page = get.dispatch().await.map_err(unavailable)?;
            items.extend(page.responses.as_mut().and_then(|all| all.remove(&self.table)).unwrap_or_default());
            left = page.unprocessed_keys.as_mut().and_then(|all| all.remove(&self.table)).map(Ok);
        }
        Ok(items)
    }
}

fn place(item: &Item) -> Option<Place> {
    let of = |name: &str| text(item, name).map(str::to_owned);
    Some(Place { at: of("at")?, pk: of("pk")?, sk: of("sk")? })
}

//! How far each shard's timers were swept: one item, with an attribute for each shard.
//!
//! A cursor is the beginning of a timer's key, and says that every timer before it was swept. Once it was one time
//! for all shards, `through`; that still holds where a shard has none of its own, and is never written any more.

use super::item::{Item, number, s, sortable, text};
use super::wait::{Written, conditional};
use super::{Store, StoreError, unavailable};
use aws_sdk_dynamodb::types::ReturnValue;
use jiff::Timestamp;

/// Cursors in one write: four operators and functions each, of which an expression has 300 at most
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
const AT_ONCE: usize = 64;

impl Store {
    /// Up to where each shard was swept; all in one read, which may be a second old.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn cursors(&self) -> Result<Vec<(u8, String)>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).key("pk", s("sweep")).key("sk", s("cursor"));
        let item = get.send().await.map_err(unavailable)?.item.unwrap_or_default();
        Ok((0..self.shards).map(|shard| (shard, cursor(&item, shard))).collect())
    }

    /// Records that in each of these shards every timer before the key was swept. None goes back. They are one write,
    /// unless somebody else has come further meanwhile.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn advance_cursors(&self, to: &[(u8, String)]) -> Result<(), StoreError> {
        for to in to.chunks(AT_ONCE) {
            if !self.advance(to).await? && to.len() > 1 {
                for one in to.chunks(1) {
                    self.advance(one).await?;
                }
            }
        }
        Ok(())
    }

    /// All of them, or none: then one of them was further.
    async fn advance(&self, to: &[(u8, String)]) -> Result<bool, StoreError> {
        let each = |text: &dyn Fn(&str) -> String, between: &str| {
            to.iter().map(|(shard, _)| text(&attribute(*shard))).collect::<Vec<_>>().join(between)
        };
        let mut update = self.client.update_item().table_name(&self.table).return_values(ReturnValue::None);
        update = update.key("pk", s("sweep")).key("sk", s("cursor"));
        update = update.update_expression(format!("SET {}", each(&|shard| format!("{shard} = :{shard}"), ", ")));
        let later = |shard: &str| format!("(attribute_not_exists({shard}) OR {shard} < :{shard})");
        update = update.condition_expression(each(&later, " AND "));
        for (shard, key) in to {
            update = update.expression_attribute_values(format!(":{}", attribute(*shard)), s(key));
        }
        Ok(matches!(conditional(update).await?, Written::Done(_)))
    }
}

fn attribute(shard: u8) -> String {
    format!("shard{shard}")
}

fn cursor(item: &Item, shard: u8) -> String {
    let through = number(item, "through").and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let through = sortable(through.unwrap_or(Timestamp::UNIX_EPOCH));
    // Functions of both ages may sweep side by side while a deployment is under way.
    text(item, &attribute(shard)).map_or(through.clone(), |own| through.max(own.to_owned()))
}

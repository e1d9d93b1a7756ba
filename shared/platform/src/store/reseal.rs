//! Secrets inside of the table's items, sealed anew with the current key.

use super::item::{Item, b, s, text};
use super::{Store, StoreError, unavailable, vault};
use crate::dispatch::Dispatch;
use crate::secret::KeyRing;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;

/// The attributes that hold secrets, each sealed for its item.
const SEALED: [&str; 7] = ["run", "request", "result", "progress", "event", "delivery", "config"];

impl Store {
    /// Seals anew whatever an older key has sealed inside of an item; says how many texts. Goes through the whole table, one
    /// page at a time, and writes only what has changed. Repeating it is safe.
    ///
    /// # Errors
    /// If the table is unavailable, an item is damaged, or a secret's key is not in the ring.
    pub async fn reseal_items(&self, ring: &KeyRing) -> Result<usize, StoreError> {
        let (mut resealed, mut start) = (0, None);
        loop {
            let scan = self.client.scan().table_name(&self.table).consistent_read(true).set_exclusive_start_key(start);
            let page = scan.dispatch().await.map_err(unavailable)?;
            for item in page.items() {
                for name in SEALED {
                    if let Some((anew, count)) = vault::resealed(item, name, ring)?
                        && self.replace_attribute(item, name, anew).await?
                    {
                        resealed += count;
                    }
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(resealed);
            }
        }
    }

    /// Replaces an attribute that is still as it was read. False where it isn't: whoever has written it had the current key.
    async fn replace_attribute(&self, item: &Item, name: &str, anew: Vec<u8>) -> Result<bool, StoreError> {
        let key = |name: &str| s(text(item, name).unwrap_or_default());
        let Some(before) = item.get(name).cloned() else { return Ok(false) };
        let update = self.client.update_item().table_name(&self.table).key("pk", key("pk")).key("sk", key("sk"));
        let update = update.update_expression("SET #name = :anew").condition_expression("#name = :before");
        let update = update.expression_attribute_names("#name", name);
        let update =
            update.expression_attribute_values(":anew", b(anew)).expression_attribute_values(":before", before);
        match update.dispatch().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }
}

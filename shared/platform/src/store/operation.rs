//! Operations in the table. One that runs owes the message of its next step.

use super::item::{Item, b, bytes, damaged, expiry, number, s, text};
use super::versioned::put_over;
use super::{Saved, Store, StoreError, codec, unavailable};
use crate::dispatch::Dispatch;
use crate::queue::OperateMessage;
use domain::operation::{Operation, OperationId};
use jiff::Timestamp;

/// An operation as it stands in the table.
#[derive(Debug, Clone)]
pub struct StoredOperation {
    /// The operation.
    pub operation: Operation,
    /// Counts the writes, from 1; the next one must name it.
    pub version: u64,
}

fn operation_pk(id: &OperationId) -> String {
    format!("operation#{id}")
}

impl Store {
    /// Reads an operation, with all writes that were answered before.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn operation(&self, id: &OperationId) -> Result<Option<StoredOperation>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("pk", s(operation_pk(id))).key("sk", s("operation"));
        get.dispatch().await.map_err(unavailable)?.item.map(|item| stored(&item)).transpose()
    }

    /// Stores an operation over the version that it was read at, 0 for one that wasn't there, with the message of the
    /// step that it owes.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn save_operation(
        &self,
        operation: &Operation,
        version: u64,
        now: Timestamp,
    ) -> Result<Saved, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", s(operation_pk(&operation.id)))
            .item("sk", s("operation"))
            .item("operation", b(codec::pack_plain(operation)?))
            .item("expires", expiry(now, self.retention));
        let owes = operation.owed().map(|step| OperateMessage { operation: operation.id.clone(), step }.into());
        put_over(put, version, owes.as_slice()).await
    }
}

fn stored(item: &Item) -> Result<StoredOperation, StoreError> {
    let whose = text(item, "pk").unwrap_or_default();
    let operation = codec::unpack_plain(bytes(item, "operation").ok_or_else(|| damaged(item))?, whose)?;
    Ok(StoredOperation { operation, version: number(item, "v").ok_or_else(|| damaged(item))? })
}

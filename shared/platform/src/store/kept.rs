//! What callbacks and answers brought and a run's item has no room for: items of their own beside the run.
//!
//! Such an item is stored before the run that points at it. It stays as long as the run does: without a time to expire while
//! the run goes on, and from the run's end on with the run's.

use super::item::{b, expiry, s};
use super::{Store, StoreError, unavailable};
use crate::dispatch::Dispatch;
use domain::id::RunId;
use domain::run::{Brought, JobPath, Run};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

impl Store {
    /// Keeps what came for an attempt of a job beside the run. Repeating it does no harm.
    ///
    /// # Errors
    /// If it is too large for an item, or the table is unavailable.
    pub async fn keep_result(&self, run: &RunId, job: &JobPath, attempt: u32, value: &Value) -> Result<(), StoreError> {
        let packed = self.vault.pack(value, &format!("run#{run}"))?;
        let put = self.client.put_item().table_name(&self.table).item("pk", s(format!("run#{run}")));
        let put = put.item("sk", s(sk(job, attempt))).item("result", b(packed));
        put.dispatch().await.map(|_| ()).map_err(unavailable)
    }

    /// What was kept beside the run for an attempt of a job; `None` if nothing was, or it has expired.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn kept_result(&self, run: &RunId, job: &JobPath, attempt: u32) -> Result<Option<Value>, StoreError> {
        let pk = format!("run#{run}");
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let item = get.key("pk", s(&pk)).key("sk", s(sk(job, attempt))).dispatch().await.map_err(unavailable)?.item;
        let Some(item) = item else { return Ok(None) };
        self.vault.unpack(&item, "result").map(Some)
    }

    /// Lets what is kept beside a run expire with it. Before the run's end is stored: an end that is not stored after all costs
    /// no more than that they go sooner than a run that goes on for longer than runs are kept.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn expire_results(&self, run: &Run, now: Timestamp) -> Result<(), StoreError> {
        for (job, record) in run.jobs() {
            let Some(Brought::Beside { attempt }) = record.brought() else { continue };
            let update = self.client.update_item().table_name(&self.table).key("pk", s(format!("run#{}", run.id)));
            let update = update.key("sk", s(sk(job, *attempt))).update_expression("SET expires = :expires");
            let update = update.condition_expression("attribute_exists(pk)");
            match update.expression_attribute_values(":expires", expiry(now, self.retention)).dispatch().await {
                Err(error) if !error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                    return Err(unavailable(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// A job's path may be longer than a sort key: 1,024 bytes
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
fn sk(job: &JobPath, attempt: u32) -> String {
    format!("result#{}", hex::encode(Sha256::digest(format!("{attempt}#{job}"))))
}

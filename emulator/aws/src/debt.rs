//! Which records of the stream a queue message came from.
//!
//! While a batch of records is relayed, every message that the same task sends belongs to those records: to
//! one of them if the message says so in its attribute [`SEQUENCE_ATTRIBUTE`], to all otherwise. The message
//! carries the [`Debt`] until it is deleted or becomes a dead letter.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::checkpoint::Checkpoint;

/// Message attribute by which a relay names the one record that a message came from.
pub const SEQUENCE_ATTRIBUTE: &str = "sequence";

/// So many finished records wake the stream's mapping to remove them without waiting for company.
const REMOVE_AT: usize = 256;

tokio::task_local! {
    /// Set while the stream's handler runs.
    pub(super) static RELAYING: Debt;
}

/// The checkpoint, as the stream's mapping and the queues share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Debts {
    checkpoint: Arc<Mutex<Checkpoint>>,
    settled: Arc<Notify>,
}

/// What one message owes to the records that it came from.
#[derive(Debug, Clone)]
pub(super) struct Debt {
    debts: Debts,
    records: Arc<[u64]>,
}

impl Debts {
    pub(super) fn lock(&self) -> MutexGuard<'_, Checkpoint> {
        self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when finished records wait to be removed.
    pub(super) async fn settled(&self) {
        self.settled.notified().await;
    }

    /// Holds `records` while their handler runs.
    pub(super) fn relaying(&self, records: Arc<[u64]>) -> Debt {
        let mut checkpoint = self.lock();
        for sequence in &*records {
            checkpoint.relaying(*sequence);
        }
        drop(checkpoint);
        Debt { debts: self.clone(), records }
    }
}

impl Debt {
    /// The debt of a message that is being sent, if a relay sends it.
    pub(super) fn of_message(sequence: Option<&str>) -> Option<Self> {
        RELAYING.try_with(|relaying| relaying.narrowed(sequence)).ok()
    }

    fn narrowed(&self, sequence: Option<&str>) -> Self {
        let one = sequence.and_then(|text| text.parse().ok()).filter(|sequence| self.records.contains(sequence));
        let records = one.map_or_else(|| Arc::clone(&self.records), |one| Arc::from([one]));
        let debt = Self { debts: self.debts.clone(), records };
        let mut checkpoint = debt.debts.lock();
        for sequence in &*debt.records {
            checkpoint.owes(*sequence);
        }
        drop(checkpoint);
        debt
    }

    /// Nothing is owed any more.
    pub(super) fn settle(self) {
        let mut checkpoint = self.debts.lock();
        let before = checkpoint.finished();
        for sequence in &*self.records {
            checkpoint.done(*sequence);
        }
        let after = checkpoint.finished();
        drop(checkpoint);
        if (before == 0 && after > 0) || (before < REMOVE_AT && after >= REMOVE_AT) {
            self.debts.settled.notify_one();
        }
    }
}

//! What the calls would be billed for.
//!
//! Every call through the in-process clients is counted here as AWS meters it: a write unit per started
//! KB, a read unit per started 4 KB, half of it for an eventually consistent read, double for a transaction;
//! index writes apart; a failed condition costs what the write would have cost. Queue mappings count the
//! requests that Lambda's pollers would have made. Tests compare [`Snapshot`]s with a budget per operation.
//!
//! Sources: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>,
//! <https://aws.amazon.com/sqs/pricing/>.

use std::{
    collections::BTreeMap,
    fmt,
    ops::Sub,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use super::fault::Service;

/// Operations that are counted by name; all others count as `Other`.
const OPERATIONS: [&str; 25] = [
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "GetItem",
    "Query",
    "Scan",
    "BatchGetItem",
    "BatchWriteItem",
    "TransactWriteItems",
    "TransactGetItems",
    "DescribeTable",
    "SendMessage",
    "SendMessageBatch",
    "ReceiveMessage",
    "DeleteMessage",
    "DeleteMessageBatch",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "GetQueueUrl",
    "GetQueueAttributes",
    "ListQueues",
    "PurgeQueue",
    "UpdateTimeToLive",
    "DescribeTimeToLive",
    OTHER,
];
const OTHER: &str = "Other";

/// Running totals since the little AWS was opened.
#[derive(Debug, Default)]
pub struct Ledger {
    calls: [AtomicU64; OPERATIONS.len()],
    sqs_requests: AtomicU64,
    writes: AtomicU64,
    write_units: AtomicU64,
    index_write_units: AtomicU64,
    reads: AtomicU64,
    /// Halves, for an eventually consistent read costs half a unit.
    read_half_units: AtomicU64,
}

/// The totals at one moment; the difference of two is what happened in between.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// Calls by operation, such as `PutItem` or `SendMessageBatch`; absent where there were none.
    pub calls: BTreeMap<&'static str, u64>,
    /// Requests to the queues, all operations together.
    pub sqs_requests: u64,
    /// Items written, deleted or checked in a transaction, failed conditions included.
    pub writes: u64,
    /// Write units of the table itself.
    pub write_units: u64,
    /// Write units of its indexes.
    pub index_write_units: u64,
    /// Items asked for by key, and one for each page of a query or scan.
    pub reads: u64,
    /// Read units.
    pub read_units: f64,
}

impl Ledger {
    /// The totals now.
    pub fn snapshot(&self) -> Snapshot {
        let halves = u32::try_from(self.read_half_units.load(Relaxed)).unwrap_or(u32::MAX);
        Snapshot {
            calls: OPERATIONS
                .into_iter()
                .zip(&self.calls)
                .map(|(operation, count)| (operation, count.load(Relaxed)))
                .filter(|(_, count)| *count > 0)
                .collect(),
            sqs_requests: self.sqs_requests.load(Relaxed),
            writes: self.writes.load(Relaxed),
            write_units: self.write_units.load(Relaxed),
            index_write_units: self.index_write_units.load(Relaxed),
            reads: self.reads.load(Relaxed),
            read_units: f64::from(halves) / 2.0,
        }
    }

    pub(super) fn call(&self, service: Service, operation: &str) {
        let counted = OPERATIONS
            .iter()
            .zip(&self.calls)
            .find_map(|(name, count)| (*name == operation).then_some(count))
            .or(self.calls.last());
        if let Some(count) = counted {
            count.fetch_add(1, Relaxed);
        }
        if service == Service::Sqs {
            self.sqs_requests.fetch_add(1, Relaxed);
        }
    }

    pub(super) fn wrote(&self, items: u64, usage: Usage) {
        self.writes.fetch_add(items, Relaxed);
        self.write_units.fetch_add(usage.table_half_units / 2, Relaxed);
        self.index_write_units.fetch_add(usage.index_half_units / 2, Relaxed);
    }

    pub(super) fn read(&self, items: u64, usage: Usage) {
        self.reads.fetch_add(items, Relaxed);
        self.read_half_units.fetch_add(usage.table_half_units + usage.index_half_units, Relaxed);
    }
}

/// Units of one call, in halves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) table_half_units: u64,
    pub(super) index_half_units: u64,
}

impl Snapshot {
    /// Calls of one operation.
    pub fn calls_of(&self, operation: &str) -> u64 {
        self.calls.get(operation).copied().unwrap_or_default()
    }
}

impl Sub for &Snapshot {
    type Output = Snapshot;

    /// What was added since `earlier`.
    fn sub(self, earlier: Self) -> Snapshot {
        Snapshot {
            calls: self
                .calls
                .iter()
                .map(|(operation, count)| (*operation, count - earlier.calls_of(operation)))
                .filter(|(_, count)| *count > 0)
                .collect(),
            sqs_requests: self.sqs_requests - earlier.sqs_requests,
            writes: self.writes - earlier.writes,
            write_units: self.write_units - earlier.write_units,
            index_write_units: self.index_write_units - earlier.index_write_units,
            reads: self.reads - earlier.reads,
            read_units: self.read_units - earlier.read_units,
        }
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} writes ({} units, {} of indexes), {} reads ({} units), {} SQS requests",
            self.writes, self.write_units, self.index_write_units, self.reads, self.read_units, self.sqs_requests
        )
    }
}

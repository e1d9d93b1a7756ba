//! Capacity: asked of dynoxide with every call, given to the ledger, shown to the caller as it asked.

use dynoxide::types::{AttributeValue, ConsumedCapacity};
use std::collections::HashMap;

use super::ledger::Usage;

/// Bytes per write unit.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>
const WRITE_UNIT_BYTES: usize = 1024;

/// How much of its consumption a caller asked to see (`ReturnConsumedCapacity`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    Nothing,
    Total,
    Indexes,
}

impl Detail {
    /// Takes note of what the caller asked for, and asks for everything.
    pub(super) fn replace(asked: &mut Option<String>) -> Self {
        match asked.replace("INDEXES".to_owned()).as_deref() {
            Some("TOTAL") => Self::Total,
            Some("INDEXES") => Self::Indexes,
            // Anything else was refused while the request was read.
            _ => Self::Nothing,
        }
    }
}

/// The capacity field of a response: one for a single table's call, several for a batch.
pub(super) trait Capacity {
    fn usage(&self) -> Usage;
    fn show(&mut self, detail: Detail);
}

impl Capacity for Option<ConsumedCapacity> {
    fn usage(&self) -> Usage {
        self.as_ref().map(usage_of).unwrap_or_default()
    }

    fn show(&mut self, detail: Detail) {
        match detail {
            Detail::Nothing => *self = None,
            Detail::Total => self.iter_mut().for_each(summarise),
            Detail::Indexes => {}
        }
    }
}

impl Capacity for Option<Vec<ConsumedCapacity>> {
    fn usage(&self) -> Usage {
        self.iter().flatten().map(usage_of).fold(Usage::default(), |sum, one| Usage {
            table_half_units: sum.table_half_units + one.table_half_units,
            index_half_units: sum.index_half_units + one.index_half_units,
        })
    }

    fn show(&mut self, detail: Detail) {
        match detail {
            Detail::Nothing => *self = None,
            Detail::Total => self.iter_mut().flatten().for_each(summarise),
            Detail::Indexes => {}
        }
    }
}

/// What a write costs whose condition failed: the larger of the item there is and the item there would be.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html>
pub(super) fn failed_write(found: Option<&HashMap<String, AttributeValue>>, offered: Option<usize>) -> Usage {
    let bytes = found.map(dynoxide::types::item_size).max(offered).unwrap_or_default();
    let units = bytes.div_ceil(WRITE_UNIT_BYTES).max(1) as u64;
    Usage { table_half_units: units * 2, index_half_units: 0 }
}

fn usage_of(capacity: &ConsumedCapacity) -> Usage {
    let indexes = capacity.global_secondary_indexes.iter().flatten();
    Usage {
        table_half_units: halves(capacity.table.as_ref().map_or(0.0, |table| table.capacity_units)),
        index_half_units: indexes.map(|(_, index)| halves(index.capacity_units)).sum(),
    }
}

fn summarise(capacity: &mut ConsumedCapacity) {
    capacity.table = None;
    capacity.global_secondary_indexes = None;
    capacity.local_secondary_indexes = None;
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "units are small multiples of a half")]
fn halves(units: f64) -> u64 {
    (units * 2.0).round() as u64
}

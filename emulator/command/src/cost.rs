//! What a deployment costs: units of each operation, prices, and dollars for a million.
//!
//! ```text
//! ringback.yml ── [`estimate`] ──► [`Units`] of a run ──┐
//!                 measured pieces ──► [`units`] ────────┴─ × [`price`], [`Assumptions`] ──► [`bill`]
//! ```
//!
//! The pieces in [`units`] are what the real handlers did: tests/it/cost.rs runs them over the little AWS and compares its
//! [ledger](local_aws::ledger) with them, number by number, so that neither can change without the other. A user's file
//! is not run, for its services and secrets aren't here: what its workflows cost is put together of the pieces.

pub mod bill;
pub mod estimate;
pub mod idle;
pub mod price;
pub mod units;

pub use bill::Bill;
pub use units::Units;

use price::Architecture;
use serde::Serialize;
use std::time::Duration;

/// What the ledger can't know: how full batches are, and how long functions take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumptions {
    /// Records or messages handled together, 1 to 10. One in a quiet deployment, ten in a busy one.
    pub batch: u32,
    /// How long a called service takes to answer.
    pub answer: Duration,
    /// Of the functions.
    pub architecture: Architecture,
    /// Partitions of the timers, which each sweep looks into.
    pub shards: u32,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self { batch: 10, answer: Duration::from_millis(100), architecture: Architecture::Arm64, shards: 8 }
    }
}

/// How long a function works for, and with how much memory.
///
/// The memory is what infra/lib/functions.ts gives it. The times are assumptions: what a warm function of this size takes
/// for a call or two of the table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Work {
    /// Milliseconds, without what a called service takes.
    pub ms: u32,
    /// Mebibytes.
    pub memory: u32,
}

/// A request that is taken: trigger, callback, api.
pub const REQUEST: Work = Work { ms: 10, memory: 256 };
/// A request that is not genuine, and so does not reach the table.
pub const REFUSAL: Work = Work { ms: 2, memory: 256 };
/// A batch of stream records in relay.
pub const RELAY: Work = Work { ms: 20, memory: 256 };
/// A batch of messages in deliver.
pub const DELIVER: Work = Work { ms: 20, memory: 512 };
/// A tick of sweep.
pub const SWEEP: Work = Work { ms: 20, memory: 256 };

impl Work {
    /// GB-seconds, with so much more time.
    fn gb_seconds(self, more: Duration) -> f64 {
        (f64::from(self.ms) / 1000.0 + more.as_secs_f64()) * self.gb()
    }

    /// Lambda's GB are 1,024 MB.
    fn gb(self) -> f64 {
        f64::from(self.memory) / 1024.0
    }
}

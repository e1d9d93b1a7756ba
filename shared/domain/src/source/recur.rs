//! Recurrence: whether a request whose identity is known repeats the run that it started before, or starts another.
//!
//! ```text
//! no window, or within it ─┬─ the run failed, and the provider's id is the same ─► Again
//!                          └─ else ──────────────────────────────────────────────► Repetition
//! after the window ────────────────────────────────────────────────────────────── ► Again
//! ```

use jiff::Timestamp;
use std::time::Duration;

/// Facts about the request that is judged.
#[derive(Debug, Clone, Copy)]
pub struct Recognition<'a> {
    /// For how long equal requests are one; `None`: as long as the run is kept.
    pub window: Option<Duration>,
    /// The provider's id of the delivery.
    pub delivery: Option<&'a str>,
    /// Time at which it came.
    pub now: Timestamp,
}

/// The newest run of this identity.
#[derive(Debug, Clone, Copy)]
pub struct Earlier<'a> {
    /// Time at which its request was accepted.
    pub accepted_at: Timestamp,
    /// Whether it has failed; one that was cancelled has not.
    pub failed: bool,
    /// The provider's id of its delivery.
    pub delivery: Option<&'a str>,
}

/// Judgement of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recurrence {
    /// The same as before: nothing new starts.
    Repetition,
    /// A new one, or a redelivery of one that failed.
    Again,
}

impl Recognition<'_> {
    /// Judges the request by the newest run of its identity.
    ///
    /// The distance of the two times counts, not which is later: a run that was accepted while a clock was ahead must not
    /// swallow what comes until that time.
    pub fn judge(&self, earlier: &Earlier<'_>) -> Recurrence {
        let apart = self.now.duration_since(earlier.accepted_at).unsigned_abs();
        let is_over = self.window.is_some_and(|window| apart >= window);
        let is_redelivered = earlier.failed && self.delivery.is_some() && self.delivery == earlier.delivery;
        if is_over || is_redelivered { Recurrence::Again } else { Recurrence::Repetition }
    }
}

#[cfg(test)]
mod tests;

//! How far the stream's work is done.
//!
//! A record is *relaying* while the stream's handler has it, *owed* while messages that came of it are in the
//! queues, and *done* after that. Records get done in any order; [`Checkpoint::safe`] moves only past an
//! unbroken run of them, so a restart from there repeats work but never skips any.
//!
//! ```text
//! relaying(7) ─► owes(7) owes(7) ─► done(7) relayed ─► done(7) delivered ─► done(7) delivered ─► finished
//! ```

use std::collections::BTreeMap;

/// Counts what each record still owes. It has no clock and does no I/O.
#[derive(Debug, Default)]
pub struct Checkpoint {
    owed: BTreeMap<u64, u64>,
    finished: Vec<u64>,
    newest: u64,
}

impl Checkpoint {
    /// The stream's handler has this record. It is held, as by one message, until the handler has [`done`]
    /// with it; a second try of the same record changes nothing.
    ///
    /// [`done`]: Self::done
    pub fn relaying(&mut self, sequence: u64) {
        self.newest = self.newest.max(sequence);
        self.owed.entry(sequence).or_insert(1);
    }

    /// One more message came of this record. Of a record that isn't being relayed nothing is kept.
    pub fn owes(&mut self, sequence: u64) {
        if let Some(count) = self.owed.get_mut(&sequence) {
            *count += 1;
        }
    }

    /// The handler, or one message, is done with this record.
    pub fn done(&mut self, sequence: u64) {
        let Some(count) = self.owed.get_mut(&sequence) else { return };
        *count -= 1;
        if *count == 0 {
            self.owed.remove(&sequence);
            self.finished.push(sequence);
        }
    }

    /// The highest sequence at and below which every record that was relayed is done.
    pub fn safe(&self) -> u64 {
        self.owed.first_key_value().map_or(self.newest, |(oldest, _)| oldest.saturating_sub(1))
    }

    /// Records that are being relayed or owe messages.
    pub fn owing(&self) -> usize {
        self.owed.len()
    }

    /// Records that got done since they were last [taken](Self::take_finished).
    pub fn finished(&self) -> usize {
        self.finished.len()
    }

    /// The records that got done since the last call, in the order in which they did.
    pub fn take_finished(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.finished)
    }
}

#[cfg(test)]
mod tests;

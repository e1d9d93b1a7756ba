//! What everybody in a scenario shares. One thread plays it, so the lock is never waited for.

use super::ask::Ask;
use super::client::Promises;
use super::dice::Dice;
use super::journal::Journal;
use super::queue::Queue;
use super::receiver::Receiver;
use super::scenario::Weather;
use super::service::Service;
use super::tally::Tally;
use super::watch::Watch;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;

#[derive(Debug)]
pub(super) struct State {
    pub(super) dice: Dice,
    pub(super) now: Timestamp,
    /// How far the clock of each process is from that.
    pub(super) off: Vec<SignedDuration>,
    pub(super) weather: Weather,
    pub(super) journal: Journal,
    pub(super) tally: Tally,
    pub(super) sleepers: BTreeMap<Timestamp, Vec<Waker>>,
    /// When the timers are to be looked at.
    pub(super) sweeps: BTreeSet<Timestamp>,
    pub(super) queue: Queue,
    pub(super) service: Service,
    pub(super) receivers: Vec<Receiver>,
    pub(super) watch: Watch,
    pub(super) promises: Promises,
    /// What callers will do; those of the service too.
    pub(super) asks: Vec<Ask>,
    /// Every run counts as large: it leaves the memory during calls.
    pub(super) runs_are_large: bool,
    /// Who is going on right now.
    pub(super) current: u64,
    /// Writes that reached the table, by who made them.
    pub(super) writes: BTreeMap<u64, u32>,
}

impl State {
    /// Whether all processes have been ended, by an upgrade, whatever they had under way.
    pub(super) fn is_upgraded(&self) -> bool {
        self.tally.of("upgrades") > 0
    }

    /// Whether faults happen now.
    pub(super) fn is_stormy(&self) -> bool {
        self.now < self.weather.ends
    }

    /// What the clock of a process shows: once the sky is clear, the time that it is.
    pub(super) fn shown(&self, process: usize) -> Timestamp {
        let off = self.off.get(process).filter(|_| self.is_stormy()).copied().unwrap_or_default();
        self.now + off
    }

    /// Rolls for something that only happens in bad weather.
    pub(super) fn strikes(&mut self, probability: f64) -> bool {
        self.is_stormy() && self.dice.happens(probability)
    }

    pub(super) fn note(&mut self, line: fmt::Arguments<'_>) {
        self.journal.note(self.now, line);
    }

    pub(super) fn violation(&mut self, what: String) {
        self.journal.violation(self.now, what);
    }

    /// Lets time pass.
    pub(super) fn advance_to(&mut self, time: Timestamp) {
        self.now = time.max(self.now);
        while let Some(first) = self.sleepers.first_entry()
            && *first.key() <= self.now
        {
            first.remove().into_iter().for_each(Waker::wake);
        }
    }
}

/// The state, for everybody who needs it.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub(super) fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.try_lock().expect("one thread, one holder")
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

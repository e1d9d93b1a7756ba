//! Timers that no longer matter, told by a read, which costs an eighth of the refused write that would tell it otherwise.
//!
//! Most deadlines pass after what they were for has ended. The read is eventually consistent: it shows a state that was,
//! however long ago. So it may only tell what never changes again. **A waiter that was met or closed** is never open again:
//! a write that opens the wait once more names another run, job or attempt, and has a timer that says so. **A run that has
//! ended** stays as it is, and one that was reminded of a message was. Everything else (open, of another waiter, not there)
//! may have changed since, and is left to the conditional write.

use super::item::{Item, s, text};
use super::list::BATCH;
use super::run::owes_value;
use super::timer::{Deadline, Timer};
use super::wait::{wait_pk, waiter_of};
use super::{Store, StoreError};
use domain::run::{Status, Stretch};
use std::collections::{BTreeMap, BTreeSet};

/// A wait's, of what tells whether it still matters.
const WAIT: &str = "pk, run, job, attempt, waiting, arrived, closed";
/// A run's; its `run` is the whole of it.
const RUN: &str = "pk, st, reminded";

impl Store {
    /// The keys of those among these timers that are known not to matter any more. A deadline is looked at, and a rest or
    /// an attempt is not: that is made nearly always.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn moot_timers(&self, timers: &[(String, Timer)]) -> Result<BTreeSet<String>, StoreError> {
        let mut waits: BTreeMap<String, Vec<(&str, &Timer)>> = BTreeMap::new();
        let mut runs: BTreeMap<String, Vec<(&str, &Timer)>> = BTreeMap::new();
        for (key, timer) in timers {
            match timer {
                Timer::Wait(deadline @ Deadline { waiter: Some(_), .. }) => {
                    waits.entry(wait_pk(&deadline.wait)).or_default().push((key, timer));
                }
                Timer::Run(message) if matches!(message.stretch, Stretch::Deadline { .. }) => {
                    runs.entry(format!("run#{}", message.run)).or_default().push((key, timer));
                }
                Timer::Wait(_) | Timer::Run(_) | Timer::Deliver(_) => {}
            }
        }
        let mut moot = BTreeSet::new();
        for (about, sk, attributes) in [(waits, "wait", WAIT), (runs, "run", RUN)] {
            let keys: Vec<Item> =
                about.keys().map(|pk| Item::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(sk))])).collect();
            for keys in keys.chunks(BATCH) {
                for item in self.batch(keys.to_vec(), Some(attributes)).await? {
                    let timers = text(&item, "pk").and_then(|pk| about.get(pk)).into_iter().flatten();
                    let over = timers.filter(|(_, timer)| is_moot(timer, &item));
                    moot.extend(over.map(|(key, _)| (*key).to_owned()));
                }
            }
        }
        Ok(moot)
    }
}

fn is_moot(timer: &Timer, item: &Item) -> bool {
    match timer {
        Timer::Wait(deadline) => {
            let decided = item.contains_key("arrived") || item.contains_key("closed");
            let whose = deadline.waiter.as_ref().filter(|_| decided && item.contains_key("waiting"));
            whose.is_some_and(|waiter| waiter_of(item).is_ok_and(|shown| shown == *waiter))
        }
        Timer::Run(message) => {
            let ended = [Status::Completed, Status::Failed, Status::Cancelled].map(Status::as_str);
            let reminded = || owes_value(&[message.clone().into()]).ok();
            text(item, "st").is_some_and(|status| ended.contains(&status))
                || item.get("reminded").is_some_and(|last| Some(last) == reminded().as_ref())
        }
        Timer::Deliver(_) => false,
    }
}

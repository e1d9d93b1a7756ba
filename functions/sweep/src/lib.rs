//! What is due by now: deadlines of waits, and rests of runs that are longer than a queue can delay.
//!
//! **Flow.** Each shard's timers are read from a cursor to now, and each makes its item owe the work: a wait is closed,
//! a run is reminded. The stream does the rest. **Guarantees.** A timer is passed over only after its write was
//! answered, however long nobody swept: the cursor is stored, follows [`MARGIN`] behind, and moves only where there was
//! something to sweep, so that an idle table is never written to. A timer that no longer matters changes nothing. One whose
//! write fails holds up the cursor, and no other timer; those that were swept are not swept again for its sake.

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use platform::App;
use platform::store::{Store, StoreError, Timer};
use std::collections::BTreeSet;
use std::sync::Mutex;

/// How far the cursor stays behind the clock: longer than the clocks of two functions differ, and than a timer takes
/// from its time being settled to its being stored.
pub const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// Writes that are under way at once.
const AT_ONCE: usize = 16;

/// Sweeps; remembers what it swept after the cursor, to save repeating it. Forgetting does no harm.
#[derive(Debug, Default)]
pub struct Sweeper {
    recent: Mutex<BTreeSet<String>>,
}

impl Sweeper {
    /// Sweeps what is due by now, and says how many timers were.
    ///
    /// # Errors
    /// If the table is unavailable for any of them; what was not swept is swept next time.
    pub async fn sweep(&self, app: &App) -> Result<usize, StoreError> {
        let now = app.now();
        let from = Store::timer_key(app.store.cursor().await?, SignedDuration::ZERO);
        let (mut swept, mut seen, mut failed) = (0, false, None);
        for shard in 0..app.store.timer_shards() {
            let mut after = from.clone();
            loop {
                let page = app.store.due_timers(shard, &after, now).await?;
                seen |= !page.timers.is_empty();
                let new = self.not_recent(page.timers);
                let written =
                    stream::iter(new).map(|(key, timer)| async move { fire(app, &timer, now).await.map(|()| key) });
                let mut written = written.buffer_unordered(AT_ONCE);
                while let Some(written) = written.next().await {
                    match written {
                        Ok(key) => {
                            swept += 1;
                            self.remember(key);
                        }
                        Err(error) => failed = Some(error),
                    }
                }
                match page.next {
                    Some(next) => after = next,
                    None => break,
                }
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if seen {
            let through = now.checked_sub(MARGIN).unwrap_or(Timestamp::UNIX_EPOCH);
            if Store::timer_key(through, SignedDuration::ZERO) > from {
                app.store.set_cursor(through).await?;
            }
            self.forget_before(&Store::timer_key(through, MARGIN));
        }
        Ok(swept)
    }

    fn not_recent(&self, timers: Vec<(String, Timer)>) -> Vec<(String, Timer)> {
        let recent = self.recent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        timers.into_iter().filter(|(key, _)| !recent.contains(key)).collect()
    }

    fn remember(&self, key: String) {
        self.recent.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(key);
    }

    fn forget_before(&self, key: &str) {
        let mut recent = self.recent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *recent = recent.split_off(key);
    }
}

async fn fire(app: &App, timer: &Timer, now: Timestamp) -> Result<(), StoreError> {
    match timer {
        Timer::Wait(wait) => app.store.expire_wait(wait, now).await,
        Timer::Run(message) => app.store.remind_run(message).await,
        Timer::Deliver(message) => app.store.remind_delivery(message).await,
    }
}

//! What is due by now: deadlines of waits, and rests of runs that are longer than a queue can delay.
//!
//! **Flow.** Each shard's timers are read from its cursor to now, and each makes its item owe the work: a wait is closed,
//! a run or a delivery is reminded. The stream does the rest. The shards are swept side by side, page by page; what has ended meanwhile
//! is told by one cheap read for a hundred deadlines (`platform::store`, `moot_timers`) and isn't written to.
//!
//! **Guarantees.** A timer is passed over only after its write was answered, or after a read showed what never changes
//! again, however long nobody swept, and whatever the clocks of the machines say that sweep and that write timers
//! (`platform::store`, `cursor` says how). How far each shard came is stored after each full page and at the end: a sweep
//! that is out of time, or killed, leaves its work to the next. A cursor moves only where there was something to sweep, so
//! that an idle table is never written to. A timer that no longer matters changes nothing. One whose write fails holds up
//! its own shard's cursor, and no other timer; those that were swept are not swept again for its sake.
//!
//! **What may be old.** The cursors, the first look at new timers and the read of deadlines are eventually consistent. An old
//! cursor repeats work, and can't be moved. What a page lacks is found by the next sweep, which reads the same range again,
//! consistently, before it is passed. The read of deadlines settles only what no later write changes; whatever else it
//! shows, also "not there", goes to the conditional write, which sees the truth. Where that is refused, the wait may be about
//! to be opened, or the delivery to be stored: the timer is looked at again until it is passed, and the process that writes
//! the item then takes the cursor back.

use application::App;
use futures_util::future::BoxFuture;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use platform::store::{Cursor, Store, StoreError, Timer, after_timer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use tokio::sync::Semaphore;

/// How far the cursors stay behind the clock. No promise depends on it: it is longer than the clocks of well-kept machines
/// differ, so that writers rarely have to take a cursor back, which costs a write.
pub const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// How long a sweep begins new work in AWS Lambda, which ends it after 60 s (infra/lib/functions.ts): what is under way
/// then has the rest, and so have the SDK's retries.
pub const BUDGET: SignedDuration = SignedDuration::from_secs(45);

/// Writes that are under way at once, of all shards together.
const AT_ONCE: usize = 32;

/// Sweeps; remembers what it swept after each shard's cursor, to save repeating it. Forgetting does no harm.
#[derive(Debug, Default)]
pub struct Sweeper {
    recent: Mutex<BTreeMap<u8, BTreeSet<String>>>,
}

impl Sweeper {
    /// Sweeps all that is due by now, and says how many timers were.
    ///
    /// # Errors
    /// If the table is unavailable for any of them; what was not swept is swept next time.
    pub fn sweep<'a>(&'a self, app: &'a App) -> BoxFuture<'a, Result<usize, StoreError>> {
        Box::pin(self.sweep_until(app, None))
    }

    /// The same, but begins nothing new after so much time of the app's clock: the next sweep goes on there.
    ///
    /// # Errors
    /// As [`Self::sweep`].
    pub fn sweep_within<'a>(
        &'a self,
        app: &'a App,
        budget: SignedDuration,
    ) -> BoxFuture<'a, Result<usize, StoreError>> {
        Box::pin(self.sweep_until(app, app.now().checked_add(budget).ok()))
    }

    async fn sweep_until(&self, app: &App, end: Option<Timestamp>) -> Result<usize, StoreError> {
        let now = app.now();
        let (through, reached) = (Store::timer_key(now, MARGIN), Store::timer_key(now, SignedDuration::ZERO));
        let pass = Pass { app, now, end, through, reached, recent: &self.recent, writes: Semaphore::new(AT_ONCE) };
        let cursors = app.store.cursors().await?;
        let shards = join_all(cursors.into_iter().map(|cursor| pass.shard(cursor))).await;
        let moved: Vec<Cursor> = shards.iter().filter_map(|shard| shard.moved.clone()).collect();
        app.store.move_cursors(&moved).await?;
        let swept = shards.iter().map(|shard| shard.swept).sum();
        match shards.into_iter().find_map(|shard| shard.failed) {
            Some(error) => Err(error),
            None => Ok(swept),
        }
    }
}

/// One sweep.
struct Pass<'a> {
    app: &'a App,
    now: Timestamp,
    end: Option<Timestamp>,
    /// No cursor is announced beyond this key.
    through: String,
    /// Every timer that is due stands before this key, but for those of this very millisecond.
    reached: String,
    recent: &'a Mutex<BTreeMap<u8, BTreeSet<String>>>,
    writes: Semaphore,
}

/// What became of a shard.
#[derive(Default)]
struct Shard {
    swept: usize,
    /// Where its cursor is to stand, if that is not stored yet.
    moved: Option<Cursor>,
    failed: Option<StoreError>,
}

/// What became of a page, beside those that are done.
#[derive(Default)]
struct Page {
    swept: usize,
    /// The first timer that is not done.
    undone: Option<String>,
    failed: Option<StoreError>,
}

/// What became of a timer.
enum Fired {
    Done,
    /// In vain; it is looked at again until it is passed.
    Again,
    /// Not begun, for the time is up.
    Left,
}

impl Pass<'_> {
    async fn shard(&self, mut read: Cursor) -> Shard {
        let mut shard = Shard::default();
        // As it stands in the table; `None` once another has written it: then it is left to that one.
        let mut stands = Some(read.clone());
        let (mut after, mut held, mut seen) = (read.settled.clone(), None::<String>, String::new());
        while !self.is_over() {
            let page = match self.app.store.due_timers(read.shard, &after, self.now, after < read.announced).await {
                Ok(page) => page,
                Err(error) => {
                    shard.failed = Some(error);
                    break;
                }
            };
            // A backlog: what is announced before a page is read can be settled page by page.
            if stands.is_some() && page.next.as_ref().is_some_and(|next| read.announced < *next.min(&self.through)) {
                let announced = Cursor { announced: self.through.clone(), moves: read.moves + 1, ..read.clone() };
                match self.app.store.move_cursor(&announced).await {
                    Ok(true) => {
                        stands = Some(announced.clone());
                        read = announced;
                        continue;
                    }
                    Ok(false) => stands = None,
                    Err(error) => {
                        stands = None;
                        shard.failed = Some(error);
                    }
                }
            }
            let last = page.timers.iter().rev().find(|(key, _)| *key < self.through);
            seen = last.map_or(seen, |(key, _)| after_timer(key));
            let done = self.page(read.shard, page.timers).await;
            shard.swept += done.swept;
            shard.failed = done.failed.or(shard.failed);
            // Once a timer is left behind, the cursor waits there; those after it are swept all the same.
            held = held.or(done.undone);
            let to = held.as_ref().or(page.next.as_ref()).unwrap_or(&self.reached);
            let is_worth_it = !seen.is_empty() || *to >= read.announced;
            let moved = stands
                .as_ref()
                .filter(|_| is_worth_it)
                .map(|stands| Cursor { moves: stands.moves + 1, ..read.moved(to, &seen) });
            shard.moved = moved.filter(|moved| stands.as_ref().is_some_and(|stands| !stands.is_at(moved)));
            let settled = shard.moved.as_ref().or(stands.as_ref()).unwrap_or(&read).settled.clone();
            self.forget(read.shard, &settled);
            let Some(next) = page.next else { break };
            after = next;
            // There is more: what was done so far is kept, whatever becomes of this sweep.
            let Some(moved) = shard.moved.take() else { continue };
            match self.app.store.move_cursor(&moved).await {
                Ok(written) => stands = written.then_some(moved),
                Err(error) => {
                    // Whether it was written is not known.
                    stands = None;
                    shard.failed = Some(error);
                }
            }
        }
        shard
    }

    async fn page(&self, shard: u8, timers: Vec<(String, Timer)>) -> Page {
        let timers = self.not_recent(shard, timers);
        let moot = self.app.store.moot_timers(&timers).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "which deadlines are moot could not be read: each is written to");
            BTreeSet::new()
        });
        let moot = &moot;
        let fired = stream::iter(timers).map(|(key, timer)| async move {
            let fired = if moot.contains(&key) { Ok(Fired::Done) } else { self.fire(&key, &timer).await };
            (key, fired)
        });
        let mut fired = fired.buffer_unordered(AT_ONCE);
        let mut page = Page::default();
        while let Some((key, fired)) = fired.next().await {
            match fired {
                // Not remembered: if a cursor is taken back for it, it must be swept.
                Ok(Fired::Again) => page.swept += 1,
                Ok(Fired::Done) => {
                    page.swept += 1;
                    self.remember(shard, key);
                }
                Ok(Fired::Left) => page.leave(key),
                Err(error) => {
                    page.failed = Some(error);
                    page.leave(key);
                }
            }
        }
        page
    }

    async fn fire(&self, key: &str, timer: &Timer) -> Result<Fired, StoreError> {
        // It is never closed: without a permit there is one write more at once.
        let _permit = self.writes.acquire().await.ok();
        if self.is_over() {
            return Ok(Fired::Left);
        }
        let store = &self.app.store;
        match timer {
            Timer::Wait(deadline) => {
                if deadline.wait.route.present().is_some() {
                    let at = Store::timer_time(key).unwrap_or(self.now);
                    self.app.remind_of_deadline(deadline, at, self.now).await?;
                    return Ok(Fired::Again);
                }
                let closed = store.expire_wait(&deadline.wait, self.now).await?;
                return Ok(if closed || deadline.waiter.is_none() { Fired::Done } else { Fired::Again });
            }
            Timer::Run(message) => store.remind_run(message).await?,
            Timer::Deliver(message) => {
                // The delivery is about to be stored.
                if !store.remind_delivery(message).await? {
                    return Ok(Fired::Again);
                }
            }
        }
        Ok(Fired::Done)
    }

    fn is_over(&self) -> bool {
        self.end.is_some_and(|end| self.app.now() >= end)
    }

    fn not_recent(&self, shard: u8, timers: Vec<(String, Timer)>) -> Vec<(String, Timer)> {
        let recent = self.recent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(recent) = recent.get(&shard) else { return timers };
        timers.into_iter().filter(|(key, _)| !recent.contains(key)).collect()
    }

    fn remember(&self, shard: u8, key: String) {
        let mut recent = self.recent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        recent.entry(shard).or_default().insert(key);
    }

    fn forget(&self, shard: u8, before: &str) {
        let mut recent = self.recent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(recent) = recent.get_mut(&shard) {
            *recent = recent.split_off(before);
        }
    }
}

impl Page {
    fn leave(&mut self, key: String) {
        self.undone = Some(self.undone.take().map_or(key.clone(), |first| first.min(key)));
    }
}

#[cfg(test)]
mod tests;

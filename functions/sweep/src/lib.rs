//! What is due by now: deadlines of waits, and rests of runs that are longer than a queue can delay.
//!
//! **Flow.** Each shard's timers are read from its cursor to now, and each makes its item owe the work: a wait is closed,
//! a run is reminded. The stream does the rest. The shards are swept side by side, page by page; what has ended meanwhile
//! is told by one cheap read for a hundred deadlines (`platform::store`, `moot_timers`) and isn't written to.
//!
//! **Guarantees.** A timer is passed over only after its write was answered, or after a read showed what never changes
//! again, however long nobody swept. How far each shard came is stored after each full page and at the end: a sweep that
//! is out of time, or killed, leaves its work to the next. A cursor follows [`MARGIN`] behind the clock and moves only
//! where there was something to sweep, so that an idle table is never written to. A timer that no longer matters changes
//! nothing. One whose write fails holds up its own shard's cursor, and no other timer; those that were swept are not swept
//! again for its sake.
//!
//! **What may be old.** The cursors, the pages and the read of deadlines are eventually consistent. An old cursor repeats
//! work. A timer that a page lacks, stored just now, is found by a later sweep, for the cursor stays [`MARGIN`] behind. The
//! read settles only what no later write changes; whatever else it shows, also "not there", goes to the conditional write,
//! which sees the truth. Where that is refused although its timer is due only now, the wait may be about to be opened: the
//! timer is looked at again until [`MARGIN`] has passed.

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use platform::App;
use platform::store::{Store, StoreError, Timer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Semaphore;

/// How far the cursors stay behind the clock: longer than the clocks of two functions differ, and than a timer takes
/// from its time being settled to its being stored, and its wait to being opened.
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
    /// Callbacks that version 0.1 kept have been stored anew, as far as there are any.
    refiled: AtomicBool,
}

impl Sweeper {
    /// Sweeps all that is due by now, and says how many timers were.
    ///
    /// # Errors
    /// If the table is unavailable for any of them; what was not swept is swept next time.
    pub async fn sweep(&self, app: &App) -> Result<usize, StoreError> {
        self.sweep_until(app, None).await
    }

    /// The same, but begins nothing new after so much time of the app's clock: the next sweep goes on there.
    ///
    /// # Errors
    /// As [`Self::sweep`].
    pub async fn sweep_within(&self, app: &App, budget: SignedDuration) -> Result<usize, StoreError> {
        self.sweep_until(app, app.now().checked_add(budget).ok()).await
    }

    async fn sweep_until(&self, app: &App, end: Option<Timestamp>) -> Result<usize, StoreError> {
        self.refile(app).await;
        let now = app.now();
        let through = Store::timer_key(now, MARGIN);
        let pass = Pass { app, now, end, through, recent: &self.recent, writes: Semaphore::new(AT_ONCE) };
        let cursors = app.store.cursors().await?;
        let shards = join_all(cursors.into_iter().map(|(shard, cursor)| pass.shard(shard, cursor))).await;
        let moved: Vec<(u8, String)> = shards.iter().filter_map(|shard| shard.moved.clone()).collect();
        app.store.advance_cursors(&moved).await?;
        let swept = shards.iter().map(|shard| shard.swept).sum();
        match shards.into_iter().find_map(|shard| shard.failed) {
            Some(error) => Err(error),
            None => Ok(swept),
        }
    }
}

impl Sweeper {
    /// The first sweep of a process finds the callbacks that version 0.1 kept under names that routes don't have any more. It
    /// fails alone: timers are swept all the same, and the next sweep tries again.
    async fn refile(&self, app: &App) {
        if self.refiled.load(Ordering::Relaxed) {
            return;
        }
        match app.refile_callbacks().await {
            Ok(_) => self.refiled.store(true, Ordering::Relaxed),
            Err(error) => {
                tracing::warn!(%error, "callbacks of an earlier version could not be stored anew; it is tried again")
            }
        }
    }
}

/// One sweep.
struct Pass<'a> {
    app: &'a App,
    now: Timestamp,
    end: Option<Timestamp>,
    /// No cursor passes this key.
    through: String,
    recent: &'a Mutex<BTreeMap<u8, BTreeSet<String>>>,
    writes: Semaphore,
}

/// What became of a shard.
#[derive(Default)]
struct Shard {
    swept: usize,
    /// Where its cursor is to stand, if that is not stored yet.
    moved: Option<(u8, String)>,
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
    /// In vain; while it is younger than [`MARGIN`] it is looked at again.
    Again,
    /// Not begun, for the time is up.
    Left,
}

impl Pass<'_> {
    async fn shard(&self, number: u8, mut cursor: String) -> Shard {
        let mut shard = Shard::default();
        let (mut after, mut held) = (cursor.clone(), false);
        while !self.is_over() {
            let page = match self.app.store.due_timers(number, &after, self.now).await {
                Ok(page) => page,
                Err(error) => {
                    shard.failed = Some(error);
                    break;
                }
            };
            let seen = !page.timers.is_empty();
            let done = self.page(number, page.timers).await;
            shard.swept += done.swept;
            shard.failed = done.failed.or(shard.failed);
            // Once a timer is left behind, the cursor waits there; those after it are swept all the same.
            if !held && (seen || page.next.is_some()) {
                held = done.undone.is_some();
                let to = done.undone.or_else(|| page.next.clone()).unwrap_or_else(|| self.through.clone());
                let to = to.min(self.through.clone());
                if to > cursor {
                    cursor = to;
                    shard.moved = Some((number, cursor.clone()));
                }
            }
            self.forget(number, &cursor);
            let Some(next) = page.next else { break };
            after = next;
            // There is more: what was done so far is kept, whatever becomes of this sweep.
            if let Some(moved) = shard.moved.take()
                && let Err(error) = self.app.store.advance_cursors(std::slice::from_ref(&moved)).await
            {
                shard.moved = Some(moved);
                shard.failed = Some(error);
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
            let fired = if moot.contains(&key) { Ok(Fired::Done) } else { self.fire(&timer).await };
            (key, fired)
        });
        let mut fired = fired.buffer_unordered(AT_ONCE);
        let mut page = Page::default();
        while let Some((key, fired)) = fired.next().await {
            match fired {
                Ok(Fired::Again) if key >= self.through => page.swept += 1,
                Ok(Fired::Done | Fired::Again) => {
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

    async fn fire(&self, timer: &Timer) -> Result<Fired, StoreError> {
        // It is never closed: without a permit there is one write more at once.
        let _permit = self.writes.acquire().await.ok();
        if self.is_over() {
            return Ok(Fired::Left);
        }
        let store = &self.app.store;
        match timer {
            Timer::Wait(deadline) => {
                let closed = store.expire_wait(&deadline.wait, self.now).await?;
                return Ok(if closed || deadline.waiter.is_none() { Fired::Done } else { Fired::Again });
            }
            Timer::Run(message) => store.remind_run(message).await?,
            Timer::Deliver(message) => store.remind_delivery(message).await?,
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

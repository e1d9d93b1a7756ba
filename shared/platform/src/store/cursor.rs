//! How far each shard's timers were swept, in one item: correct whatever the clocks of sweepers and writers say.
//!
//! A cursor is the beginning of a timer's key. Of each shard there are two: *settled* (`shardN`), before which every timer
//! was swept, and *announced* (`announcedN`), up to which a sweep may settle. No clock is trusted; what counts is the order
//! of reads and writes:
//!
//! ```text
//!  sweeper  reads both ─► reads the timers from settled on ─► handles them ─► one write: settled := what was announced
//!                                                                             before they were read, announced := the last seen
//!  writer   stores a timer (and what relies on it) ─► reads announced ─► where that is later: sets it back to the timer
//! ```
//!
//! **Why none is passed over.** A timer is passed only by a write that settles what was announced before the sweeper read
//! the timers. If the timer was stored before that read, the sweeper has seen it. If it was stored after it, its writer reads
//! later still, so it sees the announcement and takes it back; the sweeper's write then fails, for each write of a shard
//! names how often it was written before (`movesN`). Both reads are consistent. A cursor that a clock put years ahead is
//! handled alike: each timer behind it takes it back as far as needed.
//!
//! **What it costs.** A read for each timer, shared by all that are written at the same moment; a write for a timer only
//! where clocks disagree. An idle table is not written to.
//!
//! Items of the version before have only `shardN`, and older ones one time for all shards, `through`; both count as
//! announced and settled.

use super::item::{Item, n, number, s, sortable, text};
use super::timer::Placed;
use super::wait::{Written, conditional};
use super::{Store, StoreError, unavailable};
use crate::contention::Rounds;
use crate::dispatch::Dispatch;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// Shards in one write: five operators and functions each, of which an expression has 300 at most
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
const AT_ONCE: usize = 50;
/// How far one shard was swept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The shard.
    pub shard: u8,
    /// Every timer before this key was swept.
    pub settled: String,
    /// Up to this key a sweep may settle what it has read since.
    pub announced: String,
    /// How often this shard's cursor was written.
    pub moves: u64,
}

impl Cursor {
    /// The same after a sweep has handled every timer before `done`, and has seen timers up to `seen`.
    #[must_use]
    pub fn moved(&self, done: &str, seen: &str) -> Self {
        let settled = self.announced.as_str().min(done).max(self.settled.as_str()).to_owned();
        let announced = self.announced.as_str().max(seen).to_owned();
        Self { shard: self.shard, settled, announced, moves: self.moves + 1 }
    }

    /// Whether the two differ in what they say.
    pub fn is_at(&self, other: &Self) -> bool {
        self.settled == other.settled && self.announced == other.announced
    }
}

/// Reads of the item that several writers share: a reader takes the answer of a read that began after it came.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedReads(Arc<Turns>);

#[derive(Debug, Default)]
struct Turns {
    /// Reads begun.
    begun: AtomicU64,
    /// The last answer, and the number of its read.
    last: Mutex<(u64, Arc<Item>)>,
}

impl Store {
    /// How far each shard was swept; all in one read, which may be a second old.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn cursors(&self) -> Result<Vec<Cursor>, StoreError> {
        let item = self.cursor_item(false).await?;
        Ok((0..self.shards).map(|shard| cursor(&item, shard)).collect())
    }

    /// Records how far shards were swept. One write for all; where one of them was written meanwhile, each for itself, and that
    /// one stays as it is.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn move_cursors(&self, to: &[Cursor]) -> Result<(), StoreError> {
        for to in to.chunks(AT_ONCE) {
            if !self.write_cursors(to).await? && to.len() > 1 {
                for one in to {
                    self.move_cursor(one).await?;
                }
            }
        }
        Ok(())
    }

    /// Records how far a shard was swept. False, and nothing is written, if that was written meanwhile.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn move_cursor(&self, to: &Cursor) -> Result<bool, StoreError> {
        self.write_cursors(std::slice::from_ref(to)).await
    }

    /// Sees to it that no sweep passes a timer: where one has announced more, that is taken back. It must follow the write of
    /// the timer and, where the timer finds nothing to do before, of the item that it is about.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn keep_cursor_behind(&self, timer: &Placed) -> Result<(), StoreError> {
        let item = self.shared_cursor_item().await?;
        let mut now = cursor(&item, timer.shard);
        let mut rounds = Rounds::over("the sweep's cursor");
        loop {
            rounds.begin()?;
            if now.announced <= timer.key {
                return Ok(());
            }
            let back = Cursor {
                shard: timer.shard,
                settled: now.settled.as_str().min(&timer.key).to_owned(),
                announced: timer.key.clone(),
                moves: now.moves + 1,
            };
            tracing::debug!(
                shard = timer.shard,
                timer = timer.key,
                "a timer stands before what was swept: it is swept again"
            );
            match conditional(self.cursor_write(&[back])).await? {
                Written::Done(_) => return Ok(()),
                Written::Refused(item) => now = cursor(&item, timer.shard),
            }
        }
    }

    async fn cursor_item(&self, consistent: bool) -> Result<Item, StoreError> {
        let get = self.client.get_item().table_name(&self.table).key("pk", s("sweep")).key("sk", s("cursor"));
        Ok(get.consistent_read(consistent).dispatch().await.map_err(unavailable)?.item.unwrap_or_default())
    }

    /// The item as it is at some moment after the call.
    async fn shared_cursor_item(&self) -> Result<Arc<Item>, StoreError> {
        let SharedReads(turns) = &self.cursor_reads;
        let before = turns.begun.load(Ordering::SeqCst);
        let mut last = turns.last.lock().await;
        if last.0 > before {
            return Ok(last.1.clone());
        }
        let number = turns.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let item = Arc::new(self.cursor_item(true).await?);
        *last = (number, item.clone());
        Ok(item)
    }

    /// All of them, or none: then one of them was written meanwhile.
    async fn write_cursors(&self, to: &[Cursor]) -> Result<bool, StoreError> {
        Ok(matches!(conditional(self.cursor_write(to)).await?, Written::Done(_)))
    }

    fn cursor_write(&self, to: &[Cursor]) -> UpdateItemFluentBuilder {
        let each =
            |text: &dyn Fn(&Cursor) -> String, between: &str| to.iter().map(text).collect::<Vec<_>>().join(between);
        let set = |Cursor { shard, .. }: &Cursor| {
            format!(
                "shard{shard} = :settled{shard}, announced{shard} = :announced{shard}, moves{shard} = :moves{shard}"
            )
        };
        let unchanged = |Cursor { shard, moves, .. }: &Cursor| match moves {
            1 => format!("attribute_not_exists(moves{shard})"),
            _ => format!("moves{shard} = :before{shard}"),
        };
        let mut update = self.client.update_item().table_name(&self.table).return_values(ReturnValue::None);
        update = update.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        update = update.key("pk", s("sweep")).key("sk", s("cursor"));
        update = update.update_expression(format!("SET {}", each(&set, ", ")));
        update = update.condition_expression(each(&unchanged, " AND "));
        for Cursor { shard, settled, announced, moves } in to {
            update = update.expression_attribute_values(format!(":settled{shard}"), s(settled));
            update = update.expression_attribute_values(format!(":announced{shard}"), s(announced));
            update = update.expression_attribute_values(format!(":moves{shard}"), n(*moves));
            if *moves > 1 {
                update = update.expression_attribute_values(format!(":before{shard}"), n(*moves - 1));
            }
        }
        update
    }
}

fn cursor(item: &Item, shard: u8) -> Cursor {
    let through = number(item, "through").and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let through = sortable(through.unwrap_or(Timestamp::UNIX_EPOCH));
    // Functions of several ages may sweep side by side while a deployment is under way.
    let settled = text(item, &format!("shard{shard}")).map_or(through.clone(), |own| through.max(own.to_owned()));
    let announced =
        text(item, &format!("announced{shard}")).map_or(settled.clone(), |own| settled.clone().max(own.to_owned()));
    Cursor { shard, settled, announced, moves: number(item, &format!("moves{shard}")).unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    fn at(settled: &str, announced: &str) -> Cursor {
        Cursor { shard: 0, settled: settled.to_owned(), announced: announced.to_owned(), moves: 1 }
    }

    #[test]
    fn a_sweep_settles_only_what_was_announced_before_it_read() {
        for (done, seen, expected) in [
            ("5", "5", at("3", "5")),
            ("2", "5", at("2", "5")),
            ("3", "3", at("3", "3")),
            ("9", "", at("3", "3")),
            ("0", "2", at("1", "3")),
        ] {
            let moved = at("1", "3").moved(done, seen);
            assert!(moved.is_at(&expected) && moved.moves == 2, "{done} {seen}: {moved:?}");
        }
    }
}

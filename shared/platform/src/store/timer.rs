//! Timers: what must happen at a time further off than the queue can delay.
//!
//! A timer is written before the change that relies on it, and never deleted: by the time it is due the item it points
//! at says whether it still matters, and the table's TTL takes it away. `sweep` reads each shard from a cursor to now, and a
//! writer makes sure that no cursor has passed, or will pass, what it wrote: see [`cursor`](super::cursor).

use super::item::{Item, expiry, s, sortable, text};
use super::{Store, StoreError, unavailable};
use crate::dispatch::Dispatch;
use crate::queue::{DeliverMessage, RunMessage};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::wait::{WaitKey, Waiter};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What a timer is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// A wait's deadline.
    Wait(Deadline),
    /// A message to a run.
    Run(RunMessage),
    /// An attempt of a delivery; without its event.
    Deliver(DeliverMessage),
}

/// The deadline of one waiter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deadline {
    /// The wait.
    #[serde(flatten)]
    pub wait: WaitKey,
    /// Whose it is: a key may be waited for by several, one after the other. Older timers don't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiter: Option<Waiter>,
}

/// Timers that are due, of one shard.
#[derive(Debug, Clone, Default)]
pub struct TimerPage {
    /// Each with the key it is stored under.
    pub timers: Vec<(String, Timer)>,
    /// Where to go on, if there are more.
    pub next: Option<String>,
}

/// Where a timer stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub(super) shard: u8,
    pub(super) key: String,
}

impl Store {
    /// Stores a timer, and sees to it that it will be swept. The same timer for the same time is the same item, those of two
    /// waiters are two.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn add_timer(&self, at: Timestamp, timer: &Timer) -> Result<(), StoreError> {
        let placed = self.put_timer(at, timer).await?;
        self.keep_cursor_behind(&placed).await
    }

    /// Stores a timer whose item doesn't exist yet, so that a sweep that comes first finds nothing to do. Once the item is
    /// stored, [`Store::keep_cursor_behind`] must follow.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn put_timer(&self, at: Timestamp, timer: &Timer) -> Result<Placed, StoreError> {
        let what = match timer {
            Timer::Wait(Deadline { wait, waiter }) => format!("{}#{}", super::wait::wait_pk(wait), json(waiter)?),
            Timer::Run(message) => format!("run#{}#{}{}", message.run, json(&message.stretch)?, nth(message.again)),
            Timer::Deliver(message) => {
                format!("delivery#{}#{}{}", message.delivery, message.attempt, nth(message.again))
            }
        };
        // A sort key has at most 1,024 bytes; the timer itself is in the item.
        let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&what)).split_off(32);
        let put = self.client.put_item().table_name(&self.table);
        let placed = Placed { shard: self.shard(&what), key: format!("{}#{digest}", sortable(at)) };
        let put = put.item("pk", s(format!("timer#{}", placed.shard))).item("sk", s(&placed.key));
        let put = put.item("timer", s(json(timer)?)).item("expires", expiry(at, self.retention));
        put.dispatch().await.map(|_| placed).map_err(unavailable)
    }

    /// The timers of a shard from a key on and due by now, oldest first. `all`: also those whose write was answered a moment
    /// ago, at twice the price.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn due_timers(&self, shard: u8, after: &str, now: Timestamp, all: bool) -> Result<TimerPage, StoreError> {
        // `~` sorts after every hexadecimal digit.
        let through = format!("{}#~", sortable(now));
        // The clock is behind what was swept; a range that ends before it begins is an error.
        if after > through.as_str() {
            return Ok(TimerPage::default());
        }
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(all)
            .key_condition_expression("pk = :pk AND sk BETWEEN :after AND :now")
            .expression_attribute_values(":pk", s(format!("timer#{shard}")))
            .expression_attribute_values(":after", s(after))
            .expression_attribute_values(":now", s(through))
            .limit(500);
        let page = query.dispatch().await.map_err(unavailable)?;
        let next = page.last_evaluated_key().and_then(|key| text(key, "sk")).map(after_timer);
        let timers = page.items().iter().filter_map(read).collect();
        Ok(TimerPage { timers, next })
    }

    /// The time of a timer's key.
    pub fn timer_time(key: &str) -> Option<Timestamp> {
        Timestamp::from_millisecond(key.split('#').next()?.parse().ok()?).ok()
    }

    /// The first key of a time.
    pub fn timer_key(at: Timestamp, back: SignedDuration) -> String {
        sortable(at.checked_sub(back).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

/// The first key after a timer's.
pub fn after_timer(key: &str) -> String {
    format!("{key}#")
}

/// A message that came before its time is another one for the item that it is about, and so is its timer.
fn nth(again: u32) -> String {
    if again == 0 { String::new() } else { format!("#{again}") }
}

fn read(item: &Item) -> Option<(String, Timer)> {
    let key = item.get("sk").map(AttributeValue::as_s)?.ok()?;
    Some((key.clone(), serde_json::from_str(text(item, "timer")?).ok()?))
}

fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged(error.to_string()))
}

//! Timers: what must happen at a time further off than the queue can delay.
//!
//! A timer is written before the change that relies on it, and never deleted: by the time it is due the item it points
//! at says whether it still matters, and the table's TTL takes it away. `sweep` reads each shard from a cursor to now.

use super::item::{Item, expiry, s, sortable, text};
use super::{Store, StoreError, unavailable};
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

impl Store {
    /// Stores a timer. The same timer for the same time is the same item, those of two waiters are two.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn add_timer(&self, at: Timestamp, timer: &Timer) -> Result<(), StoreError> {
        let what = match timer {
            Timer::Wait(Deadline { wait, waiter }) => format!("{}#{}", super::wait::wait_pk(wait), json(waiter)?),
            Timer::Run(message) => format!("run#{}#{}", message.run, json(&message.stretch)?),
            Timer::Deliver(message) => format!("delivery#{}#{}", message.delivery, message.attempt),
        };
        // A sort key has at most 1,024 bytes; the timer itself is in the item.
        let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&what)).split_off(32);
        let put = self.client.put_item().table_name(&self.table);
        let put = put.item("pk", s(format!("timer#{}", self.shard(&what))));
        let put = put.item("sk", s(format!("{}#{digest}", sortable(at))));
        let put = put.item("timer", s(json(timer)?)).item("expires", expiry(at, self.retention));
        put.send().await.map(|_| ()).map_err(unavailable)
    }

    /// The timers of a shard after a key and due by now, oldest first.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn due_timers(&self, shard: u8, after: &str, now: Timestamp) -> Result<TimerPage, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :after AND :now")
            .expression_attribute_values(":pk", s(format!("timer#{shard}")))
            .expression_attribute_values(":after", s(after))
            // `~` sorts after every hexadecimal digit.
            .expression_attribute_values(":now", s(format!("{}#~", sortable(now))))
            .limit(500);
        let page = query.send().await.map_err(unavailable)?;
        let next = page.last_evaluated_key().and_then(|key| text(key, "sk")).map(|sk| format!("{sk}#"));
        let timers = page.items().iter().filter_map(read).collect();
        Ok(TimerPage { timers, next })
    }

    /// The first key of a time.
    pub fn timer_key(at: Timestamp, back: SignedDuration) -> String {
        sortable(at.checked_sub(back).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

fn read(item: &Item) -> Option<(String, Timer)> {
    let key = item.get("sk").map(AttributeValue::as_s)?.ok()?;
    Some((key.clone(), serde_json::from_str(text(item, "timer")?).ok()?))
}

fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged(error.to_string()))
}

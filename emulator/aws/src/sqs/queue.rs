//! One standard queue: delays, visibility, receive counts, dead letters.
//!
//! ```text
//!            ┌── delay over ──┐                       ┌─► deleted
//! send ─► hidden           ready ─► received (hidden) ┼─► ready again when the visibility time-out is over
//!            └───────────────►┘                       └─► dead letter when it was received too often
//! ```
//!
//! All in memory and without a clock: every method is told the time. Where `winterbaume-sqs` 0.2 fell short, and
//! why this exists: it looks through all messages, the delayed and the received ones too, at each receive and each
//! delete; it remembers every receipt handle for ever; it reads the wall clock, so no test can turn it; it can't
//! say when the next message gets visible, so waiting is polling; and it moves dead letters unseen.
//!
//! Not here, because nothing of ours uses it: FIFO queues, MD5 sums, retention (a restart empties the queues).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::{line::Line, wire::MessageAttribute};
use crate::debt::Debt;

/// What a sender gives.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) id: Arc<str>,
    pub(crate) body: Arc<str>,
    pub(crate) attributes: Arc<BTreeMap<String, MessageAttribute>>,
    pub(crate) group: Option<Arc<str>>,
    /// Milliseconds since the epoch.
    pub(crate) sent_at_ms: u128,
    pub(crate) debt: Option<Debt>,
}

/// What a receiver gets: a message of which it has the only receipt for a while.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) message: Outgoing,
    pub(crate) receipt: Receipt,
    pub(crate) receive_count: u32,
    /// Milliseconds since the epoch.
    pub(crate) first_received_at_ms: u128,
}

impl Delivery {
    /// The system attributes that a receiver sees.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&'static str, String)> {
        let group = self.message.group.as_ref().map(|group| ("MessageGroupId", group.to_string()));
        [
            ("SenderId", "ringback".to_owned()),
            ("SentTimestamp", self.message.sent_at_ms.to_string()),
            ("ApproximateReceiveCount", self.receive_count.to_string()),
            ("ApproximateFirstReceiveTimestamp", self.first_received_at_ms.to_string()),
        ]
        .into_iter()
        .chain(group)
    }
}

/// Names one receive of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    key: u64,
    receive_count: u32,
}

impl Receipt {
    /// Reads what [`Display`](std::fmt::Display) wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (key, receive_count) = text.split_once('.')?;
        Some(Self { key: key.parse().ok()?, receive_count: receive_count.parse().ok()? })
    }
}

impl std::fmt::Display for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.key, self.receive_count)
    }
}

/// What a receive brought.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) deliveries: Vec<Delivery>,
    /// Messages that were received too often.
    pub(crate) dead: Vec<Outgoing>,
}

/// How many messages are in which state, as `GetQueueAttributes` tells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Depth {
    pub(crate) visible: usize,
    pub(crate) in_flight: usize,
    pub(crate) delayed: usize,
}

#[derive(Debug)]
struct Entry {
    message: Outgoing,
    receive_count: u32,
    first_received_at_ms: u128,
    hidden_until: Option<Instant>,
}

/// The messages of one queue.
#[derive(Debug)]
pub(crate) struct Queue {
    visibility: Duration,
    /// Receives after which a message is a dead letter; `None` where there is nowhere to put it.
    max_receive_count: Option<u32>,
    next_key: u64,
    entries: BTreeMap<u64, Entry>,
    hidden: BTreeSet<(Instant, u64)>,
    line: Line,
}

impl Queue {
    pub(crate) fn new(visibility: Duration, max_receive_count: Option<u32>) -> Self {
        Self {
            visibility,
            max_receive_count,
            next_key: 0,
            entries: BTreeMap::new(),
            hidden: BTreeSet::new(),
            line: Line::default(),
        }
    }

    /// Adds a message that gets visible at `visible_at`, or now if that is not after `now`.
    pub(crate) fn send(&mut self, message: Outgoing, visible_at: Instant, now: Instant) {
        let key = self.next_key;
        self.next_key += 1;
        let hidden_until = (visible_at > now).then_some(visible_at);
        match hidden_until {
            Some(until) => {
                self.hidden.insert((until, key));
            }
            None => self.line.push(message.group.as_ref(), key),
        }
        let entry = Entry { message, receive_count: 0, first_received_at_ms: 0, hidden_until };
        self.entries.insert(key, entry);
    }

    /// Hands out at most `limit` visible messages, hidden from others for `visibility` or the queue's own time.
    pub(crate) fn receive(
        &mut self,
        limit: usize,
        visibility: Option<Duration>,
        now: Instant,
        now_ms: u128,
    ) -> Received {
        self.receive_of(|_| true, limit, visibility, now, now_ms)
    }

    /// The same, of the groups that `admits` names alone; `None` is the group of messages without one.
    pub(crate) fn receive_of(
        &mut self,
        admits: impl Fn(Option<&str>) -> bool,
        limit: usize,
        visibility: Option<Duration>,
        now: Instant,
        now_ms: u128,
    ) -> Received {
        self.reveal(now);
        let until = now + visibility.unwrap_or(self.visibility);
        let mut received = Received::default();
        while received.deliveries.len() < limit
            && let Some(key) = self.line.pop(&admits)
        {
            let Some(entry) = self.entries.get_mut(&key) else { continue };
            if self.max_receive_count.is_some_and(|max| entry.receive_count >= max) {
                received.dead.extend(self.entries.remove(&key).map(|entry| entry.message));
                continue;
            }
            if entry.receive_count == 0 {
                entry.first_received_at_ms = now_ms;
            }
            entry.receive_count += 1;
            entry.hidden_until = Some(until);
            self.hidden.insert((until, key));
            received.deliveries.push(Delivery {
                message: entry.message.clone(),
                receipt: Receipt { key, receive_count: entry.receive_count },
                receive_count: entry.receive_count,
                first_received_at_ms: entry.first_received_at_ms,
            });
        }
        received
    }

    /// Removes the message if this is its newest receipt; an older one is taken without effect, as in SQS.
    pub(crate) fn delete(&mut self, receipt: Receipt) -> Option<Outgoing> {
        let entry = self.entries.get(&receipt.key)?;
        if entry.receive_count != receipt.receive_count {
            return None;
        }
        let entry = self.entries.remove(&receipt.key)?;
        if let Some(until) = entry.hidden_until {
            self.hidden.remove(&(until, receipt.key));
        }
        // Where its visibility ended before it was deleted it may still stand in the line; `receive` skips it.
        Some(entry.message)
    }

    /// Hides a received message until `until` instead; false if this isn't its newest receipt or it is visible.
    pub(crate) fn change_visibility(&mut self, receipt: Receipt, until: Instant) -> bool {
        let Some(entry) =
            self.entries.get_mut(&receipt.key).filter(|entry| entry.receive_count == receipt.receive_count)
        else {
            return false;
        };
        let Some(before) = entry.hidden_until.replace(until) else {
            entry.hidden_until = None;
            return false;
        };
        self.hidden.remove(&(before, receipt.key));
        self.hidden.insert((until, receipt.key));
        true
    }

    /// When the next hidden message gets visible; `None` if none is hidden.
    pub(crate) fn next_visible_at(&self) -> Option<Instant> {
        self.hidden.first().map(|(until, _)| *until)
    }

    /// Forgets every message and gives them back.
    pub(crate) fn purge(&mut self) -> Vec<Outgoing> {
        self.hidden.clear();
        self.line.clear();
        std::mem::take(&mut self.entries).into_values().map(|entry| entry.message).collect()
    }

    pub(crate) fn depth(&mut self, now: Instant) -> Depth {
        self.reveal(now);
        let delayed =
            self.entries.values().filter(|entry| entry.hidden_until.is_some() && entry.receive_count == 0).count();
        let in_flight = self.hidden.len() - delayed;
        Depth { visible: self.entries.len() - self.hidden.len(), in_flight, delayed }
    }

    pub(crate) fn max_receive_count(&self) -> Option<u32> {
        self.max_receive_count
    }

    pub(crate) fn visibility(&self) -> Duration {
        self.visibility
    }

    /// Whether a receive of the groups that `admits` names would bring something now.
    pub(crate) fn has_visible(&mut self, admits: impl Fn(Option<&str>) -> bool, now: Instant) -> bool {
        self.reveal(now);
        self.line.has(admits)
    }

    fn reveal(&mut self, now: Instant) {
        while let Some(&(until, key)) = self.hidden.first()
            && until <= now
        {
            self.hidden.pop_first();
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.hidden_until = None;
                self.line.push(entry.message.group.as_ref(), key);
            }
        }
    }
}

#[cfg(test)]
mod tests;

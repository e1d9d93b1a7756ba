//! The queue of calls in virtual time: delays, visibility, and everything that a standard queue allows itself.

use jiff::{SignedDuration, Timestamp};

/// How long a message is hidden while it is worked on.
const VISIBILITY: SignedDuration = SignedDuration::from_mins(15);

/// A message.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) id: u64,
    pub(super) body: String,
    /// Nobody gets it before.
    pub(super) visible_at: Timestamp,
    /// How often it was received.
    pub(super) received: u32,
    /// The relay that sent it.
    pub(super) batch: u64,
}

/// What was sent and not deleted.
#[derive(Debug, Default)]
pub(super) struct Queue {
    messages: Vec<Message>,
    next: u64,
}

impl Queue {
    pub(super) fn send(&mut self, body: String, batch: u64, visible_at: Timestamp) -> u64 {
        self.next += 1;
        self.messages.push(Message { id: self.next, body, visible_at, received: 0, batch });
        self.next
    }

    /// How many can be received now.
    pub(super) fn visible(&self, now: Timestamp) -> usize {
        self.messages.iter().filter(|message| message.visible_at <= now).count()
    }

    /// Hands out the `nth` of those that can be received, and hides it.
    pub(super) fn receive(&mut self, nth: usize, now: Timestamp) -> Message {
        let mut visible = self.messages.iter_mut().filter(|message| message.visible_at <= now);
        let message = visible.nth(nth).expect("one that was counted");
        message.received += 1;
        message.visible_at = now + VISIBILITY;
        message.clone()
    }

    /// Somebody has it already, and somebody else gets it too.
    pub(super) fn show_again(&mut self, id: u64, at: Timestamp) {
        if let Some(message) = self.messages.iter_mut().find(|message| message.id == id) {
            message.visible_at = at;
        }
    }

    /// The batch of a message that is there no more; none where it was deleted before.
    pub(super) fn delete(&mut self, id: u64) -> Option<u64> {
        let index = self.messages.iter().position(|message| message.id == id)?;
        Some(self.messages.remove(index).batch)
    }

    pub(super) fn owes(&self, batch: u64) -> bool {
        self.messages.iter().any(|message| message.batch == batch)
    }

    /// A restart of the emulator: its queues are in memory.
    pub(super) fn forget_all(&mut self) {
        self.messages.clear();
    }

    /// When the next of those that can't be received yet can be.
    pub(super) fn next_visible(&self, now: Timestamp) -> Option<Timestamp> {
        self.messages.iter().map(|message| message.visible_at).filter(|at| *at > now).min()
    }
}

//! Who is next: messages ready to be received, in turn by message group.
//!
//! As in SQS's fair queues, a group with a backlog doesn't make the others wait: each group that has messages
//! gets one turn after another, except groups that the receiver doesn't admit now, since it has enough of them in flight.
//! Within a group it is first in, first out. Messages without a group are one group.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html>

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

/// The line of ready messages, by key.
#[derive(Debug, Default)]
pub(super) struct Line {
    groups: HashMap<Option<Arc<str>>, VecDeque<u64>>,
    turns: VecDeque<Option<Arc<str>>>,
}

impl Line {
    /// Puts a message at the end of its group.
    pub(super) fn push(&mut self, group: Option<&Arc<str>>, key: u64) {
        let group = group.cloned();
        let waiting = self.groups.entry(group.clone()).or_default();
        if waiting.is_empty() {
            self.turns.push_back(group);
        }
        waiting.push_back(key);
    }

    /// The next message of those groups; its group goes to the end of the turns, and the others keep theirs.
    pub(super) fn pop(&mut self, admits: impl Fn(Option<&str>) -> bool) -> Option<u64> {
        let turn = self.turns.iter().position(|group| admits(group.as_deref()))?;
        let group = self.turns.remove(turn)?;
        let waiting = self.groups.get_mut(&group)?;
        let key = waiting.pop_front();
        if waiting.is_empty() {
            self.groups.remove(&group);
        } else {
            self.turns.push_back(group);
        }
        key
    }

    /// Whether a message of those groups waits.
    pub(super) fn has(&self, admits: impl Fn(Option<&str>) -> bool) -> bool {
        self.turns.iter().any(|group| admits(group.as_deref()))
    }

    /// Forgets all messages.
    pub(super) fn clear(&mut self) {
        self.groups.clear();
        self.turns.clear();
    }
}

//! Who is next: messages ready to be received, in turn by message group.
//!
//! As in SQS's fair queues, a group with a backlog doesn't make the others wait: each group that has messages
//! gets one turn after another. Messages without a group are one group, first in, first out.
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

    /// The next message; its group goes to the end of the turns.
    pub(super) fn pop(&mut self) -> Option<u64> {
        let group = self.turns.pop_front()?;
        let waiting = self.groups.get_mut(&group)?;
        let key = waiting.pop_front();
        if waiting.is_empty() {
            self.groups.remove(&group);
        } else {
            self.turns.push_back(group);
        }
        key
    }

    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// Forgets everybody.
    pub(super) fn clear(&mut self) {
        self.groups.clear();
        self.turns.clear();
    }
}

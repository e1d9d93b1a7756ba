//! An operation: work of many steps that somebody asked for, done in the background, a page at a time.
//!
//! **Flow.** It is stored with the promise of its first step. Each step does one page and stores how far it came, with
//! the promise of the next; the last one ends it. [`Operation::advance`] and [`Operation::fail`] are the only code that
//! changes one. **Guarantees.** A message names the step that it is for, so one that comes again after its step was
//! stored does nothing; a step that was begun and not stored is done again, so each must be repeatable.

mod id;

pub use id::OperationId;

use crate::event::{CustomerId, EndpointId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Work of many steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// The same whenever the same is asked for again.
    pub id: OperationId,
    /// What is done.
    pub kind: Kind,
    /// Whose deliveries.
    pub customer: CustomerId,
    /// To which endpoint.
    pub endpoint: EndpointId,
    /// Of events that were accepted at this time or later…
    pub since: Timestamp,
    /// …and before this one.
    pub until: Timestamp,
    /// Which step is owed, from 0.
    pub step: u64,
    /// Where that step begins; absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many deliveries it has found to be exhausted.
    pub found: u64,
    /// Of how many of those it has begun a new round.
    pub done: u64,
    /// How far it is.
    pub state: State,
    /// When it was asked for.
    pub started_at: Timestamp,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A new round of tries for every exhausted delivery.
    Recover,
}

/// How far an operation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum State {
    /// A step is owed.
    Running,
    /// All is done.
    Completed {
        /// When.
        at: Timestamp,
    },
    /// It can't go on; what was done stays.
    Failed {
        /// When.
        at: Timestamp,
        /// Why, in words.
        error: String,
    },
}

/// What one step came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Exhausted deliveries in it.
    pub found: u64,
    /// Of how many a new round was begun.
    pub done: u64,
    /// Where the next page begins; absent after the last.
    pub next: Option<String>,
}

impl Operation {
    /// The recovery of what was given up of an endpoint's deliveries in a span of time; its first step is owed.
    pub fn recover(
        id: OperationId,
        (customer, endpoint): (CustomerId, EndpointId),
        (since, until): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Self {
        let (kind, state) = (Kind::Recover, State::Running);
        Self {
            id,
            kind,
            customer,
            endpoint,
            since,
            until,
            step: 0,
            cursor: None,
            found: 0,
            done: 0,
            state,
            started_at: now,
        }
    }

    /// The step that is owed; `None` once it has ended.
    pub fn owed(&self) -> Option<u64> {
        (self.state == State::Running).then_some(self.step)
    }

    /// After a step.
    #[must_use]
    pub fn advance(mut self, page: Page, now: Timestamp) -> Self {
        self.step = self.step.saturating_add(1);
        self.found = self.found.saturating_add(page.found);
        self.done = self.done.saturating_add(page.done);
        self.cursor = page.next;
        if self.cursor.is_none() {
            self.state = State::Completed { at: now };
        }
        self
    }

    /// It can't go on.
    #[must_use]
    pub fn fail(mut self, error: impl Into<String>, now: Timestamp) -> Self {
        self.state = State::Failed { at: now, error: error.into() };
        self
    }
}

impl Kind {
    /// The word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recover => "recover",
        }
    }
}

impl State {
    /// `running`, `completed` or `failed`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
        }
    }
}

#[cfg(test)]
mod tests;

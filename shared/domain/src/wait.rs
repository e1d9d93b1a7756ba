//! The rendezvous: a paused job and the callback that it waits for.
//!
//! A wait has two halves: *who waits* and *what arrived*. Each side writes its half with one condition, and whoever
//! comes second resumes the run. So the order does not matter:
//!
//! ```text
//!            open wait                    callback
//! (nothing) ───────────► waiting ───────────────────────► met: the callback resumes the run
//!     │                     │ deadline
//!     │ callback            └────────► closed: later callbacks are ignored
//!     └────────► early ── open wait ► met: the opener goes on with what arrived
//! ```
//!
//! A repetition of a callback finds the place taken and is a duplicate, also where the next job waits under the same key by
//! then: a key remembers what was taken there ([`identity`]). Another callback that comes before the next job waits is kept
//! for it. A second waiter with the same key is refused while the
//! first still waits, and replaces it afterwards. What is written down is in `platform::store`; this module holds the
//! words and the judgement. A callback that came under a key for which nobody waits can be given to a wait under another
//! one: see [`adopt`].

mod adopt;
mod former;
pub mod identity;
mod judge;

pub use adopt::{Adoption, Standing, adopt, nearest};
pub use former::{former_keys, present_keys};
pub use identity::ArrivalId;
pub use judge::{MissingStatus, Standard};

use crate::config::{Callback, RouteId};
use crate::id::RunId;
use crate::number;
use crate::redact::hide_fields;
use crate::run::JobPath;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Joins a callback to a wait: the route it comes in by, and the value that both sides know.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WaitKey {
    /// Keys of two routes never meet.
    pub route: RouteId,
    /// The correlation key, as text: `5` and `"5"` are the same.
    pub key: String,
}

/// Who waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiter {
    /// The run.
    pub run: RunId,
    /// The job in it.
    pub job: JobPath,
    /// Which attempt of the job, from 1.
    pub attempt: u32,
}

/// What arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    /// Whether it completes or fails the job.
    pub verdict: Verdict,
    /// What the route's `result` took from it; the whole body of a failure of which it takes nothing, and where it has no value.
    pub result: Value,
}

/// What a callback means for the job that waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Completes the job.
    Success,
    /// Fails it.
    Failure,
    /// Fails it because its status is missing and `result` finds nothing, or because `on_missing_status` says so.
    NoStatus,
    /// Fails it although the service has done its part: the route's `result` has no value for what the callback brought.
    Unmapped,
}

impl Verdict {
    /// Returns true if the service has done its part: it counts for any attempt of the job, and nothing is called again.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Success | Self::Unmapped)
    }
}

/// What a callback's status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It decides the wait.
    Final(Verdict),
    /// It is recorded, and the job waits on.
    Progress,
}

impl Judgement {
    /// The same, of a report for which `result` has no value: a success can't complete the job.
    #[must_use]
    pub fn unmapped(self) -> Self {
        match self {
            Self::Final(Verdict::Success) => Self::Final(Verdict::Unmapped),
            Self::Final(Verdict::Failure | Verdict::NoStatus | Verdict::Unmapped) | Self::Progress => self,
        }
    }
}

/// What the one write of a callback came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// Somebody was waiting: the run goes on.
    Resumed,
    /// No job waits for it yet (or it was progress): it is kept.
    Stored,
    /// It had come before.
    Duplicate,
    /// The wait was over: its deadline had passed or its run had ended.
    Late,
}

/// What the one write of a job that begins to wait came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Opening {
    /// Nothing has arrived: the job waits.
    Waits,
    /// The callback was there first.
    Met(Arrival),
    /// This very wait was closed before, by its deadline.
    Closed,
    /// Another job waits under the same key.
    Taken(Waiter),
}

/// The longest key, in bytes: it stands in messages, timers and log lines.
pub const MAX_KEY: usize = 4096;

/// The most of a failed callback's body that is kept where the route's `result` takes nothing from it, in bytes of JSON: a
/// run is one item, and this is only there to say why it failed.
pub const MAX_DETAIL: usize = 64 * 1024;

/// A correlation value as text, or `None` where it can't be one: missing, null, empty, longer than [`MAX_KEY`], a list
/// or an object. A number is its value: `1`, `1.0` and `1e0` are one key.
pub fn key_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() && text.len() <= MAX_KEY => Some(text.clone()),
        Value::Number(number) => Some(number::canonical(number)).filter(|key| key.len() <= MAX_KEY),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::String(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A status as text, for comparison with the lists of a file.
pub fn status_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Whether two values are one case of a `switch`: numbers by value, anything else by its text.
pub fn is_same_case(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => number::compare(left, right).is_eq(),
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
            number::is_same_text(text, number)
        }
        _ => status_text(left) == status_text(right),
    }
}

/// Whether a status is one of a file's list: a number by its value, anything else by its text.
pub fn is_listed(status: &Value, list: &[String]) -> bool {
    match status {
        Value::Number(number) => list.iter().any(|listed| number::is_same_text(listed, number)),
        _ => list.contains(&status_text(status)),
    }
}

impl Callback {
    /// Judges a callback with this status; `found` is true if `result` finds a value in it. `status` is `None`
    /// where the route reads none.
    pub fn judge(&self, status: Option<&Value>, found: bool) -> Judgement {
        let Self { success_when, fail_when, on_missing_status, .. } = self;
        match status {
            None => Judgement::Final(Verdict::Success),
            Some(status) => {
                Standard { success_when, fail_when, on_missing_status: *on_missing_status }.judge(status, found)
            }
        }
    }
}

impl Arrival {
    /// Makes the part of a callback that is kept. A failure of which `result` takes nothing, or that has no status, is
    /// explained by the `whole` of the request, where that is no longer than [`MAX_DETAIL`]; no template asked for its secrets,
    /// so every field with a secret name is hidden.
    pub fn new(verdict: Verdict, result: Value, whole: &Value) -> Self {
        let explains = match verdict {
            Verdict::Success | Verdict::Unmapped => false,
            Verdict::Failure => result.is_null(),
            Verdict::NoStatus => true,
        };
        if !explains || whole.to_string().len() > MAX_DETAIL {
            return Self { verdict, result };
        }
        let mut whole = whole.clone();
        hide_fields(&mut whole);
        Self { verdict, result: whole }
    }
}

#[cfg(test)]
mod tests;

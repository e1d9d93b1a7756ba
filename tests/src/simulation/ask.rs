//! What a caller wants, and how often it has tried to say so.

use jiff::Timestamp;
use serde_json::Value;

/// A request that must not change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    NotJson,
    NoToken,
    WrongToken,
    WrongMethod,
    UnknownPath,
    NoKey,
    ApiWithoutToken,
    BadEvent,
    PrivateUrl,
    UnknownTask,
}

/// What a caller wants.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// A run, or several; the key makes a repetition the same.
    Trigger { path: &'static str, body: Value, key: Option<String> },
    /// A run, through the API.
    Start { workflow: &'static str, key: String },
    /// An event.
    Publish { id: String, kind: &'static str, customer: &'static str },
    /// An endpoint for a receiver.
    Subscribe { receiver: usize, fields: Value },
    /// The end of an endpoint.
    Unsubscribe { receiver: usize },
    /// The end of a run; which one is rolled when its time comes.
    Cancel { run: Option<String> },
    /// The same run again.
    Rerun { run: Option<String>, key: String },
    /// The service calls back.
    CallBack { callback: usize },
    /// A callback that nobody waits for.
    Stray { key: String },
    /// Something that is refused.
    Refused(Refused),
}

/// A request, until it is answered.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) what: What,
    /// When it is sent; none while it is under way, and when there is nothing more to say.
    pub(super) at: Option<Timestamp>,
    /// How often it was sent.
    pub(super) tries: u32,
    /// How often it is sent again although it was answered.
    pub(super) repeats: u32,
    /// When it was sent first.
    pub(super) began: Option<Timestamp>,
}

impl Ask {
    pub(super) fn new(what: What, at: Timestamp) -> Self {
        Self { what, at: Some(at), tries: 0, repeats: 0, began: None }
    }
}

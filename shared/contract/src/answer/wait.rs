//! Jobs that wait for a callback, and callbacks that no job waits for.

use crate::Cursor;
use crate::shape::answers;
use jiff::Timestamp;
use serde_json::Value;

answers! {
    /// A page of waits, newest first.
    pub struct Waits {
        /// Of one kind, as the query asks. May be empty before the last page.
        pub waits: Vec<Wait>,
        /// The `before` of the following page; null on the last.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub next: Option<Cursor>,
    }

    /// One of them.
    #[serde(untagged)]
    pub enum Wait {
        /// With `state=open`.
        Open(OpenWait),
        /// With `state=unclaimed`.
        Unclaimed(UnclaimedCallback),
    }

    /// A job that waits for a callback.
    pub struct OpenWait {
        /// The callback's route.
        pub route: String,
        /// The callback's key; hidden where it is a token.
        pub key: String,
        /// The task.
        pub task_id: String,
        /// The task's workflow.
        pub workflow: String,
        /// The job's path.
        pub job: String,
        /// The number of the attempt, from 1.
        pub attempt: u32,
        /// Time when the job began.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub since: Timestamp,
        /// Time when the job fails if nothing comes.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub deadline: Timestamp,
        /// The file has no such route any more; missing where it has.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        pub route_gone: bool,
    }

    /// A callback that came, and that no job waits for.
    pub struct UnclaimedCallback {
        /// The route that it came to.
        pub route: String,
        /// Its key; hidden where it is a token.
        pub key: String,
        /// Time when it came.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub arrived_at: Timestamp,
        /// The route's judgement of it.
        pub verdict: Verdict,
        /// The result that it brought; any JSON.
        pub result: Value,
        /// The open wait of the same route whose key is spelled most like it.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub nearest: Option<Nearest>,
        /// `result`, where that is null because it is longer than 16 KiB; missing where it is whole.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub truncated: Vec<String>,
    }

    /// A route's judgement of a callback.
    #[serde(rename_all = "snake_case")]
    #[derive(Copy, Eq)]
    pub enum Verdict {
        /// The job it is for is done.
        Success,
        /// The job it is for fails.
        Failure,
        /// The callback has no status, and the route asks for one.
        NoStatus,
        /// The route's `result` has no value for it.
        Unmapped,
    }

    /// An open wait with a similar key.
    pub struct Nearest {
        /// Its key.
        pub key: String,
        /// Characters that differ.
        pub distance: usize,
        /// Its task.
        pub task_id: String,
        /// Its job's path.
        pub job: String,
    }

    /// The result of giving a callback to another wait.
    pub struct Adopted {
        /// `resumed`, or `duplicate` where the same was asked for before.
        pub status: String,
        /// The task.
        pub task_id: String,
        /// The job's path.
        pub job: String,
    }
}

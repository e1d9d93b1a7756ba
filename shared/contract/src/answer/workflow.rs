//! Workflows, what starts them, and the gateways by which that comes.

use crate::Cursor;
use crate::shape::answers;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

answers! {
    /// The workflows.
    pub struct Workflows {
        /// In the order of the file.
        pub workflows: Vec<Workflow>,
    }

    /// A workflow.
    pub struct Workflow {
        /// Its id.
        pub id: String,
        /// For people.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub title: Option<String>,
        /// For people.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub description: Option<String>,
        /// Ids of its jobs, in the order of the file.
        pub jobs: Vec<String>,
    }

    /// A task that was started.
    pub struct Started {
        /// `triggered`.
        pub status: String,
        /// The task's id.
        pub task_id: String,
        /// The `Idempotency-Key` came before, and the task is that of then; missing where it is new.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        pub repeated: bool,
    }

    /// Tasks that a provider's request has started. Where the provider demands another answer, it gets that, and the header
    /// `ringback-task-id` names the first task.
    pub struct Received {
        /// `triggered`, or `ignored` where no rule matches.
        pub status: String,
        /// The first task.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub task_id: Option<String>,
        /// All of them.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub task_ids: Vec<String>,
        /// Tasks that were there before.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub repeated_task_ids: Vec<String>,
        /// All of them were there before.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        pub repeated: bool,
        /// Why nothing is started, in words.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub detail: Option<String>,
    }

    /// The plan of a replay (`dry_run=true`), its result, or the reason why it starts nothing.
    #[serde(untagged)]
    pub enum Replayed {
        /// With `dry_run=true`.
        Told(ReplayTold),
        /// The replay has started tasks.
        Started(ReplayStarted),
        /// No rule matches the request today.
        Ignored(ReplayIgnored),
    }

    /// The plan of a replay.
    pub struct ReplayTold {
        /// True.
        pub dry_run: bool,
        /// The task whose request it is.
        pub task_id: String,
        /// The source or the route that takes the request today, in words.
        pub by: String,
        /// The workflow that the request started then.
        pub was: ReplayBefore,
        /// Workflows that it would start.
        pub would_start: Vec<ReplayNow>,
        /// Workflows that it would start besides, with `all=true`.
        pub also_matches: Vec<String>,
    }

    /// A workflow that a request started.
    pub struct ReplayBefore {
        /// The workflow.
        pub workflow: String,
        /// Its input; any JSON.
        pub input: Value,
    }

    /// A workflow that a request would start.
    pub struct ReplayNow {
        /// The workflow.
        pub workflow: String,
        /// Its input; any JSON.
        pub input: Value,
        /// Differences of its input from that of then.
        pub changes: Value,
    }

    /// The result of a replay.
    pub struct ReplayStarted {
        /// `triggered`.
        pub status: String,
        /// The first task.
        pub task_id: String,
        /// All of them.
        pub task_ids: Vec<String>,
        /// The task whose request was replayed.
        pub replay_of: String,
    }

    /// A replay that starts nothing.
    pub struct ReplayIgnored {
        /// `ignored`.
        pub status: String,
        /// Why, in words.
        pub detail: String,
    }

    /// A page of requests that started tasks, oldest first.
    pub struct Requests {
        /// May be empty before the last page.
        pub requests: Vec<ReceivedRequest>,
        /// The `after` of the following page; null on the last.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub next: Option<Cursor>,
    }

    /// A request as it was received.
    pub struct ReceivedRequest {
        /// The task that it started first.
        pub id: String,
        /// Time when it came.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub received_at: Timestamp,
        /// The source that it came to, if it came to one.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub source: Option<String>,
        /// The identity of the request: the same for its repetitions.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub delivery: Option<String>,
        /// Its method.
        pub method: String,
        /// Its path, with the query.
        pub path: String,
        /// Headers that don't authenticate by themselves; names in lower case.
        pub headers: BTreeMap<String, String>,
        /// The body, where it is text.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub body: Option<String>,
        /// The body in base64, where it is no text.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub body_base64: Option<String>,
    }

    /// The tunnels that are open.
    pub struct Gateways {
        /// One for each port.
        pub gateways: Vec<Gateway>,
    }

    /// A tunnel.
    pub struct Gateway {
        /// Its id in the file.
        pub id: String,
        /// `ngrok`, `cloudflare` or `ssh`.
        pub driver: String,
        /// The port on this machine.
        pub port: u16,
        /// Its public address, with the scheme.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub public_url: Option<String>,
        /// Its public address, without the scheme.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub public_address: Option<String>,
    }
}

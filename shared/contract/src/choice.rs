//! Words that a query or an answer chooses from.

use crate::query::{Form, Value};
use serde::{Deserialize, Serialize};

macro_rules! choices {
    ($($(#[doc = $doc:literal])+ $(#[derive($extra:ident)])? $name:ident {
        $($(#[doc = $meaning:literal])+ $variant:ident = $word:literal $(or $also:literal)? $([$default:ident])?,)+
    })+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize $(, $extra)?)]
            #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
            #[serde(rename_all = "snake_case")]
            pub enum $name {
                $($(#[doc = $meaning])+ $(#[$default])? $(#[serde(alias = $also)])? $variant,)+
            }

            impl $name {
                /// All of them.
                pub const ALL: &[Self] = &[$(Self::$variant),+];

                /// The word.
                pub fn as_str(self) -> &'static str {
                    match self { $(Self::$variant => $word),+ }
                }
            }

            impl Value for $name {
                const FORM: Form = Form::Choice(&[$($word),+]);
            }
        )+
    };
}

choices! {
    /// A task's state.
    TaskStatus {
        /// Stored; no job has begun.
        Queued = "queued",
        /// Jobs are under way.
        Running = "running",
        /// A job waits for a callback.
        Waiting = "waiting",
        /// All jobs are done.
        Completed = "completed",
        /// A job has failed for good.
        Failed = "failed",
        /// The task was stopped.
        Cancelled = "cancelled",
    }

    /// A delivery's state.
    DeliveryStatus {
        /// The delivery wasn't tried yet.
        Pending = "pending",
        /// A try has failed, and another comes.
        Retrying = "retrying",
        /// The delivery has arrived.
        Delivered = "delivered",
        /// All tries have failed.
        Exhausted = "exhausted" or "failed",
    }

    /// The kind of waits.
    #[derive(Default)]
    WaitState {
        /// Jobs that wait for a callback.
        Open = "open" [default],
        /// Callbacks that no job waits for.
        Unclaimed = "unclaimed",
    }
}

#[cfg(test)]
mod tests {
    use super::{DeliveryStatus, TaskStatus, WaitState};
    use serde_json::json;

    #[test]
    fn each_is_written_as_its_word() {
        TaskStatus::ALL.iter().for_each(|one| assert_eq!(json!(one), one.as_str()));
        DeliveryStatus::ALL.iter().for_each(|one| assert_eq!(json!(one), one.as_str()));
        WaitState::ALL.iter().for_each(|one| assert_eq!(json!(one), one.as_str()));
    }
}

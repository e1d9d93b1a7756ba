//! The idempotency keys of a job's calls.
//!
//! A service that honours the key answers a repetition with what it did the first time. That is wanted while nobody knows
//! what became of the first call (it broke off, it timed out, the service was busy), and does harm afterwards: a service
//! that has reported failure would answer with the same dead task. So the key stays until the service has told how the call
//! ended, and changes then.
//!
//! | what became of the attempt | its successor's key |
//! |---|---|
//! | no answer, a time-out, 3xx, 5xx, 408, 409, 425, 429, no callback by the deadline | the same |
//! | a function in AWS Lambda ended with an error, which is also how it ends when its time is over | the same |
//! | another 4xx; a callback, or an answer to a question, that reports failure | another |
//! | completed, and the block around the job is tried again | another |

use super::{JobError, JobPath, JobState, Run};
use serde_json::Value;

/// Statuses of the class 4xx that don't tell whether the service has done the work, or will: Request Timeout, Conflict (RFC
/// 9110, sections 15.5.9 and 15.5.10), Too Early (RFC 8470, section 5.2) and Too Many Requests (RFC 6585, section 4).
const UNDECIDED: [u64; 4] = [408, 409, 425, 429];

impl JobError {
    /// Whether it is the service's own word that the call has failed: trying again is other work than before.
    pub fn is_reported(&self) -> bool {
        match self.code.as_str() {
            "callback_failed" | "no_status" => true,
            "http_status" => {
                let status = self.detail.get("status").and_then(Value::as_u64).unwrap_or_default();
                (400..500).contains(&status) && !UNDECIDED.contains(&status)
            }
            _ => false,
        }
    }
}

impl Run {
    /// The idempotency key of the job's calls: its run and its path, without the numbers of attempts of the jobs around it, and
    /// from the second on which piece of work it is.
    pub(crate) fn idempotency_key(&self, path: &JobPath) -> String {
        let plain = path.without_attempts();
        let mut ended = self.jobs.get(path).map_or(0, |job| job.reported);
        // Inside a block that is tried again, the same job has run before under other paths.
        if plain != path.as_str() {
            let before = self.jobs.iter().take_while(|(other, _)| *other != path);
            for (_, job) in before.filter(|(other, _)| other.without_attempts() == plain) {
                ended += job.reported + u32::from(matches!(job.state, JobState::Completed { .. }));
            }
        }
        match ended {
            0 => format!("{}/{plain}", self.id),
            _ => format!("{}/{plain}#{}", self.id, ended + 1),
        }
    }
}

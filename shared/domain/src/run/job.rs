use super::{Brought, Claim, Errand, JobPath, Owed, ProgramOutcome, Stretch};
use crate::id::RunId;
use crate::wait::{Arrival, WaitKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A job that has begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRun {
    /// Which attempt this is, from 1.
    pub(super) attempt: u32,
    /// When the first attempt began.
    pub(super) started_at: Timestamp,
    /// Failures that the service itself has reported, over all attempts; each gives the calls after it another idempotency key.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) reported: u32,
    /// What a callback or an answer brought last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) brought: Option<Brought>,
    /// How far it is.
    pub(super) state: JobState,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum JobState {
    /// The call is to be made, or is being made, by the stretch.
    Calling {
        /// When the attempt began.
        since: Timestamp,
        /// Who makes the call.
        stretch: Stretch,
        /// The callback that came before the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        arrived: Option<Arrival>,
    },
    /// The event is to be stored, or is being stored, by the stretch.
    Publishing {
        /// Who stores it.
        stretch: Stretch,
    },
    /// A worker is to run the program, or runs it.
    Program {
        /// What is asked of it.
        errand: Errand,
        /// Who runs it; nobody yet where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claim: Option<Claim>,
        /// What came of it, until the run goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<ProgramOutcome>,
    },
    /// The function in AWS Lambda is to be invoked, or is being invoked, by the stretch.
    Invoking {
        /// Who invokes it.
        stretch: Stretch,
    },
    /// Between two attempts; `attempt` is already the next one's number.
    Resting {
        /// When the next attempt begins.
        until: Timestamp,
        /// Why the one before failed.
        error: JobError,
    },
    /// The service has answered; its callback has not come.
    Waiting {
        /// Where the two meet.
        wait: WaitKey,
        /// The service's answer.
        response: Value,
        /// When we stop waiting.
        deadline: Timestamp,
        /// Who opens the wait, or gives it up; none where it was opened before the call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opener: Option<Stretch>,
        /// The call has failed for the last time: the job fails of it unless a callback has come all the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed: Option<JobError>,
    },
    /// The service has answered, and we ask it from time to time how far it is.
    Polling {
        /// The service's first answer.
        response: Value,
        /// Questions asked so far.
        asked: u32,
        /// When we stop asking.
        deadline: Timestamp,
        /// Who asks the next question, once its time has come.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asker: Option<Stretch>,
    },
    /// A pause.
    Sleeping {
        /// When it is over.
        until: Timestamp,
    },
    /// Waits for a run of its own.
    Child {
        /// That run.
        child: RunId,
        /// Who starts it.
        starter: Stretch,
    },
    /// A branch was taken; its jobs are in progress.
    Branching {
        /// `then`, `else`, `case-0`, `default`.
        branch: String,
    },
    /// Items are in progress.
    Looping {
        /// What `item` is in each round.
        items: Vec<Value>,
    },
    /// The last attempt failed; the `on_error` jobs are in progress.
    Recovering {
        /// What they see as `error`.
        error: JobError,
    },
    /// Done.
    Completed {
        /// When.
        at: Timestamp,
        /// What other jobs see of it.
        output: Value,
    },
    /// Failed for good.
    Failed {
        /// When.
        at: Timestamp,
        /// Why.
        error: JobError,
    },
    /// Stopped because the run, or the job around it, ended without it.
    Cancelled {
        /// When.
        at: Timestamp,
    },
}

/// Why a job failed; a template sees it as `error`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct JobError {
    /// Stable word: `http_status`, `timeout`, `callback_failed`, `unreachable`, `output_failed`, … (docs/errors.md).
    pub code: String,
    /// For people.
    pub message: String,
    /// What came with it: the service's answer, or the callback's result.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub detail: Value,
}

impl JobError {
    /// An error without detail.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), detail: Value::Null }
    }

    /// With what came with it.
    #[must_use]
    pub fn with_detail(self, detail: Value) -> Self {
        Self { detail, ..self }
    }

    pub(crate) fn template(error: &crate::expr::EvalError) -> Self {
        Self::new("template", error.to_string())
    }

    /// The file's `output` (or another template over what came) has no value for what a service has brought.
    pub(super) fn unmapped(path: &JobPath, error: &Self) -> Self {
        let message = format!(
            "`{path}` has its answer, but the file makes no output of it: {}; nothing is called again, and the job's result holds \
             what came",
            error.message
        );
        Self::new("output_failed", message)
    }

    /// The workflow's own `output` has no value.
    pub(super) fn unmapped_workflow(error: &Self) -> Self {
        let message = format!("all jobs are done, but the workflow's `output` has no value: {}", error.message);
        Self::new("output_failed", message)
    }

    /// Whether trying again can't help, since the service has done its part: the fault is the workflow's, and another call
    /// would be paid for twice.
    pub fn is_final(&self) -> bool {
        matches!(self.code.as_str(), "output_failed" | "too_large" | "no_correlation_key")
    }

    /// The file has changed under the run.
    pub(crate) fn gone(path: &JobPath) -> Self {
        Self::new("unknown_job", format!("`{path}` is not in the file as it is now"))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl JobRun {
    /// A job whose first attempt begins.
    pub(super) fn new(now: Timestamp, state: JobState) -> Self {
        Self { attempt: 1, started_at: now, reported: 0, brought: None, state }
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// When the first attempt began.
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// What a callback or an answer brought last.
    pub fn brought(&self) -> Option<&Brought> {
        self.brought.as_ref()
    }

    /// How far it is.
    pub fn state(&self) -> &JobState {
        &self.state
    }

    /// What the stretch has to do for the job.
    pub(super) fn owed_by(&self, path: &JobPath, by: &Stretch) -> Option<Owed> {
        match &self.state {
            JobState::Calling { stretch, .. } | JobState::Polling { asker: Some(stretch), .. } if stretch == by => {
                Some(Owed::Call(path.clone(), self.attempt))
            }
            JobState::Publishing { stretch } if stretch == by => Some(Owed::Publish(path.clone(), self.attempt)),
            JobState::Invoking { stretch } if stretch == by => Some(Owed::Invoke(path.clone(), self.attempt)),
            JobState::Waiting { opener: Some(stretch), failed, .. } if stretch == by => Some(match failed {
                None => Owed::OpenWait(path.clone(), self.attempt),
                Some(_) => Owed::GiveUpWait(path.clone(), self.attempt),
            }),
            JobState::Child { starter, .. } if starter == by => Some(Owed::StartChild(path.clone(), self.attempt)),
            _ => None,
        }
    }
}

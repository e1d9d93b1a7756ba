//! What callbacks and answers brought, kept with the job whatever the file's `output` makes of it.
//!
//! A callback was answered with 2xx, and a service was paid, before any template of `output` is evaluated. So the value
//! is recorded with the job first; a mapping that fails afterwards is an error of the workflow ([`JobError::is_final`]) and
//! leaves the value readable. A value that the run's item has no room for is kept in an item of its own, which the job
//! points at.

use super::apply::{Call, Turn};
use super::{Input, JobError, JobPath, JobRun, JobState, Outcome, ProgramOutcome, Run};
use crate::wait::Verdict;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the last callback (or the last answer, where its mapping failed) brought, and where it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Brought {
    /// The value itself, in the run.
    Here(Value),
    /// In an item of its own.
    Beside {
        /// The attempt that the item is named by, from 1.
        attempt: u32,
    },
    /// Nowhere: no item of the table can hold it. Only an answer to a call of ours can be so large, since a callback was
    /// stored in one item before.
    Dropped {
        /// Its size after compression, in bytes.
        bytes: usize,
    },
}

/// Where the value of an input is to be kept; decided by how much room the run's item has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// In the run.
    Here,
    /// In an item of its own, because the run has no room for the value and for the output that is made of it.
    Beside,
    /// In an item of its own, and the job fails with `too_large`: not even the output fits. `bytes` is the run's size.
    Alone {
        /// How large the run would be, after compression.
        bytes: usize,
    },
    /// Nowhere, and the job fails with `too_large`.
    Nowhere {
        /// How large the value is, after compression.
        bytes: usize,
    },
}

impl Keep {
    /// Why a job fails whose output can't be stored; `None` where it can.
    pub(super) fn refusal(self, path: &JobPath) -> Option<JobError> {
        let message = match self {
            Self::Here | Self::Beside => return None,
            Self::Alone { bytes } => format!(
                "what came for `{path}` makes the run too large to be stored ({bytes} bytes after compression); it is kept as the \
                 job's result: make `output` smaller"
            ),
            Self::Nowhere { bytes } => format!(
                "what came for `{path}` is larger than an item of the table may be ({bytes} bytes after compression) and was not \
                 kept: let the service answer with less"
            ),
        };
        Some(JobError::new("too_large", message))
    }
}

impl Run {
    /// The value that an input brings for its job, as far as the run has use for it: what has to be kept beside the run where
    /// the run has no room.
    pub fn value_of<'a>(&'a self, input: &'a Input) -> Option<(&'a JobPath, u32, Value)> {
        let (path, value) = match input {
            Input::Arrived(path, _, arrival) => (path, arrival.result.clone()),
            Input::Answered(path, _, Outcome::Answered { body, .. }) => (path, body.clone()),
            Input::Ran(path, _) => match &self.jobs.get(path)?.state {
                JobState::Program { outcome: Some(ProgramOutcome::Ended(ended)), .. } => (path, ended.result()),
                _ => return None,
            },
            _ => return None,
        };
        let job = self.jobs.get(path)?;
        (!value.is_null() && !job.state.has_ended()).then_some((path, job.attempt, value))
    }

    /// Keeps what came for a job.
    pub(super) fn keep(&mut self, path: &JobPath, value: &Value, turn: &Turn<'_>) {
        let Some(job) = self.jobs.get_mut(path).filter(|_| !value.is_null()) else { return };
        job.brought = Some(match turn.keep {
            Keep::Here => Brought::Here(value.clone()),
            Keep::Beside | Keep::Alone { .. } => Brought::Beside { attempt: job.attempt },
            Keep::Nowhere { bytes } => Brought::Dropped { bytes },
        });
    }

    /// Takes an input for whose value the run has no room: the value is kept elsewhere, and the job fails for good, unless
    /// what came is a failure that the service reported, which fails it in its own way. False if the input has nothing of that
    /// kind, or comes for another attempt.
    pub(super) fn take_without_room(&mut self, input: &Input, turn: &mut Turn<'_>) -> bool {
        let Some(error) = input.job().and_then(|path| turn.keep.refusal(path)) else { return false };
        match input {
            Input::Answered(path, attempt, outcome) if self.is_at(path, *attempt) => {
                let value = self.value_of(input).map(|(_, _, value)| value);
                self.keep(path, &value.unwrap_or_default(), turn);
                let outcome = match outcome {
                    // A failure stays what it is, without its words.
                    Outcome::Answered { status, .. } if !(200..300).contains(status) => {
                        Outcome::Answered { status: *status, body: Value::Null }
                    }
                    Outcome::Unreachable(error) => Outcome::Unreachable(error.clone().without_detail()),
                    Outcome::Answered { .. } => Outcome::Unreachable(error),
                };
                match (self.jobs.get(path).map(|job| &job.state), outcome) {
                    (Some(JobState::Polling { .. }), Outcome::Unreachable(error)) => self.fail(path, error, turn),
                    // The call was made: a callback may have come for it, and would count.
                    (_, outcome) => self.answered(path, *attempt, (outcome, Call::Made), turn),
                }
                true
            }
            Input::Ran(path, attempt) if self.is_at(path, *attempt) => {
                let Some(JobState::Program { errand, outcome, .. }) = self.jobs.get(path).map(|job| &job.state) else {
                    return true;
                };
                let failed = match outcome {
                    Some(ProgramOutcome::Ended(ended)) => ended.failure(&errand.program),
                    Some(ProgramOutcome::Refused(error)) => Some(error.clone()),
                    None => return true,
                };
                let value = self.value_of(input).map(|(_, _, value)| value);
                self.keep(path, &value.unwrap_or_default(), turn);
                self.fail(path, failed.map_or(error, |failed| failed.without_detail()), turn);
                true
            }
            Input::ChildEnded(path, attempt, ending) if self.is_at(path, *attempt) => {
                if matches!(self.jobs.get(path).map(|job| &job.state), Some(JobState::Child { .. })) {
                    let error = ending.as_ref().err().map_or(error, |failed| failed.clone().without_detail());
                    self.fail(path, error, turn);
                }
                true
            }
            Input::Start
            | Input::Answered(..)
            | Input::Arrived(..)
            | Input::TimedOut(..)
            | Input::Woke(..)
            | Input::ChildEnded(..)
            | Input::Ran(..)
            | Input::Refused(..)
            | Input::Cancel => false,
        }
    }

    fn is_at(&self, path: &JobPath, attempt: u32) -> bool {
        self.jobs.get(path).is_some_and(|job| job.attempt == attempt && !job.state.has_ended())
    }
}

impl JobError {
    pub(super) fn without_detail(self) -> Self {
        Self { detail: Value::Null, ..self }
    }

    /// Fails a job whose callback came before its call was answered, and had no room in the run.
    pub(super) fn held_beside(path: &JobPath) -> Self {
        let message = format!(
            "the callback for `{path}` came before its call was answered and is too large to be held in the run; it is kept as the \
             job's result"
        );
        Self::new("too_large", message)
    }
}

impl JobRun {
    /// Whether the callback that is held for the job until its call is answered is kept beside the run.
    pub(super) fn holds_beside(&self) -> bool {
        let held = matches!(&self.state, JobState::Calling { arrived: Some(arrival), .. } if arrival.result.is_null());
        held && self.brought == Some(Brought::Beside { attempt: self.attempt })
    }
}

impl Verdict {
    /// The error of a job whose callback has this verdict.
    pub(super) fn failure(self) -> Option<JobError> {
        match self {
            Self::Success => None,
            Self::Failure => Some(JobError::new("callback_failed", "the service reported a failure")),
            Self::Unmapped => {
                let message = "the service has sent its result, but the `result` of the callback's route has no value for it; nothing is \
                               called again, and the job's result holds what came";
                Some(JobError::new("output_failed", message))
            }
            Self::NoStatus => {
                let message = "what the service sent has no status, and nothing in it says that the job succeeded";
                Some(JobError::new("no_status", message))
            }
        }
    }
}

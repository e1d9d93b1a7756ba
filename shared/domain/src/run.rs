//! A run: one execution of a workflow, and the pure function that decides what it does next.
//!
//! **Cast.** A [`Run`] is everything there is to know about one execution; its whole state is one item of the table.
//! A [`Plan`] is the file that it follows. An [`Input`] is one thing that happened. [`Run::apply`] takes the run
//! through it and answers with the run as it is now and the [`Effect`]s that the outside world owes it.
//!
//! **Flow.** Whoever applies an input names the *stretch* of work it belongs to. Calls that become due are marked
//! with that stretch, and [`Run::owed_by`] lists them. The message of a stretch covers them all: if the process dies,
//! the message comes again, the run is read again, and what the stretch still owes is done again. Two messages about
//! one run never make the same call, for a call belongs to one stretch.
//!
//! **Guarantees.** `apply` has no clock, no randomness and no I/O. An input that is stale or repeated changes
//! nothing. Whatever inputs come, in whatever order, the run stays legal, and a run that has ended stays as it is.

mod apply;
mod block;
mod begin;
mod brought;
mod call;
mod capability;
mod group;
mod job;
mod key;
mod path;
mod poll;
mod program;
mod room;
mod scope;
mod settle;
mod shared;
mod stop;
mod surroundings;

pub use crate::config::Invocation;
pub use begin::MAX_ITEMS;
pub use brought::{Brought, Keep};
pub use call::Call;
pub use capability::{
    Capability, PARAMETER as CALLBACK_TOKEN, callback_token, find_callback_token, is_kept_key, is_of_token, kept_key,
};
pub use group::{Group, JobStatus};
pub use job::{JobError, JobRun, JobState};
pub(crate) use path::Inner;
pub use path::JobPath;
pub use program::{Claim, Claiming, Errand, ProgramOutcome};
pub use surroundings::Surroundings;

pub(crate) use apply::Turn;
pub(crate) use begin::after;
pub(crate) use block::Standing;
pub(crate) use call::{LONGEST_CALL, render};

use crate::config::{Config, RouteId};
use crate::id::{DefinitionId, RunId};
use crate::wait::{Arrival, WaitKey, Waiter};
use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// One execution of a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its name; the API's `task_id`.
    pub id: RunId,
    /// Key of [`Config::workflows`].
    pub workflow: String,
    /// What it was started with.
    /// It never changes; the states of a run share it, because it may be large.
    #[serde(with = "shared")]
    pub input: Arc<Value>,
    /// The file that it follows to its end, whatever file comes later; where absent, the one in charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<DefinitionId>,
    /// The job of another run that waits for this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Waiter>,
    /// When it was stored first.
    pub accepted_at: Timestamp,
    /// How far it is.
    phase: Phase,
    /// Every job that has begun, in the order in which they began.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    jobs: IndexMap<JobPath, JobRun>,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Stored; no job has begun.
    Queued,
    /// Jobs have begun.
    Active {
        /// When the first did.
        started_at: Timestamp,
    },
    /// All jobs are done.
    Completed {
        /// When the first job began.
        started_at: Timestamp,
        /// When the last was done.
        ended_at: Timestamp,
        /// What it came to.
        output: Value,
    },
    /// A job failed, and nothing in the workflow handled it.
    Failed {
        /// When the first job began.
        started_at: Timestamp,
        /// When it failed.
        ended_at: Timestamp,
        /// Why.
        error: JobError,
    },
    /// Somebody cancelled it.
    Cancelled {
        /// When the first job began, if one did.
        started_at: Option<Timestamp>,
        /// When it was cancelled.
        ended_at: Timestamp,
    },
}

/// What the API shows of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Stored; nothing has been written of it since.
    Queued,
    /// Something is being done.
    Running,
    /// Nothing is being done until a callback, a child run or a point in time comes.
    Waiting,
    /// Ended well.
    Completed,
    /// Ended badly.
    Failed,
    /// Ended by somebody's wish.
    Cancelled,
}

impl Status {
    /// The word that the API and the table use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One thing that happened to a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Its first message came.
    Start,
    /// A call, or a question of a polling job, was answered or failed; or an event was stored.
    Answered(JobPath, u32, Outcome),
    /// A callback met a wait of the job's attempt.
    Arrived(JobPath, u32, Arrival),
    /// A deadline of the job's attempt passed.
    TimedOut(JobPath, u32),
    /// The time came for which the job's attempt rested.
    Woke(JobPath, u32),
    /// The run that the job's attempt waited for has ended.
    ChildEnded(JobPath, u32, Result<Value, JobError>),
    /// A worker has stored what came of the program of the job's attempt.
    Ran(JobPath, u32),
    /// What the job's attempt needs can't be had.
    Refused(JobPath, u32, JobError),
    /// Somebody wants it to stop.
    Cancel,
}

/// What came of one call. A failed call is data, not an error of ours.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The service answered.
    Answered {
        /// HTTP status, 100 to 599.
        status: u16,
        /// Its body: JSON where it is JSON, text or bytes ([`crate::bytes`]) otherwise, null where empty.
        body: Value,
    },
    /// It did not.
    Unreachable(JobError),
}

/// Names the message that covers a piece of work. A repeated message names the same stretch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "stretch", rename_all = "snake_case")]
pub enum Stretch {
    /// The run was stored.
    Start,
    /// A wait came to its end, by a callback or by its deadline.
    Wait {
        /// The route of its key.
        route: RouteId,
        /// The correlation key.
        key: String,
        /// The job that waited: another job of the run may use the key again. Version 0.1 left it out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<JobPath>,
        /// Its attempt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<u32>,
    },
    /// A job's rest is over: before its next attempt, before the next question, or for good.
    Wake {
        /// The job.
        job: JobPath,
        /// Its attempt.
        attempt: u32,
        /// Which rest of the attempt, from 0.
        nth: u32,
    },
    /// A child run has ended.
    Child {
        /// The job that waits for it.
        job: JobPath,
        /// Its attempt.
        attempt: u32,
        /// The child.
        child: RunId,
    },
    /// A worker has run a job's program.
    Program {
        /// The job.
        job: JobPath,
        /// Its attempt.
        attempt: u32,
    },
    /// A deadline of a job, kept with the run itself.
    Deadline {
        /// The job.
        job: JobPath,
        /// Its attempt.
        attempt: u32,
    },
    /// The run that waited for this one has ended without it.
    Stop,
    /// The stretch before took so long that it handed over.
    Continue {
        /// The version of the run that was handed over.
        version: u64,
    },
}

impl Stretch {
    /// The end of a wait of this job.
    pub fn wait(wait: &WaitKey, job: &JobPath, attempt: u32) -> Self {
        let WaitKey { route, key } = wait.clone();
        Self::Wait { route, key, job: Some(job.clone()), attempt: Some(attempt) }
    }
}

/// What the outside world must do once.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Write a log line; before the run is stored, so that a crash repeats it rather than lose it.
    Log {
        /// The job that logs.
        job: JobPath,
        /// trace, debug, info, warn or error.
        level: String,
        /// For people.
        message: String,
        /// For machines.
        data: Value,
    },
    /// Bring this stretch's message at that time; the promise is stored with the run.
    Wake {
        /// What to bring.
        stretch: Stretch,
        /// When, not before.
        at: Timestamp,
    },
    /// Tell the workers that there is a program to run; the promise is stored with the run.
    RunProgram {
        /// The job.
        job: JobPath,
        /// Its attempt.
        attempt: u32,
        /// The program's name.
        program: String,
    },
    /// That job of the run waits there no more.
    CloseWait(WaitKey, JobPath),
    /// Nobody waits for that run any more: it is to be cancelled; the promise is stored with the run.
    StopChild(RunId),
}

/// What a stretch still has to do, told from the run's state alone; doing it twice does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Owed {
    /// Make the call, or ask the question.
    Call(JobPath, u32),
    /// Open the wait.
    OpenWait(JobPath, u32),
    /// End the wait of a call that has failed, or learn what has come there.
    GiveUpWait(JobPath, u32),
    /// Start the child run.
    StartChild(JobPath, u32),
    /// Store the event.
    Publish(JobPath, u32),
    /// Invoke the function in AWS Lambda.
    Invoke(JobPath, u32),
}

/// A run after an input, and what it owes.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The run as it is now.
    pub run: Run,
    /// What the outside world must do.
    pub effects: Vec<Effect>,
}

/// What a run follows: the file, and what its templates see of the place where it runs.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The file.
    pub config: &'a Config,
    /// The place.
    pub surroundings: &'a Surroundings,
}

impl Run {
    /// A run as it is stored first.
    pub fn accept(
        id: RunId,
        workflow: String,
        input: impl Into<Arc<Value>>,
        parent: Option<Waiter>,
        now: Timestamp,
    ) -> Self {
        let (phase, jobs) = (Phase::Queued, IndexMap::new());
        Self { id, workflow, input: input.into(), definition: None, parent, accepted_at: now, phase, jobs }
    }

    /// The same run, which follows that file to its end.
    #[must_use]
    pub fn following(self, definition: Option<DefinitionId>) -> Self {
        Self { definition, ..self }
    }

    /// How far it is.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Every job that has begun, in the order in which they began.
    pub fn jobs(&self) -> &IndexMap<JobPath, JobRun> {
        &self.jobs
    }

    /// What the API shows.
    pub fn status(&self) -> Status {
        match &self.phase {
            Phase::Queued => Status::Queued,
            Phase::Active { .. } if self.jobs.values().any(|job| job.state.is_at_work()) => Status::Running,
            Phase::Active { .. } => Status::Waiting,
            Phase::Completed { .. } => Status::Completed,
            Phase::Failed { .. } => Status::Failed,
            Phase::Cancelled { .. } => Status::Cancelled,
        }
    }

    /// Whether nothing can change it any more.
    pub fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Completed { .. } | Phase::Failed { .. } | Phase::Cancelled { .. })
    }

    /// How it ended, for the run that waits for it.
    pub fn ending(&self) -> Option<Result<Value, JobError>> {
        match &self.phase {
            Phase::Queued | Phase::Active { .. } => None,
            Phase::Completed { output, .. } => Some(Ok(output.clone())),
            Phase::Failed { error, .. } => Some(Err(error.clone())),
            Phase::Cancelled { .. } => {
                Some(Err(JobError::new("cancelled", format!("the run {} was cancelled", self.id))))
            }
        }
    }

    /// Whether news of a wait of that attempt of the job may still matter. While it may, nobody else can have the key:
    /// what has arrived there, or that nothing did, would be lost.
    pub fn awaits(&self, job: &JobPath, attempt: u32) -> bool {
        let may_wait = |state: &JobState| {
            matches!(state, JobState::Calling { .. } | JobState::Resting { .. } | JobState::Waiting { .. })
        };
        // A job that is not there may have begun without a write.
        !self.has_ended() && self.jobs.get(job).is_none_or(|job| attempt <= job.attempt && may_wait(&job.state))
    }

    /// Whether the run has not come yet to what a rest's end or a deadline is about: its timer was stored, and the change that
    /// relies on it was not. The message must come again, for nothing else brings it.
    pub fn is_before(&self, stretch: &Stretch) -> bool {
        let (job, attempt, nth) = match stretch {
            Stretch::Wake { job, attempt, nth } => (job, *attempt, *nth),
            Stretch::Deadline { job, attempt } => (job, *attempt, 0),
            Stretch::Start
            | Stretch::Wait { .. }
            | Stretch::Child { .. }
            | Stretch::Program { .. }
            | Stretch::Stop
            | Stretch::Continue { .. } => return false,
        };
        if self.has_ended() {
            return false;
        }
        let Some(begun) = self.jobs.get(job) else { return true };
        match &begun.state {
            state if state.has_ended() => false,
            JobState::Polling { asked, .. } if begun.attempt == attempt => nth > asked + 1,
            // Its first question is promised with the answer to its call.
            JobState::Calling { .. } if begun.attempt == attempt => nth > 0,
            _ => begun.attempt < attempt,
        }
    }

    /// What the stretch has to do, as the run stands.
    pub fn owed_by(&self, stretch: &Stretch) -> Vec<Owed> {
        if self.has_ended() {
            return Vec::new();
        }
        self.jobs.iter().filter_map(|(path, job)| job.owed_by(path, stretch)).collect()
    }
}

#[cfg(test)]
mod tests;

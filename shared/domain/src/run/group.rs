//! The groups of a job's states: the one place where every state stands in a group.
//!
//! | group | states | what happens in it |
//! |---|---|---|
//! | working | calling, publishing, program, invoking | a stretch or a worker does the job's work |
//! | resting | resting | nothing, until the next attempt |
//! | waiting | waiting, polling, sleeping, child | nothing, until a callback, an answer, a time or a run comes |
//! | block | branching, looping, recovering | the jobs inside are in progress |
//! | ended | completed, failed, cancelled | nothing any more |

use super::{JobRun, JobState};
use jiff::Timestamp;

/// What the states of a job have in common, for code that asks no more than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// A stretch or a worker does the job's work, or is to do it.
    Working,
    /// Between two attempts.
    Resting,
    /// A callback, an answer, a point in time or another run is to come.
    Waiting,
    /// Jobs inside the job are in progress.
    Block,
    /// The job is done, well or badly.
    Ended {
        /// When it ended.
        at: Timestamp,
    },
}

/// What the API shows of a job's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStatus {
    /// A program that no worker has taken yet.
    Queued,
    /// Something is being done.
    Running,
    /// An attempt has failed, and another comes.
    Retrying,
    /// A callback, an answer, another run or a point in time is to come.
    Waiting,
    /// Done.
    Completed,
    /// Failed for good.
    Failed,
    /// Stopped.
    Cancelled,
}

impl JobStatus {
    /// The word that templates and the API use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Waiting => "waiting",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl JobState {
    /// The group that the state belongs to.
    pub fn group(&self) -> Group {
        match self {
            Self::Calling { .. } | Self::Publishing { .. } | Self::Program { .. } | Self::Invoking { .. } => {
                Group::Working
            }
            Self::Resting { .. } => Group::Resting,
            Self::Waiting { .. } | Self::Polling { .. } | Self::Sleeping { .. } | Self::Child { .. } => Group::Waiting,
            Self::Branching { .. } | Self::Looping { .. } | Self::Recovering { .. } => Group::Block,
            Self::Completed { at, .. } | Self::Failed { at, .. } | Self::Cancelled { at } => Group::Ended { at: *at },
        }
    }

    /// What the API shows of the state.
    pub fn status(&self) -> JobStatus {
        match (self, self.group()) {
            (Self::Program { claim: None, .. }, _) => JobStatus::Queued,
            (_, Group::Working | Group::Block) => JobStatus::Running,
            (_, Group::Resting) => JobStatus::Retrying,
            (_, Group::Waiting) => JobStatus::Waiting,
            (Self::Failed { .. }, _) => JobStatus::Failed,
            (Self::Cancelled { .. }, _) => JobStatus::Cancelled,
            (_, Group::Ended { .. }) => JobStatus::Completed,
        }
    }

    /// Whether the job is done, well or badly.
    pub fn has_ended(&self) -> bool {
        matches!(self.group(), Group::Ended { .. })
    }

    /// Whether somebody of ours is busy with it right now.
    pub(super) fn is_at_work(&self) -> bool {
        match self {
            Self::Program { claim, .. } => claim.is_some(),
            Self::Polling { asker, .. } => asker.is_some(),
            _ => self.group() == Group::Working,
        }
    }
}

impl JobRun {
    /// When it ended.
    pub fn ended_at(&self) -> Option<Timestamp> {
        if let Group::Ended { at } = self.state.group() { Some(at) } else { None }
    }
}

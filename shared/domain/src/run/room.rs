//! Runs that have become too large to be stored: what is moved beside them, and what they forget.

use super::{Brought, JobError, JobPath, JobRun, JobState, Phase, Run};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

impl Run {
    /// What callbacks and answers brought and the run itself holds, with the job and the attempt that it came for.
    pub fn held_values(&self) -> impl Iterator<Item = (&JobPath, u32, &Value)> {
        self.jobs.iter().filter_map(|(path, job)| match &job.brought {
            Some(Brought::Here(value)) => Some((path, job.attempt, value)),
            Some(Brought::Beside { .. } | Brought::Dropped { .. }) | None => None,
        })
    }

    /// Has the jobs point at the items in which each of the [`Run::held_values`] is stored by now.
    pub fn move_values_beside(&mut self) {
        for job in self.jobs.values_mut() {
            if let Some(Brought::Here(_)) = job.brought {
                job.brought = Some(Brought::Beside { attempt: job.attempt });
            }
        }
    }

    /// Drops the input and the jobs, which take the memory. For a caller that stores no such run and reads it again.
    pub fn drop_contents(&mut self) {
        self.jobs.clear();
        self.input = Arc::default();
    }

    /// Fails the run as a whole, and forgets what its jobs came to; where nothing of that is left, the jobs too.
    pub fn abandon(&mut self, error: JobError, now: Timestamp) {
        let started_at = if let Phase::Active { started_at } = self.phase { started_at } else { now };
        self.phase = Phase::Failed { started_at, ended_at: now, error };
        if self.jobs.values().all(JobRun::is_bare) {
            self.jobs.clear();
            return;
        }
        for job in self.jobs.values_mut() {
            job.state = match std::mem::replace(&mut job.state, JobState::Cancelled { at: now }) {
                JobState::Completed { at, .. } => JobState::Completed { at, output: Value::Null },
                JobState::Failed { at, error } => JobState::Failed { at, error: error.without_detail() },
                _ => JobState::Cancelled { at: now },
            };
        }
    }
}

impl JobRun {
    /// Whether nothing is left of what the job came to.
    fn is_bare(&self) -> bool {
        match &self.state {
            JobState::Completed { output, .. } => output.is_null(),
            JobState::Failed { error, .. } => error.detail.is_null(),
            state => state.has_ended(),
        }
    }
}

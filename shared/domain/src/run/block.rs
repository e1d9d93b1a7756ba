//! Blocks: which jobs may begin, and what a block has come to.

use super::apply::Turn;
use super::path::{Inner, locate};
use super::{JobError, JobPath, JobState, Phase, Run};
use crate::config::{Block, Job};
use serde_json::{Map, Value};

/// What a block has come to.
pub(crate) enum Standing {
    /// Some job is not done.
    Open,
    /// All jobs are done.
    Done,
    /// A job failed.
    Failed(JobError),
}

impl Run {
    /// Begins whatever may begin, until nothing more can; ends the run if its jobs are done.
    pub(super) fn drive(&mut self, turn: &mut Turn<'_>) {
        let Phase::Active { started_at } = self.phase else { return };
        let plan = turn.plan;
        let output = match plan.config.workflow(&self.workflow) {
            None => Err(JobError::new("unknown_workflow", format!("there is no workflow `{}`", self.workflow))),
            Some(workflow) => match self.drive_block("", &workflow.jobs, turn) {
                Standing::Open => return,
                Standing::Done => self.workflow_output(workflow, self.output_of("", &workflow.jobs), turn),
                Standing::Failed(error) => Err(error),
            },
        };
        // Also of a completed run: jobs that are not in the file any more were left out of the reckoning.
        self.stop_all(turn);
        let ended_at = turn.now;
        self.phase = match output {
            Ok(output) => Phase::Completed { started_at, ended_at, output },
            Err(error) => Phase::Failed { started_at, ended_at, error },
        };
    }

    /// Takes a block as far as it goes now. Once a job has failed, no other begins.
    pub(crate) fn drive_block(&mut self, prefix: &str, block: &Block, turn: &mut Turn<'_>) -> Standing {
        loop {
            match self.standing(prefix, block) {
                Standing::Open => {}
                ended @ (Standing::Done | Standing::Failed(_)) => return ended,
            }
            let mut changed = false;
            for job in &block.jobs {
                let path = JobPath::new(format!("{prefix}{}", job.id));
                if !self.jobs.contains_key(&path) {
                    let mut before = job.depends_on.iter().filter_map(|&index| block.jobs.get(index));
                    if !before.all(|before| self.completed_output(&format!("{prefix}{}", before.id)).is_some()) {
                        continue;
                    }
                    self.begin(&path, turn);
                    changed = true;
                }
                changed |= self.drive_job(&path, job, turn);
                if matches!(self.jobs.get(&path).map(|job| &job.state), Some(JobState::Failed { .. })) {
                    break;
                }
            }
            if !changed {
                return Standing::Open;
            }
        }
    }

    /// Takes the jobs inside a job as far as they go now, and ends the job with them; whether its state has changed.
    fn drive_job(&mut self, path: &JobPath, job: &Job, turn: &mut Turn<'_>) -> bool {
        let Some(begun) = self.jobs.get(path) else { return false };
        let attempt = begun.attempt;
        let inner = if let JobState::Branching { branch } = &begun.state {
            Inner::parse(branch)
        } else if let JobState::Recovering { .. } = &begun.state {
            Inner::OnError
        } else if let JobState::Looping { items } = &begun.state {
            let items = items.len();
            return self.drive_loop(path, attempt, job, items, turn);
        } else {
            return false;
        };
        let Some(block) = inner.of(job) else {
            self.fail(path, JobError::gone(path), turn);
            return true;
        };
        let prefix = path.inner(attempt, &inner);
        match self.drive_block(&prefix, block, turn) {
            Standing::Open => return false,
            Standing::Done => self.settle(path, Ok(self.output_of(&prefix, block)), turn),
            Standing::Failed(error) => self.fail(path, error, turn),
        }
        true
    }

    fn standing(&self, prefix: &str, block: &Block) -> Standing {
        let mut standing = Standing::Done;
        for job in &block.jobs {
            match self.jobs.get(format!("{prefix}{}", job.id).as_str()).map(|job| &job.state) {
                Some(JobState::Failed { error, .. }) => return Standing::Failed(error.clone()),
                Some(JobState::Completed { .. }) => {}
                _ => standing = Standing::Open,
            }
        }
        standing
    }

    /// The output of the jobs that no other depends on: of one its own, of several an object by job id.
    pub(crate) fn output_of(&self, prefix: &str, block: &Block) -> Value {
        let is_last = |index: usize| !block.jobs.iter().any(|job| job.depends_on.contains(&index));
        let last = block.jobs.iter().enumerate().filter(|(index, _)| is_last(*index));
        let outputs = last.filter_map(|(_, job)| {
            let output = self.completed_output(&format!("{prefix}{}", job.id))?;
            Some((job.id.clone(), output.clone()))
        });
        let mut outputs: Map<String, Value> = outputs.collect();
        match outputs.len() {
            0 => Value::Null,
            1 => outputs.values_mut().next().map(Value::take).unwrap_or_default(),
            _ => Value::Object(outputs),
        }
    }

    pub(super) fn definition<'a>(&self, path: &JobPath, turn: &Turn<'a>) -> Option<&'a Job> {
        let workflow = turn.plan.config.workflow(&self.workflow)?;
        locate(workflow, path).map(|(job, _)| job)
    }
}

//! Blocks: which jobs may begin, and what a block has come to.

use super::apply::Turn;
use super::path::{Inner, locate};
use super::settle::Ending;
use super::{JobError, JobPath, JobState, Phase, Run};
use crate::config::{Block, Job, Step};
use serde_json::{Map, Value};

impl Run {
    /// Begins whatever may begin, until nothing more can; ends the run if its jobs are done.
    pub(super) fn drive(&mut self, turn: &mut Turn<'_>) {
        let Phase::Active { started_at } = self.phase else { return };
        let plan = turn.plan;
        let Some(workflow) = plan.config.workflows.get(&self.workflow) else {
            let error = JobError::new("unknown_workflow", format!("there is no workflow `{}`", self.workflow));
            self.phase = Phase::Failed { started_at, ended_at: turn.now, error };
            return;
        };
        while self.drive_block("", &workflow.jobs, turn) {}
        let ended_at = turn.now;
        match self.result_of("", &workflow.jobs) {
            None => {}
            Some(Err(error)) => {
                self.stop_below("", turn);
                self.phase = Phase::Failed { started_at, ended_at, error };
            }
            Some(Ok(output)) => {
                self.phase = match self.workflow_output(workflow, output, turn) {
                    Ok(output) => Phase::Completed { started_at, ended_at, output },
                    Err(error) => Phase::Failed { started_at, ended_at, error },
                };
            }
        }
    }

    /// Goes through a block once; whether anything changed.
    fn drive_block(&mut self, prefix: &str, block: &Block, turn: &mut Turn<'_>) -> bool {
        if matches!(self.result_of(prefix, block), Some(Err(_))) {
            return false;
        }
        let mut changed = false;
        for job in &block.jobs {
            let path = JobPath::new(format!("{prefix}{}", job.id));
            match self.jobs.get(&path).map(|job| (job.attempt, job.state.clone())) {
                None => {
                    let ready = job.depends_on.iter().filter_map(|&index| block.jobs.get(index));
                    let mut ready = ready.map(|before| self.completed_output(&format!("{prefix}{}", before.id)));
                    if ready.all(|output| output.is_some()) {
                        self.begin(&path, turn);
                        changed = true;
                    }
                }
                Some((attempt, JobState::Branching { branch })) => {
                    let taken = Inner::parse(&branch);
                    if let Some(inner) = taken.of(job) {
                        changed |= self.drive_inner(&path, &path.inner(attempt, &taken), inner, turn);
                    }
                }
                Some((attempt, JobState::Looping { items })) => {
                    changed |= self.drive_loop(&path, attempt, job, items.len(), turn);
                }
                Some((attempt, JobState::Recovering { .. })) => {
                    if let Some(handler) = &job.on_error {
                        let inner = path.inner(attempt, &Inner::OnError);
                        changed |= self.drive_inner(&path, &inner, handler, turn);
                    }
                }
                Some(_) => {}
            }
        }
        changed
    }

    /// Drives the one block in progress inside a job, and ends the job with it.
    fn drive_inner(&mut self, path: &JobPath, inner: &str, block: &Block, turn: &mut Turn<'_>) -> bool {
        let changed = self.drive_block(inner, block, turn);
        match self.result_of(inner, block) {
            None => changed,
            Some(result) => {
                self.end_inner(path, result, turn);
                true
            }
        }
    }

    fn drive_loop(&mut self, path: &JobPath, attempt: u32, job: &Job, items: usize, turn: &mut Turn<'_>) -> bool {
        let Step::ForEach { block, max_concurrent, .. } = &job.step else { return false };
        let (mut changed, mut in_progress, mut outputs) = (false, 0, Vec::with_capacity(items));
        for index in 0..items {
            let inner = path.inner(attempt, &Inner::Item(index));
            let mut result = self.result_of(&inner, block);
            if result.is_none() && in_progress < *max_concurrent {
                changed |= self.drive_block(&inner, block, turn);
                result = self.result_of(&inner, block);
            }
            match result {
                None => in_progress += 1,
                Some(Ok(output)) => outputs.push(output),
                Some(Err(error)) => {
                    self.end_inner(path, Err(error), turn);
                    return true;
                }
            }
        }
        if outputs.len() == items {
            self.end_inner(path, Ok(Value::Array(outputs)), turn);
            return true;
        }
        changed
    }

    fn end_inner(&mut self, path: &JobPath, result: Result<Value, JobError>, turn: &mut Turn<'_>) {
        match result {
            Ok(output) => self.settle(path, Ending::Done(output), turn),
            Err(error) => self.fail(path, error, turn),
        }
    }

    /// What a block has come to: the first failure, or once all jobs are done the output of those that no other
    /// depends on — of one its own, of several an object by job id.
    fn result_of(&self, prefix: &str, block: &Block) -> Option<Result<Value, JobError>> {
        let mut outputs = Vec::with_capacity(block.jobs.len());
        for job in &block.jobs {
            match self.jobs.get(format!("{prefix}{}", job.id).as_str()).map(|job| &job.state) {
                Some(JobState::Failed { error, .. }) => return Some(Err(error.clone())),
                Some(JobState::Completed { output, .. }) => outputs.push(Some(output)),
                _ => outputs.push(None),
            }
        }
        let outputs: Vec<&Value> = outputs.into_iter().collect::<Option<_>>()?;
        let is_last = |index: usize| !block.jobs.iter().any(|job| job.depends_on.contains(&index));
        let last = outputs.iter().zip(&block.jobs).enumerate().filter(|(index, _)| is_last(*index));
        let mut last: Map<String, Value> =
            last.map(|(_, (output, job))| (job.id.clone(), (*output).clone())).collect();
        Some(Ok(match last.len() {
            0 => Value::Null,
            1 => last.values_mut().next().map(Value::take).unwrap_or_default(),
            _ => Value::Object(last),
        }))
    }

    pub(super) fn definition<'a>(&self, path: &JobPath, turn: &Turn<'a>) -> Option<&'a Job> {
        let workflow = turn.plan.config.workflows.get(&self.workflow)?;
        locate(workflow, path).map(|(job, _)| job)
    }
}

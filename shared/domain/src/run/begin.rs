//! How a job begins an attempt.

use super::apply::Turn;
use super::call::wait_timeout;
use super::path::{Inner, locate};
use super::{Effect, JobError, JobPath, JobState, Run, Stretch};
use crate::config::Job;
use crate::expr::{Condition, EvalError, Template};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::borrow::Cow;
use std::time::Duration;

/// Items of one `for-each`: a run is one item of the table, and each item's outcome stands in it.
pub const MAX_ITEMS: usize = 1000;

impl Run {
    pub(super) fn begin(&mut self, path: &JobPath, turn: &mut Turn<'_>) {
        let Some(job) = self.definition(path, turn) else { return self.fail(path, JobError::gone(path), turn) };
        // Begun first, so that whatever goes wrong is this job's failure.
        let stretch = turn.stretch.clone();
        self.put_new(path, JobState::Calling { since: turn.now, stretch, arrived: None }, turn.now);
        if let Err(error) = job.step.kind().begin(self, path, job, turn) {
            self.fail(path, error, turn);
        }
    }

    pub(crate) fn branch(&mut self, path: &JobPath, job: &Job, inner: &Inner, turn: &mut Turn<'_>) {
        let attempt = self.jobs.get(path).map_or(1, |job| job.attempt);
        let prefix = path.inner(attempt, inner);
        let branch = prefix.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        self.put(path, JobState::Branching { branch });
        self.set_deadline(path, job.timeout, turn);
    }

    pub(crate) fn set_deadline(&self, path: &JobPath, timeout: Option<Duration>, turn: &mut Turn<'_>) {
        if let (Some(timeout), Some(job)) = (timeout, self.jobs.get(path)) {
            let stretch = Stretch::Deadline { job: path.clone(), attempt: job.attempt };
            turn.effects.push(Effect::Wake { stretch, at: after(turn.now, timeout) });
        }
    }

    pub(crate) fn wake(&self, path: &JobPath, nth: u32, at: Timestamp, turn: &mut Turn<'_>) {
        let attempt = self.jobs.get(path).map_or(1, |job| job.attempt);
        turn.effects.push(Effect::Wake { stretch: Stretch::Wake { job: path.clone(), attempt, nth }, at });
    }

    /// A template of the job itself: `input` is the run's.
    pub(crate) fn evaluate(&self, path: &JobPath, template: &Template, turn: &Turn<'_>) -> Result<Value, JobError> {
        self.scope_for_job(path, &[template], turn.plan, turn.now)
            .and_then(|scope| template.render(&scope))
            .map_err(|error| JobError::template(&error))
    }

    /// A condition of the job itself.
    pub(crate) fn decide(&self, path: &JobPath, condition: &Condition, turn: &Turn<'_>) -> Result<bool, JobError> {
        self.scope_for_job(path, &[condition.template()], turn.plan, turn.now)
            .and_then(|scope| condition.holds(&scope))
            .map_err(|error| JobError::template(&error))
    }

    /// The job's own view: as [`Run::scope`], and `output` is the output of the job before.
    pub(super) fn scope_for_job<'a>(
        &'a self,
        path: &JobPath,
        templates: &[&Template],
        plan: super::Plan<'a>,
        now: Timestamp,
    ) -> Result<crate::expr::Scope<'a>, EvalError> {
        let mut scope = self.scope(path, templates, plan, now);
        let reads_output = templates.iter().flat_map(|t| t.references()).any(|r| r.source == "output");
        if reads_output {
            let found = plan.config.workflow(&self.workflow).and_then(|workflow| locate(workflow, path));
            if let Some((job, block)) = found {
                scope = scope.with_owned("output", self.output_before(path, job, block));
            }
        }
        Ok(scope)
    }

    /// What the component sees as `input`: the job's `input`, or the run's.
    pub(crate) fn step_input(
        &self,
        path: &JobPath,
        plan: super::Plan<'_>,
        now: Timestamp,
    ) -> Result<Cow<'_, Value>, JobError> {
        let workflow = plan.config.workflow(&self.workflow);
        let template = workflow.and_then(|workflow| locate(workflow, path)).and_then(|(job, _)| job.input.as_ref());
        match template {
            None => Ok(Cow::Borrowed(&self.input)),
            Some(template) => self
                .scope_for_job(path, &[template], plan, now)
                .and_then(|scope| template.render(&scope).map(Cow::Owned))
                .map_err(|error| JobError::template(&error)),
        }
    }

    /// A template of the component: `input` is what the job gave it.
    pub(crate) fn with_input(
        &self,
        path: &JobPath,
        template: &Template,
        input: &Value,
        turn: &Turn<'_>,
    ) -> Result<Value, JobError> {
        let scope = self.scope(path, &[template], turn.plan, turn.now).with("input", input);
        template.render(&scope).map_err(|error| JobError::template(&error))
    }

    /// When the wait or the questions of an attempt that began then must be over.
    pub(super) fn give_up_at(&self, path: &JobPath, since: Timestamp, turn: &Turn<'_>) -> Timestamp {
        after(since, self.definition(path, turn).map_or(Duration::ZERO, |job| wait_timeout(job, turn.plan.config)))
    }
}

/// A point in time that many later; the far end of time where there is none.
pub(crate) fn after(time: Timestamp, duration: Duration) -> Timestamp {
    let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}

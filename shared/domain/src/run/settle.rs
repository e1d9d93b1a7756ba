//! How an attempt ends: what the job's output is, or what becomes of its failure.

use super::apply::{Call, Turn};
use super::begin::after;
use super::call::{render, request_read};
use super::path::locate;
use super::{JobError, JobPath, JobRun, JobState, Keep, Outcome, Plan, Run};
use crate::bytes;
use crate::config::{Completion, Component, HttpClient, Job, Retry, Workflow};
use crate::expr::Template;
use crate::wait::Arrival;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

impl Run {
    pub(super) fn http_client<'a>(&self, path: &JobPath, turn: &Turn<'a>) -> Option<&'a HttpClient> {
        let (_, Component::HttpClient(client)) = self.component_of(path, turn.plan)? else { return None };
        Some(client)
    }

    /// The call's outcome. An answer may be the end of it, or the beginning of a wait.
    pub(super) fn called(
        &mut self,
        path: &JobPath,
        since: Timestamp,
        (outcome, made): (Outcome, Call),
        turn: &mut Turn<'_>,
    ) {
        let holds_beside = self.jobs.get(path).is_some_and(JobRun::holds_beside);
        let arrived = match self.jobs.get_mut(path).map(|job| &mut job.state) {
            Some(JobState::Calling { arrived, .. }) => arrived.take(),
            _ => None,
        };
        let response = match (success(outcome), &arrived) {
            (Ok(response), _) => response,
            // The callback proves that the service took the call, whatever became of its answer.
            (Err(_), Some(arrival)) if arrival.verdict.is_done() => Value::Null,
            (Err(error), _) => return self.call_failed(path, error, made, turn),
        };
        match arrived {
            Some(arrival) if holds_beside => {
                let error = arrival.verdict.failure().unwrap_or_else(|| JobError::held_beside(path));
                return self.fail(path, error, turn);
            }
            Some(arrival) => {
                // Where the input is kept says nothing of what was held in the run before.
                let keep = std::mem::replace(&mut turn.keep, Keep::Here);
                self.conclude(path, response, arrival, turn);
                turn.keep = keep;
                return;
            }
            None => {}
        }
        let Some(client) = self.http_client(path, turn) else { return self.fail(path, JobError::gone(path), turn) };
        let deadline = self.give_up_at(path, since, turn);
        match &client.completion {
            None => self.finish_call(path, response, &Value::Null, turn),
            // Also where its time is over: a callback may have been acknowledged under this key, and counts then. Without one,
            // the wait ends as soon as it is opened.
            Some(Completion::Callback(completion)) => {
                match self.wait_key(path, completion, &response, turn.plan, turn.now) {
                    Err(error) => self.fail(path, error, turn),
                    Ok(wait) => {
                        let opener = completion.reads_response().then(|| turn.stretch.clone());
                        self.put(path, JobState::Waiting { wait, response, deadline, opener, failed: None });
                    }
                }
            }
            Some(Completion::Polling(_)) if deadline <= turn.now => {
                let error = JobError::new("timeout", "the answer came when the job should have been done");
                self.call_failed(path, error, made, turn);
            }
            Some(Completion::Polling(polling)) => {
                self.put(path, JobState::Polling { response, asked: 0, deadline, asker: None });
                self.wake(path, 1, after(turn.now, polling.interval).min(deadline), turn);
            }
        }
    }

    /// A wait that was opened before the call stays open for the next attempt: a success may still come. After the last one
    /// the wait decides: a callback may have been acknowledged there whose news is on its way.
    fn call_failed(&mut self, path: &JobPath, error: JobError, made: Call, turn: &mut Turn<'_>) {
        let is_last = self.next_attempt(path, &error, turn).is_none();
        match self.wait_of(path, turn).filter(|_| is_last) {
            None => self.fail(path, error, turn),
            Some(wait) if made == Call::Made => {
                let (opener, deadline, failed) = (Some(turn.stretch.clone()), turn.now, Some(error));
                self.put(path, JobState::Waiting { wait, response: Value::Null, deadline, opener, failed });
            }
            Some(wait) => {
                self.fail(path, error, turn);
                self.close(vec![(wait, path.clone())], turn);
            }
        }
    }

    /// When the attempt after this one begins, if there is one.
    fn next_attempt(&self, path: &JobPath, error: &JobError, turn: &Turn<'_>) -> Option<Timestamp> {
        if error.is_final() {
            return None;
        }
        let job = self.jobs.get(path)?;
        let is_first = !matches!(job.state, JobState::Recovering { .. });
        let retry = self.retry_of(path, turn.plan).filter(|retry| is_first && job.attempt < retry.max_attempts)?;
        Some(after(turn.now, pause(retry.delay, retry.backoff, job.attempt)))
    }

    /// How often a job is tried: as it says itself, or as its component does.
    pub(super) fn retry_of(&self, path: &JobPath, plan: Plan<'_>) -> Option<Retry> {
        let (job, _) = locate(plan.config.workflow(&self.workflow)?, path)?;
        let of_component = || self.component_of(path, plan)?.1.kind().retry(plan.config);
        job.retry.or_else(of_component)
    }

    /// A callback (or the last question) decides.
    pub(super) fn conclude(&mut self, path: &JobPath, response: Value, arrival: Arrival, turn: &mut Turn<'_>) {
        self.keep(path, &arrival.result, turn);
        match (arrival.verdict.failure(), turn.keep.refusal(path)) {
            // What a failure brought explains it; what has no mapping is kept, and may be large.
            (Some(error), _) if turn.keep == Keep::Here && !arrival.verdict.is_done() => {
                self.fail(path, error.with_detail(arrival.result), turn);
            }
            (Some(error), _) | (None, Some(error)) => self.fail(path, error, turn),
            (None, None) => self.finish_call(path, response, &arrival.result, turn),
        }
    }

    pub(super) fn finish_call(&mut self, path: &JobPath, mut response: Value, result: &Value, turn: &mut Turn<'_>) {
        let template = self.component_of(path, turn.plan).and_then(|(_, component)| component.kind().answer());
        let output = match template.map(|template| self.component_output(path, template, &response, result, turn)) {
            Some(Err(error)) => return self.unmapped(path, &error, (&response, result), turn),
            Some(Ok(output)) => merge(output, result, true),
            None if self.maps_output(path, turn) => merge(response.clone(), result, false),
            None => merge(response.take(), result, false),
        };
        self.finish(path, output, &response, result, turn);
    }

    fn maps_output(&self, path: &JobPath, turn: &Turn<'_>) -> bool {
        self.definition(path, turn).is_some_and(|job| job.output.is_some())
    }

    /// A template of the component over an answer.
    pub(crate) fn component_output(
        &self,
        path: &JobPath,
        template: &Template,
        response: &Value,
        result: &Value,
        turn: &Turn<'_>,
    ) -> Result<Value, JobError> {
        let input = self.step_input(path, turn.plan, turn.now)?;
        let scope = self.scope(path, &[template], turn.plan, turn.now).with("input", &input);
        let request = match self.http_client(path, turn) {
            Some(client) => request_read(template, client, &scope)?,
            None => Value::Null,
        };
        render(template, &scope.with("response", response).with("result", result).with("request", &request))
    }

    /// A step that made no call has come to its output.
    pub(crate) fn settle(&mut self, path: &JobPath, output: Result<Value, JobError>, turn: &mut Turn<'_>) {
        match output {
            Ok(output) => self.finish(path, output, &Value::Null, &Value::Null, turn),
            Err(error) => self.unmapped(path, &error, (&Value::Null, &Value::Null), turn),
        }
    }

    /// What a job waited for that made no call has come: its component makes the output of it.
    pub(super) fn settle_with(&mut self, path: &JobPath, came: Result<Value, JobError>, turn: &mut Turn<'_>) {
        let output = match self.component_of(path, turn.plan) {
            Some((_, component)) => came.and_then(|came| component.kind().output(self, path, came, turn)),
            None => came,
        };
        self.settle(path, output, turn);
    }

    /// The job at a path, and the component that it names.
    pub(crate) fn component_of<'a>(&self, path: &JobPath, plan: Plan<'a>) -> Option<(&'a Job, &'a Component)> {
        let (job, _) = locate(plan.config.workflow(&self.workflow)?, path)?;
        Some((job, plan.config.component(job.step.component()?)?))
    }

    /// What was done outside has its answer, which is the end of it.
    pub(crate) fn done_outside(&mut self, path: &JobPath, outcome: Outcome, turn: &mut Turn<'_>) {
        match success(outcome) {
            Ok(response) => self.finish_call(path, response, &Value::Null, turn),
            Err(error) => self.fail(path, error, turn),
        }
    }

    /// The job's own `output` decides what others see of it.
    fn finish(&mut self, path: &JobPath, output: Value, response: &Value, result: &Value, turn: &mut Turn<'_>) {
        let template = self.definition(path, turn).and_then(|job| job.output.as_ref());
        let output = match template {
            None => Ok(output),
            Some(template) => {
                let scope = self.scope(path, &[template], turn.plan, turn.now);
                render(template, &scope.with("output", &output).with("response", response).with("result", result))
            }
        };
        match output {
            Ok(output) => self.put(path, JobState::Completed { at: turn.now, output }),
            Err(error) => self.unmapped(path, &error, (response, result), turn),
        }
    }

    /// What came for a job can't be made into its output: an error of the file, whatever the service did.
    pub(super) fn unmapped(
        &mut self,
        path: &JobPath,
        error: &JobError,
        (response, result): (&Value, &Value),
        turn: &mut Turn<'_>,
    ) {
        // What a callback brought is kept already.
        if result.is_null() {
            self.keep(path, response, turn);
        }
        self.fail(path, JobError::unmapped(path, error), turn);
    }

    /// An attempt has failed: another one, the `on_error` jobs, or the end.
    pub(crate) fn fail(&mut self, path: &JobPath, error: JobError, turn: &mut Turn<'_>) {
        let rest = self.next_attempt(path, &error, turn);
        let handled = self.definition(path, turn).is_some_and(|job| job.on_error.is_some());
        let Some(job) = self.jobs.get_mut(path) else { return };
        job.reported += u32::from(error.is_reported());
        let is_first = !matches!(job.state, JobState::Recovering { .. });
        job.state = match rest {
            Some(until) => JobState::Resting { until, error },
            None if handled && is_first => JobState::Recovering { error },
            None => JobState::Failed { at: turn.now, error },
        };
        if let Some(until) = rest {
            job.attempt += 1;
            self.wake(path, 0, until, turn);
        }
        self.stop_inside(path, turn);
    }

    pub(super) fn workflow_output(
        &self,
        workflow: &Workflow,
        output: Value,
        turn: &Turn<'_>,
    ) -> Result<Value, JobError> {
        let Some(template) = &workflow.output else { return Ok(output) };
        let root = JobPath::new("");
        let scope = self.scope(&root, &[template], turn.plan, turn.now).with("output", &output);
        render(template, &scope).map_err(|error| JobError::unmapped_workflow(&error))
    }
}

/// Statuses 200 to 299 succeed.
pub(super) fn success(outcome: Outcome) -> Result<Value, JobError> {
    match outcome {
        Outcome::Answered { status: 200..=299, body } => Ok(body),
        Outcome::Answered { status, body } => {
            let error = JobError::new("http_status", format!("the service answered {status}"));
            Err(error.with_detail(json!({"status": status, "body": body})))
        }
        Outcome::Unreachable(error) => Err(error),
    }
}

/// An object's fields go over the output's; anything else is the output where the component maps none, and its field
/// `result` where it does.
fn merge(output: Value, result: &Value, mapped: bool) -> Value {
    // Bytes are one value, as text is: fields among theirs would make them an object like any other.
    let has_fields = |value: &Value| value.is_object() && bytes::read(value).is_none();
    let (into_fields, of_fields) = (has_fields(&output), has_fields(result));
    match (output, result) {
        (output, Value::Null) => output,
        (Value::Object(mut output), Value::Object(result)) if into_fields && of_fields => {
            output.extend(result.iter().map(|(key, value)| (key.clone(), value.clone())));
            Value::Object(output)
        }
        (Value::Object(mut output), result) if into_fields && mapped => {
            output.entry("result").or_insert_with(|| result.clone());
            Value::Object(output)
        }
        (_, result) => result.clone(),
    }
}

/// The pause after the `attempt`-th attempt, from 1; at most a year, so that no file can overflow it.
fn pause(delay: Duration, backoff: f64, attempt: u32) -> Duration {
    const YEAR: f64 = 365.0 * 24.0 * 3600.0;
    // Infinity times no delay would be no number.
    let factor = backoff.powi(i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX)).min(f64::MAX);
    Duration::from_secs_f64((delay.as_secs_f64() * factor).clamp(0.0, YEAR))
}

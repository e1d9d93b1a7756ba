//! How an attempt ends: what the job's output is, or what becomes of its failure.

use super::apply::Turn;
use super::begin::after;
use super::{JobError, JobPath, JobState, Outcome, Run};
use crate::config::{Completion, Component, HttpClient, Step, Workflow};
use crate::expr::Template;
use crate::wait::{Arrival, Judgement, Verdict, judge};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

/// What a step without a call has come to.
pub(super) enum Ending {
    /// This output.
    Done(Value),
    /// A child run's output.
    Child(Value),
    /// A pause is over.
    Slept,
}

impl Run {
    pub(super) fn http_client<'a>(&self, path: &JobPath, turn: &Turn<'a>) -> Option<&'a HttpClient> {
        let Step::Call { component } = &self.definition(path, turn)?.step else { return None };
        match turn.plan.config.components.get(component)? {
            Component::HttpClient(client) => Some(client),
            Component::Logger(_) | Component::Workflow(_) | Component::Delay(_) => None,
        }
    }

    /// The call's outcome. An answer may be the end of it, or the beginning of a wait.
    pub(super) fn called(
        &mut self,
        path: &JobPath,
        since: Timestamp,
        outcome: Outcome,
        arrived: Option<Arrival>,
        turn: &mut Turn<'_>,
    ) {
        let response = match (success(outcome), &arrived) {
            (Ok(response), _) => response,
            // The callback proves that the service took the call, whatever became of its answer.
            (Err(_), Some(Arrival { verdict: Verdict::Success, .. })) => Value::Null,
            (Err(error), _) => return self.fail(path, error, turn),
        };
        if let Some(arrival) = arrived {
            return self.conclude(path, response, arrival, turn);
        }
        let Some(client) = self.http_client(path, turn) else { return };
        let deadline = self.give_up_at(path, since, turn);
        match &client.completion {
            None => self.finish_call(path, response, Value::Null, turn),
            Some(Completion::Callback(completion)) => match self.wait_key(path, completion, &response, turn.plan, turn.now) {
                Err(error) => self.fail(path, error, turn),
                Ok(wait) => {
                    let opener = completion.reads_response().then(|| turn.stretch.clone());
                    self.put(path, JobState::Waiting { wait, response, deadline, opener });
                }
            },
            Some(Completion::Polling(polling)) => {
                self.put(path, JobState::Polling { response, asked: 0, deadline, asker: None });
                self.wake(path, 1, after(turn.now, polling.interval), turn);
            }
        }
    }

    /// A question's outcome. Until the deadline, one that was not answered is simply asked again.
    pub(super) fn polled(&mut self, path: &JobPath, state: JobState, outcome: Outcome, turn: &mut Turn<'_>) {
        let JobState::Polling { response, asked, deadline, .. } = state else { return };
        let client = self.http_client(path, turn);
        let Some(Completion::Polling(polling)) = client.and_then(|client| client.completion.as_ref()) else { return };
        if let Ok(answer) = success(outcome) {
            let read = |template: &Template| self.over_answer(path, template, &answer, turn);
            let judged = polling.status.as_ref().map(read).transpose();
            let result = polling.result.as_ref().map_or_else(|| Ok(answer.clone()), read);
            let (status, result) = match (judged, result) {
                (Ok(status), Ok(result)) => (status, result),
                (Err(error), _) | (_, Err(error)) => return self.fail(path, error, turn),
            };
            let judgement = status.map_or(Judgement::Final(Verdict::Success), |status| {
                judge(&status, &polling.success_when, &polling.fail_when)
            });
            if let Judgement::Final(verdict) = judgement {
                return self.conclude(path, response, Arrival { verdict, result }, turn);
            }
        }
        let asked = asked + 1;
        if turn.now >= deadline {
            let message = format!("the service had not finished after {asked} questions");
            return self.fail(path, JobError::new("timeout", message), turn);
        }
        self.put(path, JobState::Polling { response, asked, deadline, asker: None });
        self.wake(path, asked + 1, after(turn.now, polling.interval).min(deadline), turn);
    }

    /// A callback (or the last question) decides.
    pub(super) fn conclude(&mut self, path: &JobPath, response: Value, arrival: Arrival, turn: &mut Turn<'_>) {
        match arrival.verdict {
            Verdict::Success => self.finish_call(path, response, arrival.result, turn),
            Verdict::Failure => {
                let error = JobError::new("callback_failed", "the service reported a failure");
                self.fail(path, error.with_detail(arrival.result), turn);
            }
        }
    }

    fn finish_call(&mut self, path: &JobPath, response: Value, result: Value, turn: &mut Turn<'_>) {
        let template = self.http_client(path, turn).and_then(|client| client.output.as_ref());
        let output = match template {
            None => Ok(response.clone()),
            Some(template) => self.component_output(path, template, &response, &result, turn),
        };
        match output {
            Ok(output) => self.finish(path, merge(output, &result, template.is_some()), response, result, turn),
            Err(error) => self.fail(path, error, turn),
        }
    }

    fn component_output(
        &self,
        path: &JobPath,
        template: &Template,
        response: &Value,
        result: &Value,
        turn: &Turn<'_>,
    ) -> Result<Value, JobError> {
        let input = self.step_input(path, turn.plan, turn.now)?;
        let scope = self.scope(path, &[template], turn.plan, turn.now);
        let scope = scope.with("input", &input).with("response", response).with("result", result);
        template.render(&scope).map_err(|error| JobError::template(&error))
    }

    fn over_answer(
        &self,
        path: &JobPath,
        template: &Template,
        answer: &Value,
        turn: &Turn<'_>,
    ) -> Result<Value, JobError> {
        self.component_output(path, template, answer, &Value::Null, turn)
    }

    /// A step that made no call.
    pub(super) fn settle(&mut self, path: &JobPath, ending: Ending, turn: &mut Turn<'_>) {
        let output = match ending {
            Ending::Done(output) => Ok(output),
            Ending::Child(output) => self.child_output(path, output, turn),
            Ending::Slept => self.slept_output(path, turn),
        };
        match output {
            Ok(output) => self.finish(path, output, Value::Null, Value::Null, turn),
            Err(error) => self.fail(path, error, turn),
        }
    }

    fn child_output(&self, path: &JobPath, output: Value, turn: &Turn<'_>) -> Result<Value, JobError> {
        let template = match self.component(path, turn) {
            Some(Component::Workflow(sub)) => sub.output.as_ref(),
            _ => None,
        };
        let Some(template) = template else { return Ok(output) };
        let input = self.step_input(path, turn.plan, turn.now)?;
        let scope = self.scope(path, &[template], turn.plan, turn.now).with("input", &input).with("output", &output);
        template.render(&scope).map_err(|error| JobError::template(&error))
    }

    fn slept_output(&self, path: &JobPath, turn: &Turn<'_>) -> Result<Value, JobError> {
        let input = self.step_input(path, turn.plan, turn.now)?;
        match self.component(path, turn) {
            Some(Component::Delay(crate::config::Delay { output: Some(template), .. })) => {
                self.component_output(path, template, &Value::Null, &Value::Null, turn)
            }
            _ => Ok(input),
        }
    }

    fn component<'a>(&self, path: &JobPath, turn: &Turn<'a>) -> Option<&'a Component> {
        let Step::Call { component } = &self.definition(path, turn)?.step else { return None };
        turn.plan.config.components.get(component)
    }

    /// The job's own `output` decides what others see of it.
    fn finish(&mut self, path: &JobPath, output: Value, response: Value, result: Value, turn: &mut Turn<'_>) {
        let template = self.definition(path, turn).and_then(|job| job.output.as_ref());
        let output = match template {
            None => Ok(output),
            Some(template) => {
                let scope = self.scope(path, &[template], turn.plan, turn.now);
                let scope = scope.with("output", &output).with("response", &response).with("result", &result);
                template.render(&scope).map_err(|error| JobError::template(&error))
            }
        };
        match output {
            Ok(output) => self.put(path, JobState::Completed { at: turn.now, output }),
            Err(error) => self.fail(path, error, turn),
        }
    }

    /// An attempt has failed: another one, the `on_error` jobs, or the end.
    pub(super) fn fail(&mut self, path: &JobPath, error: JobError, turn: &mut Turn<'_>) {
        let Some(job) = self.definition(path, turn) else { return };
        let Some(state) = self.jobs.get_mut(path) else { return };
        let was_recovering = matches!(state.state, JobState::Recovering { .. });
        let attempt = state.attempt;
        if let Some(retry) = job.retry.filter(|retry| attempt < retry.max_attempts && !was_recovering) {
            state.attempt += 1;
            let until = after(turn.now, pause(retry.delay, retry.backoff, attempt));
            state.state = JobState::Resting { until, error };
            self.stop_inside(path, turn);
            self.wake(path, 0, until, turn);
            return;
        }
        let handled = job.on_error.is_some() && !was_recovering;
        state.state = if handled {
            JobState::Recovering { error }
        } else {
            JobState::Failed { at: turn.now, error }
        };
        self.stop_inside(path, turn);
    }

    fn stop_inside(&mut self, path: &JobPath, turn: &mut Turn<'_>) {
        self.stop_below(&format!("{path}/"), turn);
        self.stop_below(&format!("{path}~"), turn);
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
        template.render(&scope).map_err(|error| JobError::template(&error))
    }
}

/// Statuses 200 to 299 succeed.
fn success(outcome: Outcome) -> Result<Value, JobError> {
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
    match (output, result) {
        (output, Value::Null) => output,
        (Value::Object(mut output), Value::Object(result)) => {
            output.extend(result.iter().map(|(key, value)| (key.clone(), value.clone())));
            Value::Object(output)
        }
        (Value::Object(mut output), result) if mapped => {
            output.entry("result").or_insert_with(|| result.clone());
            Value::Object(output)
        }
        (_, result) => result.clone(),
    }
}

/// The pause after the `attempt`-th attempt, from 1; at most a year, so that no file can overflow it.
fn pause(delay: Duration, backoff: f64, attempt: u32) -> Duration {
    const YEAR: f64 = 365.0 * 24.0 * 3600.0;
    let factor = backoff.powi(i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX));
    Duration::from_secs_f64((delay.as_secs_f64() * factor).clamp(0.0, YEAR))
}

//! Jobs that ask from time to time how far the service is.

use super::apply::Turn;
use super::begin::after;
use super::settle::success;
use super::{JobError, JobPath, JobState, Outcome, Run, Stretch};
use crate::config::{Completion, Polling};
use crate::expr::Template;
use crate::wait::{Arrival, Judgement, Standard, Verdict};
use serde_json::Value;

impl Run {
    /// A polling job's rest is over: the next question is due, or the deadline has passed.
    pub(super) fn ask(&mut self, path: &JobPath, turn: &mut Turn<'_>) {
        let Some(JobState::Polling { asked, deadline, asker, .. }) = self.jobs.get_mut(path).map(|job| &mut job.state)
        else {
            return;
        };
        if turn.now >= *deadline {
            let error = still_unfinished(*asked);
            return self.fail(path, error, turn);
        }
        // A wake of another question is a repeated one. A stretch that was handed over has no number.
        let is_repeated = matches!(turn.stretch, Stretch::Wake { nth, .. } if *nth != *asked + 1);
        if !is_repeated {
            *asker = Some(turn.stretch.clone());
        }
    }

    /// A question's outcome. Until the deadline, one that was not answered is simply asked again.
    pub(super) fn polled(&mut self, path: &JobPath, outcome: Outcome, turn: &mut Turn<'_>) {
        let client = self.http_client(path, turn);
        let Some(Completion::Polling(polling)) = client.and_then(|client| client.completion.as_ref()) else {
            return self.fail(path, JobError::gone(path), turn);
        };
        if let Ok(answer) = success(outcome) {
            match self.judge_answer(path, polling, &answer, turn) {
                Err(error) => return self.unmapped(path, &error, (&answer, &Value::Null), turn),
                Ok(Some(arrival)) => {
                    let response = match self.jobs.get_mut(path).map(|job| &mut job.state) {
                        Some(JobState::Polling { response, .. }) => response.take(),
                        _ => Value::Null,
                    };
                    return self.conclude(path, response, arrival, turn);
                }
                Ok(None) => {}
            }
        }
        let Some(JobState::Polling { asked, deadline, .. }) = self.jobs.get_mut(path).map(|job| &mut job.state) else {
            return;
        };
        *asked += 1;
        let (asked, deadline) = (*asked, *deadline);
        if turn.now >= deadline {
            return self.fail(path, still_unfinished(asked), turn);
        }
        self.wake(path, asked + 1, after(turn.now, polling.interval).min(deadline), turn);
    }

    /// What the answer to a question decides, if it does.
    fn judge_answer(
        &self,
        path: &JobPath,
        polling: &Polling,
        answer: &Value,
        turn: &Turn<'_>,
    ) -> Result<Option<Arrival>, JobError> {
        let read = |template: &Template| self.component_output(path, template, answer, &Value::Null, turn);
        let judgement = match &polling.status {
            None => Judgement::Final(Verdict::Success),
            Some(status) => {
                let Polling { success_when, fail_when, on_missing_status, .. } = polling;
                let standard = Standard { success_when, fail_when, on_missing_status: *on_missing_status };
                let found = match &polling.result {
                    // What has no value is there, and matters only once the status says that the service has finished.
                    Some(result) => self.finds(path, result, answer, turn).unwrap_or(true),
                    None => false,
                };
                standard.judge(&read(status)?, found)
            }
        };
        let Judgement::Final(verdict) = judgement else { return Ok(None) };
        if verdict == Verdict::NoStatus {
            return Ok(Some(Arrival::new(verdict, Value::Null, answer)));
        }
        match polling.result.as_ref().map(read) {
            None => Ok(Some(Arrival { verdict, result: answer.clone() })),
            Some(Ok(result)) => Ok(Some(Arrival { verdict, result })),
            // The service has said that it failed: that is what the job fails of.
            Some(Err(_)) if verdict == Verdict::Failure => Ok(Some(Arrival::new(verdict, Value::Null, answer))),
            Some(Err(error)) => Err(error),
        }
    }

    /// True if a template of a polling completion finds a value in an answer.
    fn finds(&self, path: &JobPath, template: &Template, answer: &Value, turn: &Turn<'_>) -> Result<bool, JobError> {
        let input = self.step_input(path, turn.plan, turn.now)?;
        let scope = self.scope(path, &[template], turn.plan, turn.now).with("input", &input).with("response", answer);
        template.finds(&scope).map_err(|error| JobError::template(&error))
    }
}

fn still_unfinished(asked: u32) -> JobError {
    JobError::new("timeout", format!("the service had not finished after {asked} questions"))
}

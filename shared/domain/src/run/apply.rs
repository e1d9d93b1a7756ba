//! One input, one step: which state takes which input, and what it means there.

use super::settle::Ending;
use super::{
    Applied, Effect, Input, JobError, JobPath, JobRun, JobState, Outcome, Phase, Plan, Run, Stretch,
};
use crate::wait::{Arrival, Verdict};
use jiff::Timestamp;
use serde_json::Value;

/// What holds while one input is applied.
pub(super) struct Turn<'a> {
    pub(super) plan: Plan<'a>,
    /// What becomes due now is this stretch's to do.
    pub(super) stretch: &'a Stretch,
    pub(super) now: Timestamp,
    pub(super) effects: Vec<Effect>,
}

impl Run {
    /// Takes the run through one input. What becomes due at once is owed by `stretch`.
    #[must_use]
    pub fn apply(mut self, input: Input, stretch: &Stretch, plan: Plan<'_>, now: Timestamp) -> Applied {
        let mut turn = Turn { plan, stretch, now, effects: Vec::new() };
        if !self.has_ended() {
            if input == Input::Cancel {
                self.cancel(&mut turn);
            } else {
                self.start_if_queued(&mut turn);
                self.take(input, &mut turn);
                self.drive(&mut turn);
            }
        }
        Applied { run: self, effects: turn.effects }
    }

    /// An early callback may be the first thing that is written of a run; the calls are the first message's all the
    /// same.
    fn start_if_queued(&mut self, turn: &mut Turn<'_>) {
        if self.phase == Phase::Queued {
            self.phase = Phase::Active { started_at: turn.now };
            let mut first = Turn { stretch: &Stretch::Start, effects: Vec::new(), ..*turn };
            self.drive(&mut first);
            turn.effects.append(&mut first.effects);
        }
    }

    fn take(&mut self, input: Input, turn: &mut Turn<'_>) {
        match input {
            Input::Start | Input::Cancel => {}
            Input::Answered(path, attempt, outcome) => self.answered(&path, attempt, outcome, turn),
            Input::Arrived(path, attempt, arrival) => self.arrived(&path, attempt, arrival, turn),
            Input::TimedOut(path, attempt) => self.timed_out(&path, attempt, turn),
            Input::Woke(path, attempt) => self.woke(&path, attempt, turn),
            Input::ChildEnded(path, attempt, ending) => {
                if let Some(JobState::Child { .. }) = self.current(&path, attempt) {
                    match ending {
                        Ok(output) => self.settle(&path, Ending::Child(output), turn),
                        Err(error) => self.fail(&path, error, turn),
                    }
                }
            }
            Input::Refused(path, attempt, error) => {
                if self.current(&path, attempt).is_some_and(|state| !state.has_ended()) {
                    self.fail(&path, error, turn);
                }
            }
        }
    }

    /// The job's state, if this is still its attempt.
    fn current(&self, path: &JobPath, attempt: u32) -> Option<&JobState> {
        self.jobs.get(path).filter(|job| job.attempt == attempt).map(|job| &job.state)
    }

    fn answered(&mut self, path: &JobPath, attempt: u32, outcome: Outcome, turn: &mut Turn<'_>) {
        match self.current(path, attempt).cloned() {
            Some(JobState::Calling { since, arrived, .. }) => self.called(path, since, outcome, arrived, turn),
            Some(JobState::Polling { response, asked, deadline, asker: Some(_) }) => {
                self.polled(path, JobState::Polling { response, asked, deadline, asker: None }, outcome, turn);
            }
            _ => {}
        }
    }

    /// A success counts for any attempt: one that we gave up as unanswered may well have reached the service.
    fn arrived(&mut self, path: &JobPath, attempt: u32, arrival: Arrival, turn: &mut Turn<'_>) {
        let Some(job) = self.jobs.get(path) else { return };
        let counts = match arrival.verdict {
            Verdict::Success => attempt <= job.attempt,
            Verdict::Failure => attempt == job.attempt,
        };
        if !counts {
            return;
        }
        match job.state.clone() {
            JobState::Calling { since, stretch, arrived: None } => {
                self.put(path, JobState::Calling { since, stretch, arrived: Some(arrival) });
            }
            // The attempt has begun without a write: its wait was opened, its call is under way.
            JobState::Resting { .. } if attempt == job.attempt => {
                let stretch = Stretch::Wake { job: path.clone(), attempt, nth: 0 };
                self.put(path, JobState::Calling { since: turn.now, stretch, arrived: Some(arrival) });
            }
            JobState::Resting { .. } => self.conclude(path, Value::Null, arrival, turn),
            JobState::Waiting { response, .. } => self.conclude(path, response, arrival, turn),
            _ => {}
        }
    }

    fn timed_out(&mut self, path: &JobPath, attempt: u32, turn: &mut Turn<'_>) {
        match self.current(path, attempt) {
            Some(JobState::Waiting { wait, .. }) => {
                let message = format!("no callback came for `{}` before the deadline", wait.key);
                self.fail(path, JobError::new("timeout", message), turn);
            }
            Some(state) if !state.has_ended() => {
                self.fail(path, JobError::new("timeout", format!("`{path}` took longer than allowed")), turn);
            }
            _ => {}
        }
    }

    fn woke(&mut self, path: &JobPath, attempt: u32, turn: &mut Turn<'_>) {
        match self.current(path, attempt).cloned() {
            Some(JobState::Resting { until, .. }) if until <= turn.now => self.begin(path, turn),
            Some(JobState::Sleeping { until }) if until <= turn.now => self.settle(path, Ending::Slept, turn),
            Some(JobState::Polling { response, asked, deadline, asker: None }) => {
                let nth = asked + 1;
                let due = matches!(turn.stretch, Stretch::Wake { nth: woken, .. } if *woken == nth);
                if turn.now >= deadline {
                    let message = format!("the service had not finished after {asked} questions");
                    self.fail(path, JobError::new("timeout", message), turn);
                } else if due {
                    let asker = Some(turn.stretch.clone());
                    self.put(path, JobState::Polling { response, asked, deadline, asker });
                }
            }
            _ => {}
        }
    }

    fn cancel(&mut self, turn: &mut Turn<'_>) {
        let started_at = match self.phase {
            Phase::Active { started_at } => Some(started_at),
            _ => None,
        };
        self.stop_below("", turn);
        self.phase = Phase::Cancelled { started_at, ended_at: turn.now };
    }

    /// Stops every job under a prefix that is not done; nobody waits for their callbacks any more.
    pub(super) fn stop_below(&mut self, prefix: &str, turn: &mut Turn<'_>) {
        for (path, job) in &mut self.jobs {
            if path.as_str().starts_with(prefix) && !job.state.has_ended() {
                if let JobState::Waiting { wait, .. } = &job.state {
                    turn.effects.push(Effect::CloseWait(wait.clone()));
                }
                job.state = JobState::Cancelled { at: turn.now };
            }
        }
    }

    /// Puts a job into a state; begins it if it has not.
    pub(super) fn put(&mut self, path: &JobPath, state: JobState) {
        if let Some(job) = self.jobs.get_mut(path) {
            job.state = state;
        }
    }

    pub(super) fn put_new(&mut self, path: &JobPath, state: JobState, now: Timestamp) {
        match self.jobs.get_mut(path) {
            Some(job) => job.state = state,
            None => {
                self.jobs.insert(path.clone(), JobRun { attempt: 1, started_at: now, state });
            }
        }
    }
}

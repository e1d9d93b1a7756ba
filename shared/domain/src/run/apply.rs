//! One input, one step: which state takes which input, and what it means there.

use self::Call::{Made, Over};
use super::{
    Applied, Effect, Group, Input, JobError, JobPath, JobRun, JobState, Keep, Outcome, Phase, Plan, Run, Stretch,
};
use crate::wait::{Arrival, Verdict};
use jiff::Timestamp;
use serde_json::Value;
use std::borrow::Cow;

/// What holds while one input is applied.
pub(crate) struct Turn<'a> {
    pub(crate) plan: Plan<'a>,
    /// What becomes due now is this stretch's to do.
    pub(crate) stretch: &'a Stretch,
    pub(crate) now: Timestamp,
    /// Where the value of the input is kept.
    pub(super) keep: Keep,
    pub(crate) effects: Vec<Effect>,
}

/// What a failure of a call says about a wait that was opened before it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// It was made: a callback may have come.
    Made,
    /// It was not, or its wait has ended: nothing can come.
    Over,
}

impl Input {
    /// The job that it is about.
    pub(super) fn job(&self) -> Option<&JobPath> {
        match self {
            Self::Answered(job, ..)
            | Self::Arrived(job, ..)
            | Self::TimedOut(job, ..)
            | Self::Woke(job, ..)
            | Self::ChildEnded(job, ..)
            | Self::Ran(job, ..)
            | Self::Refused(job, ..) => Some(job),
            Self::Start | Self::Cancel => None,
        }
    }
}

impl Run {
    /// Takes the run through one input. What becomes due at once is owed by `stretch`.
    #[must_use]
    pub fn apply(self, input: Input, stretch: &Stretch, plan: Plan<'_>, now: Timestamp) -> Applied {
        self.apply_keeping(Keep::Here, input, stretch, plan, now)
    }

    /// The same where the run has no room for what the input brings: that is kept as `keep` says. The caller stores what
    /// [`Run::value_of`] gives before the run that points at it.
    #[must_use]
    pub fn apply_keeping(
        mut self,
        keep: Keep,
        input: Input,
        stretch: &Stretch,
        plan: Plan<'_>,
        now: Timestamp,
    ) -> Applied {
        let mut turn = Turn { plan, stretch, now, keep, effects: Vec::new() };
        if !self.has_ended() {
            if input == Input::Cancel {
                self.cancel(&mut turn);
            } else {
                self.start_if_queued(&mut turn);
                self.catch_up(&input, &mut turn);
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
            self.drive_for(&Stretch::Start, turn);
        }
    }

    /// News may come of a job that has not begun as far as was written: a message that ends a rest begins jobs without
    /// a write. Then the rests that are over end here too; what that begins is owed by their own messages.
    fn catch_up(&mut self, input: &Input, turn: &mut Turn<'_>) {
        if input.job().is_none_or(|job| self.jobs.contains_key(job)) {
            return;
        }
        let is_over = |state: &JobState| {
            let (JobState::Resting { until, .. } | JobState::Sleeping { until }) = state else { return false };
            *until <= turn.now
        };
        let over = self.jobs.iter().filter(|(_, job)| is_over(&job.state));
        for (path, attempt) in over.map(|(path, job)| (path.clone(), job.attempt)).collect::<Vec<_>>() {
            let stretch = Stretch::Wake { job: path.clone(), attempt, nth: 0 };
            let mut woken = Turn { stretch: &stretch, effects: Vec::new(), ..*turn };
            self.woke(&path, attempt, &mut woken);
            turn.effects.append(&mut woken.effects);
            self.drive_for(&stretch, turn);
        }
    }

    fn drive_for(&mut self, stretch: &Stretch, turn: &mut Turn<'_>) {
        let mut theirs = Turn { stretch, effects: Vec::new(), ..*turn };
        self.drive(&mut theirs);
        turn.effects.append(&mut theirs.effects);
    }

    fn take(&mut self, input: Input, turn: &mut Turn<'_>) {
        if self.take_without_room(&input, turn) {
            return;
        }
        match input {
            Input::Start | Input::Cancel => {}
            Input::Answered(path, attempt, outcome) => self.answered(&path, attempt, (outcome, Made), turn),
            Input::Arrived(path, attempt, arrival) => self.arrived(&path, attempt, arrival, turn),
            Input::TimedOut(path, attempt) => self.timed_out(&path, attempt, turn),
            Input::Woke(path, attempt) => self.woke(&path, attempt, turn),
            Input::ChildEnded(path, attempt, ending) => self.child_ended(&path, attempt, ending, turn),
            Input::Ran(path, attempt) => self.ran(&path, attempt, turn),
            Input::Refused(path, attempt, error) => self.refused(&path, attempt, error, turn),
        }
    }

    /// The job's state, if this is still its attempt.
    fn current(&self, path: &JobPath, attempt: u32) -> Option<&JobState> {
        self.jobs.get(path).filter(|job| job.attempt == attempt).map(|job| &job.state)
    }

    pub(super) fn answered(
        &mut self,
        path: &JobPath,
        attempt: u32,
        (outcome, made): (Outcome, Call),
        turn: &mut Turn<'_>,
    ) {
        let Some(job) = self.jobs.get_mut(path).filter(|job| job.attempt == attempt) else { return };
        if let JobState::Calling { since, .. } = &job.state {
            let since = *since;
            self.called(path, since, (outcome, made), turn);
        } else if let JobState::Polling { asker, .. } = &mut job.state
            && asker.take().is_some()
        {
            self.polled(path, outcome, turn);
        } else if let JobState::Publishing { .. } = &job.state {
            self.published(path, outcome, turn);
        } else if let JobState::Invoking { .. } = &job.state {
            self.done_outside(path, outcome, turn);
        }
    }

    /// A success counts for any attempt: one that we gave up as unanswered may well have reached the service.
    fn arrived(&mut self, path: &JobPath, attempt: u32, arrival: Arrival, turn: &mut Turn<'_>) {
        let Some(job) = self.jobs.get_mut(path) else { return };
        let is_current = attempt == job.attempt;
        let counts = match arrival.verdict {
            Verdict::Success | Verdict::Unmapped => attempt <= job.attempt,
            Verdict::Failure | Verdict::NoStatus => is_current,
        };
        if !counts {
            return;
        }
        match &mut job.state {
            // Held until the answer is there; a success rather than a failure.
            JobState::Calling { arrived, .. } => {
                let held = arrived.as_ref().map(|held| held.verdict);
                if held.is_none_or(|held| !held.is_done() && arrival.verdict.is_done()) {
                    self.hold(path, arrival, turn);
                }
            }
            // The attempt has begun without a write: its wait was opened, its call is under way.
            JobState::Resting { .. } if is_current => {
                let stretch = Stretch::Wake { job: path.clone(), attempt, nth: 0 };
                job.state = JobState::Calling { since: turn.now, stretch, arrived: None };
                self.hold(path, arrival, turn);
            }
            JobState::Resting { .. } => self.conclude(path, Value::Null, arrival, turn),
            JobState::Waiting { response, wait, .. } => {
                let (response, wait) = (response.take(), wait.clone());
                self.conclude(path, response, arrival, turn);
                if !is_current {
                    self.close(vec![(wait, path.clone())], turn);
                }
            }
            _ => {}
        }
    }

    /// Keeps a callback until the job's call is answered. One that the run has no room for is held by its verdict alone.
    fn hold(&mut self, path: &JobPath, mut arrival: Arrival, turn: &Turn<'_>) {
        if turn.keep != Keep::Here {
            self.keep(path, &arrival.result, turn);
            arrival.result = Value::Null;
        }
        if let Some(JobState::Calling { arrived, .. }) = self.jobs.get_mut(path).map(|job| &mut job.state) {
            *arrived = Some(arrival);
        }
    }

    fn timed_out(&mut self, path: &JobPath, attempt: u32, turn: &mut Turn<'_>) {
        let Some(state) = self.current(path, attempt) else { return };
        // The worker told what came of the program before anybody saw that its time was over.
        if matches!(state, JobState::Program { outcome: Some(_), .. }) {
            return self.ran(path, attempt, turn);
        }
        let late = || JobError::new("timeout", format!("`{path}` took longer than allowed"));
        match state {
            JobState::Waiting { failed: Some(error), .. } => {
                let error = error.clone();
                self.fail(path, error, turn);
            }
            JobState::Waiting { wait, .. } => {
                let message = format!("no callback came for `{}` before the deadline", wait.key);
                self.fail(path, JobError::new("timeout", message), turn);
            }
            JobState::Calling { .. } => self.answered(path, attempt, (Outcome::Unreachable(late()), Over), turn),
            JobState::Child { child, .. } => {
                turn.effects.push(Effect::StopChild(child.clone()));
                self.fail(path, late(), turn);
            }
            // The attempt is over: its deadline doesn't bound those who clear up after it.
            JobState::Recovering { .. } => {}
            _ if state.has_ended() => {}
            _ => self.fail(path, late(), turn),
        }
    }

    fn woke(&mut self, path: &JobPath, attempt: u32, turn: &mut Turn<'_>) {
        match self.current(path, attempt) {
            Some(JobState::Resting { until, .. }) if *until <= turn.now => self.begin(path, turn),
            Some(JobState::Sleeping { until }) if *until <= turn.now => {
                let input = self.step_input(path, turn.plan, turn.now).map(Cow::into_owned);
                self.settle_with(path, input, turn);
            }
            Some(JobState::Polling { asker: None, .. }) => self.ask(path, turn),
            _ => {}
        }
    }

    fn child_ended(&mut self, path: &JobPath, attempt: u32, ending: Result<Value, JobError>, turn: &mut Turn<'_>) {
        if let Some(JobState::Child { .. }) = self.current(path, attempt) {
            match ending {
                Ok(output) => self.settle_with(path, Ok(output), turn),
                Err(error) => self.fail(path, error, turn),
            }
        }
    }

    /// Where nothing is owed to the job, nothing can be refused.
    pub(super) fn refused(&mut self, path: &JobPath, attempt: u32, error: JobError, turn: &mut Turn<'_>) {
        let Some(state) = self.current(path, attempt) else { return };
        match (state, state.group()) {
            (JobState::Calling { .. }, _) => self.answered(path, attempt, (Outcome::Unreachable(error), Over), turn),
            (JobState::Sleeping { .. }, _) | (_, Group::Block | Group::Ended { .. }) => {}
            (_, Group::Working | Group::Resting | Group::Waiting) => self.fail(path, error, turn),
        }
    }

    pub(crate) fn put(&mut self, path: &JobPath, state: JobState) {
        if let Some(job) = self.jobs.get_mut(path) {
            job.state = state;
        }
    }

    /// Puts a job into a state; begins it if it has not.
    pub(super) fn put_new(&mut self, path: &JobPath, state: JobState, now: Timestamp) {
        match self.jobs.get_mut(path) {
            Some(job) => job.state = state,
            None => {
                self.jobs.insert(path.clone(), JobRun::new(now, state));
            }
        }
    }
}

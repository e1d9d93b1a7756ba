//! How jobs are stopped, and which waits nobody needs any more.

use super::apply::Turn;
use super::{Effect, JobPath, JobState, Phase, Run};
use crate::wait::WaitKey;

impl Run {
    pub(super) fn cancel(&mut self, turn: &mut Turn<'_>) {
        let started_at = if let Phase::Active { started_at } = self.phase { Some(started_at) } else { None };
        self.stop_all(turn);
        self.phase = Phase::Cancelled { started_at, ended_at: turn.now };
    }

    /// Stops every job that is not done.
    pub(super) fn stop_all(&mut self, turn: &mut Turn<'_>) {
        self.stop(|_| true, turn);
    }

    /// Stops every job inside a job that is not done, whichever attempt it belongs to.
    pub(super) fn stop_inside(&mut self, path: &JobPath, turn: &mut Turn<'_>) {
        let is_inside = |inner: &JobPath| {
            let rest = inner.as_str().strip_prefix(path.as_str());
            rest.is_some_and(|rest| rest.starts_with(['/', '~']))
        };
        self.stop(is_inside, turn);
    }

    fn stop(&mut self, is_meant: impl Fn(&JobPath) -> bool, turn: &mut Turn<'_>) {
        let live = self.jobs.iter().filter(|(path, job)| !job.state.has_ended() && is_meant(path));
        let waits = live.filter_map(|(path, _)| Some((self.wait_of(path, turn)?, path.clone()))).collect();
        for (path, job) in &mut self.jobs {
            if !job.state.has_ended() && is_meant(path) {
                if let JobState::Child { child, .. } = &job.state {
                    turn.effects.push(Effect::StopChild(child.clone()));
                }
                job.state = JobState::Cancelled { at: turn.now };
            }
        }
        self.close(waits, turn);
    }

    /// Where a job waits; or may be waiting already, since it opened its wait before its call.
    pub(super) fn wait_of(&self, path: &JobPath, turn: &Turn<'_>) -> Option<WaitKey> {
        match &self.jobs.get(path)?.state {
            JobState::Waiting { wait, .. } => Some(wait.clone()),
            JobState::Calling { arrived: None, .. } | JobState::Resting { .. } => {
                self.key_before(path, turn.plan, turn.now).ok().flatten()
            }
            _ => None,
        }
    }

    /// Closes waits, unless another job of the run waits under the same key.
    pub(super) fn close(&self, mut waits: Vec<(WaitKey, JobPath)>, turn: &mut Turn<'_>) {
        if waits.is_empty() {
            return;
        }
        for (path, job) in &self.jobs {
            if !job.state.has_ended()
                && let Some(needed) = self.wait_of(path, turn)
            {
                waits.retain(|(wait, _)| *wait != needed);
            }
        }
        turn.effects.extend(waits.into_iter().map(|(wait, job)| Effect::CloseWait(wait, job)));
    }
}

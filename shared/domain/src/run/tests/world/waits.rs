//! The rendezvous of that world: who waits, what has arrived, and who comes first.

use super::{Message, World};
use crate::run::{Input, JobError, JobPath, Stretch};
use crate::wait::{Arrival, Verdict, WaitKey};
use jiff::Timestamp;
use serde_json::json;

#[derive(Debug, Default)]
pub(super) struct Wait {
    pub(super) waiter: Option<(JobPath, u32)>,
    pub(super) deadline: Timestamp,
    pub(super) arrived: Option<Arrival>,
    pub(super) is_closed: bool,
}

impl World<'_> {
    /// A key stays its waiter's while news from there may still matter to it; then the next one has it.
    pub(super) fn open_wait(
        &mut self,
        key: &WaitKey,
        job: &JobPath,
        attempt: u32,
        deadline: Timestamp,
    ) -> Option<Input> {
        let stored = &self.stored;
        let wait = self.waits.entry(key.clone()).or_default();
        let (mine, over) = (Some((job.clone(), attempt)), !wait.is_open());
        match &wait.waiter {
            None => {}
            Some((by, before)) if by == job && *before <= attempt && !over => {}
            waiter if *waiter == mine => {
                return Some(match &wait.arrived {
                    Some(arrival) => Input::Arrived(job.clone(), attempt, arrival.clone()),
                    None => Input::TimedOut(job.clone(), attempt),
                });
            }
            Some((by, before)) if by == job && *before < attempt => {
                if let Some(arrival @ Arrival { verdict: Verdict::Success, .. }) = &wait.arrived {
                    return Some(Input::Arrived(job.clone(), attempt, arrival.clone()));
                }
                *wait = Wait::default();
            }
            Some((by, before)) if !stored.awaits(by, *before) => *wait = Wait::default(),
            Some(_) => return Some(Input::Refused(job.clone(), attempt, JobError::new("key_taken", "it is taken"))),
        }
        (wait.waiter, wait.deadline) = (mine, deadline);
        wait.arrived.clone().map(|arrival| Input::Arrived(job.clone(), attempt, arrival))
    }

    /// What has come for the attempt, or else nothing more will.
    pub(super) fn give_up_wait(&mut self, key: &WaitKey, job: &JobPath, attempt: u32) -> Input {
        let wait = self.waits.entry(key.clone()).or_default();
        if let Some((by, before)) = &wait.waiter
            && by == job
        {
            match &wait.arrived {
                Some(arrival) if *before == attempt || arrival.verdict == Verdict::Success => {
                    return Input::Arrived(job.clone(), attempt, arrival.clone());
                }
                _ => wait.is_closed = true,
            }
        }
        Input::TimedOut(job.clone(), attempt)
    }

    pub(super) fn call_back(&mut self, key: &WaitKey, verdict: Verdict) {
        let wait = self.waits.entry(key.clone()).or_default();
        if wait.is_open() {
            wait.arrived = Some(Arrival { verdict, result: json!({"url": "u"}) });
            if let Some((job, attempt)) = &wait.waiter {
                self.messages.push(Message { stretch: Stretch::wait(key, job, *attempt), due: self.now });
            }
        }
    }
}

impl Wait {
    pub(super) fn is_open(&self) -> bool {
        self.arrived.is_none() && !self.is_closed
    }
}

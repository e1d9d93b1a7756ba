//! Jobs that run a program: handed to the workers, claimed by one of them, and settled with what came of it.
//!
//! ```text
//!  handed over ── claim ──► claimed until a time ── prolong, prolong … ── ended ──► settled by the run's own templates
//!       ▲                          │ the time passes, or the worker gives it back
//!       └──────────────────────────┘
//! ```
//!
//! A worker knows the programs of its machine and nothing else of the file: it takes no run any further. What it does is
//! in [`Run::claim`], [`Run::give_back`] and [`Run::ended`], each of them one conditional write; [`Input::Ran`] is what
//! brings the run on afterwards. **Guarantees.** While a claim lasts, nobody else gets the job. Only who holds the claim
//! can tell what came of it, and only once. A job that was cancelled, timed out or is in another attempt is nobody's.
//!
//! [`Input::Ran`]: super::Input::Ran

use super::apply::Turn;
use super::{JobError, JobPath, JobState, Run};
use crate::program::{Assignment, Ended};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a job asks of a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Errand {
    /// Which program.
    pub program: String,
    /// Its arguments, where the job gives them itself: an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
    /// Its input, where that is not the run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
}

/// A worker's claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Whose it is; another for each time that a message is taken up.
    pub by: String,
    /// When anybody may claim the job, unless the claim is prolonged.
    pub until: Timestamp,
}

/// What came of a program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgramOutcome {
    /// Its process has ended.
    Ended(Ended),
    /// It was not started, or something of ours failed.
    Refused(JobError),
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Claiming {
    /// The run with the claim, to be stored.
    Claimed(Box<Run>),
    /// Another worker has it until then.
    Taken(Timestamp),
    /// Nothing is owed to that attempt any more.
    Over,
}

impl Claim {
    /// Whether it still holds when another worker wants the job for itself. One that lasts more than twice as long as the
    /// other's would was made by a clock that is ahead, and would hold the job for as long as that if its worker has died.
    fn lasts(&self, other: &Self, now: Timestamp) -> bool {
        let lease = other.until.duration_since(now);
        self.until > now && self.until.duration_since(now) <= lease.saturating_add(lease)
    }
}

impl Run {
    /// What a worker is to do for that attempt of the job. `None` if nothing is owed to it any more.
    pub fn assignment<'a>(&'a self, path: &'a JobPath, attempt: u32) -> Option<Assignment<'a>> {
        let (Errand { program, params, input }, _) = self.open_errand(path, attempt)?;
        Some(Assignment {
            run: &self.id,
            workflow: &self.workflow,
            job: path.as_str(),
            attempt,
            program,
            params: params.as_ref(),
            input: input.as_ref().unwrap_or(&self.input),
        })
    }

    /// Claims the job's attempt for a worker, or prolongs the claim that it has.
    pub fn claim(mut self, path: &JobPath, attempt: u32, claim: Claim, now: Timestamp) -> Claiming {
        match self.open_errand(path, attempt) {
            None => Claiming::Over,
            Some((_, Some(held))) if held.by != claim.by && held.lasts(&claim, now) => Claiming::Taken(held.until),
            Some(_) => {
                self.set_claim(path, Some(claim));
                Claiming::Claimed(Box::new(self))
            }
        }
    }

    /// The worker gives the job back: the next one may claim it at once. `None` if it isn't its job.
    pub fn give_back(mut self, path: &JobPath, attempt: u32, by: &str) -> Option<Self> {
        self.open_errand(path, attempt)?.1.filter(|held| held.by == by)?;
        self.set_claim(path, None);
        Some(self)
    }

    /// The worker has run the program. `None` if it isn't its job any more.
    pub fn ended(mut self, path: &JobPath, attempt: u32, by: &str, outcome: ProgramOutcome) -> Option<Self> {
        self.open_errand(path, attempt)?.1.filter(|held| held.by == by)?;
        if let Some(JobState::Program { outcome: kept, .. }) = self.jobs.get_mut(path).map(|job| &mut job.state) {
            *kept = Some(outcome);
        }
        Some(self)
    }

    /// What is owed to the workers, and who has claimed it.
    fn open_errand(&self, path: &JobPath, attempt: u32) -> Option<(&Errand, Option<&Claim>)> {
        if self.has_ended() {
            return None;
        }
        match &self.jobs.get(path).filter(|job| job.attempt == attempt)?.state {
            JobState::Program { errand, claim, outcome: None } => Some((errand, claim.as_ref())),
            _ => None,
        }
    }

    fn set_claim(&mut self, path: &JobPath, to: Option<Claim>) {
        if let Some(JobState::Program { claim, .. }) = self.jobs.get_mut(path).map(|job| &mut job.state) {
            *claim = to;
        }
    }

    /// A worker has brought what came of the program.
    pub(super) fn ran(&mut self, path: &JobPath, attempt: u32, turn: &mut Turn<'_>) {
        let Some(job) = self.jobs.get_mut(path).filter(|job| job.attempt == attempt) else { return };
        let JobState::Program { errand, outcome, .. } = &mut job.state else { return };
        let (program, Some(outcome)) = (errand.program.clone(), outcome.take()) else { return };
        match outcome {
            ProgramOutcome::Refused(error) => self.fail(path, error, turn),
            ProgramOutcome::Ended(ended) => match ended.failure(&program) {
                Some(error) => self.fail(path, error, turn),
                None => self.finish_call(path, ended.result(), &Value::Null, turn),
            },
        }
    }
}

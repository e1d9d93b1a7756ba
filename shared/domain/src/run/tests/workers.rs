//! Workers in the world around a run: each takes a message, claims the job, runs its program, and may die at any step.

use super::world::World;
use crate::program::Ended;
use crate::run::{Claim, Claiming, JobError, JobPath, ProgramOutcome, Run, Stretch};
use jiff::{SignedDuration, Timestamp};

/// How long a claim lasts, in seconds.
const LEASE: i64 = 7;

/// A message of the workers' queue.
#[derive(Debug, Clone)]
pub(super) struct Errand {
    pub(super) job: JobPath,
    pub(super) attempt: u32,
    /// When it can be seen.
    pub(super) due: Timestamp,
}

/// Who runs a program.
#[derive(Debug)]
pub(super) struct Worker {
    errand: Errand,
    by: String,
    until: Timestamp,
}

impl World<'_> {
    /// A message reaches a worker.
    pub(super) fn take_up(&mut self, index: usize) {
        let errand = self.errands.swap_remove(index);
        if self.fate.strikes(8) {
            self.errands.push(errand.clone());
        }
        let until = self.now.checked_add(SignedDuration::from_secs(LEASE)).expect("a time");
        self.claims += 1;
        let claim = Claim { by: format!("worker {}", self.claims), until };
        match self.stored.clone().claim(&errand.job, errand.attempt, claim.clone(), self.now) {
            Claiming::Over => {}
            Claiming::Taken(due) => {
                assert!(due > self.now, "a claim that is over keeps nobody away");
                self.errands.push(Errand { due, ..errand });
            }
            Claiming::Claimed(run) => {
                let task = run.assignment(&errand.job, errand.attempt).expect("something to run");
                assert_eq!(task.program, "ship");
                let busy = self.workers.iter().any(|other| {
                    other.errand.job == errand.job && other.errand.attempt == errand.attempt && other.until > self.now
                });
                assert!(!busy, "two workers run one program: {:?} and {:?}", self.workers, claim);
                self.write(*run);
                self.workers.push(Worker { errand, by: claim.by, until });
            }
        }
    }

    /// A worker does its next thing.
    pub(super) fn labour(&mut self, index: usize) {
        let Worker { errand, by, until } = self.workers.swap_remove(index);
        let (job, attempt) = (errand.job.clone(), errand.attempt);
        match self.fate.pick(6) {
            // It dies: its message comes again when its claim is over.
            4 => self.errands.push(Errand { due: until, ..errand }),
            5 if self.fate.strikes(2) => {
                let back = self.stored.clone().give_back(&job, attempt, &by);
                back.into_iter().for_each(|run| self.write(run));
                self.errands.push(Errand { due: self.now, ..errand });
            }
            5 => {
                let until = self.now.checked_add(SignedDuration::from_secs(LEASE)).expect("a time");
                let claim = Claim { by: by.clone(), until };
                if let Claiming::Claimed(run) = self.stored.clone().claim(&job, attempt, claim, self.now) {
                    self.write(*run);
                    self.workers.push(Worker { errand, by, until });
                }
            }
            fate => {
                let outcome = match fate {
                    3 => ProgramOutcome::Refused(JobError::new("not_started", "it isn't there")),
                    fate => ProgramOutcome::Ended(Ended {
                        exit_code: Some(i32::from(fate == 2)),
                        signal: None,
                        timed_out_ms: None,
                        stdout: by.clone().into(),
                        stderr: String::new(),
                        duration_ms: 1,
                        truncated: false,
                    }),
                };
                let ended = self.stored.clone().ended(&job, attempt, &by, outcome.clone());
                let Some(run) = ended else { return };
                assert!(run.clone().ended(&job, attempt, &by, outcome).is_none(), "it can be told once");
                self.write(run);
                self.tell(Stretch::Program { job, attempt });
            }
        }
    }

    fn write(&mut self, run: Run) {
        self.version += 1;
        self.stored = run;
    }
}

//! One message: its job claimed, its program run, and what came of it told.

use super::Worker;
use super::pause::pause;
use aws_sdk_sqs::types::Message as Received;
use domain::config::Program;
use domain::program::{Ended, prepare};
use domain::redact::{KnownSecrets, is_secret};
use domain::run::{Claim, Claiming, JobError, ProgramOutcome, Run, Stretch};
use jiff::{SignedDuration, Timestamp};
use platform::chance::Chance;
use platform::queue::{Message, ProgramMessage, RunMessage};
use platform::secret::holds_sealed;
use platform::store::{Saved, StoreError};
use process::{Limits, execute};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How long a program that isn't for this worker is left to others, at first.
const PASS_ON: Duration = Duration::from_secs(5);
/// Pause before what the table didn't take is tried again, at first.
const AGAIN: Duration = Duration::from_secs(1);
/// How often what came of a program is told to a table that doesn't answer. Then its claim ends, and it is run again.
const TELLINGS: u32 = 300;

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is deleted.
    Done,
    /// It comes again after so long.
    Later(Duration),
}

/// A job in this worker's hands.
struct Held {
    message: ProgramMessage,
    by: String,
    run: Run,
    version: u64,
    until: Timestamp,
}

enum Taken {
    Held(Box<Held>),
    /// Not now, or not at all.
    Not(Fate),
}

impl Worker {
    pub(super) async fn errand(&self, received: &Received, place: OwnedSemaphorePermit) -> Fate {
        let body = received.body().unwrap_or_default();
        let message = match serde_json::from_str(body) {
            Ok(Message::Program(message)) => message,
            Ok(_) | Err(_) => {
                tracing::error!(message.id = received.message_id(), "this is no message about a program");
                return Fate::Later(self.options.lease);
            }
        };
        let receipt = received.receipt_handle().unwrap_or_default();
        let receives = platform::queue::received(received);
        match Box::pin(self.try_errand(message, (receipt, receives), place)).await {
            Ok(fate) => fate,
            Err(error) => {
                tracing::error!(%error, "a program could not be taken up; it is tried again");
                Fate::Later(pause(AGAIN, receives))
            }
        }
    }

    async fn try_errand(
        &self,
        message: ProgramMessage,
        (receipt, receives): (&str, u32),
        place: OwnedSemaphorePermit,
    ) -> Result<Fate, StoreError> {
        let only = &self.options.only;
        if !only.is_empty() && !only.contains(&message.program) {
            return Ok(Fate::Later(pause(PASS_ON, receives)));
        }
        let program = self.options.catalogue.program(&message.program, self.options.clock.now()).await?;
        if program.is_none() && self.options.catalogue.leaves_to_others() {
            tracing::warn!(program = message.program, "this worker's file has no such program; it is left to others");
            return Ok(Fate::Later(pause(PASS_ON, receives)));
        }
        let most = program.as_ref().and_then(Program::command).and_then(|command| command.max_concurrent);
        let Some(_places) = self.admit(&message.program, most, receipt, place).await else {
            return Ok(Fate::Later(pause(self.options.lease, receives)));
        };
        let mut held = match self.take_up(message, receives).await? {
            Taken::Held(held) => held,
            Taken::Not(fate) => return Ok(fate),
        };
        let lost = CancellationToken::new();
        let (run, message) = (held.run.clone(), held.message.clone());
        let (program, env) =
            self.options.catalogue.program_of(&message.program, &run, self.options.clock.now()).await?;
        let outcome = {
            let running = self.run((program.as_ref(), &env), &message, &run, &lost);
            let mut running = std::pin::pin!(running);
            loop {
                tokio::select! {
                    outcome = &mut running => break outcome,
                    kept = self.keep(&mut held, receipt), if !lost.is_cancelled() => {
                        if !kept {
                            lost.cancel();
                        }
                    }
                }
            }
        };
        match outcome {
            Some(outcome) => Ok(self.tell(*held, outcome).await),
            // Somebody else has it, or nobody needs it any more.
            None if lost.is_cancelled() => Ok(Fate::Later(self.options.lease)),
            None => self.give_back(*held).await,
        }
    }

    /// Waits until the program may run once more, without taking the place of others meanwhile.
    async fn admit(
        &self,
        program: &str,
        most: Option<u32>,
        receipt: &str,
        place: OwnedSemaphorePermit,
    ) -> Option<Vec<OwnedSemaphorePermit>> {
        let Some(most) = most else { return Some(vec![place]) };
        let places = self.places(program, most);
        if let Ok(own) = places.clone().try_acquire_owned() {
            return Some(vec![place, own]);
        }
        let _waiting = self.waiting.clone().try_acquire_owned().ok()?;
        drop(place);
        let mut turn = std::pin::pin!(places.acquire_owned());
        let own = loop {
            tokio::select! {
                own = &mut turn => break own.ok()?,
                () = self.ending.cancelled() => return None,
                () = sleep(self.options.lease / 3) => self.hide(receipt, self.options.lease).await.ok()?,
            }
        };
        let place = self.room.clone().acquire_owned().await.ok()?;
        Some(vec![place, own])
    }

    /// Claims the job: one read, and one conditional write.
    async fn take_up(&self, message: ProgramMessage, receives: u32) -> Result<Taken, StoreError> {
        let by = hex::encode(Chance::default().bytes::<12>());
        loop {
            let Some(stored) = self.options.store.run(&message.run).await? else { return Ok(Taken::Not(Fate::Done)) };
            let (now, until) = self.lease();
            let claim = Claim { by: by.clone(), until };
            let run = match stored.run.claim(&message.job, message.attempt, claim, now) {
                Claiming::Over => return Ok(Taken::Not(Fate::Done)),
                Claiming::Taken(until) => {
                    let left = until.duration_since(now).unsigned_abs().min(self.options.lease);
                    return Ok(Taken::Not(Fate::Later(pause(left.max(AGAIN), receives))));
                }
                Claiming::Claimed(run) => *run,
            };
            if let Saved::Written(version) = self.options.store.save_run(&run, stored.version, &[], now).await? {
                return Ok(Taken::Held(Box::new(Held { message, by, run, version, until })));
            }
        }
    }

    fn lease(&self) -> (Timestamp, Timestamp) {
        let now = self.options.clock.now();
        let lease = SignedDuration::try_from(self.options.lease).unwrap_or(SignedDuration::MAX);
        (now, now.checked_add(lease).unwrap_or(Timestamp::MAX))
    }

    /// Runs the program. `None` if it was stopped.
    async fn run(
        &self,
        (program, env): (Option<&Program>, &Value),
        message: &ProgramMessage,
        run: &Run,
        lost: &CancellationToken,
    ) -> Option<ProgramOutcome> {
        let refused = |error| Some(ProgramOutcome::Refused(error));
        let Some((program, command)) = program.and_then(|program| Some((program, program.command()?))) else {
            let text = format!("no worker can start the program `{}`", message.program);
            return refused(JobError::new("unknown_program", text));
        };
        let assignment = run.assignment(&message.job, message.attempt)?;
        let constants = || command.env.iter().filter_map(|(_, template)| template.as_constant());
        let given = || [Some(assignment.input), assignment.params].into_iter().flatten();
        // With keys, what is sealed has been opened: a text that only looks sealed is given to the program as it is.
        if !self.options.has_keys && (given().any(holds_sealed) || constants().any(|value| holds_sealed(&value))) {
            let text = format!(
                "the input or the environment of `{}` holds secrets that this worker can't open: give it the gateway's key, \
                 by RINGBACK_KEY or RINGBACK_KEY_PARAMETER",
                message.program
            );
            return refused(JobError::new("no_key", text));
        }
        let inherited = |name: &str| self.options.environment.text(name);
        let prepared = match prepare(program, command, &assignment, env, &inherited) {
            Ok(prepared) => prepared,
            Err(error) => return refused(error),
        };
        // A program may print what it was given to keep.
        let given = prepared.env.iter().filter(|(name, _)| is_secret(name)).map(|(_, value)| value.clone());
        let secrets = KnownSecrets::new(given);
        let limits = Limits { timeout: program.timeout, grace: self.options.grace };
        let stop = async {
            tokio::select! {
                () = lost.cancelled() => {}
                () = self.ending.cancelled() => {}
            }
        };
        match Box::pin(execute(command, prepared, limits, stop)).await {
            Ok(ended) => ended.map(|ended| ProgramOutcome::Ended(without(ended, &secrets))),
            Err(error) => refused(error),
        }
    }

    /// One heartbeat: after a third of the lease, claim and message are prolonged. False if the job is ours no more.
    async fn keep(&self, held: &mut Held, receipt: &str) -> bool {
        sleep(self.options.lease / 3).await;
        // Before the claim is over, so that the program has ended when somebody else may begin.
        let until = Instant::now() + self.options.lease / 3;
        loop {
            match self.prolong(held).await {
                Ok(kept) => {
                    if let (true, Err(error)) = (kept, self.hide(receipt, self.options.lease).await) {
                        tracing::warn!(error, "a message can't be kept hidden; its claim keeps others away");
                    }
                    return kept;
                }
                Err(error) if Instant::now() >= until => {
                    tracing::error!(%error, program = held.message.program, "a claim could not be prolonged in time");
                    return false;
                }
                Err(_) => sleep(self.options.lease / 12).await,
            }
        }
    }

    async fn prolong(&self, held: &mut Held) -> Result<bool, StoreError> {
        loop {
            let (now, until) = self.lease();
            let claim = Claim { by: held.by.clone(), until };
            let Claiming::Claimed(run) = held.run.clone().claim(&held.message.job, held.message.attempt, claim, now)
            else {
                return Ok(false);
            };
            match self.options.store.save_run(&run, held.version, &[], now).await? {
                Saved::Written(version) => {
                    (held.run, held.version, held.until) = (*run, version, until);
                    return Ok(true);
                }
                Saved::Conflict => {
                    if !self.read_again(held).await? {
                        return Ok(false);
                    }
                }
            }
        }
    }

    /// Tells what came of the program: one conditional write, which owes the run the news.
    async fn tell(&self, mut held: Held, mut outcome: ProgramOutcome) -> Fate {
        for _ in 0..TELLINGS {
            match self.try_tell(&mut held, &outcome).await {
                Ok(()) => return Fate::Done,
                Err(StoreError::TooLarge { size, .. }) => {
                    outcome = match outcome {
                        ProgramOutcome::Ended(ended) if !ended.is_without_outputs() => {
                            ProgramOutcome::Ended(ended.without_outputs())
                        }
                        ProgramOutcome::Ended(_) | ProgramOutcome::Refused(_) => {
                            let text = format!("the run is too large to be stored: {size} bytes");
                            ProgramOutcome::Refused(JobError::new("too_large", text))
                        }
                    };
                }
                Err(error) => {
                    tracing::warn!(%error, "what came of a program could not be told; it is tried again");
                    sleep(AGAIN).await;
                }
            }
        }
        tracing::error!(program = held.message.program, "what came of a program could not be told; it will run again");
        Fate::Later(self.options.lease)
    }

    async fn try_tell(&self, held: &mut Held, outcome: &ProgramOutcome) -> Result<(), StoreError> {
        let ProgramMessage { run: id, job, attempt, program } = held.message.clone();
        loop {
            let Some(run) = held.run.clone().ended(&job, attempt, &held.by, outcome.clone()) else {
                tracing::warn!(task_id = %id, program, "the program has ended, but its job has gone on without it");
                return Ok(());
            };
            let stretch = Stretch::Program { job: job.clone(), attempt };
            let owes = [RunMessage { run: id.clone(), stretch, due: None, again: 0 }.into()];
            match self.options.store.save_run(&run, held.version, &owes, self.options.clock.now()).await? {
                Saved::Written(_) => return Ok(()),
                Saved::Conflict => {
                    if !self.read_again(held).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// We are to stop: the next worker may have it at once.
    async fn give_back(&self, mut held: Held) -> Result<Fate, StoreError> {
        loop {
            let ProgramMessage { job, attempt, .. } = &held.message;
            let Some(run) = held.run.clone().give_back(job, *attempt, &held.by) else { return Ok(Fate::Done) };
            match self.options.store.save_run(&run, held.version, &[], self.options.clock.now()).await? {
                Saved::Written(_) => return Ok(Fate::Later(Duration::ZERO)),
                Saved::Conflict => {
                    if !self.read_again(&mut held).await? {
                        return Ok(Fate::Done);
                    }
                }
            }
        }
    }

    /// Somebody else has written the run. False if it is gone.
    async fn read_again(&self, held: &mut Held) -> Result<bool, StoreError> {
        let Some(stored) = self.options.store.run(&held.message.run).await? else { return Ok(false) };
        (held.run, held.version) = (stored.run, stored.version);
        Ok(true)
    }
}

/// A program's end with secrets taken out of its output.
fn without(ended: Ended, secrets: &KnownSecrets) -> Ended {
    let mut stdout = ended.stdout;
    secrets.hide(&mut stdout);
    Ended { stdout, stderr: secrets.mask(&ended.stderr).into_owned(), ..ended }
}

#[cfg(test)]
mod tests;

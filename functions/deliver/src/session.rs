//! A run in the hands of one stretch.

use crate::notices;
use domain::id::RunId;
use domain::redact::{KnownSecrets, hide_fields};
use domain::run::{Applied, Effect, Input, JobError, JobPath, Owed, Phase, Plan, Run, Stretch};
use domain::wait::WaitKey;
use jiff::{SignedDuration, Timestamp};
use platform::App;
use platform::definitions::Following;
use platform::memory::Hold;
use platform::queue::{MAX_DELAY, Message, ProgramMessage, RunMessage};
use platform::store::{Saved, StoreError, Timer};

/// The run as this stretch sees it, and what it has not written yet.
pub(crate) struct Session<'a> {
    app: &'a App,
    run: Run,
    version: u64,
    stretch: Stretch,
    hand_over_at: Timestamp,
    /// Since the last write; after a conflict they are applied again to what the other has written.
    unsaved: Vec<Input>,
    wakes: Vec<(Stretch, Timestamp)>,
    closes: Vec<(WaitKey, JobPath)>,
    stops: Vec<RunId>,
    programs: Vec<ProgramMessage>,
    following: Following,
    /// What the run takes of the memory.
    _room: Hold,
}

impl<'a> Session<'a> {
    /// Reads the message's run. `None` if it is gone or has ended.
    pub(crate) async fn open(app: &'a App, message: &RunMessage) -> Result<Option<Self>, StoreError> {
        let read = app.store.run_within(&message.run, &app.memory.runs).await?;
        let Some((run, version, room)) = read.filter(|(run, ..)| !run.has_ended()) else { return Ok(None) };
        let following = app.following(&run).await?;
        let stretch = SignedDuration::try_from(app.settings.stretch).unwrap_or(SignedDuration::MAX);
        Ok(Some(Self {
            app,
            run,
            version,
            stretch: message.stretch.clone(),
            hand_over_at: app.now().checked_add(stretch).unwrap_or(Timestamp::MAX),
            unsaved: Vec::new(),
            wakes: Vec::new(),
            closes: Vec::new(),
            stops: Vec::new(),
            programs: Vec::new(),
            following,
            _room: room,
        }))
    }

    pub(crate) fn run(&self) -> &Run {
        &self.run
    }

    /// What the run follows.
    pub(crate) fn plan(&self) -> Plan<'_> {
        self.following.plan()
    }

    /// What this stretch has to do, as the run stands.
    pub(crate) fn owed(&self) -> Vec<Owed> {
        self.run.owed_by(&self.stretch)
    }

    /// Takes the run through an input. One that has ended, and is stored so, takes none.
    pub(crate) fn take(&mut self, input: Input) {
        if self.run.has_ended() && self.unsaved.is_empty() {
            return;
        }
        self.apply(input.clone());
        self.unsaved.push(input);
    }

    fn apply(&mut self, input: Input) {
        let now = self.app.now();
        let next = self.next_stretch(now);
        let Applied { run, effects } = self.run.clone().apply(input, &next, self.plan(), now);
        self.run = run;
        for effect in effects {
            match effect {
                Effect::Log { job, level, message, data } => self.log(job.as_str(), &level, &message, data),
                Effect::Wake { stretch, at } => self.wakes.push((stretch, at)),
                Effect::CloseWait(wait, job) => self.closes.push((wait, job)),
                Effect::StopChild(child) => self.stops.push(child),
                Effect::RunProgram { job, attempt, program } => {
                    self.programs.push(ProgramMessage { run: self.run.id.clone(), job, attempt, program });
                }
            }
        }
    }

    /// A stretch that has lasted long enough leaves what becomes due to a message of its own.
    fn next_stretch(&self, now: Timestamp) -> Stretch {
        if now < self.hand_over_at { self.stretch.clone() } else { Stretch::Continue { version: self.version + 1 } }
    }

    /// What a message brings can be had from it again, so nothing needs to be written before the calls and
    /// events that it makes due; unless something else must happen meanwhile.
    pub(crate) async fn save_unless_quiet(&mut self) -> Result<(), StoreError> {
        let only_message = self.unsaved.iter().all(|input| matches!(input, Input::Start | Input::Woke(..)));
        let owed = self.owed();
        let is_call = |owed: &Owed| matches!(owed, Owed::Call(..) | Owed::Publish(..) | Owed::Invoke(..));
        let calls = !owed.is_empty() && owed.iter().all(is_call);
        let more =
            !(self.wakes.is_empty() && self.closes.is_empty() && self.stops.is_empty() && self.programs.is_empty());
        if only_message && calls && !more { Ok(()) } else { self.save().await }
    }

    /// Writes the run, with the messages that it owes from now on.
    pub(crate) async fn save(&mut self) -> Result<(), StoreError> {
        let mut shrunk = false;
        while !self.unsaved.is_empty() {
            let owes = self.owes().await?;
            match self.app.store.save_run(&self.run, self.version, &owes, self.app.now()).await {
                Ok(Saved::Written(version)) => {
                    self.version = version;
                    self.tell_if_failed();
                    self.unsaved.clear();
                    self.wakes.clear();
                    self.stops.clear();
                    self.programs.clear();
                }
                Ok(Saved::Conflict) => self.replay().await?,
                Err(StoreError::TooLarge { size, .. }) if !shrunk => {
                    shrunk = true;
                    self.unsaved = std::mem::take(&mut self.unsaved).into_iter().map(|i| refused(i, size)).collect();
                    self.replay().await?;
                }
                Err(StoreError::TooLarge { size, .. }) if !self.run.jobs.is_empty() => self.abandon(size),
                Err(error) => return Err(error),
            }
        }
        for (wait, job) in std::mem::take(&mut self.closes) {
            self.app.store.close_wait(&wait, &self.run.id, &job).await?;
        }
        Ok(())
    }

    /// Somebody else has written the run: what came to us is applied to what it is now.
    async fn replay(&mut self) -> Result<(), StoreError> {
        let damaged = || StoreError::Damaged(self.run.id.to_string());
        let stored = self.app.store.run(&self.run.id).await?.ok_or_else(damaged)?;
        let ours = std::mem::replace(&mut self.run, stored.run);
        self.version = stored.version;
        self.wakes.clear();
        self.closes.clear();
        self.stops.clear();
        self.programs.clear();
        if self.run.has_ended() {
            self.unsaved.clear();
            // Whoever ended it could not know of a wait that was opened without a write of the run.
            let stopped = ours.apply(Input::Cancel, &self.stretch, self.plan(), self.app.now());
            self.closes.extend(stopped.effects.into_iter().filter_map(|effect| match effect {
                Effect::CloseWait(wait, job) => Some((wait, job)),
                Effect::Log { .. } | Effect::Wake { .. } | Effect::StopChild(_) | Effect::RunProgram { .. } => None,
            }));
        }
        for input in self.unsaved.clone() {
            self.apply(input);
        }
        Ok(())
    }

    /// The run has grown until not even the failure of one job fits: it fails as a whole, and forgets its jobs. What it
    /// began with was stored once, with room for this.
    fn abandon(&mut self, size: usize) {
        let now = self.app.now();
        self.wakes.clear();
        self.programs.clear();
        let stopped = self.run.clone().apply(Input::Cancel, &self.stretch, self.plan(), now);
        for effect in stopped.effects {
            match effect {
                Effect::CloseWait(wait, job) => self.closes.push((wait, job)),
                Effect::StopChild(child) => self.stops.push(child),
                Effect::Log { .. } | Effect::Wake { .. } | Effect::RunProgram { .. } => {}
            }
        }
        let started_at = match self.run.phase {
            Phase::Active { started_at } => started_at,
            Phase::Queued | Phase::Completed { .. } | Phase::Failed { .. } | Phase::Cancelled { .. } => now,
        };
        let message = format!("the run has become too large to be stored: {size} bytes");
        self.run.phase = Phase::Failed { started_at, ended_at: now, error: JobError::new("too_large", message) };
        self.run.jobs.clear();
    }

    /// What the write promises: rests, the hand-over, and news for the run that waits for this one. A rest longer than
    /// the queue can delay is a timer, written first: one that points at nothing does no harm.
    async fn owes(&self) -> Result<Vec<Message>, StoreError> {
        let now = self.app.now();
        let far = now.checked_add(SignedDuration::try_from(MAX_DELAY).unwrap_or(SignedDuration::ZERO)).unwrap_or(now);
        let mut owes = Vec::new();
        for (stretch, at) in &self.wakes {
            let message = RunMessage { run: self.run.id.clone(), stretch: stretch.clone(), due: Some(*at) };
            if *at <= far {
                owes.push(message.into());
            } else {
                self.app.store.add_timer(*at, &Timer::Run(message)).await?;
            }
        }
        let stops = self.stops.iter().cloned();
        owes.extend(stops.map(|run| RunMessage { run, stretch: Stretch::Stop, due: None }.into()));
        owes.extend(self.programs.iter().cloned().map(Message::from));
        let next = Stretch::Continue { version: self.version + 1 };
        if !self.run.owed_by(&next).is_empty() {
            owes.push(RunMessage { run: self.run.id.clone(), stretch: next, due: None }.into());
        }
        if let (true, Some(parent)) = (self.run.has_ended(), &self.run.parent) {
            let (job, attempt, child) = (parent.job.clone(), parent.attempt, self.run.id.clone());
            let stretch = Stretch::Child { job, attempt, child };
            owes.push(RunMessage { run: parent.run.clone(), stretch, due: None }.into());
        }
        owes.extend(notices::run_failed(&self.run, &self.app.surroundings.secrets));
        Ok(owes)
    }

    /// Says that the run has failed, once that is written; of a run that another waits for, that one decides what it means.
    fn tell_if_failed(&self) {
        let (Phase::Failed { error, .. }, None) = (&self.run.phase, &self.run.parent) else { return };
        let (task_id, workflow, code) = (self.run.id.as_str(), self.run.workflow.as_str(), error.code.as_str());
        let message = self.app.surroundings.secrets.mask(&error.message);
        let message = KnownSecrets::of_input(&self.run.input).mask(&message);
        tracing::warn!(target: "ringback::run", task_id, workflow, code, "a run failed: {message}");
    }

    /// Writes what a logger says, without secrets.
    fn log(&self, job: &str, level: &str, message: &str, mut data: serde_json::Value) {
        let (of_place, of_run) = (&self.app.surroundings.secrets, KnownSecrets::of_input(&self.run.input));
        hide_fields(&mut data);
        of_place.hide(&mut data);
        of_run.hide(&mut data);
        let message = of_place.mask(message);
        let message = of_run.mask(&message);
        let data = (!data.is_null()).then(|| data.to_string());
        let (run, data) = (self.run.id.as_str(), data.as_deref());
        match level {
            "trace" => tracing::trace!(target: "workflow", task_id = run, job = job, data = data, "{message}"),
            "debug" => tracing::debug!(target: "workflow", task_id = run, job = job, data = data, "{message}"),
            "warn" | "warning" => {
                tracing::warn!(target: "workflow", task_id = run, job = job, data = data, "{message}");
            }
            "error" => tracing::error!(target: "workflow", task_id = run, job = job, data = data, "{message}"),
            _ => tracing::info!(target: "workflow", task_id = run, job = job, data = data, "{message}"),
        }
    }
}

/// In place of something that made the run too large to be stored: the job fails, and says why.
fn refused(input: Input, size: usize) -> Input {
    let error =
        || JobError::new("too_large", format!("what came back makes the run too large to be stored: {size} bytes"));
    match input {
        Input::Answered(job, attempt, _)
        | Input::Arrived(job, attempt, _)
        | Input::ChildEnded(job, attempt, _)
        | Input::Ran(job, attempt) => Input::Refused(job, attempt, error()),
        other @ (Input::Start | Input::TimedOut(..) | Input::Woke(..) | Input::Refused(..) | Input::Cancel) => other,
    }
}

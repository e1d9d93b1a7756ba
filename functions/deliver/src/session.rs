//! A run in the hands of one stretch.

use crate::{notices, room};
use application::App;
use application::definitions::Following;
use domain::id::RunId;
use domain::redact::{KnownSecrets, hide_fields};
use domain::run::{Applied, Effect, Input, JobPath, Keep, Owed, Phase, Plan, Run, Stretch};
use domain::wait::WaitKey;
use jiff::{SignedDuration, Timestamp};
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
    /// Since the last write, each with where its value is kept; after a conflict they are applied again to what the other has
    /// written.
    unsaved: Vec<(Input, Keep)>,
    /// The run's item has no room for what callbacks brought: that is kept in items of its own.
    is_full: bool,
    /// What has happened when the message's time has come happens no sooner, whatever the clock says since.
    not_before: Timestamp,
    wakes: Vec<(Stretch, Timestamp)>,
    closes: Vec<(WaitKey, JobPath)>,
    stops: Vec<RunId>,
    programs: Vec<ProgramMessage>,
    following: Following,
    /// What the run takes of the memory.
    room: Hold,
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
            is_full: false,
            not_before: message.due.unwrap_or(Timestamp::MIN),
            wakes: Vec::new(),
            closes: Vec::new(),
            stops: Vec::new(),
            programs: Vec::new(),
            following,
            room,
        }))
    }

    /// Waits for what is under way outside. A large run is put out of memory meanwhile, and is read again after it: behind a
    /// slow service, its room would be missing to every other large run.
    pub(crate) async fn wait_for<T>(&mut self, outside: impl Future<Output = T>) -> Result<T, StoreError> {
        if self.room.is_small() || !self.unsaved.is_empty() {
            return Ok(outside.await);
        }
        let waits: Vec<_> = self.waits_of(self.run.clone()).collect();
        self.run.drop_contents();
        self.room.release();
        let outcome = outside.await;
        let read = self.app.store.run_within(&self.run.id, &self.app.memory.runs).await?;
        let gone = || StoreError::Damaged(self.run.id.to_string());
        (self.run, self.version, self.room) = read.ok_or_else(gone)?;
        if self.run.has_ended() {
            self.closes.extend(waits);
        }
        Ok(outcome)
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
        self.apply(input.clone(), Keep::Here);
        self.unsaved.push((input, Keep::Here));
    }

    fn apply(&mut self, input: Input, keep: Keep) {
        let now = self.app.now().max(self.not_before);
        let next = self.next_stretch(now);
        let apply = || self.run.clone().apply_keeping(keep, input, &next, self.plan(), now);
        let Applied { run, effects } = self.room.run(apply);
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
    /// events that it makes due; unless something else must happen meanwhile, or the run is to leave the memory.
    pub(crate) async fn save_unless_quiet(&mut self) -> Result<(), StoreError> {
        let only_message = self.unsaved.iter().all(|(input, _)| matches!(input, Input::Start | Input::Woke(..)));
        let owed = self.owed();
        let is_call = |owed: &Owed| matches!(owed, Owed::Call(..) | Owed::Publish(..) | Owed::Invoke(..));
        let calls = !owed.is_empty() && owed.iter().all(is_call);
        let more =
            !(self.wakes.is_empty() && self.closes.is_empty() && self.stops.is_empty() && self.programs.is_empty());
        if only_message && calls && !more && self.room.is_small() { Ok(()) } else { self.save().await }
    }

    /// Writes the run, with the messages that it owes from now on.
    pub(crate) async fn save(&mut self) -> Result<(), StoreError> {
        while !self.unsaved.is_empty() {
            let owes = self.owes().await?;
            if self.run.has_ended() {
                self.app.store.expire_results(&self.run, self.app.now()).await?;
            }
            let saving = self.app.store.save_run(&self.run, self.version, &owes, self.app.now());
            match self.room.drive(saving).await {
                Ok(Saved::Written(version)) => {
                    self.version = version;
                    self.tell_if_failed();
                    self.unsaved.clear();
                    self.wakes.clear();
                    self.stops.clear();
                    self.programs.clear();
                }
                Ok(Saved::Conflict) => self.replay().await?,
                Err(StoreError::TooLarge { size, .. }) if self.makes_room(size) => self.replay().await?,
                Err(StoreError::TooLarge { size, .. }) if !self.run.jobs().is_empty() => self.abandon(size).await?,
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
        self.stops.clear();
        self.programs.clear();
        // One that has ended may have been ended by this very write, whose answer got lost: its waits are closed all the same.
        if !self.run.has_ended() {
            self.closes.clear();
        } else {
            self.unsaved.clear();
            // What ended it could not know of a wait that was opened without a write of the run.
            self.closes.extend(self.waits_of(ours));
        }
        if self.is_full {
            room::move_beside(&self.app.store, &mut self.run).await?;
        }
        for (index, (input, mut keep)) in self.unsaved.clone().into_iter().enumerate() {
            if keep != Keep::Here {
                keep = room::keep_beside(&self.app.store, &self.run, &input, keep).await?;
                if let Some(unsaved) = self.unsaved.get_mut(index) {
                    unsaved.1 = keep;
                }
            }
            self.apply(input, keep);
        }
        Ok(())
    }

    /// The waits that are open in a state of the run.
    fn waits_of(&self, run: Run) -> impl Iterator<Item = (WaitKey, JobPath)> + use<> {
        let stopped = run.apply(Input::Cancel, &self.stretch, self.plan(), self.app.now());
        stopped.effects.into_iter().filter_map(|effect| match effect {
            Effect::CloseWait(wait, job) => Some((wait, job)),
            Effect::Log { .. } | Effect::Wake { .. } | Effect::StopChild(_) | Effect::RunProgram { .. } => None,
        })
    }

    /// Keeps less in the run than before: first no values that callbacks brought, then not even outputs. False where that was
    /// tried already.
    fn makes_room(&mut self, size: usize) -> bool {
        let next = |keep| match keep {
            Keep::Here => Some(Keep::Beside),
            Keep::Beside => Some(Keep::Alone { bytes: size }),
            Keep::Alone { .. } | Keep::Nowhere { .. } => None,
        };
        let changed = self.unsaved.iter_mut().filter_map(|(_, keep)| next(*keep).map(|next| *keep = next)).count();
        self.is_full = true;
        changed > 0
    }

    /// The run has grown until not even the failure of one job fits: it fails as a whole, and forgets what its jobs came to,
    /// but not what callbacks brought, which is beside the run by then. What it began with was stored once, with room for this.
    async fn abandon(&mut self, size: usize) -> Result<(), StoreError> {
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
        room::move_beside(&self.app.store, &mut self.run).await?;
        self.run.abandon(room::too_large(size), now);
        Ok(())
    }

    /// What the write promises: rests, the hand-over, and news for the run that waits for this one. A rest longer than
    /// the queue can delay is a timer, written first: one that points at nothing does no harm.
    async fn owes(&self) -> Result<Vec<Message>, StoreError> {
        let now = self.app.now();
        let far = now.checked_add(SignedDuration::try_from(MAX_DELAY).unwrap_or(SignedDuration::ZERO)).unwrap_or(now);
        let mut owes = Vec::new();
        for (stretch, at) in &self.wakes {
            let message = RunMessage { run: self.run.id.clone(), stretch: stretch.clone(), due: Some(*at), again: 0 };
            if *at <= far {
                owes.push(message.into());
            } else {
                self.app.store.add_timer(*at, &Timer::Run(message)).await?;
            }
        }
        let stops = self.stops.iter().cloned();
        owes.extend(stops.map(|run| RunMessage { run, stretch: Stretch::Stop, due: None, again: 0 }.into()));
        owes.extend(self.programs.iter().cloned().map(Message::from));
        let next = Stretch::Continue { version: self.version + 1 };
        if !self.run.owed_by(&next).is_empty() {
            owes.push(RunMessage { run: self.run.id.clone(), stretch: next, due: None, again: 0 }.into());
        }
        if let (true, Some(parent)) = (self.run.has_ended(), &self.run.parent) {
            let (job, attempt, child) = (parent.job.clone(), parent.attempt, self.run.id.clone());
            let stretch = Stretch::Child { job, attempt, child };
            owes.push(RunMessage { run: parent.run.clone(), stretch, due: None, again: 0 }.into());
        }
        owes.extend(notices::run_failed(&self.run, &self.app.surroundings.secrets));
        Ok(owes)
    }

    /// Says that the run has failed, once that is written; of a run that another waits for, that one decides what it means.
    fn tell_if_failed(&self) {
        let (Phase::Failed { error, .. }, None) = (self.run.phase(), &self.run.parent) else { return };
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

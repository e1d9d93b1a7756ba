//! A file from its text, and a run of it in a test's hands.

use crate::config::{Config, load};
use crate::id::RunId;
use crate::redact::KnownSecrets;
use crate::run::{
    Applied, Call, Effect, Input, JobPath, JobRun, JobState, Outcome, Phase, Plan, Run, Stretch, Surroundings,
};
use crate::wait::{Arrival, Verdict, WaitKey};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// What a run follows.
#[derive(Debug)]
pub(super) struct File {
    pub(super) config: Config,
    pub(super) surroundings: Surroundings,
}

/// Loads the text of a file, with a gateway and an environment around it.
#[track_caller]
pub(super) fn file(text: &str) -> File {
    let loaded = load(text, "ringback.yml");
    let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    let surroundings = Surroundings {
        capability: None,
        secrets: KnownSecrets::default(),
        env: json!({"IMAGE_AI_KEY": "key-1", "IMAGEOPTIM_KEY": "key-2", "HOST": "https://api.test"}),
        gateway: json!({"8090": {"public_url": "https://abc.ngrok.test"}}),
        listener: json!({"url": "https://abc.ngrok.test"}),
    };
    File { config, surroundings }
}

/// Starts a run of a file's only (or first) workflow.
pub(super) fn story(file: &File, input: Value) -> Story<'_> {
    let workflow = file.config.workflows.keys().next().expect("a workflow");
    let mut story = Story::queued(file, workflow, input);
    story.take(Input::Start);
    story
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).expect("a time")
}

/// One run: inputs go in one after the other, and what comes of them can be looked at.
#[derive(Debug, Clone)]
pub(super) struct Story<'a> {
    pub(super) file: &'a File,
    pub(super) run: Run,
    pub(super) now: Timestamp,
    /// Whose the calls are that become due.
    pub(super) stretch: Stretch,
    /// Of the last input.
    pub(super) effects: Vec<Effect>,
}

impl<'a> Story<'a> {
    /// A run that has not begun.
    pub(super) fn queued(file: &'a File, workflow: &str, input: Value) -> Self {
        let run = Run::accept(RunId::random([1; 16]), workflow.to_owned(), input, None, at(0));
        Self { file, run, now: at(0), stretch: Stretch::Start, effects: Vec::new() }
    }

    /// A run with an empty input, of which the first jobs have begun.
    pub(super) fn begun(file: &'a File) -> Self {
        story(file, json!({}))
    }

    pub(super) fn plan(&self) -> Plan<'a> {
        Plan { config: &self.file.config, surroundings: &self.file.surroundings }
    }

    pub(super) fn take(&mut self, input: Input) {
        let Applied { run, effects } = self.run.clone().apply(input, &self.stretch, self.plan(), self.now);
        self.run = run;
        self.effects = effects;
    }

    pub(super) fn pass(&mut self, time: &str) {
        let time: SignedDuration = time.parse().expect("a duration");
        self.now = self.now.checked_add(time).expect("a time");
    }

    /// The service answers the job's call, or its question, with 200.
    #[track_caller]
    pub(super) fn answer(&mut self, job: &str, body: Value) {
        self.answer_with(job, 200, body);
    }

    #[track_caller]
    pub(super) fn answer_with(&mut self, job: &str, status: u16, body: Value) {
        let attempt = self.job(job).attempt;
        self.take(Input::Answered(JobPath::new(job), attempt, Outcome::Answered { status, body }));
    }

    /// An answer comes for an attempt that may be over.
    pub(super) fn answer_at(&mut self, job: &str, attempt: u32, body: Value) {
        self.take(Input::Answered(JobPath::new(job), attempt, Outcome::Answered { status: 200, body }));
    }

    /// A callback meets the job's wait.
    #[track_caller]
    pub(super) fn arrive(&mut self, job: &str, verdict: Verdict, result: Value) {
        let attempt = self.job(job).attempt;
        self.take(Input::Arrived(JobPath::new(job), attempt, Arrival { verdict, result }));
    }

    #[track_caller]
    pub(super) fn time_out(&mut self, job: &str) {
        let attempt = self.job(job).attempt;
        self.take(Input::TimedOut(JobPath::new(job), attempt));
    }

    /// Brings the wake that the last input promised, when it is due.
    #[track_caller]
    pub(super) fn wake(&mut self) {
        let [Effect::Wake { stretch, at }] = self.effects.as_slice() else { panic!("no wake: {:?}", self.effects) };
        let Stretch::Wake { job, attempt, .. } = stretch.clone() else { panic!("another stretch: {stretch:?}") };
        (self.now, self.stretch) = (*at, stretch.clone());
        self.take(Input::Woke(job, attempt));
    }

    #[track_caller]
    pub(super) fn job(&self, job: &str) -> &JobRun {
        self.run.jobs.get(job).unwrap_or_else(|| panic!("`{job}` has not begun: {}", self.jobs()))
    }

    /// What other jobs see of it.
    #[track_caller]
    pub(super) fn output(&self, job: &str) -> &Value {
        let JobState::Completed { output, .. } = &self.job(job).state else { panic!("{:#?}", self.job(job)) };
        output
    }

    /// What the whole run came to.
    #[track_caller]
    pub(super) fn result(&self) -> &Value {
        let Phase::Completed { output, .. } = &self.run.phase else { panic!("{:#?}", self.run) };
        output
    }

    /// Why the run failed.
    #[track_caller]
    pub(super) fn failure(&self) -> (&str, &str) {
        let Phase::Failed { error, .. } = &self.run.phase else { panic!("{:#?}", self.run) };
        (&error.code, &error.message)
    }

    /// Every job with its state, in the order in which they began: `generate waiting, optimize running`.
    pub(super) fn jobs(&self) -> String {
        let jobs = self.run.jobs.iter().map(|(path, job)| format!("{path} {}", job.state.status().as_str()));
        jobs.collect::<Vec<_>>().join(", ")
    }

    #[track_caller]
    pub(super) fn call(&self, job: &str) -> Call {
        self.run.call(&JobPath::new(job), self.plan(), self.now).expect("a call")
    }

    #[track_caller]
    pub(super) fn wait_before(&self, job: &str) -> Option<(WaitKey, Timestamp)> {
        self.run.wait_before(&JobPath::new(job), self.plan(), self.now).expect("a key, if there is one")
    }

    /// The keys of the waits that the last input closed.
    pub(super) fn closed(&self) -> Vec<&str> {
        let closed = self.effects.iter().filter_map(|effect| match effect {
            Effect::CloseWait(WaitKey { key, .. }, _) => Some(key.as_str()),
            Effect::Log { .. } | Effect::StopChild(_) | Effect::Wake { .. } | Effect::RunProgram { .. } => None,
        });
        closed.collect()
    }

    /// The lines that the last input logged.
    pub(super) fn logged(&self) -> Vec<(&str, &str, &Value)> {
        let lines = self.effects.iter().filter_map(|effect| match effect {
            Effect::Log { level, message, data, .. } => Some((level.as_str(), message.as_str(), data)),
            Effect::CloseWait(..) | Effect::StopChild(_) | Effect::Wake { .. } | Effect::RunProgram { .. } => None,
        });
        lines.collect()
    }
}

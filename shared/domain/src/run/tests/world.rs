//! A world around a run: its table, its messages, and the services it calls, one step at a time.
//!
//! It keeps the promises that the real one keeps and no others. A message comes at least once, some time after it is
//! due, and so may a callback; whoever holds a run may die at any step; a write that lost the race is tried again on
//! what the winner wrote. What a message brings is not written before the calls that it makes due.

mod waits;

use self::waits::Wait;
use super::fixture::{File, Story, at};
use super::workers::{Errand, Worker};
use crate::config::Completion;
use crate::event::{Event, EventId};
use crate::id::RunId;
use crate::run::{Applied, Effect, Input, JobError, JobPath, Outcome, Owed, Run, Stretch};
use crate::wait::{Verdict, WaitKey};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// Decides what happens next; once it runs dry, all goes well.
#[derive(Debug)]
pub(super) struct Fate {
    bytes: std::vec::IntoIter<u8>,
}

impl Fate {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into_iter() }
    }

    pub(super) fn pick(&mut self, choices: usize) -> usize {
        self.bytes.next().map_or(0, |byte| usize::from(byte) % choices)
    }

    /// Once in so many times, while there is fate left.
    pub(super) fn strikes(&mut self, once_in: usize) -> bool {
        self.pick(once_in) == once_in - 1
    }
}

#[derive(Debug, Clone)]
struct Message {
    stretch: Stretch,
    due: Timestamp,
}

/// Something that a session has begun to do.
#[derive(Debug)]
enum Task {
    GiveUp {
        job: JobPath,
        attempt: u32,
        wait: WaitKey,
    },
    Open {
        job: JobPath,
        attempt: u32,
        wait: WaitKey,
        deadline: Timestamp,
        then_call: bool,
    },
    Call {
        job: JobPath,
        attempt: u32,
        news: Vec<Input>,
    },
    Publish {
        job: JobPath,
        attempt: u32,
    },
    Invoke {
        job: JobPath,
        attempt: u32,
    },
    /// Done; but we don't know yet what came of it.
    Done(Vec<Input>),
}

/// Who holds the run while one message is worked off.
#[derive(Debug)]
struct Session {
    message: Message,
    run: Run,
    version: u64,
    /// It has lasted so long that what becomes due is another's.
    is_tired: bool,
    unsaved: Vec<Input>,
    effects: Vec<Effect>,
    begun: HashSet<Owed>,
    tasks: Vec<Task>,
}

/// All that there is.
#[derive(Debug)]
pub(super) struct World<'a> {
    file: &'a File,
    pub(super) stored: Run,
    pub(super) version: u64,
    pub(super) now: Timestamp,
    pub(super) fate: Fate,
    messages: Vec<Message>,
    sessions: Vec<Session>,
    waits: HashMap<WaitKey, Wait>,
    /// On their way to us.
    callbacks: Vec<(WaitKey, Verdict)>,
    children: Vec<(JobPath, u32, RunId)>,
    endings: HashMap<RunId, Result<Value, JobError>>,
    calls: usize,
    events: HashMap<EventId, Event>,
    pub(super) errands: Vec<Errand>,
    pub(super) workers: Vec<Worker>,
    pub(super) claims: usize,
}

/// What can happen next.
enum Step {
    Task(usize, usize),
    Message(usize),
    Callback(usize),
    Child(usize),
    Errand(usize),
    Worker(usize),
    Deadline(WaitKey),
    Crash(usize),
    Pass(Timestamp),
}

impl<'a> World<'a> {
    pub(super) fn new(file: &'a File, workflow: &str, fate: Fate) -> Self {
        let stored = Story::queued(file, workflow, json!({"key": "k"})).run;
        let messages = vec![Message { stretch: Stretch::Start, due: at(0) }];
        Self {
            file,
            stored,
            version: 1,
            now: at(0),
            fate,
            messages,
            sessions: Vec::new(),
            waits: HashMap::new(),
            callbacks: Vec::new(),
            children: Vec::new(),
            endings: HashMap::new(),
            calls: 0,
            events: HashMap::new(),
            errands: Vec::new(),
            workers: Vec::new(),
            claims: 0,
        }
    }

    /// Lets one thing happen; whether anything could.
    pub(super) fn step(&mut self) -> bool {
        let mut steps = self.steps();
        if steps.is_empty() {
            return false;
        }
        let next = self.fate.pick(steps.len());
        match steps.swap_remove(next) {
            Step::Task(session, task) => self.work(session, task),
            Step::Message(index) => {
                let message = self.messages.swap_remove(index);
                if self.fate.strikes(8) {
                    self.messages.push(message.clone());
                }
                self.open(message);
            }
            Step::Callback(index) => {
                let (wait, verdict) = self.callbacks.swap_remove(index);
                self.call_back(&wait, verdict);
            }
            Step::Child(index) => {
                let (job, attempt, child) = self.children.swap_remove(index);
                let failed = self.fate.strikes(3);
                let ending = if failed { Err(JobError::new("x", "the child failed")) } else { Ok(json!("ended")) };
                self.endings.insert(child.clone(), ending);
                self.messages.push(Message { stretch: Stretch::Child { job, attempt, child }, due: self.now });
            }
            Step::Errand(index) => self.take_up(index),
            Step::Worker(index) => self.labour(index),
            Step::Deadline(key) => {
                let Some(wait) = self.waits.get_mut(&key) else { return true };
                wait.is_closed = true;
                let (job, attempt) = wait.waiter.clone().expect("someone waits");
                self.messages.push(Message { stretch: Stretch::wait(&key, &job, attempt), due: self.now });
            }
            Step::Crash(session) => {
                let died = self.sessions.swap_remove(session);
                self.messages.push(died.message);
            }
            Step::Pass(to) => self.now = to,
        }
        true
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for (at, session) in self.sessions.iter().enumerate() {
            steps.extend((0..session.tasks.len()).map(|task| Step::Task(at, task)));
        }
        let due = self.messages.iter().enumerate().filter(|(_, message)| message.due <= self.now);
        steps.extend(due.map(|(at, _)| Step::Message(at)));
        steps.extend((0..self.callbacks.len()).map(Step::Callback));
        steps.extend((0..self.children.len()).map(Step::Child));
        let visible = self.errands.iter().enumerate().filter(|(_, errand)| errand.due <= self.now);
        steps.extend(visible.map(|(at, _)| Step::Errand(at)));
        steps.extend((0..self.workers.len()).map(Step::Worker));
        let mut open: Vec<_> = self.waits.iter().filter(|(_, wait)| wait.is_open() && wait.waiter.is_some()).collect();
        open.sort_by_key(|(key, wait)| (wait.deadline, (*key).clone()));
        let passed = open.iter().filter(|(_, wait)| wait.deadline <= self.now);
        steps.extend(passed.map(|(key, _)| Step::Deadline((*key).clone())));
        if self.fate.bytes.len() > 0 {
            steps.extend((0..self.sessions.len()).map(Step::Crash));
        }
        let times = self.messages.iter().map(|message| message.due).chain(open.iter().map(|(_, wait)| wait.deadline));
        let times = times.chain(self.errands.iter().map(|errand| errand.due));
        let mut times: Vec<Timestamp> = times.filter(|time| *time > self.now).collect();
        times.sort_unstable();
        steps.extend(times.first().map(|time| Step::Pass(*time)));
        steps
    }

    fn open(&mut self, message: Message) {
        let run = self.stored.clone();
        let input = match &message.stretch {
            Stretch::Stop => unreachable!("no other run stops this one"),
            _ if run.has_ended() => return,
            Stretch::Start => Some(Input::Start),
            Stretch::Continue { .. } => None,
            Stretch::Wake { job, attempt, .. } => Some(Input::Woke(job.clone(), *attempt)),
            Stretch::Program { job, attempt } => Some(Input::Ran(job.clone(), *attempt)),
            Stretch::Deadline { job, attempt } => Some(Input::TimedOut(job.clone(), *attempt)),
            Stretch::Wait { route, key, .. } => {
                match self.waits.get(&WaitKey { route: route.clone(), key: key.clone() }) {
                    Some(Wait { waiter: Some((job, attempt)), arrived: Some(arrival), .. }) => {
                        Some(Input::Arrived(job.clone(), *attempt, arrival.clone()))
                    }
                    Some(Wait { waiter: Some((job, attempt)), is_closed: true, .. }) => {
                        Some(Input::TimedOut(job.clone(), *attempt))
                    }
                    // What it brought is gone, for the key has been used again; what it was to begin may not be done.
                    _ => None,
                }
            }
            Stretch::Child { job, attempt, child } => {
                Some(Input::ChildEnded(job.clone(), *attempt, self.endings[child].clone()))
            }
        };
        let (unsaved, effects, begun, tasks) = (Vec::new(), Vec::new(), HashSet::new(), Vec::new());
        let version = self.version;
        let mut session = Session { message, run, version, is_tired: false, unsaved, effects, begun, tasks };
        if let Some(input) = input {
            self.take(&mut session, input);
        }
        let is_quiet = session.unsaved.iter().all(|input| matches!(input, Input::Start | Input::Woke(..)))
            && session
                .run
                .owed_by(&session.message.stretch)
                .iter()
                .all(|owed| matches!(owed, Owed::Call(..) | Owed::Publish(..) | Owed::Invoke(..)))
            && !session.run.owed_by(&session.message.stretch).is_empty()
            && session.effects.is_empty();
        if !is_quiet {
            self.save(&mut session);
        }
        self.go_on(session);
    }

    fn take(&self, session: &mut Session, input: Input) {
        let Applied { run, effects } = session.apply(input.clone(), self);
        session.run = run;
        session.effects.extend(effects);
        session.unsaved.push(input);
    }

    fn save(&mut self, session: &mut Session) {
        if session.unsaved.is_empty() {
            return;
        }
        if session.version != self.version {
            (session.run, session.version) = (self.stored.clone(), self.version);
            session.effects.clear();
            for input in session.unsaved.clone() {
                let Applied { run, effects } = session.apply(input, self);
                session.run = run;
                session.effects.extend(effects);
            }
        }
        assert!(!self.stored.has_ended() || self.stored == session.run, "an ended run never changes");
        let next = Stretch::Continue { version: session.version + 1 };
        if !session.run.owed_by(&next).is_empty() {
            self.messages.push(Message { stretch: next, due: self.now });
        }
        self.version += 1;
        (self.stored, session.version) = (session.run.clone(), self.version);
        session.unsaved.clear();
        for effect in std::mem::take(&mut session.effects) {
            match effect {
                Effect::Log { .. } | Effect::StopChild(_) => {}
                Effect::Wake { stretch, at } => self.messages.push(Message { stretch, due: at }),
                Effect::RunProgram { job, attempt, program } => {
                    assert_eq!(program, "ship");
                    self.errands.push(Errand { job, attempt, due: self.now });
                }
                Effect::CloseWait(key, _) => {
                    let wait = self.waits.get_mut(&key).filter(|wait| wait.is_open() && wait.waiter.is_some());
                    wait.into_iter().for_each(|wait| wait.is_closed = true);
                }
            }
        }
    }

    /// A message is sent.
    pub(super) fn tell(&mut self, stretch: Stretch) {
        self.messages.push(Message { stretch, due: self.now });
    }

    /// Begins what the session owes; it is over when nothing is under way.
    fn go_on(&mut self, mut session: Session) {
        for owed in session.run.owed_by(&session.message.stretch) {
            if session.begun.insert(owed.clone()) {
                self.begin(&mut session, owed);
            }
        }
        if !session.tasks.is_empty() {
            self.sessions.push(session);
        }
    }

    fn begin(&mut self, session: &mut Session, owed: Owed) {
        let plan = Story::queued(self.file, "linear", Value::Null).plan();
        match owed {
            Owed::Call(job, attempt) => match session.run.wait_before(&job, plan, self.now).expect("a key") {
                Some((wait, deadline)) => {
                    session.tasks.push(Task::Open { job, attempt, wait, deadline, then_call: true });
                }
                None => session.tasks.push(Task::Call { job, attempt, news: Vec::new() }),
            },
            Owed::OpenWait(job, attempt) => {
                let (wait, deadline) = session.run.open_wait_of(&job).expect("a wait");
                session.tasks.push(Task::Open { job, attempt, wait, deadline, then_call: false });
            }
            Owed::GiveUpWait(job, attempt) => {
                let (wait, _) = session.run.open_wait_of(&job).expect("a wait");
                session.tasks.push(Task::GiveUp { job, attempt, wait });
            }
            Owed::Publish(job, attempt) => session.tasks.push(Task::Publish { job, attempt }),
            Owed::Invoke(job, attempt) => session.tasks.push(Task::Invoke { job, attempt }),
            Owed::StartChild(job, attempt) => {
                let child = session.run.child_run(&job, plan, self.now).expect("a child").id;
                let is_new = !self.endings.contains_key(&child) && !self.children.iter().any(|(.., id)| *id == child);
                if is_new {
                    self.children.push((job, attempt, child));
                }
            }
        }
    }

    /// One step of one thing that is under way.
    fn work(&mut self, at: usize, task: usize) {
        let mut session = self.sessions.swap_remove(at);
        session.is_tired |= self.fate.strikes(16);
        match session.tasks.swap_remove(task) {
            Task::Open { job, attempt, wait, deadline, then_call } => {
                let news = self.open_wait(&wait, &job, attempt, deadline);
                let is_over = matches!(news, Some(Input::Refused(..) | Input::TimedOut(..)));
                let news = Vec::from_iter(news);
                let next = if then_call && !is_over { Task::Call { job, attempt, news } } else { Task::Done(news) };
                session.tasks.push(next);
            }
            Task::GiveUp { job, attempt, wait } => {
                let news = self.give_up_wait(&wait, &job, attempt);
                session.tasks.push(Task::Done(vec![news]));
            }
            Task::Call { job, attempt, mut news } => {
                let outcome = self.call(&session.run, &job);
                news.push(Input::Answered(job, attempt, outcome));
                session.tasks.push(Task::Done(news));
            }
            Task::Publish { job, attempt } => {
                let outcome = self.publish(&session.run, &job);
                session.tasks.push(Task::Done(vec![Input::Answered(job, attempt, outcome)]));
            }
            Task::Invoke { job, attempt } => {
                let plan = Story::queued(self.file, "linear", Value::Null).plan();
                let invocation = session.run.invocation(&job, plan, self.now).expect("a function");
                assert_eq!((invocation.function.as_str(), &invocation.payload), ("f", &json!({"key": "k"})));
                let outcome = match self.fate.pick(3) {
                    2 => Outcome::Unreachable(JobError::new("function_failed", "it threw")),
                    _ => Outcome::Answered { status: 200, body: json!(1) },
                };
                session.tasks.push(Task::Done(vec![Input::Answered(job, attempt, outcome)]));
            }
            Task::Done(news) => {
                news.into_iter().for_each(|input| self.take(&mut session, input));
                self.save(&mut session);
            }
        }
        self.go_on(session);
    }

    /// The service may have taken the call whatever it answers, and calls back if it has.
    fn call(&mut self, run: &Run, job: &JobPath) -> Outcome {
        let plan = Story::queued(self.file, "linear", Value::Null).plan();
        let call = run.call(job, plan, self.now).expect("a call");
        assert!(call.idempotency_key.starts_with(&format!("{}/{}", run.id, job.without_attempts())));
        self.calls += 1;
        let key = format!("{job}-{}", self.calls);
        let well = ["ok", "ok", "working", "bad"][self.fate.pick(4)];
        let outcome = match self.fate.pick(6) {
            4 => Outcome::Answered { status: 503, body: Value::Null },
            5 => Outcome::Unreachable(JobError::new("unreachable", "nobody is there")),
            _ => Outcome::Answered { status: 200, body: json!({"key": key, "status": well}) },
        };
        let before = run.wait_before(job, plan, self.now).ok().flatten().map(|(wait, _)| wait);
        let after = || Some(WaitKey { route: self.route(run, job)?, key });
        if let Some(wait) = before.or_else(after)
            && !self.fate.strikes(5)
        {
            let verdict = if self.fate.strikes(4) { Verdict::Failure } else { Verdict::Success };
            self.callbacks.push((wait, verdict));
        }
        outcome
    }

    /// The table takes each event once, whenever it is stored; and it may be throttled for so long that we give up.
    fn publish(&mut self, run: &Run, job: &JobPath) -> Outcome {
        let plan = Story::queued(self.file, "linear", Value::Null).plan();
        let event = run.publication(job, plan, self.now).expect("an event");
        let before = self.events.entry(event.id.clone()).or_insert_with(|| event.clone());
        assert!(event.repeats(before), "another event has the id: {event:?} {before:?}");
        if self.fate.strikes(6) {
            return Outcome::Unreachable(JobError::new("unreachable", "nobody knows whether it is stored"));
        }
        Outcome::published(&event)
    }

    fn route(&self, run: &Run, job: &JobPath) -> Option<crate::config::RouteId> {
        let (job, _) = crate::run::path::locate(self.file.config.workflows.get(&run.workflow)?, job)?;
        let component = job.step.component()?;
        let crate::config::Component::HttpClient(client) = &self.file.config.components[component] else { return None };
        match &client.completion {
            Some(Completion::Callback(completion)) => Some(completion.route.clone()),
            Some(Completion::Polling(_)) | None => None,
        }
    }
}

impl Session {
    fn apply(&self, input: Input, world: &World<'_>) -> Applied {
        let tired = Stretch::Continue { version: self.version + 1 };
        let stretch = if self.is_tired { &tired } else { &self.message.stretch };
        let plan = Story::queued(world.file, "linear", Value::Null).plan();
        self.run.clone().apply(input, stretch, plan, world.now)
    }
}

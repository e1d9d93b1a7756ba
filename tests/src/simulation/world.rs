//! Plays a scenario: rolls who goes on, who dies, and lets time pass when nobody can go on.

mod changes;
mod ends;

use super::Played;
use super::check;
use super::client::{Door, Promises};
use super::dice::Dice;
use super::edits::Edits;
use super::executor::{End, Task, Work};
use super::journal::Journal;
use super::process::{Clients, Process};
use super::queue::{Message, Queue};
use super::scenario::{Scenario, start};
use super::stage::Stage;
use super::state::{Shared, State};
use super::tally::Tally;
use super::wire;
use axum::Router;
use jiff::{SignedDuration, Timestamp};
use local_aws::{Aws, AwsOptions, StreamRecord};
use std::collections::BTreeMap;
use std::fmt::Display;
use tower::ServiceExt;

/// Handlers under way at once, at the most.
const AT_ONCE: usize = 12;
/// A scenario that takes more steps doesn't come to rest.
const MOST_STEPS: u32 = 100_000;

/// What a task is for.
enum Kind {
    Ask(usize),
    Message(Message),
    Relay(Vec<StreamRecord>),
    Sweep,
}

/// What may happen next.
enum Choice {
    GoOn(usize),
    Receive,
    Ask(usize),
    Sweep,
    Relay,
}

pub(super) struct World<'a> {
    stage: &'a Stage,
    seed: u64,
    shared: Shared,
    aws: Aws,
    clients: Clients,
    processes: Vec<Process>,
    tasks: Vec<Task<Kind>>,
    next_task: u64,
    /// How far the stream was relayed.
    cursor: u64,
    /// Read from the stream, and not relayed yet.
    records: Vec<StreamRecord>,
    /// Records whose messages are not all done, by the relay that sent these: what a restart relays again.
    owed: BTreeMap<u64, Vec<u64>>,
    crashes: u32,
    edits: Edits,
    /// Which text of the file is followed.
    edition: usize,
}

impl<'a> World<'a> {
    pub(super) fn new(stage: &'a Stage, seed: u64, traced: bool) -> Self {
        let mut dice = Dice::new(seed);
        let Scenario { weather, receivers, asks } = Scenario::roll(&mut dice);
        let mut journal = Journal::new(traced);
        journal.note(start(), format_args!("seed {seed}: {weather:?}"));
        let shared = Shared::new(State {
            dice,
            now: start(),
            off: Vec::new(),
            journal,
            weather,
            receivers,
            asks,
            tally: Tally::default(),
            sleepers: BTreeMap::new(),
            sweeps: Default::default(),
            queue: Queue::default(),
            service: Default::default(),
            watch: Default::default(),
            promises: Promises::default(),
            runs_are_large: seed % 4 == 1,
            current: 0,
            writes: BTreeMap::new(),
        });
        let aws = Aws::open(AwsOptions::in_memory("ringback")).expect("a table in memory");
        let clients = wire::clients(&aws, &shared);
        let processes = if shared.lock().weather.cloud { 2 } else { 1 };
        let edits = Edits::roll(seed);
        changes::keep_text(stage, &edits, &aws, &shared);
        let file = changes::file(stage, 0, &edits);
        let processes =
            (0..processes).map(|process| Process::start(stage, &file, &clients, &shared, process)).collect();
        let (tasks, records) = (Vec::new(), Vec::new());
        let owed = BTreeMap::new();
        Self {
            stage,
            seed,
            shared,
            aws,
            clients,
            processes,
            tasks,
            next_task: 1,
            cursor: 0,
            records,
            owed,
            crashes: 0,
            edits,
            edition: 0,
        }
    }

    pub(super) fn play(mut self) -> Played {
        // Timers of the runtime are made here, and never end: virtual time is the only one.
        let _entered = self.stage.runtime.enter();
        let mut steps = 0;
        while self.step() {
            steps += 1;
            if steps > MOST_STEPS {
                self.shared.lock().violation(format!("it has not come to rest after {MOST_STEPS} steps"));
                break;
            }
        }
        if steps <= MOST_STEPS && !self.tasks.is_empty() {
            self.shared.lock().violation(format!("{} handlers wait for what never comes", self.tasks.len()));
        }
        self.tasks.clear();
        let left = check::Left::read(&self.aws, self.stage);
        let mut state = self.shared.lock();
        check::all(&mut state, &left);
        state.tally.count("scenarios");
        let Journal { digest, lines, violations } = std::mem::replace(&mut state.journal, Journal::new(false));
        Played {
            seed: self.seed,
            violations,
            digest,
            tally: std::mem::take(&mut state.tally),
            trace: lines.unwrap_or_default(),
        }
    }

    /// One thing happens; false if nothing ever will.
    fn step(&mut self) -> bool {
        if self.change() {
            return true;
        }
        let mut state = self.shared.lock();
        let crash = state.weather.crash;
        if self.crashes < state.weather.crashes && !self.tasks.is_empty() && state.strikes(crash) {
            drop(state);
            self.crash();
            return true;
        }
        let jump = state.weather.jump;
        if state.strikes(jump) {
            let process = state.dice.below(self.processes.len());
            let offs = state.weather.off.clone();
            let off = SignedDuration::from_secs(state.dice.pick(&offs));
            state.off.resize(self.processes.len(), SignedDuration::ZERO);
            state.off[process] = off;
            // As a schedule would: each minute, whoever it is that sweeps then.
            for minute in 0..4 {
                let at = state.now + SignedDuration::from_mins(minute);
                state.sweeps.insert(at);
            }
            state.tally.count("jumps of a clock");
            state.note(format_args!("the clock of process {process} is off by {off}"));
        }
        drop(state);
        self.read_stream();
        let choices = self.choices();
        let mut state = self.shared.lock();
        if choices.is_empty() {
            let Some(next) = self.next_time(&state) else { return false };
            state.advance_to(next);
            return true;
        }
        if state.dice.happens(0.02) {
            let later = state.now + SignedDuration::from_millis(state.dice.between(1, 500));
            state.advance_to(later);
        }
        let chosen = state.dice.below(choices.len());
        drop(state);
        match choices.into_iter().nth(chosen).expect("one of them") {
            Choice::GoOn(index) => self.go_on(index),
            Choice::Receive => self.receive(),
            Choice::Ask(ask) => self.ask(ask),
            Choice::Sweep => self.sweep(),
            Choice::Relay => self.relay(),
        }
        true
    }

    fn choices(&self) -> Vec<Choice> {
        let awake = self.tasks.iter().enumerate().filter(|(_, task)| task.can_go_on());
        let mut choices: Vec<Choice> = awake.map(|(index, _)| Choice::GoOn(index)).collect();
        if self.tasks.len() >= AT_ONCE {
            return choices;
        }
        let state = self.shared.lock();
        let due = |at: Option<Timestamp>| at.is_some_and(|at| at <= state.now);
        choices.extend((state.queue.visible(state.now) > 0).then_some(Choice::Receive));
        let asks = state.asks.iter().enumerate().filter(|(_, ask)| due(ask.at));
        choices.extend(asks.map(|(index, _)| Choice::Ask(index)));
        choices.extend(due(state.sweeps.first().copied()).then_some(Choice::Sweep));
        choices.extend((!self.is_relaying() && !self.records.is_empty()).then_some(Choice::Relay));
        choices
    }

    fn is_relaying(&self) -> bool {
        self.tasks.iter().any(|task| matches!(task.kind, Kind::Relay(_)))
    }

    /// When somebody can go on. What is due already is not that: where as many handlers as there may be are under way and all
    /// of them wait, it stays where it is until one of them has ended.
    fn next_time(&self, state: &State) -> Option<Timestamp> {
        let later = |at: &Timestamp| *at > state.now;
        let asks = state.asks.iter().filter_map(|ask| ask.at).filter(later).min();
        let sleepers = state.sleepers.keys().copied().find(later);
        let sweeps = state.sweeps.iter().copied().find(later);
        [state.queue.next_visible(state.now), sweeps, sleepers, asks].into_iter().flatten().min()
    }

    /// Only when nobody relays: what is being relayed would be read again.
    fn read_stream(&mut self) {
        if self.records.is_empty() && !self.is_relaying() {
            let size = 1 + self.shared.lock().dice.below(5);
            self.records = self.aws.stream().read_after(self.cursor, size).expect("the stream");
        }
    }

    fn begin(&mut self, kind: Kind, work: impl FnOnce(&Process) -> Work) {
        let mut state = self.shared.lock();
        let process = state.dice.below(self.processes.len());
        drop(state);
        self.next_task += 1;
        let work = work(&self.processes[process]);
        self.tasks.push(Task::new(self.next_task, kind, process, work));
    }

    fn receive(&mut self) {
        let mut state = self.shared.lock();
        let (now, visible) = (state.now, state.queue.visible(state.now));
        let nth = if state.weather.reorder { state.dice.below(visible) } else { 0 };
        let message = state.queue.receive(nth, now);
        let duplicate = state.weather.duplicate;
        if state.strikes(duplicate / 2.0) {
            state.tally.count("messages handed out twice at once");
            state.queue.show_again(message.id, now);
        }
        state.note(format_args!("message {} is received for the {}. time", message.id, message.received));
        drop(state);
        let (body, received) = (message.body.clone(), message.received);
        self.begin(Kind::Message(message), |process| {
            let app = process.app.clone();
            Box::pin(async move { worked(deliver::handle(app, body, received).await) })
        });
    }

    fn ask(&mut self, ask: usize) {
        let mut state = self.shared.lock();
        let now = state.now;
        let request = state.request(ask);
        let asked = &mut state.asks[ask];
        asked.at = None;
        asked.tries += 1;
        asked.began = asked.began.or(Some(now));
        let Some((door, request)) = request else { return };
        state.note(format_args!("ask {ask} is sent: {} {}", request.method(), request.uri()));
        drop(state);
        self.begin(Kind::Ask(ask), |process| {
            let router: Router = match door {
                Door::Triggers => process.triggers.clone(),
                Door::Callbacks => process.callbacks.clone(),
                Door::Api => process.api.clone(),
            };
            Box::pin(async move {
                let answer = router.oneshot(request).await.expect("routers don't fail");
                let status = answer.status().as_u16();
                let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("a body in memory");
                End::Answered(status, body.to_vec())
            })
        });
    }

    fn sweep(&mut self) {
        let mut state = self.shared.lock();
        let now = state.now;
        state.sweeps.retain(|at| *at > now);
        state.tally.count("sweeps");
        drop(state);
        self.begin(Kind::Sweep, |process| {
            let (app, sweeper) = (process.app.clone(), process.sweeper.clone());
            Box::pin(async move { worked(sweeper.sweep(&app).await.map(|_| ())) })
        });
    }

    fn relay(&mut self) {
        let records = std::mem::take(&mut self.records);
        let handed: Vec<_> = records.iter().map(|record| record.record.clone()).collect();
        self.begin(Kind::Relay(records), |process| {
            let app = process.app.clone();
            Box::pin(async move { worked(relay::handle(app, handed).await) })
        });
    }

    fn go_on(&mut self, index: usize) {
        let task = &mut self.tasks[index];
        self.shared.lock().current = task.id;
        let Some(end) = task.go_on() else { return };
        let task = self.tasks.remove(index);
        match (task.kind, end) {
            (Kind::Ask(ask), End::Answered(status, body)) => {
                let mut state = self.shared.lock();
                let writes = state.writes.get(&task.id).copied().unwrap_or(0);
                state.answered(ask, status, &body, writes);
            }
            (Kind::Message(message), End::Worked(result)) => self.message_ended(&message, result),
            (Kind::Relay(records), End::Worked(result)) => self.relay_ended(task.id, records, result.is_ok()),
            (Kind::Sweep, End::Worked(Err(_))) => self.sweep_again(),
            (Kind::Sweep, _) => {}
            (_, end) => unreachable!("no task ends so: {end:?}"),
        }
    }
}

fn worked<E: Display>(result: Result<(), E>) -> End {
    End::Worked(result.map_err(|error| error.to_string()))
}

//! The outside service: it takes orders, works on them, and calls back: early, late, twice, or never.
//!
//! It keeps to its side of the bargain: who repeats an idempotency key gets the same answer and no second piece of work,
//! unless the first has failed.

use super::ask::{Ask, What};
use super::clock::Sleep;
use super::receiver;
use super::state::{Shared, State};
use domain::delivery::ErrorClass;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use platform::sender::{Failure, Transport};
use reqwest::{Request, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Whose work it is: a run, and the label that the scenarios' file gives the job.
pub(super) type Whose = (String, String);

/// What the service knows of a job.
#[derive(Debug)]
pub(super) struct Order {
    /// The idempotency key of its calls.
    pub(super) key: String,
    pub(super) fate: Fate,
    /// Calls that were answered with a 2xx.
    pub(super) good: u32,
    /// Calls that were answered with anything else, or not at all.
    pub(super) bad: u32,
    pub(super) calls: u32,
    pub(super) questions: u32,
    /// Pieces of work begun.
    pub(super) rounds: usize,
    /// How the caller recognises a callback: a key in the body, or an address.
    answer_at: AnswerAt,
}

#[derive(Debug, Clone)]
enum AnswerAt {
    Key(String),
    Address(String),
    Nowhere,
}

/// What becomes of an order; rolled when it comes in.
#[derive(Debug, Clone)]
pub(super) struct Fate {
    /// So many calls fail first.
    pub(super) bad_first: u32,
    /// How.
    bad: Bad,
    /// Whether each piece of work succeeds.
    pub(super) verdicts: [bool; 3],
    /// It never calls back.
    pub(super) silent: bool,
    /// Questions until there is an answer.
    questions: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Bad {
    Status(u16),
    /// It never came in.
    Unreachable,
    /// It came in, and the answer got lost.
    AnswerLost,
}

/// A callback that was sent, or will be.
#[derive(Debug)]
pub(super) struct Callback {
    pub(super) whose: Whose,
    /// Which piece of work.
    pub(super) round: usize,
    pub(super) status: &'static str,
    /// Names it in the run's output.
    pub(super) from: String,
    answer_at: AnswerAt,
    pub(super) sent: bool,
    /// When it was answered, and what.
    pub(super) answers: Vec<(Timestamp, String)>,
}

impl Order {
    /// Whether it answers at once, and that is all.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.answer_at, AnswerAt::Nowhere) && self.questions == 0
    }
}

impl Callback {
    /// Whether its key is one that the service made.
    pub(super) fn key_was_told(&self) -> bool {
        matches!(&self.answer_at, AnswerAt::Key(key) if *key == task_of(&self.whose))
    }

    /// Path and body.
    pub(super) fn request(&self) -> (String, Value) {
        let body = json!({"status": self.status, "from": self.from});
        match &self.answer_at {
            AnswerAt::Address(address) => (address.clone(), body),
            AnswerAt::Key(key) => {
                ("/done".to_owned(), json!({"status": self.status, "from": self.from, "key": key, "api": "x"}))
            }
            AnswerAt::Nowhere => unreachable!("nobody is called back there"),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Service {
    pub(super) orders: BTreeMap<Whose, Order>,
    pub(super) callbacks: Vec<Callback>,
    keys: BTreeMap<String, Whose>,
}

/// Everything that Ringback calls, in the place of the network.
#[derive(Debug)]
pub(super) struct Outside(pub(super) Shared);

/// How a call will go.
struct Course {
    before: i64,
    /// The work that begins in the middle of it.
    begins: Option<Whose>,
    after: i64,
    answer: Option<(u16, Value)>,
    counts_for: Option<Whose>,
}

impl Transport for Outside {
    fn carry(&self, request: Request) -> BoxFuture<'_, Result<Response, Failure>> {
        Box::pin(async move {
            let shared = &self.0;
            let host = request.url().host_str().unwrap_or_default();
            match receiver::index_of(host) {
                Some(index) => deliver(shared, index, &request).await,
                None => serve(shared, &request).await,
            }
        })
    }
}

async fn deliver(shared: &Shared, receiver: usize, request: &Request) -> Result<Response, Failure> {
    let latency = shared.lock().latency();
    Sleep::millis(shared, latency).await;
    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
    let (nth, status) = shared.lock().received(receiver, request.headers(), body);
    let latency = shared.lock().latency();
    Sleep::millis(shared, latency).await;
    shared.lock().receivers[receiver].got[nth].status = status;
    match status {
        None => Err(broken()),
        Some(429) => Ok(answer(429, "", Some(receiver::BUSY_FOR))),
        Some(status) => Ok(answer(status, "thanks", None)),
    }
}

async fn serve(shared: &Shared, request: &Request) -> Result<Response, Failure> {
    let course = shared.lock().course(request);
    Sleep::millis(shared, course.before).await;
    if let Some(whose) = &course.begins {
        shared.lock().begin_work(whose);
    }
    Sleep::millis(shared, course.after).await;
    let mut state = shared.lock();
    if let Some(order) = course.counts_for.and_then(|whose| state.service.orders.get_mut(&whose)) {
        let good = course.answer.as_ref().is_some_and(|(status, _)| (200..300).contains(status));
        (order.good, order.bad) = (order.good + u32::from(good), order.bad + u32::from(!good));
    }
    match course.answer {
        None => Err(broken()),
        Some((status, body)) => Ok(answer(status, &body.to_string(), None)),
    }
}

fn broken() -> Failure {
    Failure { class: ErrorClass::Reset, message: "the connection broke".to_owned() }
}

fn answer(status: u16, body: &str, retry_after: Option<i64>) -> Response {
    let mut answer = http::Response::builder().status(status);
    if let Some(seconds) = retry_after {
        answer = answer.header("retry-after", seconds.to_string());
    }
    answer.body(body.to_owned()).expect("an answer").into()
}

impl State {
    /// Milliseconds that half a call takes: mostly few, sometimes so many that the stretch of work hands over.
    fn latency(&mut self) -> i64 {
        match self.dice.below(12) {
            0 => 0,
            1 => self.dice.between(60_000, 200_000),
            _ => self.dice.between(1, 2_000),
        }
    }

    fn course(&mut self, request: &Request) -> Course {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let key = header("idempotency-key").unwrap_or_default();
        self.tally.count("calls to the service");
        let (before, after) = (self.latency(), self.latency());
        let quiet = Course { before, begins: None, after, answer: None, counts_for: None };
        if let Some(task) = request.url().path().strip_prefix("/ask/") {
            return Course { answer: self.asked(task, &key), ..quiet };
        }
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let body: Value = serde_json::from_slice(body).expect("JSON");
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let whose = (text("run").expect("a run"), text("label").expect("a label"));
        let calls_back = request.url().path() == "/start" && body["polled"] != true;
        self.take_order(&whose, &key, calls_back, &text);
        let order = self.service.orders.get_mut(&whose).expect("it was taken");
        order.calls += 1;
        let (calls, fate, rounds) = (order.calls, order.fate.clone(), order.rounds);
        let bad = (calls <= fate.bad_first).then_some(fate.bad);
        let good = Some((200, json!({"task_id": task_of(&whose), "ok": true})));
        let answer = match bad {
            None => good,
            Some(Bad::Status(status)) => Some((status, json!({"why": "asked for"}))),
            Some(Bad::Unreachable | Bad::AnswerLost) => None,
        };
        let comes_in = !matches!(bad, Some(Bad::Unreachable | Bad::Status(_)));
        self.note(format_args!(
            "the service gets call {calls} of {whose:?}, round {rounds}, and will answer {answer:?}"
        ));
        Course { answer, begins: (calls_back && comes_in).then(|| whose.clone()), counts_for: Some(whose), ..quiet }
    }

    fn take_order(&mut self, whose: &Whose, key: &str, calls_back: bool, text: &dyn Fn(&str) -> Option<String>) {
        let known = self.service.keys.entry(key.to_owned()).or_insert_with(|| whose.clone()).clone();
        if known != *whose {
            self.violation(format!("{known:?} and {whose:?} have the same idempotency key {key}"));
        }
        if let Some(order) = self.service.orders.get(whose) {
            if order.key != key {
                let before = order.key.clone();
                self.violation(format!("{whose:?} was called with the idempotency keys {before} and {key}"));
            }
            return;
        }
        let answer_at = match (text("callback"), text("key")) {
            _ if !calls_back => AnswerAt::Nowhere,
            (Some(address), _) => AnswerAt::Address(address.trim_start_matches("http://127.0.0.1:8090").to_owned()),
            (None, Some(key)) => AnswerAt::Key(key),
            (None, None) => AnswerAt::Key(task_of(whose)),
        };
        let fate = self.roll_fate();
        let key = key.to_owned();
        let order = Order { key, fate, good: 0, bad: 0, calls: 0, questions: 0, rounds: 0, answer_at };
        self.service.orders.insert(whose.clone(), order);
    }

    fn roll_fate(&mut self) -> Fate {
        let dice = &mut self.dice;
        Fate {
            bad_first: dice.pick(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 99]),
            bad: dice.pick(&[Bad::Status(500), Bad::Status(429), Bad::Unreachable, Bad::AnswerLost, Bad::AnswerLost]),
            verdicts: [dice.happens(0.85), dice.happens(0.8), true],
            silent: dice.happens(0.1),
            questions: dice.pick(&[1, 2, 3, 99]),
        }
    }

    /// A piece of work begins, unless one is under way or has succeeded; its callbacks will come.
    fn begin_work(&mut self, whose: &Whose) {
        let Some(order) = self.service.orders.get_mut(whose) else { return };
        let (round, fate) = (order.rounds, order.fate.clone());
        let failed_before = round > 0 && !fate.verdicts[(round - 1).min(2)];
        if fate.silent || (round > 0 && !failed_before) || matches!(order.answer_at, AnswerAt::Nowhere) {
            return;
        }
        // Only once it has said that the work failed.
        let told = |callback: &Callback| callback.whose == *whose && callback.sent;
        if failed_before && !self.service.callbacks.iter().any(told) {
            return;
        }
        order.rounds += 1;
        let answer_at = order.answer_at.clone();
        let minutes = self.dice.pick(&[0, 0, 0, 0, 0, 1, 1, 1, 5, 5, 20, 30, 58, 59, 60, 61, 90]);
        let at =
            self.now + SignedDuration::from_mins(minutes) + SignedDuration::from_millis(self.dice.between(0, 60_000));
        let verdict = if fate.verdicts[round.min(2)] { "done" } else { "failed" };
        let copies = self.dice.pick(&[1, 1, 1, 2, 3]);
        let progress = self.dice.happens(0.15);
        let all = std::iter::repeat_n(verdict, copies).chain(progress.then_some("working"));
        for (copy, status) in all.enumerate() {
            let from = format!("{}/{}/{round}/{copy}", whose.0, whose.1);
            let callback = self.service.callbacks.len();
            let (whose, answer_at) = (whose.clone(), answer_at.clone());
            let answers = Vec::new();
            self.service.callbacks.push(Callback { whose, round, status, from, answer_at, sent: false, answers });
            let later = if copy == 0 { 0 } else { self.dice.pick(&[0, 0, 1_000, 300_000]) };
            let at = if status == "working" { self.now } else { at + SignedDuration::from_millis(later) };
            self.asks.push(Ask::new(What::CallBack { callback }, at));
        }
    }

    /// A question about work that is polled.
    fn asked(&mut self, task: &str, key: &str) -> Option<(u16, Value)> {
        let whose = self.service.orders.keys().find(|whose| task_of(whose) == task).cloned();
        let Some(whose) = whose else { return Some((404, Value::Null)) };
        let order = self.service.orders.get_mut(&whose).expect("it was found");
        order.questions += 1;
        let (asked, fate, of) = (order.questions, order.fate.clone(), order.key.clone());
        if !key.starts_with(&of) || key == of {
            self.violation(format!("a question about {whose:?} has the idempotency key {key}"));
        }
        if self.dice.happens(0.1) {
            return self.dice.pick(&[None, Some((500, Value::Null))]);
        }
        let state = match (asked >= fate.questions, fate.verdicts[0]) {
            (false, _) => "working",
            (true, true) => "done",
            (true, false) => "failed",
        };
        Some((200, json!({"state": state, "from": format!("{}/{}/polled", whose.0, whose.1)})))
    }
}

/// How the service calls the work of a job.
pub(super) fn task_of((run, label): &Whose) -> String {
    format!("task-{run}-{label}")
}

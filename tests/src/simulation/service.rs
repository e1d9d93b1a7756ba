//! The outside service: it takes orders, works on them, and calls back: early, late, twice, or never.
//!
//! It keeps to its side of the bargain: who repeats an idempotency key gets the same answer and no second piece of work, also
//! where the first has failed.

use super::clock::Sleep;
use super::receiver;
use super::state::Shared;
use domain::delivery::ErrorClass;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use platform::sender::{Failure, Transport};
use reqwest::{Request, Response};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Whose work it is: a run, and the label that the scenarios' file gives the job.
pub(super) type Whose = (String, String);

/// What the service knows of a job.
#[derive(Debug)]
pub(super) struct Order {
    /// The idempotency key of its first call, by which the job is known.
    pub(super) key: String,
    /// The key of its calls now.
    pub(super) current: String,
    /// Keys under which it has begun a piece of work: it begins none twice.
    pub(super) worked: BTreeSet<String>,
    /// Keys whose work has failed, as the run has recorded, and the attempt from which on no call bears them any more.
    pub(super) dead: BTreeMap<String, u32>,
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
    pub(super) answer_at: AnswerAt,
}

#[derive(Debug, Clone)]
pub(super) enum AnswerAt {
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
    pub(super) bad: Bad,
    /// Whether each piece of work succeeds.
    pub(super) verdicts: [bool; 3],
    /// It never calls back.
    pub(super) silent: bool,
    /// The size of its result is a number.
    pub(super) sized: bool,
    /// Questions until there is an answer.
    pub(super) questions: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Bad {
    /// With that status, although the work was begun, or not.
    Status(u16, bool),
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
    /// Names it in the run's output: the same for each repetition of one callback, whose bytes are the same too.
    pub(super) from: String,
    /// What its result says of the size.
    pub(super) size: &'static str,
    pub(super) answer_at: AnswerAt,
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
    /// Its key, if that is one that is known by the service's answer only.
    pub(super) fn told_key(&self) -> Option<&str> {
        match &self.answer_at {
            AnswerAt::Key(key) if *key == task_of(&self.whose) || key.starts_with("echo-") => Some(key),
            AnswerAt::Key(_) | AnswerAt::Address(_) | AnswerAt::Nowhere => None,
        }
    }

    /// Path and body.
    pub(super) fn request(&self) -> (String, Value) {
        let body = json!({"status": self.status, "from": self.from, "size": self.size});
        match &self.answer_at {
            AnswerAt::Address(address) => (address.clone(), body),
            AnswerAt::Key(key) => (
                "/done".to_owned(),
                json!({"status": self.status, "from": self.from, "size": self.size, "key": key, "api": "x"}),
            ),
            AnswerAt::Nowhere => unreachable!("nobody is called back there"),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Service {
    pub(super) orders: BTreeMap<Whose, Order>,
    pub(super) callbacks: Vec<Callback>,
    pub(super) keys: BTreeMap<String, Whose>,
}

impl Service {
    /// The run has recorded that the service reported a failure; `attempt` is the next one.
    pub(super) fn reported(&mut self, job: &str, attempt: u32) {
        if let Some(order) = self.orders.values_mut().find(|order| order.key == job) {
            order.dead.entry(order.current.clone()).or_insert(attempt);
        }
    }
}

/// Everything that Ringback calls, in the place of the network.
#[derive(Debug)]
pub(super) struct Outside(pub(super) Shared);

/// How a call will go.
pub(super) struct Course {
    pub(super) before: i64,
    /// The work that begins in the middle of it.
    pub(super) begins: Option<Whose>,
    pub(super) after: i64,
    pub(super) answer: Option<(u16, Value)>,
    pub(super) counts_for: Option<Whose>,
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

/// How the service calls the work of a job.
pub(super) fn task_of((run, label): &Whose) -> String {
    format!("task-{run}-{label}")
}

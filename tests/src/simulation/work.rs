//! What the service does with a call: takes the order, works on it, and plans what it will say.

use super::ask::{Ask, What};
use super::service::{AnswerAt, Bad, Callback, Course, Fate, Order, Whose, task_of};
use super::state::State;
use jiff::SignedDuration;
use reqwest::Request;
use serde_json::{Value, json};

impl State {
    /// Milliseconds that half a call takes: mostly few, sometimes so many that the stretch of work hands over.
    pub(super) fn latency(&mut self) -> i64 {
        match self.dice.below(12) {
            0 => 0,
            1 => self.dice.between(60_000, 200_000),
            _ => self.dice.between(1, 2_000),
        }
    }

    pub(super) fn course(&mut self, request: &Request) -> Course {
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
        let attempt = body["attempt"].as_u64().and_then(|attempt| attempt.try_into().ok()).expect("an attempt");
        self.take_order(&whose, (&key, attempt), calls_back, &text);
        let order = self.service.orders.get_mut(&whose).expect("it was taken");
        order.calls += 1;
        let (calls, fate, rounds) = (order.calls, order.fate.clone(), order.rounds);
        let bad = (calls <= fate.bad_first).then_some(fate.bad);
        let good = Some((200, json!({"task_id": task_of(&whose), "key": text("key"), "ok": true})));
        let answer = match bad {
            None => good,
            Some(Bad::Status(status, _)) => Some((status, json!({"why": "asked for"}))),
            Some(Bad::Unreachable | Bad::AnswerLost) => None,
        };
        let comes_in = !matches!(bad, Some(Bad::Unreachable | Bad::Status(_, false)));
        self.note(format_args!(
            "the service gets call {calls} of {whose:?}, round {rounds}, and will answer {answer:?}"
        ));
        Course { answer, begins: (calls_back && comes_in).then(|| whose.clone()), counts_for: Some(whose), ..quiet }
    }

    fn take_order(
        &mut self,
        whose: &Whose,
        (key, attempt): (&str, u32),
        calls_back: bool,
        text: &dyn Fn(&str) -> Option<String>,
    ) {
        let known = self.service.keys.entry(key.to_owned()).or_insert_with(|| whose.clone()).clone();
        if known != *whose {
            self.violation(format!("{known:?} and {whose:?} have the same idempotency key {key}"));
        }
        if let Some(order) = self.service.orders.get(whose) {
            match order.dead.get(key) {
                // A repeated message makes the call of an attempt that is over.
                Some(next) if attempt < *next => {}
                Some(_) => {
                    self.violation(format!(
                        "{whose:?} was called with {key} again, whose work is known to have failed"
                    ));
                }
                None if order.current == key => {}
                None => {
                    let before = order.current.clone();
                    if !order.dead.contains_key(&before) {
                        self.violation(format!("{whose:?} was called with the idempotency keys {before} and {key}"));
                    }
                    if let Some(order) = self.service.orders.get_mut(whose) {
                        key.clone_into(&mut order.current);
                    }
                }
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
        let (current, worked, dead) = (key.clone(), Default::default(), Default::default());
        let order =
            Order { key, current, worked, dead, fate, good: 0, bad: 0, calls: 0, questions: 0, rounds: 0, answer_at };
        self.service.orders.insert(whose.clone(), order);
    }

    fn roll_fate(&mut self) -> Fate {
        let dice = &mut self.dice;
        Fate {
            bad_first: dice.pick(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 99]),
            bad: dice.pick(&[
                Bad::Status(500, true),
                Bad::Status(429, false),
                Bad::Status(422, false),
                Bad::Unreachable,
                Bad::AnswerLost,
                Bad::AnswerLost,
            ]),
            verdicts: [dice.happens(0.75), dice.happens(0.8), true],
            silent: dice.happens(0.1),
            sized: dice.happens(0.5),
            questions: dice.pick(&[1, 2, 3, 99]),
        }
    }

    /// A piece of work begins, unless one is under way or has succeeded; its callbacks will come.
    pub(super) fn begin_work(&mut self, whose: &Whose) {
        let Some(order) = self.service.orders.get_mut(whose) else { return };
        let (round, fate) = (order.rounds, order.fate.clone());
        if fate.silent || matches!(order.answer_at, AnswerAt::Nowhere) || !order.worked.insert(order.current.clone()) {
            return;
        }
        order.rounds += 1;
        let answer_at = order.answer_at.clone();
        let minutes = self.dice.pick(&[0, 0, 0, 0, 0, 1, 1, 1, 5, 5, 20, 30, 58, 59, 60, 61, 90]);
        // Often before the call is answered.
        let longest = self.dice.pick(&[0, 1_000, 60_000]);
        let millis = self.dice.between(0, longest);
        let at = self.now + SignedDuration::from_mins(minutes) + SignedDuration::from_millis(millis);
        let verdict = if fate.verdicts[round.min(2)] { "done" } else { "failed" };
        let copies = self.dice.pick(&[1, 1, 1, 2, 3]);
        let progress = self.dice.happens(0.15);
        let all = std::iter::repeat_n(verdict, copies).chain(progress.then_some("working"));
        for (copy, status) in all.enumerate() {
            let from = format!("{}/{}/{round}", whose.0, whose.1);
            let size = if fate.sized { "12" } else { "12.5s" };
            let callback = self.service.callbacks.len();
            let (whose, answer_at) = (whose.clone(), answer_at.clone());
            let answers = Vec::new();
            self.service.callbacks.push(Callback { whose, round, status, from, size, answer_at, sent: false, answers });
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

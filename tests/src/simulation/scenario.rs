//! What callers do, when, and how bad the weather gets: rolled from the seed before anything happens.

use super::ask::{Ask, Refused, What};
use super::burst;
use super::dice::Dice;
use super::file::WORKFLOWS;
use super::receiver::{self, Mood, Receiver};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// How AWS misbehaves, until the sky clears. Probabilities are from 0 to 1.
#[derive(Debug)]
pub(super) struct Weather {
    /// Of a call that fails and does nothing.
    pub(super) fails_before: f64,
    /// Of a call that works and is said to have failed.
    pub(super) fails_after: f64,
    /// How often the SDK makes a call: one whose effect has happened may be made again, and then lose its condition to itself.
    pub(super) tries: u32,
    /// Of a message, or a batch of the stream, that comes once more.
    pub(super) duplicate: f64,
    /// Messages come in any order.
    pub(super) reorder: bool,
    /// Of something dying, at each step.
    pub(super) crash: f64,
    /// How often something dies at the most.
    pub(super) crashes: u32,
    /// Of a process's clock jumping, at each step.
    pub(super) jump: f64,
    /// How far a clock is from the time that it is, in seconds, each as likely as the others; the time itself where nothing
    /// jumps.
    pub(super) off: Vec<i64>,
    /// Two processes, of which one dies at a time, and a queue that outlives them, as in AWS; else one process whose queue
    /// is in its memory, as in the emulator.
    pub(super) cloud: bool,
    /// From then on all is well.
    pub(super) ends: Timestamp,
}

impl Weather {
    /// Whether nothing goes wrong but what the outside world does.
    pub(super) fn is_fair(&self) -> bool {
        self.fails_before + self.fails_after + self.duplicate + self.crash + self.jump <= 0.0
    }

    /// How much two times may differ that were taken by clocks at the same moment.
    pub(super) fn slack(&self) -> SignedDuration {
        let furthest = self.off.iter().map(|off| off.abs()).max().unwrap_or(0);
        SignedDuration::from_secs(if self.jump > 0.0 { 2 * furthest } else { 0 })
    }
}

/// A scenario before it is played.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) weather: Weather,
    pub(super) receivers: Vec<Receiver>,
    pub(super) asks: Vec<Ask>,
}

/// When every scenario begins.
pub(super) fn start() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().expect("a time")
}

impl Scenario {
    pub(super) fn roll(dice: &mut Dice) -> Self {
        let start = start();
        let weather = weather(dice, start);
        let (mut receivers, mut asks) = (Vec::new(), Vec::new());
        for receiver in 0..dice.pick(&[0, 0, 1, 1, 2, 3]) {
            receivers.push(Receiver::new(mood(dice, start)));
            let at = if dice.happens(0.8) { start } else { later(dice, start, 120) };
            asks.push(Ask::new(What::Subscribe { receiver, fields: fields(dice, receiver) }, at));
            if dice.happens(0.1) {
                asks.push(Ask::new(What::Unsubscribe { receiver }, later(dice, start, 600)));
            }
        }
        for n in 0..dice.pick(&[1, 1, 2, 2, 3, 4]) {
            asks.push(trigger(dice, start, n));
        }
        for n in 0..if receivers.is_empty() { 0 } else { dice.pick(&[0, 1, 1, 2, 3]) } {
            let (kind, customer) =
                (dice.pick(&["order.paid", "image.done"]), dice.pick(&["default", "default", "acme"]));
            let mut ask = Ask::new(What::Publish { id: format!("order-{n}"), kind, customer }, later(dice, start, 120));
            ask.repeats = dice.pick(&[0, 0, 1]);
            asks.push(ask);
        }
        if dice.happens(0.15) {
            asks.push(Ask::new(What::Cancel { run: None }, later(dice, start, 90)));
        }
        if dice.happens(0.1) {
            asks.push(Ask::new(What::Rerun { run: None, key: "again".to_owned() }, later(dice, start, 180)));
        }
        if dice.happens(0.1) {
            asks.push(Ask::new(What::Stray { key: "nobody".to_owned() }, later(dice, start, 90)));
        }
        for _ in 0..dice.pick(&[0, 0, 1, 2]) {
            asks.push(Ask::new(What::Refused(refused(dice)), later(dice, start, 90)));
        }
        burst::roll(dice, start, &mut receivers, &mut asks);
        Self { weather, receivers, asks }
    }
}

fn later(dice: &mut Dice, start: Timestamp, minutes: i64) -> Timestamp {
    start + SignedDuration::from_millis(dice.between(0, minutes * 60_000))
}

fn weather(dice: &mut Dice, start: Timestamp) -> Weather {
    let (cloud, fair) = (dice.happens(0.5), dice.happens(0.15));
    let mut roll = |of: &[f64]| if fair { 0.0 } else { dice.pick(of) };
    let (fails_before, fails_after) = (roll(&[0.0, 0.02, 0.1, 0.2]), roll(&[0.0, 0.02, 0.1, 0.2]));
    let (duplicate, crash) = (roll(&[0.0, 0.1, 0.3]), roll(&[0.0, 0.002, 0.01, 0.03]));
    let (reorder, tries) = (dice.happens(0.7), dice.pick(&[1, 2, 2, 3]));
    let ends = start + SignedDuration::from_hours(dice.pick(&[1, 4, 30]));
    let jump = if !fair && dice.happens(0.25) { dice.pick(&[0.002, 0.01]) } else { 0.0 };
    let off =
        dice.pick(&[vec![0, 150], vec![0, 7_200], vec![0, -7_200, -150, 40, 150, 7_200], vec![0, -90_000, 90_000]]);
    Weather { fails_before, fails_after, tries, duplicate, reorder, crash, crashes: 8, jump, off, cloud, ends }
}

fn mood(dice: &mut Dice, start: Timestamp) -> Mood {
    match dice.below(10) {
        0..=3 => Mood::Well,
        4 | 5 => Mood::Flaky(dice.pick(&[0.2, 0.5, 0.8])),
        6 => Mood::DownUntil(later(dice, start, 600)),
        7 => Mood::Dead,
        8 => Mood::GoneAfter(dice.below(3)),
        _ => Mood::Busy(dice.pick(&[1, 2])),
    }
}

fn fields(dice: &mut Dice, receiver: usize) -> Value {
    let events = dice.pick(&[
        vec!["*"],
        vec!["*", "job.failed"],
        vec!["image.done", "order.paid", "delivery.exhausted"],
        vec!["job.failed", "delivery.exhausted"],
    ]);
    let mut fields = Map::new();
    fields.insert("url".to_owned(), receiver::url(receiver).into());
    fields.insert("events".to_owned(), json!(events));
    fields.insert("customer_id".to_owned(), dice.pick(&["default", "default", "default", "acme"]).into());
    let mut maybe = |name: &str, value: Option<Value>| drop(value.map(|value| fields.insert(name.to_owned(), value)));
    maybe("max_retries", dice.pick(&[None, Some(0), Some(1), Some(3)]).map(Value::from));
    maybe("retry_delay", dice.pick(&[None, Some(1), Some(60), Some(1_200)]).map(Value::from));
    maybe("rate_limit", dice.happens(0.1).then(|| json!({"limit": 1, "period": 60})));
    Value::Object(fields)
}

fn trigger(dice: &mut Dice, start: Timestamp, n: usize) -> Ask {
    let at = later(dice, start, 30);
    let key = dice.happens(0.7).then(|| format!("key-{n}"));
    let mut body = json!({"n": n});
    let what = match dice.below(16) {
        0 => {
            let items: Vec<usize> = (0..dice.pick(&[1, 2, 3])).collect();
            body = json!({"items": items});
            What::Trigger { path: "/batch", body, key }
        }
        1 => What::Trigger { path: "/deduped", body: json!({"order": n}), key: None },
        2 => What::Trigger { path: "/signed", body, key: None },
        3 => What::Start { workflow: dice.pick(&WORKFLOWS), key: format!("key-{n}") },
        _ => {
            let path = dice.pick(&[
                "/image",
                "/image",
                "/early",
                "/early",
                "/token",
                "/stubborn",
                "/stubborn",
                "/stubborn",
                "/stubborn",
                "/careful",
                "/careful",
                "/poll",
                "/pause",
                "/family",
                "/each",
                "/again",
                "/again",
                "/twice",
                "/twice",
                "/sized",
                "/sized",
            ]);
            What::Trigger { path, body, key }
        }
    };
    let repeatable = !matches!(&what, What::Trigger { key: None, path, .. } if *path != "/deduped");
    let mut ask = Ask::new(what, at);
    ask.repeats = if repeatable { dice.pick(&[0, 0, 1, 2]) } else { 0 };
    ask
}

fn refused(dice: &mut Dice) -> Refused {
    dice.pick(&[
        Refused::NotJson,
        Refused::NoToken,
        Refused::WrongToken,
        Refused::WrongMethod,
        Refused::UnknownPath,
        Refused::NoKey,
        Refused::ApiWithoutToken,
        Refused::BadEvent,
        Refused::PrivateUrl,
        Refused::UnknownTask,
    ])
}

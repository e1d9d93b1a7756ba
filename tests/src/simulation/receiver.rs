//! A customer's endpoint: well, flaky, down for a while, dead, or gone for good.

use super::state::State;
use jiff::Timestamp;
use reqwest::header::HeaderMap;

/// RFC 9110 section 15.5.11.
const GONE: u16 = 410;

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mood {
    Well,
    /// Fails with that probability.
    Flaky(f64),
    /// Fails before that time.
    DownUntil(Timestamp),
    /// Always fails.
    Dead,
    /// Answers 410 after so many requests.
    GoneAfter(usize),
    /// Fails first, and says when to come again.
    Busy(usize),
}

/// One request that it got.
#[derive(Debug, Clone)]
pub(super) struct Got {
    pub(super) event: String,
    pub(super) delivery: String,
    pub(super) body: Vec<u8>,
    /// The status that was answered; none while it was not.
    pub(super) status: Option<u16>,
    /// When it came in.
    pub(super) at: Timestamp,
}

#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) mood: Mood,
    pub(super) got: Vec<Got>,
}

/// Seconds that a busy receiver asks for.
pub(super) const BUSY_FOR: i64 = 1_800;

impl Receiver {
    pub(super) fn new(mood: Mood) -> Self {
        Self { mood, got: Vec::new() }
    }

    pub(super) fn answered(&self, event: &str, status: impl Fn(u16) -> bool) -> usize {
        self.got.iter().filter(|got| got.event == event && got.status.is_some_and(&status)).count()
    }

    /// Whether it has said that it wants nothing any more.
    pub(super) fn is_gone(&self) -> bool {
        self.got.iter().any(|got| got.status == Some(GONE))
    }

    /// Whether a request that came in by then was not answered well.
    pub(super) fn had_failed_by(&self, time: Timestamp) -> bool {
        self.got.iter().any(|got| got.at <= time && !got.status.is_some_and(|status| (200..300).contains(&status)))
    }
}

/// Its address: documentation addresses, which the scenarios' file allows.
pub(super) fn url(index: usize) -> String {
    format!("http://203.0.113.{}/hook", index + 1)
}

/// Whose address that is.
pub(super) fn index_of(host: &str) -> Option<usize> {
    host.strip_prefix("203.0.113.")?.parse::<usize>().ok()?.checked_sub(1)
}

impl State {
    /// A request comes in. What it is named by must be the same on every try.
    pub(super) fn received(&mut self, receiver: usize, headers: &HeaderMap, body: &[u8]) -> (usize, Option<u16>) {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let (event, delivery) = (text("webhook-id"), text("x-webhook-delivery"));
        let before = self.receivers[receiver].got.iter().find(|got| got.event == event || got.delivery == delivery);
        let changed = before.filter(|got| got.event != event || got.delivery != delivery || got.body != body);
        if let Some(before) = changed.cloned() {
            self.violation(format!("a try of {delivery} for {event} differs from the one of {}", before.delivery));
        }
        self.comes_in_turn(&delivery);
        let all = self.receivers[receiver].got.len();
        let earlier = self.receivers[receiver].got.iter().filter(|got| got.event == event).count();
        let status = match self.receivers[receiver].mood {
            Mood::Well => Some(200),
            Mood::Flaky(probability) if self.dice.happens(probability) => self.dice.pick(&[None, Some(500), Some(404)]),
            Mood::Flaky(_) => Some(204),
            Mood::DownUntil(until) if self.now < until => self.dice.pick(&[None, Some(503)]),
            Mood::DownUntil(_) => Some(200),
            Mood::Dead => self.dice.pick(&[None, Some(500)]),
            Mood::GoneAfter(requests) => Some(if all < requests { 200 } else { GONE }),
            Mood::Busy(times) => Some(if earlier < times { 429 } else { 200 }),
        };
        self.tally.count("requests to endpoints");
        self.note(format_args!("receiver {receiver} gets {event} and will answer {status:?}"));
        let at = self.now;
        self.receivers[receiver].got.push(Got { event, delivery, body: body.to_vec(), status: None, at });
        (all, status)
    }
}

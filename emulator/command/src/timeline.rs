//! A run as people read it: each job as a bar on the run's time, and below it what there is to know about it.
//!
//! ```text
//! run_0123…  image  completed
//! accepted 2026-01-01T00:00:00Z, took 4.2 s
//!
//!   generate  completed  ━━━━━━━━━━━━━━━━━━━━────  +0.00s  3.9 s
//!   optimize  completed  ────────────────────━━━━  +3.90s  300 ms
//! ```

mod detail;
mod span;

pub(crate) use span::{in_words, seconds, since, time};

use crate::command::output::clipped;
use crate::command::paint::{Paint, Tone};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

/// Characters of a bar.
const BAR: usize = 32;
/// Characters of a value.
const VALUE: usize = 100;

/// A task of the API.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Task {
    pub(crate) task_id: String,
    pub(crate) workflow: String,
    pub(crate) status: String,
    pub(crate) accepted_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) result: Value,
    #[serde(default)]
    pub(crate) error: Value,
    #[serde(default)]
    pub(crate) source: Option<String>,
    #[serde(default)]
    jobs: Vec<Job>,
}

#[derive(Debug, Clone, Deserialize)]
struct Job {
    id: String,
    status: String,
    attempt: u32,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
    #[serde(flatten)]
    more: Value,
}

impl Task {
    /// Whether nothing can change it any more.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "failed" | "cancelled")
    }

    /// How long it took, or has taken so far.
    pub(crate) fn took(&self, now: Timestamp) -> SignedDuration {
        self.ended_at.unwrap_or(now).duration_since(self.accepted_at)
    }

    /// The whole picture.
    pub(crate) fn draw(&self, paint: Paint, now: Timestamp) -> String {
        let status = paint.paint(tone(&self.status), &self.status);
        let took = if self.has_ended() { "took" } else { "so far" };
        let mut lines = vec![
            format!("{}  {}  {status}", paint.paint(Tone::Title, &self.task_id), self.workflow),
            format!("accepted {}, {took} {}", seconds(self.accepted_at), in_words(self.took(now))),
        ];
        if !self.jobs.is_empty() {
            lines.push(String::new());
        }
        let widest = |of: fn(&Job) -> usize| self.jobs.iter().map(of).max().unwrap_or_default();
        let (names, states) = (widest(|job| job.id.chars().count()), widest(|job| job.status.chars().count()));
        for job in &self.jobs {
            let state = paint.paint(tone(&job.status), &format!("{:<states$}", job.status));
            let (start, took) = (job.started_at.duration_since(self.accepted_at), job.took(now));
            let bar = paint.paint(Tone::Arrow, &self.bar(start, took, now));
            let at = format!("+{:.2}s", start.as_secs_f64());
            let line = format!("  {:<names$}  {state}  {bar}  {at:>8}  {}", job.id, in_words(took));
            lines.push(line);
            let indent = " ".repeat(names + 4);
            lines.extend(job.told(now).into_iter().map(|told| format!("{indent}{}", paint.paint(Tone::Quiet, &told))));
        }
        match (self.status.as_str(), &self.error, &self.result) {
            ("failed", error, _) => {
                lines.push(format!("\n{}", paint.paint(Tone::Bad, &format!("error: {}", why(error)))));
                let detail = detail::of(error);
                lines.extend(detail.into_iter().map(|line| paint.paint(Tone::Quiet, &format!("  {line}"))));
            }
            ("completed", _, result) if !result.is_null() => lines.push(format!("\nresult: {}", shown(result))),
            _ => {}
        }
        lines.join("\n")
    }

    /// The job's part of the run's time; at least one character, so that none goes unseen.
    fn bar(&self, start: SignedDuration, took: SignedDuration, now: Timestamp) -> String {
        let whole = self.took(now).as_secs_f64().max(f64::MIN_POSITIVE);
        let place = |time: SignedDuration| {
            let part = (time.as_secs_f64() / whole).clamp(0.0, 1.0) * BAR as f64;
            (0..=BAR).rev().find(|n| *n as f64 <= part).unwrap_or_default()
        };
        let first = place(start).min(BAR - 1);
        let end = place(start + took).max(first + 1);
        (0..BAR).map(|n| if (first..end).contains(&n) { '━' } else { '─' }).collect()
    }
}

impl Job {
    fn took(&self, now: Timestamp) -> SignedDuration {
        self.ended_at.unwrap_or(now).duration_since(self.started_at)
    }

    /// What there is to know besides, a line each.
    fn told(&self, now: Timestamp) -> Vec<String> {
        let text = |pointer: &str| self.more.pointer(pointer).and_then(Value::as_str);
        let mut lines = Vec::new();
        if self.attempt > 1 {
            lines.push(format!("attempt {}", self.attempt));
        }
        if let (Some(key), Some(route)) = (text("/waiting_for/key"), text("/waiting_for/route")) {
            lines.push(format!("waits for a callback by {route} with the key {}", clipped(key, VALUE)));
        }
        if let Some(deadline) = text("/waiting_for/deadline") {
            lines.push(format!("until {}{}", time(deadline), left(deadline, now)));
        }
        if let Some(asked) = self.more.pointer("/waiting_for/asked") {
            lines.push(format!("asked {asked} times so far"));
        }
        for (name, words) in [("/until", "until"), ("/next_attempt_at", "next attempt at")] {
            lines.extend(text(name).map(|at| format!("{words} {}{}", time(at), left(at, now))));
        }
        lines.extend(text("/task_id").map(|run| format!("waits for {run}")));
        lines.extend(text("/branch").map(|branch| format!("branch {branch}")));
        lines.extend(text("/program").map(|program| format!("runs the program {program}")));
        lines.extend(text("/worker/id").map(|worker| format!("on the worker {worker}")));
        lines.extend(self.more.get("error").map(|error| format!("error: {}", why(error))));
        // Where the output is the same, one of them says it.
        let came = self.more.get("result").filter(|came| Some(*came) != self.more.get("output"));
        lines.extend(came.map(|came| format!("result: {}", shown(came))));
        if self.more.get("result_at").is_some() {
            lines.push("result: stored separately because of its size; `emulator runs result` prints it".to_owned());
        }
        lines.extend(
            self.more.get("output").filter(|o| !o.is_null()).map(|output| format!("output: {}", shown(output))),
        );
        lines
    }
}

/// An error's message, and its code.
fn why(error: &Value) -> String {
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    clipped(&format!("{} ({})", text("message"), text("code")), 2 * VALUE)
}

fn shown(value: &Value) -> String {
    clipped(&value.to_string(), VALUE)
}

fn left(time: &str, now: Timestamp) -> String {
    let left = time.parse::<Timestamp>().map(|time| time.duration_since(now));
    left.ok().filter(|left| left.is_positive()).map(|left| format!(" (in {})", in_words(left))).unwrap_or_default()
}

/// What a status is to the reader.
pub(crate) fn tone(status: &str) -> Tone {
    match status {
        "completed" | "delivered" => Tone::Good,
        "failed" | "cancelled" | "exhausted" => Tone::Bad,
        "waiting" | "retrying" | "resting" | "polling" => Tone::Odd,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests;

//! The book: what happened, counted, and how the demo ends.

use super::Unmet;
use super::exchange::Answer;
use super::paint::{Paint, Tone};
use super::stage::Stage;
use serde_json::Value;
use std::time::Duration;

/// What happened.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) runs: usize,
    pub(super) completed: usize,
    callbacks: usize,
    resumed: usize,
    early: usize,
    duplicates: usize,
    pub(super) after_a_crash: usize,
    /// How long each restart took.
    pub(super) restarts: Vec<Duration>,
    pub(super) checks: usize,
}

impl Tally {
    /// A callback was answered with this status.
    pub(super) fn called_back(&mut self, word: &str) {
        self.callbacks += 1;
        match word {
            "resumed" => self.resumed += 1,
            "stored" => self.early += 1,
            "duplicate" => self.duplicates += 1,
            _ => {}
        }
    }

    /// The table, and what to do next.
    pub(super) fn closing(&self, paint: Paint, took: Duration) -> String {
        let Self { runs, completed, callbacks, resumed, early, duplicates, after_a_crash, restarts, checks } = self;
        let (lost_runs, lost_callbacks) = (runs - completed, callbacks - resumed - early - duplicates);
        let milliseconds: Vec<String> = restarts.iter().map(|took| took.as_millis().to_string()).collect();
        let ready = milliseconds.join(", ");
        let row = |name: &str, text: String| format!("  {name:<11}{text}\n");
        let command = |command: &str, why: &str| format!("    {command:<48}{}\n", paint.paint(Tone::Quiet, why));
        let lost = |lost: usize| paint.paint(if lost == 0 { Tone::Good } else { Tone::Bad }, &format!("lost: {lost}"));
        [
            format!("\n  {}\n", paint.paint(Tone::Title, "What came of it")),
            row("runs", format!("{runs} started, {completed} completed, {}", lost(lost_runs))),
            row(
                "callbacks",
                format!(
                    "{callbacks} received ({early} early, {duplicates} duplicate, {after_a_crash} after a crash), {}",
                    lost(lost_callbacks)
                ),
            ),
            row("kill -9", format!("{} times, ready again after {ready} ms", restarts.len())),
            row("checks", format!("{checks}, and all came true, in {:.1} s", took.as_secs_f64())),
            format!("\n  {}\n", paint.paint(Tone::Title, "Try next")),
            command("emulator check examples/image-callback.yml", "the file that this was played with"),
            command("emulator demo --image-service", "its service by itself, on port 9900"),
            command("emulator up -f examples/image-callback.yml", "a gateway of your own"),
        ]
        .concat()
        .trim_end()
        .to_owned()
    }
}

/// The API agrees with the book: these runs, all completed.
pub(super) fn check(stage: &mut Stage, tasks: &Answer) -> Result<(), Unmet> {
    let listed = tasks.body.get("tasks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let completed = listed.iter().filter(|task| task.get("status").and_then(Value::as_str) == Some("completed"));
    let right = completed.count() == stage.tally.runs && listed.len() == stage.tally.runs;
    let expected = format!("after three crashes the API lists {} tasks, all completed", stage.tally.runs);
    stage.expect(&expected, right, tasks)
}

/// `1,480,000`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}

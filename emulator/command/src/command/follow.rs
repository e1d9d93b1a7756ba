//! Following a run until its end.

use super::Failure;
use super::output::say;
use super::paint::Paint;
use crate::client::{Call, Client};
use crate::timeline::{Task, in_words};
use contract::Operation;
use indicatif::{ProgressBar, ProgressStyle};
use platform::clock::{Clock, SystemClock};
use std::time::Duration;

/// How often a run is looked at, at first and at most.
const LOOK: Duration = Duration::from_millis(100);
const LOOK_AT_MOST: Duration = Duration::from_secs(2);

/// Waits for the end of a run and draws it.
///
/// # Errors
/// If it did not complete, or can't be looked at any more.
pub(crate) async fn follow(client: &Client, id: &str, paint: Paint) -> Result<(), Failure> {
    let bar = spinner();
    let mut pause = LOOK;
    let task = loop {
        let task = task(client, id).await?;
        bar.set_message(format!("{id} {} for {}", task.status, in_words(task.took(SystemClock.now()))));
        if task.has_ended() {
            break task;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 5 / 4).min(LOOK_AT_MOST);
    };
    bar.finish_and_clear();
    say(task.draw(paint, SystemClock.now()))?;
    if task.status == "completed" { Ok(()) } else { Err(format!("the run {id} is {}", task.status).into()) }
}

/// A run as it stands.
///
/// # Errors
/// If the gateway doesn't show it.
pub(crate) async fn task(client: &Client, id: &str) -> Result<Task, Failure> {
    Ok(serde_json::from_value(client.call(Call::of(Operation::ShowTask).id(id)).await?)?)
}

/// Turns on standard error, where that is a terminal; elsewhere there is nothing.
fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Fills on standard error, where that is a terminal; elsewhere there is nothing.
pub(crate) fn progress(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
        bar.set_style(style);
    }
    bar
}

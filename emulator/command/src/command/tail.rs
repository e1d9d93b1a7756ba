//! `emulator tail`: what changes, as it changes.
//!
//! The lists are asked at an interval. A [`Watch`] remembers how each run and delivery stood, so that each change is told
//! once; runs that have left the newest page and have not ended are asked for one by one.

mod watch;

use super::output::say;
use super::paint::{Paint, Tone};
use super::{Failure, exit, output};
use crate::client::Connection;
use crate::timeline::tone;
use clap::{Args, ValueEnum};
use domain::config::duration;
use platform::environment::Environment;
use serde_json::json;
use std::time::Duration;
use watch::{Change, Watch};

/// Prints what changes.
#[derive(Debug, Args)]
pub struct Tail {
    /// Only runs of a workflow.
    #[arg(long)]
    workflow: Option<String>,
    /// Only runs that a source's requests started.
    #[arg(long)]
    source: Option<String>,
    /// Only what comes to stand so: completed, failed, waiting, delivered, exhausted, …
    #[arg(long)]
    status: Option<String>,
    /// What to watch.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["runs", "deliveries"])]
    events: Vec<Events>,
    /// How many of the newest are printed first.
    #[arg(short = 'n', long, default_value_t = 10)]
    last: usize,
    /// Print those, and end.
    #[arg(long)]
    once: bool,
    /// End after so many lines.
    #[arg(long)]
    max: Option<usize>,
    /// How often to look, at least 100ms.
    #[arg(long, value_parser = interval, default_value = "1s")]
    interval: Duration,
    /// Print JSON, one line for each change.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Events {
    Runs,
    Deliveries,
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration::parse(text)?;
    let least = Duration::from_millis(100);
    if interval < least { Err(format!("at least 100ms, not {text}")) } else { Ok(interval) }
}

impl Tail {
    pub(crate) async fn run(self, environment: &Environment) -> Result<(), Failure> {
        let client = self.connection.client()?;
        let (mut watch, paint) = (Watch::new(&self.events), Paint::for_stdout(environment));
        let mut left = self.max.unwrap_or(usize::MAX);
        let (mut first, mut away) = (true, false);
        loop {
            let changes = match watch.look(&client).await {
                Ok(changes) => changes,
                // It is being started anew, perhaps: what happens meanwhile is told afterwards.
                Err(failure) if !first && exit::code(&failure) == Some(exit::UNREACHABLE) => {
                    if !away {
                        output::complain(&failure);
                    }
                    away = true;
                    tokio::time::sleep(self.interval).await;
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            away = false;
            let mut wanted: Vec<&Change> = changes.iter().filter(|change| self.wants(change)).collect();
            if first {
                wanted.drain(..wanted.len().saturating_sub(self.last));
            }
            for change in wanted {
                if left == 0 {
                    return Ok(());
                }
                self.tell(change, paint)?;
                left -= 1;
            }
            if self.once || left == 0 {
                return Ok(());
            }
            first = false;
            tokio::time::sleep(self.interval).await;
        }
    }

    fn wants(&self, change: &Change) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|w| found == Some(w));
        is(&self.status, Some(&change.status))
            && is(&self.workflow, change.workflow.as_deref())
            && is(&self.source, change.source.as_deref())
    }

    fn tell(&self, change: &Change, paint: Paint) -> Result<(), Failure> {
        let Change { at, kind, id, status, workflow, source, note, .. } = change;
        if self.json {
            return say(json!({
                "at": at.to_string(), "kind": kind, "id": id, "status": status, "workflow": workflow, "source": source,
                "note": note,
            }));
        }
        let time = paint.paint(Tone::Quiet, &at.strftime("%H:%M:%S").to_string());
        let status = paint.paint(tone(status), &format!("{status:<9}"));
        let note = paint.paint(Tone::Quiet, note);
        say(format!("{time}  {kind:<8}  {status}  {id}  {note}").trim_end())
    }
}

//! `emulator demo`: the whole story on real sockets, told as it happens, with every step checked.
//!
//! **Cast.** *You*: an HTTP client. The *gateway*: this program's `up` as a child process, so that kill -9 is real. The
//! *image service*: a small asynchronous server in this process, which calls back early, twice or late as the scene
//! wants it. **Flow.** Each [scene](scenes) sends a request, watches what the service sees and what the API says, draws
//! it as a [timeline], and compares it with what must be. **Guarantees.** Each wait has a bound; the gateway and the
//! directory are gone at the end, whatever the end is; success means that every expectation came true.

mod timeline;
mod exchange;
mod image_service;
mod studio;
mod visitor;
mod place;
mod gateway;
mod stage;
mod steps;
mod scenes;
mod crashes;
mod tally;

use super::paint::Paint;
use super::{Failure, paint};
use clap::Args;
use image_service::ImageService;
use place::Place;
use platform::environment::Environment;
use stage::{Stage, say};
use std::fmt::Display;
use std::time::Duration;

/// No step takes longer, or the demo has failed.
const STEP: Duration = Duration::from_secs(10);

/// Plays it.
#[derive(Debug, Args)]
pub struct Demo {
    /// Leave the directory with the file, the log and the state, and say where it is.
    #[arg(long)]
    keep: bool,
    /// Run only the demo's image service, for the files in examples/.
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "9900", conflicts_with = "keep")]
    image_service: Option<u16>,
}

/// An expectation that did not come true.
#[derive(Debug, thiserror::Error)]
#[error("Expected: {expected}\n    Seen: {seen}")]
struct Unmet {
    expected: String,
    seen: String,
}

impl Unmet {
    fn new(expected: impl Into<String>, seen: impl Display) -> Self {
        Self { expected: expected.into(), seen: seen.to_string() }
    }
}

impl Demo {
    pub(crate) async fn run(self, environment: &Environment) -> Result<(), Failure> {
        match self.image_service {
            Some(port) => serve_images(port).await,
            None => play(self.keep, Paint::for_stdout(environment)).await,
        }
    }
}

async fn play(keep: bool, paint: Paint) -> Result<(), Failure> {
    let place = Place::make()?;
    let mut stage = Stage::open(&place, paint).await?;
    let played = tokio::select! {
        played = Box::pin(scenes::play(&mut stage)) => played.map_err(|unmet| failure(&stage, &unmet)),
        stopped = super::up::asked_to_stop() => Err(match stopped {
            Ok(()) => "\nStopped halfway, and the gateway with it.".into(),
            Err(error) => error.into(),
        }),
    };
    // The gateway first: it writes into the directory until it is gone.
    stage.close().await;
    match (keep, &played) {
        (true, _) => say(&format!("\n  Kept: {}", place.keep())),
        (false, Ok(())) => {
            say("\n  Nothing is left behind. `emulator demo --keep` keeps the file, the log and the state.");
        }
        (false, Err(_)) => {}
    }
    played
}

fn failure(stage: &Stage, unmet: &Unmet) -> Failure {
    let (scene, log) = (stage.scene(), stage.gateway.log_tail());
    let log = if log.is_empty() { "(it wrote nothing)" } else { log.as_str() };
    format!("\nThe demo failed in scene {scene}\n\n{unmet}\n\nThe end of the gateway's log:\n{log}\n").into()
}

async fn serve_images(port: u16) -> Result<(), Failure> {
    let mut service = ImageService::start(port, studio::Habits::by_hand()).await?;
    say(&format!("The image service listens at {}. Ctrl-C stops it.\n", service.url()));
    let serving = async {
        while let Some(seen) = service.next_seen().await {
            say(&format!("  {seen}"));
        }
    };
    tokio::select! {
        () = serving => Ok(()),
        stopped = super::up::asked_to_stop() => Ok(stopped?),
    }
}

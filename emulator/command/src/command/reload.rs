//! Takes the file over whenever it changes, until it is time to stop.
//!
//! ```text
//!  each POLL: has the file another stamp, and for two polls? ─┐
//!  SIGHUP ────────────────────────────────────────────────────┴─► read ─► checked as at start ─► Switch::reload
//! ```
//!
//! The file is looked at by its name, so it doesn't matter whether an editor writes into it or puts another in its place, nor
//! on which file system it is: watching for events needs a kind of its own for each system, and misses what network mounts
//! and containers do. What changes twice is read once it rests. A file that can't be used is told of as `emulator check`
//! would, and the one before stays in charge.

use super::{Failure, file, output};
use domain::config::program::Action;
use domain::config::{Config, changes};
use instance::{Instance, NewFile};
use platform::environment::Environment;
use platform::functions::Functions;
use platform::signed::Signed;
use serde_json::{Value, json};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::{MissedTickBehavior, interval};

/// How often the file is looked at.
const POLL: Duration = Duration::from_millis(250);

/// The file in charge, and how it is watched.
pub(super) struct Reloading {
    pub(super) path: PathBuf,
    /// As it was when the text in charge was about to be read.
    pub(super) stamp: Option<Stamp>,
    /// The text in charge.
    pub(super) text: Arc<str>,
    /// Whether another was refused since.
    pub(super) refused: bool,
    /// Whether the file is looked at; SIGHUP has it read in any case.
    pub(super) watches: bool,
    /// Whether each attempt prints a JSON line.
    pub(super) json: bool,
    pub(super) runtime_programs: bool,
    pub(super) environment: Environment,
}

/// What tells that a file has changed, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    /// Another file of the same name has another.
    inode: u64,
}

impl Stamp {
    /// `None` where there is no file.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self { modified: metadata.modified().ok(), length: metadata.len(), inode: inode(&metadata) })
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

/// What came of a file that was taken over.
struct Taken {
    changes: Vec<String>,
    /// What only a restart changes.
    kept: Vec<String>,
}

impl Reloading {
    /// Takes changes over until `asked` ends.
    pub(super) async fn until<A>(mut self, instance: &Instance, asked: A) -> std::io::Result<()>
    where
        A: Future<Output = std::io::Result<()>>,
    {
        let mut asked = std::pin::pin!(asked);
        let mut hang_up = HangUp::listen()?;
        let mut poll = interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = self.stamp;
        loop {
            let forced = tokio::select! {
                stop = &mut asked => return stop,
                () = hang_up.comes() => true,
                _ = poll.tick(), if self.watches => false,
            };
            let stamp = Stamp::of(&self.path);
            let rests = std::mem::replace(&mut last, stamp) == stamp;
            if forced || (rests && stamp != self.stamp) {
                self.stamp = stamp;
                self.attempt(instance, forced).await;
            }
        }
    }

    async fn attempt(&mut self, instance: &Instance, forced: bool) {
        match self.take_over(instance, forced).await {
            Ok(None) => {}
            Ok(Some(Taken { changes, kept })) => {
                let what = if changes.is_empty() { "nothing that matters".to_owned() } else { changes.join(", ") };
                tracing::info!(target: "ringback::reload", file = %self.path.display(), "reloaded: {what}");
                for kept in &kept {
                    tracing::warn!(target: "ringback::reload", "{kept} until a restart");
                }
                let listeners = instance.switch().listeners().await;
                self.print(&json!({"reloaded": true, "changes": changes, "kept": kept, "listeners": listeners}));
            }
            Err(error) => {
                self.refused = true;
                let text = format!("{}: not taken over: {error}; the file before stays in charge", self.path.display());
                tracing::error!(target: "ringback::reload", "{text}");
                self.print(&json!({"reloaded": false, "error": error.to_string()}));
            }
        }
    }

    /// `None` where the text is the one in charge, and no other was tried meanwhile.
    async fn take_over(&mut self, instance: &Instance, forced: bool) -> Result<Option<Taken>, Failure> {
        let read = file::read(&self.path, &self.environment)?;
        if !forced && !self.refused && *read.text() == *self.text {
            return Ok(None);
        }
        let text: Arc<str> = read.text().into();
        read.print_diagnostics();
        let refused = read.stopped_by();
        let env = read.env();
        let config = match read.loaded.config {
            Some(config) if refused.is_none() => config,
            _ => return Err(stopped_by(refused).into()),
        };
        let before = instance.app();
        let changes = changes(&before.config, &config);
        let functions = functions(&config, self.runtime_programs, before.settings.max_response).await;
        let file = NewFile { config, text: Some(text.clone()), env, functions };
        let kept = instance.switch().reload(file).await?;
        (self.text, self.refused) = (text, false);
        Ok(Some(Taken { changes, kept }))
    }

    fn print(&self, line: &Value) {
        if self.json {
            let _ = output::say(line);
        }
    }
}

/// Why a file isn't used; the places have been shown.
pub(super) fn stopped_by(refused: Option<String>) -> String {
    refused.map_or_else(|| "see above".to_owned(), |places| format!("what stands above stops it: {places}"))
}

/// Functions in AWS Lambda, where the file invokes some or the API may make it so.
pub(super) async fn functions(config: &Config, runtime_programs: bool, max_response: usize) -> Option<Functions> {
    let invokes = config.programs.values().any(|program| matches!(program.action, Action::Invoke { .. }));
    if !invokes && !runtime_programs {
        return None;
    }
    let aws = platform::aws_settings();
    Some(Functions::new(Signed::new(aws.load().await), max_response))
}

/// The signal by which services are told to read their files again.
struct HangUp {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl HangUp {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?,
        })
    }

    #[cfg(unix)]
    async fn comes(&mut self) {
        if self.signal.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    #[cfg(not(unix))]
    async fn comes(&mut self) {
        std::future::pending::<()>().await;
    }
}

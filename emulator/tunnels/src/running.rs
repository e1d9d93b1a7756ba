//! A tunnel that is a program's: started as a child, told apart by what it says on standard error.
//!
//! The child leads a process group of its own, so that nothing of it is left when it is ended: asked first (SIGTERM), then
//! made to. A parent that is killed can't do that, so there may be a guard between the two: a process whose standard input
//! is a pipe that we hold open, and which ends the group when that closes, for whatever reason (see `emulator guard`).

use super::program::Program;
use super::{Open, Reason};
use process::Group;
use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// How many of its last lines are shown when it fails.
const TAIL: usize = 6;
/// Between asking it to end and ending it.
const GRACE: Duration = Duration::from_secs(2);
/// Secrets of ours that it need not see.
const HIDDEN: [&str; 3] = ["RINGBACK_KEY", "NGROK_AUTHTOKEN", "TUNNEL_TOKEN"];

/// News of the tunnel in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// The public URLs, one for each of the program's ports; the tunnel may not be connected yet.
    Urls(Vec<String>),
    /// The tunnel is open, under these URLs.
    Open(Vec<String>),
    /// No news.
    Other,
}

/// Understands what one run of a program says on standard error.
pub(super) trait Reader: Send {
    /// Takes the next line.
    fn hear(&mut self, line: &str) -> Said;

    /// True for a line that helps only to debug the program; it is not shown when the tunnel fails.
    fn is_chatter(&self, _: &str) -> bool {
        false
    }

    /// The reason why the program has ended, if a line that is understood has told it.
    fn reason(&self) -> Option<Reason> {
        None
    }
}

/// The last lines it said.
#[derive(Debug, Clone, Default)]
pub(super) struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    fn push(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == TAIL {
            lines.pop_front();
        }
        lines.push_back(line.trim_end().to_owned());
    }

    /// Them, or `None` before the first.
    pub(super) fn last_words(&self) -> Option<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (!lines.is_empty()).then(|| lines.iter().cloned().collect::<Vec<_>>().join("\n"))
    }

    fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A running program.
struct Running {
    child: Child,
    group: Group,
    guard: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStderr>>,
    name: String,
    reader: Box<dyn Reader>,
    secrets: Vec<Zeroizing<String>>,
    tail: Tail,
}

/// Starts it and waits until its tunnel is open, however long that takes.
pub(super) async fn open(program: &Program, reader: Box<dyn Reader>, tail: &Tail) -> Result<Open, Reason> {
    tail.clear();
    let mut running = start(program, reader, tail)?;
    let mut told = None;
    let urls = loop {
        let said = match told.take() {
            None => running.hear().await,
            Some(urls) => match timeout(program.settle, running.hear()).await {
                Ok(Some(Said::Other)) => Some(Said::Urls(urls)),
                Ok(said) => said,
                // It may have another word for it in a version to come.
                Err(_) => break urls,
            },
        };
        match said {
            None => return Err(running.why().await),
            Some(Said::Open(urls)) => break urls,
            Some(Said::Urls(urls)) => told = Some(urls),
            Some(Said::Other) => {}
        }
    };
    let close = CancellationToken::new();
    let ended = running.watch(urls.clone(), close.clone());
    Ok(Open { urls, ended: Box::pin(ended), close })
}

fn start(program: &Program, reader: Box<dyn Reader>, tail: &Tail) -> Result<Running, Reason> {
    let name = program.argv.first().cloned().unwrap_or_default();
    // A guard could only say that it found nothing.
    if !is_there(&name, &program.path) {
        return Err(Reason::lasting(format!("the program `{name}` isn't there: {}", program.missing)));
    }
    let mut command = match &program.guard {
        Some(guard) => {
            let mut command = Command::new(guard);
            command.arg("guard").arg("--").args(&program.argv).stdin(Stdio::piped());
            command
        }
        None => {
            let mut command = Command::new(&name);
            command.args(program.argv.iter().skip(1)).stdin(Stdio::null());
            command
        }
    };
    for hidden in HIDDEN {
        command.env_remove(hidden);
    }
    command.envs(program.env.iter().map(|(name, value)| (name, value)));
    command.stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
    let not_started = |error: std::io::Error| Reason::lasting(format!("`{name}` can't be started: {error}"));
    let mut child = command.spawn().map_err(not_started)?;
    let group = Group::led_by(child.id());
    let guard = child.stdin.take();
    let Some(stderr) = child.stderr.take() else {
        return Err(Reason::passing(format!("`{name}` has no standard error")));
    };
    let lines = BufReader::new(stderr).lines();
    let (secrets, tail) = (program.secrets.clone(), tail.clone());
    Ok(Running { child, group, guard, lines, name, reader, secrets, tail })
}

/// Whether a program is where it is said to be, or somewhere in `PATH`.
fn is_there(name: &str, path: &str) -> bool {
    if name.contains('/') {
        return std::path::Path::new(name).is_file();
    }
    std::env::split_paths(path).any(|folder| folder.join(name).is_file())
}

impl Running {
    /// Reads the next line; `None` once the program has closed its standard error.
    async fn hear(&mut self) -> Option<Said> {
        let mut line = self.lines.next_line().await.ok().flatten()?;
        for secret in &self.secrets {
            line = line.replace(secret.as_str(), "***");
        }
        tracing::debug!(program = self.name, "{line}");
        if !self.reader.is_chatter(&line) {
            self.tail.push(&line);
        }
        Some(self.reader.hear(&line))
    }

    /// Why it has ended, with its last words. That it closes its standard error without ending is an end too.
    async fn why(mut self) -> Reason {
        self.group.terminate();
        let status = match timeout(GRACE, self.child.wait()).await {
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(_)) | Err(_) => "no exit status".to_owned(),
        };
        if let Some(reason) = self.reader.reason() {
            return reason;
        }
        let said = self.tail.last_words().map(|said| format!(":\n{said}")).unwrap_or_default();
        Reason::passing(format!("`{}` has ended ({status}){said}", self.name))
    }

    /// Ended for good, whoever has started it. A guard does that in good order, and sees to it.
    fn abandon(&mut self) {
        match self.guard.take() {
            Some(pipe) => drop(pipe),
            None => self.group.kill(),
        }
    }

    /// Resolves when it has ended, by itself or since it was to be closed, or has other URLs, with which it is opened anew.
    async fn watch(mut self, urls: Vec<String>, close: CancellationToken) -> Reason {
        let said = tokio::select! {
            () = close.cancelled() => Some(Said::Other),
            said = self.news(&urls) => said,
        };
        let reason = match said {
            None => return self.why().await,
            Some(Said::Open(urls)) => format!("its public URL has become {}", urls.join(", ")),
            Some(_) => "it was closed".to_owned(),
        };
        drop(self.guard.take());
        self.group.terminate();
        if timeout(GRACE, self.child.wait()).await.is_err() {
            self.group.kill();
        }
        Reason::passing(reason)
    }

    /// Reads lines until the tunnel is open under other URLs, or the program has closed its standard error.
    async fn news(&mut self, urls: &[String]) -> Option<Said> {
        loop {
            match self.hear().await {
                Some(Said::Open(others)) if others != urls => return Some(Said::Open(others)),
                Some(_) => {}
                None => return None,
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.abandon();
    }
}

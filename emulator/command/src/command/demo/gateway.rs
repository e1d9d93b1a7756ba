//! The gateway: this program's `up` as a child process, which can be killed as a machine kills it.

use super::place::Place;
use super::{STEP, Unmet};
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// Lines of the log that a failure shows.
const TAIL: usize = 12;

/// The gateway; dropping it kills it.
pub(super) struct Gateway {
    file: PathBuf,
    data: PathBuf,
    log: PathBuf,
    service_url: String,
    running: Option<Running>,
}

struct Running {
    child: Child,
    /// Held open: it may have more to say.
    _stdout: BufReader<ChildStdout>,
}

/// It is up.
pub(super) struct Ready {
    pub(super) began: Instant,
    /// From then to its ready line.
    pub(super) after: Duration,
    /// The API's.
    pub(super) token: String,
}

impl Gateway {
    pub(super) fn new(place: &Place, service_url: &str) -> Self {
        let (data, log) = (place.path().join("data"), place.path().join("gateway.log"));
        Self { file: place.file(), data, log, service_url: service_url.to_owned(), running: None }
    }

    /// Starts it and waits until everything listens.
    pub(super) async fn start(&mut self) -> Result<Ready, Unmet> {
        let expected = "the gateway starts and says that it is ready";
        let began = Instant::now();
        let mut child = self.spawn().map_err(|error| Unmet::new(expected, error))?;
        let stdout = child.stdout.take().ok_or_else(|| Unmet::new(expected, "it has no standard output"))?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        let read = tokio::time::timeout(STEP, stdout.read_line(&mut line)).await;
        self.running = Some(Running { child, _stdout: stdout });
        match read {
            Err(_) => return Err(Unmet::new(expected, format!("nothing for {} s", STEP.as_secs()))),
            Ok(Err(error)) => return Err(Unmet::new(expected, error)),
            Ok(Ok(0)) => return Err(Unmet::new(expected, "it ended")),
            Ok(Ok(_)) => {}
        }
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        match (ready.get("ready"), ready.get("token").and_then(Value::as_str)) {
            (Some(Value::Bool(true)), Some(token)) => {
                Ok(Ready { began, after: began.elapsed(), token: token.to_owned() })
            }
            _ => Err(Unmet::new(expected, line.trim_end())),
        }
    }

    fn spawn(&self) -> std::io::Result<Child> {
        let log: File = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut up = Command::new(std::env::current_exe()?);
        up.args(["up", "--json", "--data"]).arg(&self.data).arg("-f").arg(&self.file);
        up.env("IMAGE_SERVICE_URL", &self.service_url);
        up.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        // A Ctrl-C is for the demo, which then ends the gateway.
        #[cfg(unix)]
        up.process_group(0);
        up.spawn()
    }

    /// kill -9: no warning, no last words.
    pub(super) async fn kill(&mut self) -> Result<(), Unmet> {
        let expected = "the gateway lives until it is killed, and dies of that";
        let mut running = self.running.take().ok_or_else(|| Unmet::new(expected, "it is not running"))?;
        let dead = async {
            running.child.start_kill()?;
            running.child.wait().await
        };
        match tokio::time::timeout(STEP, dead).await {
            Ok(Ok(status)) if was_killed(status) => Ok(()),
            Ok(Ok(status)) => Err(Unmet::new(expected, format!("it had ended by itself: {status}"))),
            Ok(Err(error)) => Err(Unmet::new(expected, error)),
            Err(_) => Err(Unmet::new(expected, "it does not die")),
        }
    }

    /// Ends it, if it runs.
    pub(super) async fn close(&mut self) {
        if self.running.is_some() {
            // However it ended, it is gone.
            let _ = self.kill().await;
        }
    }

    /// The last lines that it wrote.
    pub(super) fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines.iter().skip(lines.len().saturating_sub(TAIL));
        tail.map(|line| format!("  {line}\n")).collect()
    }
}

#[cfg(unix)]
fn was_killed(status: ExitStatus) -> bool {
    /// SIGKILL (POSIX, `kill`).
    const KILL: i32 = 9;
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(KILL)
}

#[cfg(not(unix))]
fn was_killed(status: ExitStatus) -> bool {
    !status.success()
}

//! Other people's servers as processes, each with all that it starts.
//!
//! A [`Group`] is a process group: when the test lets go of it, even by a panic, everything in it is killed. What it says
//! goes to a file, whose end is shown where the test has failed.

use crate::DEADLINE;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::NamedTempFile;
use tokio::time::{Instant, interval};

/// How much of its log a failed test shows, in bytes.
const SHOWN: usize = 8_000;

/// A running server and its children.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
    log: NamedTempFile,
    what: String,
}

impl Group {
    /// Starts it in a directory of its own.
    ///
    /// # Panics
    /// If it can't be started.
    pub(crate) fn start(what: &str, mut command: Command, directory: &Path) -> Self {
        let log = NamedTempFile::new().expect("a file");
        let output = || Stdio::from(log.reopen().expect("a file"));
        command.current_dir(directory).process_group(0).stdin(Stdio::null()).stdout(output()).stderr(output());
        let child = command.spawn().unwrap_or_else(|error| panic!("{what}: {error}"));
        Self { child, log, what: what.to_owned() }
    }

    /// Returns once this address answers at all. False if the server ended instead: another may have had its port.
    ///
    /// # Panics
    /// If neither happens in time.
    pub(crate) async fn answers(&mut self, url: &str) -> bool {
        let client = crate::caller::client();
        let until = Instant::now() + 2 * DEADLINE;
        let mut tick = interval(std::time::Duration::from_millis(50));
        loop {
            tick.tick().await;
            if client.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return true;
            }
            if self.child.try_wait().expect("its status").is_some() {
                return false;
            }
            assert!(Instant::now() < until, "{} does not answer at {url}: {}", self.what, self.said());
        }
    }

    /// The end of what it said.
    pub(crate) fn said(&self) -> String {
        let text = std::fs::read(self.log.path()).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(SHOWN)..]).into_owned()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "what {} said at last:\n{}", self.what, self.said());
        }
    }
}

/// A TCP port of this machine that nobody has at the moment.
///
/// # Panics
/// If there is none.
pub(crate) fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    socket.local_addr().expect("an address").port()
}

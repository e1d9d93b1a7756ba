//! Other people's servers as processes, each with all that it starts.
//!
//! A [`Group`] is a process group: when the test lets go of it, even by a panic, everything in it is killed. It ends too
//! when the tests themselves are killed. What it says goes to a file, whose end is shown where the test has failed.

use crate::DEADLINE;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::NamedTempFile;
use tokio::time::{Instant, interval};

/// Runs a command until it ends, or until nobody holds the other end of our standard input any more.
const LEASH: &str = r#"("$@" </dev/null; kill -KILL 0) & read -r _; kill -KILL 0"#;
/// How much of its log a failed test shows, in bytes.
const SHOWN: usize = 8_000;

/// A running server and its children.
#[derive(Debug)]
pub(crate) struct Group {
    /// It holds the leash: the other end of its standard input.
    child: Child,
    log: NamedTempFile,
    what: String,
}

impl Group {
    /// Starts it in a directory of its own.
    ///
    /// # Panics
    /// If it can't be started.
    pub(crate) fn start(what: &str, command: &Command, directory: &Path) -> Self {
        let log = NamedTempFile::new().expect("a file");
        let output = || Stdio::from(log.reopen().expect("a file"));
        let mut leashed = Command::new("sh");
        leashed.args(["-c", LEASH, "sh"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => leashed.env(name, value),
                None => leashed.env_remove(name),
            };
        }
        leashed.current_dir(directory).process_group(0).stdin(Stdio::piped()).stdout(output()).stderr(output());
        let child = leashed.spawn().unwrap_or_else(|error| panic!("{what}: {error}"));
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

#[cfg(test)]
mod tests {
    use super::Group;
    use crate::eventually;
    use std::process::Command;

    /// A server with a child that would outlive it, and the child's id.
    async fn server() -> (Group, String, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & echo $! > started; mv started child; wait"]);
        let group = Group::start("a server", &command, directory.path());
        let child = directory.path().join("child");
        let id = eventually("it has a child", || async { std::fs::read_to_string(&child) }).await;
        (group, id.trim().to_owned(), directory)
    }

    async fn is_gone(id: &str) {
        // One that nobody has asked for its end yet is gone too.
        let state = || Command::new("ps").args(["-o", "stat=", "-p", id]).output().unwrap().stdout;
        let alive = || state().first().is_some_and(|state| *state != b'Z');
        eventually("the child is gone", || async { if alive() { Err(id) } else { Ok(()) } }).await;
    }

    #[tokio::test]
    async fn all_of_it_is_killed_when_the_test_lets_go() {
        let (group, child, _directory) = server().await;
        drop(group);
        is_gone(&child).await;
    }

    #[tokio::test]
    async fn all_of_it_is_killed_when_nobody_is_left_to_let_go() {
        let (mut group, child, _directory) = server().await;
        // As if this process had died.
        drop(group.child.stdin.take());
        is_gone(&child).await;
    }

    #[tokio::test]
    async fn a_server_that_ends_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let mut group = Group::start("nothing", &Command::new("true"), directory.path());
        assert!(!group.answers("http://127.0.0.1:9/").await);
    }
}

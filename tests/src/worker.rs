//! `emulator work` as a process of its own, beside an `emulator up` that serves its little AWS, or a deployment.

use crate::DEADLINE;
use crate::family::Family;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

/// A running `emulator work`.
pub struct WorkerProcess {
    child: Family,
}

/// Where a worker finds its work.
#[derive(Debug, Clone)]
pub struct WorkPlace {
    /// The address of AWS, or of what stands in for it.
    pub aws: String,
    /// Its region.
    pub region: String,
    /// An access key that it lets in.
    pub key: String,
    /// The queue of programs.
    pub queue_url: String,
    /// The table.
    pub table: String,
}

impl WorkerProcess {
    /// Starts a worker there and returns once it works.
    ///
    /// # Panics
    /// If it does not.
    pub async fn start(program: &str, place: &WorkPlace, file: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.arg("work").arg("--json").arg("-f").arg(file).args(arguments).env_remove("RUST_LOG");
        command.env("RINGBACK_PROGRAMS_QUEUE_URL", &place.queue_url).env("RINGBACK_TABLE", &place.table);
        command.env("AWS_ENDPOINT_URL", &place.aws).env("AWS_REGION", &place.region);
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("AWS_ACCESS_KEY_ID", &place.key).env("AWS_SECRET_ACCESS_KEY", "anything");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = Family::of(command.spawn().expect("the program"));
        let mut lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
        let line = timeout(DEADLINE, lines.next_line()).await.expect("it is ready in time").expect("its output");
        assert_eq!(line.as_deref(), Some(r#"{"ready":true}"#));
        Self { child }
    }

    /// Ends it, and the programs that it runs, as a power cut would: SIGKILL, at once.
    ///
    /// # Panics
    /// If it had ended by itself.
    pub fn kill(mut self) {
        assert!(self.child.try_wait().expect("its status").is_none(), "it has ended by itself");
        self.child.kill();
    }

    /// Asks it to stop, and waits until it has.
    ///
    /// # Panics
    /// If it doesn't end well and in time.
    pub async fn stop(mut self) {
        let id = self.child.id().expect("a running process").to_string();
        let sent = std::process::Command::new("kill").args(["-TERM", &id]).status();
        assert!(sent.expect("kill").success());
        let status = timeout(DEADLINE, self.child.wait()).await.expect("it ends in time").expect("its status");
        assert!(status.success(), "{status}");
    }
}

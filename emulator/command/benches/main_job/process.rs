//! The gateway as a process of its own, and what it took.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio, exit};
use std::time::Duration;

/// Becomes the gateway.
pub(crate) fn serve() -> ! {
    let _ = emulator::main();
    exit(0)
}

pub(crate) struct Gateway {
    child: Child,
    ready: Value,
    folder: tempfile::TempDir,
}

impl Gateway {
    pub(crate) async fn start(file: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ringback.yml");
        // A port of its own for each listener, so that they are told apart; all are free ones in the end.
        let mut port = 18_000;
        let numbered: Vec<String> = file
            .lines()
            .map(|line| {
                port += 1;
                line.replace("port: 0", &format!("port: {port}"))
            })
            .collect();
        std::fs::write(&path, numbered.join("\n")).expect("a file");
        let (child, ready) = start(folder.path());
        Self { child, ready, folder }
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a running process");
        self.child.wait().expect("its end");
    }

    /// Starts again on the same directory.
    pub(crate) fn restart(&mut self) {
        (self.child, self.ready) = start(self.folder.path());
    }

    pub(crate) fn api(&self) -> &str {
        self.ready["api"].as_str().expect("a url")
    }

    pub(crate) fn token(&self) -> &str {
        self.ready["token"].as_str().expect("a token")
    }

    pub(crate) fn listener(&self, id: &str) -> String {
        let all = self.ready["listeners"].as_array().expect("listeners");
        let found = all.iter().find(|listener| listener["id"] == id).expect("this listener");
        found["url"].as_str().expect("a url").to_owned()
    }

    /// User and system time so far; a tick is 10 ms.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("proc");
        let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().expect("utime") + fields[12].parse::<u64>().expect("stime");
        Duration::from_millis(ticks * 10)
    }

    pub(crate) fn resident_mb(&self) -> f64 {
        self.status("VmRSS:")
    }

    pub(crate) fn highest_mb(&self) -> f64 {
        self.status("VmHWM:")
    }

    fn status(&self, key: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("proc");
        let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("the key");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
    }

    /// Until nothing has happened for a while: no CPU taken.
    pub(crate) async fn settled(&self, _calls: usize) {
        let mut before = self.cpu();
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let now = self.cpu();
            if now.saturating_sub(before) <= Duration::from_millis(10) {
                return;
            }
            before = now;
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(folder: &Path) -> (Child, Value) {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["up", "--json", "--ephemeral-ports", "--file"])
        .arg(folder.join("ringback.yml"))
        .arg("--data")
        .arg(folder.join("data"))
        .env("RUST_LOG", "error")
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    (child, serde_json::from_str(&line).expect("the ready line"))
}

/// What this machine is.
pub(crate) fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let (cpus, load) = (read("/proc/cpuinfo"), read("/proc/loadavg"));
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let load = load.split_whitespace().next().unwrap_or("?").to_owned();
    format!("machine: {cores} x {}, load {load}", model.trim_start_matches(['\t', ' ', ':']))
}

//! Programs that stand in for `cloudflared` and ngrok's agent: see `tests/src/bin/under_test`.

use ringback_tests::File;
use serde_json::Value;
use std::fs::{read_to_string, write};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// A place where a program is its stand-in.
pub(super) struct StandIn(TempDir);

impl StandIn {
    /// A `cloudflared` that behaves so at each of its starts, and as the last time from then on.
    pub(super) fn cloudflared(script: &[&str]) -> Self {
        Self::of("cloudflared", script)
    }

    /// The same of ngrok's agent.
    pub(super) fn ngrok(script: &[&str]) -> Self {
        Self::of("ngrok", script)
    }

    fn of(name: &str, script: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        symlink(crate::EMULATOR, directory.path().join(name)).unwrap();
        write(directory.path().join("behaviour"), script.join("\n")).unwrap();
        Self(directory)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file that runs it.
    pub(super) fn run_by(&self, file: File) -> File {
        let (cloudflared, ngrok) = (self.path("cloudflared"), self.path("ngrok"));
        file.with(|options| {
            options.reach.gateways.cloudflared = cloudflared;
            options.reach.gateways.ngrok = ngrok;
            options.reach.gateways.settle = Duration::from_millis(50);
        })
    }

    /// The address that stands for a public URL.
    pub(super) fn reach(&self, url: &str) -> String {
        let host = url.strip_prefix("https://").expect("TLS");
        format!("http://{}", read_to_string(self.path(host)).expect("a URL of its own"))
    }

    /// What it was started with, each time.
    pub(super) fn started(&self) -> Vec<Value> {
        let log = read_to_string(self.path("started")).unwrap_or_default();
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub(super) fn kill(pid: &Value) {
    let killed = std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status();
    assert!(killed.unwrap().success(), "{pid}");
}

pub(super) fn is_gone(pid: &Value) -> Result<(), String> {
    // A zombie is no longer anything, but for its number.
    let state = read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    if state.is_empty() || state.contains(") Z ") { Ok(()) } else { Err(state) }
}

//! Commands whose reader goes away, as in `emulator check | head -1`.

use crate::EMULATOR;
use std::path::Path;
use std::process::{Command, Stdio};

/// Its exit code and what it said, with nobody who reads its output, or what it says.
fn unread(directory: &Path, arguments: &[&str], stderr_too: bool) -> (Option<i32>, String) {
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    let mut command = Command::new(EMULATOR);
    command.args(arguments).current_dir(directory).stdin(Stdio::null()).stdout(closed());
    command.stderr(if stderr_too { closed() } else { Stdio::piped() });
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn commands_end_quietly_when_nobody_reads() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ringback.yml");
    std::fs::write(&file, "workflow: {jobs: [{component: c}]}\ncomponent: {id: c, endpoint: https://service.test}\n")
        .unwrap();
    let commands: [&[&str]; 8] = [
        &["check"],
        &["plan"],
        &["schema"],
        &["cost"],
        &["cost", "--json"],
        &["eval", "${1 + 2}"],
        &["check-url", "https://1.1.1.1/"],
        &["verify", "--list"],
    ];
    for command in commands {
        assert_eq!(unread(directory.path(), command, false), (Some(0), String::new()), "{command:?}");
    }
}

#[test]
fn a_failure_is_one_whoever_reads_it() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ringback.yml"), "listener: {path: /hook, workflow: elsewhere}\n").unwrap();
    for stderr_too in [false, true] {
        let (code, said) = unread(directory.path(), &["check", "--strict"], stderr_too);
        assert_eq!(code, Some(1), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

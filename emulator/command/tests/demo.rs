//! The demo, played by the binary that people run.

use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// Far more than it takes on a busy machine.
const BOUND: Duration = Duration::from_secs(120);

#[tokio::test]
async fn the_demo_tells_the_whole_story_and_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_emulator"));
    demo.arg("demo").env("TMPDIR", home.path()).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(BOUND, demo.output()).await.expect("the demo never hangs").unwrap();
    let (told, complained) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{complained}");
    for phrase in ["stored: early, and kept", "200 duplicate", "kill -9", "ready again after", "5 completed, lost: 0"] {
        assert!(told.contains(phrase), "`{phrase}` is missing in:\n{told}");
    }
    assert!(!told.contains('\x1b'), "colours are for terminals:\n{told}");
    assert_eq!(told.lines().find(|line| line.chars().count() > 100), None);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "the directory is gone");
}

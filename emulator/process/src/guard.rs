//! A process between a parent and a program that must not outlive it: see `emulator guard`.

use rustix::process::{Pid, Signal, kill_process};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::timeout;

/// Between asking the program to end and ending it: less than its parent gives the two of them.
const GRACE: Duration = Duration::from_secs(1);

/// Ends what it started when its standard input closes: the behaviour of `emulator guard`.
///
/// Its exit code is the program's, or 0 where that had to end.
///
/// # Errors
/// If the program can't be started.
pub async fn guard(argv: &[String]) -> std::io::Result<i32> {
    use tokio::signal::unix::{SignalKind, signal};
    let Some((name, arguments)) = argv.split_first() else { return Ok(0) };
    // In our own group: whoever ends that ends both.
    let mut child = Command::new(name).args(arguments).stdin(Stdio::null()).kill_on_drop(true).spawn()?;
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let mut terminate = signal(SignalKind::terminate())?;
    // A thread of its own: a read of standard input can't be given up, and must not keep the runtime from ending.
    let (gone, mut closed) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drop(gone);
    });
    tokio::select! {
        status = child.wait() => return Ok(status?.code().unwrap_or(1)),
        _ = &mut closed => {}
        _ = terminate.recv() => {}
    }
    // It is not waited for yet, so this is still its number.
    let _ = pid.map(|pid| kill_process(pid, Signal::TERM));
    // What doesn't end in time ends with `kill_on_drop`.
    let _ = timeout(GRACE, child.wait()).await;
    Ok(0)
}

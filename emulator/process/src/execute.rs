//! One process, from its start to its end.
//!
//! It is started as argv, in a process group of its own, with the environment that it was given and nothing else. Its
//! outputs are read all the time, so it never waits for us; whether it reads its input is its own affair. When it ends,
//! or its time is up, or we are to stop, what is left of its group is ended with it: the run of a program is over when it
//! says so. Only a process that has left the group (`setsid`) lives on.

use crate::group::Group;
use crate::output::HeadAndTail;
use crate::user;
use domain::config::program::Command;
use domain::program::{Ended, Prepared};
use domain::run::JobError;
use std::future::Future;
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

/// How long the rest of the outputs may take after the group has ended: a process that has left it may hold them open.
const REST: Duration = Duration::from_secs(1);

/// How long a program may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// In all.
    pub timeout: Duration,
    /// Between asking it to end (SIGTERM) and ending it (SIGKILL).
    pub grace: Duration,
}

/// Runs a program to its end. `None` if `stop` resolved before; then its group is ended too.
///
/// # Errors
/// `not_started`, in words.
pub async fn execute(
    command: &Command,
    prepared: Prepared,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> Result<Option<Ended>, JobError> {
    let started = Instant::now();
    let mut child = spawn(command, &prepared)?;
    let group = Group::led_by(child.id());
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut out, mut err) = (HeadAndTail::new(command.output_limit), HeadAndTail::new(command.output_limit));
    let why;
    let status = {
        let feed = async {
            if let Some(mut stdin) = stdin {
                // A program that doesn't read its input closes it; that is no failure.
                let _ = stdin.write_all(&prepared.stdin).await;
            }
        };
        let read_out = async {
            if let Some(stdout) = stdout {
                out.fill(stdout).await;
            }
        };
        let read_err = async {
            if let Some(stderr) = stderr {
                err.fill(stderr).await;
            }
        };
        let mut pipes = pin!(async { tokio::join!(feed, read_out, read_err) });
        let mut piped = false;
        let mut stop = pin!(stop);
        let mut time_up = pin!(sleep(limits.timeout));
        let ended = loop {
            tokio::select! {
                status = child.wait() => break Ok(status),
                _ = &mut pipes, if !piped => piped = true,
                () = &mut time_up => break Err(Why::TimeUp),
                () = &mut stop => break Err(Why::Stopped),
            }
        };
        let status = match ended {
            Ok(status) => {
                why = None;
                status
            }
            Err(reason) => {
                why = Some(reason);
                group.terminate();
                let mut killed = pin!(sleep(limits.grace));
                loop {
                    tokio::select! {
                        status = child.wait() => break status,
                        _ = &mut pipes, if !piped => piped = true,
                        () = &mut killed => {
                            group.kill();
                            break child.wait().await;
                        }
                    }
                }
            }
        };
        group.kill();
        if !piped {
            let _ = timeout(REST, pipes).await;
        }
        status
    };
    if matches!(why, Some(Why::Stopped)) {
        return Ok(None);
    }
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = status.map_err(|error| JobError::new("not_started", format!("the process was lost: {error}")))?;
    let ((stdout, out_cut), (stderr, err_cut)) = (out.finish_exactly(), err.finish());
    let timed_out_ms = matches!(why, Some(Why::TimeUp)).then_some(took);
    let (exit_code, signal) = ending(status);
    Ok(Some(Ended {
        exit_code,
        signal,
        timed_out_ms,
        stdout,
        stderr,
        duration_ms: took,
        truncated: out_cut || err_cut,
    }))
}

enum Why {
    TimeUp,
    Stopped,
}

fn ending(status: ExitStatus) -> (Option<i32>, Option<i32>) {
    (status.code(), status.signal())
}

fn spawn(command: &Command, prepared: &Prepared) -> Result<Child, JobError> {
    let not_started = |message: String| JobError::new("not_started", message);
    let (program, arguments) =
        prepared.argv.split_first().ok_or_else(|| not_started("no program is named".to_owned()))?;
    let mut process = tokio::process::Command::new(program);
    process.args(arguments).env_clear().envs(prepared.env.iter().map(|(name, value)| (name, value)));
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    process.process_group(0).kill_on_drop(true);
    if let Some(directory) = &command.cwd {
        process.current_dir(directory);
    }
    if let Some(wanted) = &command.user {
        let user = user::find(wanted).map_err(not_started)?;
        for (name, value) in [("HOME", &user.home), ("USER", &user.name), ("LOGNAME", &user.name)] {
            if !command.env.iter().any(|(given, _)| given == name) {
                process.env(name, value);
            }
        }
        // A new user has none of our supplementary groups: the standard library drops them where it may.
        process.uid(user.id).gid(user.group);
    }
    process.spawn().map_err(|error| {
        let place = command.cwd.as_ref().map(|directory| format!(" in `{directory}`")).unwrap_or_default();
        not_started(format!("`{program}` can't be started{place}: {error}"))
    })
}

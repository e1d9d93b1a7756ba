//! Ringback as a process of its own.

use crate::family::Family;
use crate::worker::WorkPlace;
use crate::{Caller, DEADLINE, watch};
use serde_json::Value;
use std::ffi::OsStr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A command that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it said on standard error.
    pub err: String,
}

/// A running `emulator up`, and a caller who knows where it is.
pub struct Process {
    child: Family,
    log: JoinHandle<String>,
    lines: tokio::sync::Mutex<Lines<BufReader<ChildStdout>>>,
    caller: Caller,
    /// The line that said so.
    pub ready: Value,
}

/// Runs a command of the emulator to its end.
///
/// # Panics
/// If it doesn't end in time.
pub async fn run(program: &str, directory: &Path, arguments: &[&str], input: &str) -> Finished {
    watch::listen();
    let mut child = command(program, directory, arguments).stdin(Stdio::piped()).spawn().expect("the program");
    let mut stdin = child.stdin.take().expect("standard input");
    let input = input.to_owned();
    tokio::spawn(async move {
        // A command that reads nothing has closed it.
        let _ = stdin.write_all(input.as_bytes()).await;
    });
    let output = timeout(DEADLINE, child.wait_with_output()).await.expect("it ends in time").expect("its output");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let finished = Finished { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
    watch::told(&finished.out);
    watch::told(&finished.err);
    finished
}

impl Process {
    /// Starts a file with its state in a directory, on free ports, and returns once it is ready.
    ///
    /// # Panics
    /// If it is not.
    pub async fn up(program: &str, file: &Path, data: &Path) -> Self {
        Self::up_with(program, file, data, &[]).await
    }

    /// The same with more arguments.
    ///
    /// # Panics
    /// If it is not ready in time.
    pub async fn up_with(program: &str, file: &Path, data: &Path, more: &[&str]) -> Self {
        Self::up_in(program, file, data, &[&["--tunnel", "none"], more].concat(), &[]).await
    }

    /// The same for one that may end before it is ready: how it did.
    ///
    /// # Errors
    /// Its end.
    ///
    /// # Panics
    /// If it is neither ready nor over in time.
    pub async fn try_up_with(program: &str, file: &Path, data: &Path, more: &[&str]) -> Result<Self, Finished> {
        Self::try_up_in(program, file, data, &[&["--tunnel", "none"], more].concat(), &[]).await
    }

    /// The same with its gateways, and with more variables.
    ///
    /// # Panics
    /// If it is not ready in time.
    pub async fn up_in(program: &str, file: &Path, data: &Path, more: &[&str], env: &[(&str, &OsStr)]) -> Self {
        let started = Self::try_up_in(program, file, data, more, env).await;
        started.unwrap_or_else(|ended| panic!("it ended: {}", ended.err))
    }

    async fn try_up_in(
        program: &str,
        file: &Path,
        data: &Path,
        more: &[&str],
        env: &[(&str, &OsStr)],
    ) -> Result<Self, Finished> {
        let directory = file.parent().map_or_else(PathBuf::new, Path::to_owned);
        let (file, data) = (file.display().to_string(), data.display().to_string());
        let up = ["up", "--json", "--ephemeral-ports", "--data", &data, "-f", &file];
        Self::start_with(command(program, &directory, &[&up, more].concat()).envs(env.iter().copied()), None).await
    }

    /// Starts `up --json` with these arguments, and returns once it is ready.
    ///
    /// # Panics
    /// If it is not ready in time.
    pub async fn start(program: &str, directory: &Path, arguments: &[&str]) -> Self {
        let started = Self::start_with(&mut command(program, directory, arguments), None).await;
        started.unwrap_or_else(|ended| panic!("it ended: {}", ended.err))
    }

    /// Starts a file over the AWS that these variables name, on free ports, and returns once it is ready.
    ///
    /// # Panics
    /// If it is not ready in time.
    pub async fn up_on_aws(program: &str, file: &Path, token: &str, env: &[(&str, String)], more: &[&str]) -> Self {
        let directory = file.parent().map_or_else(PathBuf::new, Path::to_owned);
        let file = file.display().to_string();
        let up = [&["up", "--aws", "--json", "--ephemeral-ports", "-f", &file], more].concat();
        let mut command = command(program, &directory, &up);
        command.env("RINGBACK_API_TOKEN", token).envs(env.iter().map(|(name, value)| (name, value)));
        let started = Self::start_with(&mut command, Some(token)).await;
        started.unwrap_or_else(|ended| panic!("it ended: {}", ended.err))
    }

    /// A replica is told the token, and so doesn't say it.
    async fn start_with(command: &mut Command, token: Option<&str>) -> Result<Self, Finished> {
        let mut child = Family::of(command.stdin(Stdio::null()).spawn().expect("the program"));
        let mut stderr = child.stderr.take().expect("standard error");
        let log = tokio::spawn(async move {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text).await;
            String::from_utf8_lossy(&text).into_owned()
        });
        let mut lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
        let line = timeout(DEADLINE, lines.next_line()).await.expect("it is ready in time").expect("its output");
        let Some(line) = line else {
            let status = timeout(DEADLINE, child.wait()).await.expect("it ends in time").expect("its status");
            return Err(Finished { code: status.code(), out: String::new(), err: log.await.unwrap() });
        };
        let ready: Value = serde_json::from_str(&line).expect("one JSON line");
        assert_eq!(ready["ready"], true, "{ready}");
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let listeners = ready["listeners"].as_array().expect("listeners").iter();
        let listeners = listeners.map(|listener| (text(&listener["type"]), text(&listener["url"]))).collect();
        let token = token.map_or_else(|| text(&ready["token"]), str::to_owned);
        let caller = Caller::new(text(&ready["api"]), token, listeners);
        Ok(Self { child, log, lines: tokio::sync::Mutex::new(lines), caller, ready })
    }

    /// Where workers find their work, if it was started with `--aws-port`.
    ///
    /// # Panics
    /// If it was not.
    pub fn work_place(&self) -> WorkPlace {
        let text = |name: &str| self.ready[name].as_str().expect("text").to_owned();
        WorkPlace {
            aws: text("aws"),
            region: "local".to_owned(),
            key: self.caller.token.clone(),
            queue_url: text("programs_queue_url"),
            table: text("table"),
        }
    }

    /// Ends it, and all that it has started, as a power cut would: SIGKILL, at once.
    ///
    /// # Panics
    /// If it had ended by itself.
    pub async fn kill(mut self) {
        assert!(self.child.try_wait().expect("its status").is_none(), "it has ended by itself");
        self.child.kill();
        watch::told(&self.log.await.unwrap());
    }

    /// Ends it by SIGKILL, and leaves what it has started to end by itself.
    ///
    /// # Panics
    /// If it can't be killed.
    pub async fn kill_alone(mut self) {
        Child::kill(&mut self.child).await.expect("a running process");
        watch::told(&self.log.await.unwrap());
    }

    /// Asks it to stop: SIGTERM.
    ///
    /// # Panics
    /// If it can't be asked.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal, by name.
    ///
    /// # Panics
    /// If it can't be sent.
    pub fn signal(&self, name: &str) {
        let sent = std::process::Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.id())).status();
        assert!(sent.expect("a shell").success());
    }

    /// Its process id.
    ///
    /// # Panics
    /// If it has ended.
    pub fn id(&self) -> u32 {
        self.child.id().expect("a running process")
    }

    /// The next JSON line that it prints after the one that says that it is ready.
    ///
    /// # Panics
    /// If none comes in time.
    pub async fn next_line(&self) -> Value {
        let mut lines = self.lines.lock().await;
        let line = timeout(DEADLINE, lines.next_line()).await.expect("a line in time").expect("its output");
        serde_json::from_str(&line.expect("it still runs")).expect("a JSON line")
    }

    /// Its exit code and its log, once it has ended.
    ///
    /// # Panics
    /// If it doesn't end in time.
    pub async fn ended(mut self) -> Finished {
        let status = timeout(DEADLINE, self.child.wait()).await.expect("it ends in time").expect("its status");
        let err = self.log.await.unwrap();
        watch::told(&err);
        Finished { code: status.code(), out: String::new(), err }
    }
}

fn command(program: &str, directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory).env_remove("RUST_LOG");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

impl Deref for Process {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

mod on_aws;

use super::{Failure, file, terminal};
use crate::instance::{Instance, Options, PROGRAMS_AT_ONCE};
use aws_config::BehaviorVersion;
use clap::{Args, ValueEnum};
use domain::config::program::Action;
use domain::config::{Config, Routes};
use platform::functions::Functions;
use platform::secret::KeyRing;
use platform::settings::variable;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Starts everything.
#[derive(Debug, Args)]
#[command(
    after_help = "The state is on disk before any request is answered: kill it at any moment, start it again, and it
goes on. SIGTERM and Ctrl-C let what is under way finish, for 5 s at most."
)]
pub struct Up {
    /// The file.
    #[arg(short, long, default_value = "ringback.yml")]
    file: PathBuf,
    /// The directory of the state, of the API token, and of the key of secrets unless it is in `RINGBACK_KEY`.
    #[arg(long, default_value = ".ringback")]
    data: PathBuf,
    /// The API's port instead of the file's; 0 picks a free one.
    #[arg(long)]
    port: Option<u16>,
    /// Free ports for everything, whatever the file says.
    #[arg(long)]
    ephemeral_ports: bool,
    /// How the internet reaches the listeners; without it, as the file says.
    #[arg(long, value_enum)]
    tunnel: Option<Tunnel>,
    /// Serve the table and the queues to `emulator work` on this port of the loopback interface; 0 picks a free one. It
    /// asks for the API's token as the access key id.
    #[arg(long)]
    aws_port: Option<u16>,
    /// Leave programs to `emulator work`.
    #[arg(long)]
    no_programs: bool,
    /// Let the API define programs: whoever holds its token then runs commands on this machine.
    #[arg(long)]
    allow_runtime_programs: bool,
    /// Print one JSON line when everything listens, and the log as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    on_aws: on_aws::OnAws,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Tunnel {
    /// Not at all: the local address takes the place of the public one.
    None,
}

impl Up {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        if self.on_aws.aws {
            return Box::pin(self.run_on_aws()).await;
        }
        platform::telemetry::start(self.json);
        let read = file::read(&self.file)?;
        read.print_diagnostics();
        let refused = read.diagnostics.iter().any(|diagnostic| diagnostic.code.refuses_start());
        let env = read.env();
        let config = match read.loaded.config {
            Some(config) if !refused => config,
            _ => return Err(format!("{}: not started, see above", self.file.display()).into()),
        };
        let invokes = config.programs.values().any(|program| matches!(program.action, Action::Invoke { .. }));
        let mut settings = Options::new(config.clone()).settings;
        settings.runtime_programs = self.allow_runtime_programs;
        let functions = if invokes || self.allow_runtime_programs {
            Some(Functions::new(aws_config::load_defaults(BehaviorVersion::latest()).await, settings.max_response))
        } else {
            None
        };
        let options = Options {
            env,
            aws_port: self.aws_port,
            programs: !self.no_programs,
            functions,
            settings,
            data: Some(self.data),
            port: self.port,
            ephemeral_ports: self.ephemeral_ports,
            keys: keys()?,
            without_gateways: matches!(self.tunnel, Some(Tunnel::None)),
            ..Options::new(config.clone())
        };
        let instance = Instance::start(options).await?;
        if self.json {
            let mut line =
                json!({"ready": true, "api": instance.api, "token": instance.token, "listeners": instance.listeners});
            if let (Some(url), Value::Object(line)) = (&instance.aws_url, &mut line) {
                line.insert("aws".to_owned(), json!(url));
                line.insert("queue_url".to_owned(), json!(instance.app().settings.queue_url));
                line.insert("programs_queue_url".to_owned(), json!(instance.app().settings.programs_queue_url));
                line.insert("table".to_owned(), json!(instance.app().settings.table));
            }
            let _ = terminal::line(line);
        } else {
            let _ = terminal::text(banner(&config, &instance)?);
        }
        asked_to_stop().await?;
        instance.stop().await;
        Ok(())
    }
}

/// The keys of secrets, where the environment has them; else they are kept beside the state.
fn keys() -> Result<Option<KeyRing>, Failure> {
    let Some(text) = variable("RINGBACK_KEY").map(Zeroizing::new) else { return Ok(None) };
    Ok(Some(KeyRing::parse(&text).map_err(|error| format!("RINGBACK_KEY: {error}"))?))
}

fn banner(config: &Config, instance: &Instance) -> Result<String, std::fmt::Error> {
    let mut text = String::from("Ringback is up.\n\n");
    let widest = instance.listeners.iter().map(|listener| listener.id.chars().count()).max().unwrap_or(0).max(3);
    writeln!(text, "  {:<widest$}  {}", "API", instance.api)?;
    for (listener, address) in config.listeners.iter().zip(&instance.listeners) {
        let routes: Vec<(&str, &str, String)> = match &listener.routes {
            Routes::Triggers(all) => {
                all.iter().map(|t| (&*t.route.method, &*t.route.path, format!("starts {}", t.workflow))).collect()
            }
            Routes::Callbacks(all) => {
                all.iter().map(|c| (&*c.route.method, &*c.route.path, "completes a wait".to_owned())).collect()
            }
        };
        for (method, path, what) in routes {
            writeln!(text, "  {:<widest$}  {method} {}{path}  ({what})", address.id, address.url)?;
        }
    }
    if let Some(url) = &instance.aws_url {
        writeln!(text, "\n  The table and the queues, for `emulator work`: {url}")?;
    }
    if instance.token_is_new {
        writeln!(text, "\n  The API's token, shown this once: {}", instance.token)?;
    }
    writeln!(text, "\nCtrl-C stops it; what is under way is finished first.")?;
    Ok(text)
}

/// Ctrl-C, or what a service manager sends.
pub(super) async fn asked_to_stop() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            interrupted = tokio::signal::ctrl_c() => interrupted,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

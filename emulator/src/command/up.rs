use super::{Failure, file};
use crate::instance::{Instance, Options};
use clap::{Args, ValueEnum};
use domain::config::{Config, Routes};
use platform::secret::KeyRing;
use platform::settings::variable;
use serde_json::json;
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
    /// Print one JSON line when everything listens, and the log as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Tunnel {
    /// Not at all: the local address takes the place of the public one.
    None,
}

impl Up {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        platform::telemetry::start(self.json);
        let read = file::read(&self.file)?;
        read.print_diagnostics();
        let refused = read.diagnostics.iter().any(|diagnostic| diagnostic.code.refuses_start());
        let env = read.env();
        let config = match read.loaded.config {
            Some(config) if !refused => config,
            _ => return Err(format!("{}: not started, see above", self.file.display()).into()),
        };
        let options = Options {
            env,
            data: Some(self.data),
            port: self.port,
            ephemeral_ports: self.ephemeral_ports,
            keys: keys()?,
            without_gateways: matches!(self.tunnel, Some(Tunnel::None)),
            ..Options::new(config.clone())
        };
        let instance = Instance::start(options).await?;
        if self.json {
            let line =
                json!({"ready": true, "api": instance.api, "token": instance.token, "listeners": instance.listeners});
            println!("{line}");
        } else {
            banner(&config, &instance);
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

fn banner(config: &Config, instance: &Instance) {
    println!("Ringback is up.\n");
    let widest = instance.listeners.iter().map(|listener| listener.id.chars().count()).max().unwrap_or(0).max(3);
    println!("  {:<widest$}  {}", "API", instance.api);
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
            println!("  {:<widest$}  {method} {}{path}  ({what})", address.id, address.url);
        }
    }
    if instance.token_is_new {
        println!("\n  The API's token, shown this once: {}", instance.token);
    }
    println!("\nCtrl-C stops it; what is under way is finished first.");
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

//! Tunnels from the internet to this machine's listeners.
//!
//! ```text
//!  file, --tunnel ──► plan ──► a driver for each gateway ──► opened, all at once, before anything starts
//!                                       ▲                            │ public URLs
//!                          back-off ────┴── supervisor ◄── it died   ▼
//!                                               └──────────────► watch ──► surroundings of runs, log, `on_url`
//! ```
//!
//! A driver opens a tunnel and says when it has ended; it decides nothing. The supervisor opens it again, with a back-off,
//! for as long as everything runs, and publishes each new URL. So a gateway that can't be opened at start stops the start,
//! in words, and one that dies later comes back by itself. Whatever is dropped is closed: no tunnel outlives its owner.

mod backoff;
mod cloudflare;
mod hook;
mod ngrok;
mod plan;
mod running;
mod program;
mod ssh;
mod supervisor;
#[cfg(test)]
mod tests;

pub use backoff::Backoff;
pub use hook::announce;
pub use plan::{Local, Planned, plan, through};
pub use supervisor::Gateways;

use futures_util::future::BoxFuture;
use platform::environment::Environment;
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How gateways are run.
#[derive(Debug, Clone)]
pub struct GatewayOptions {
    /// Cloudflare's program.
    pub cloudflared: PathBuf,
    /// The Docker client.
    pub docker: PathBuf,
    /// A program that ends what it started when we are gone, whatever the reason; see `process`. None starts it directly.
    pub guard: Option<PathBuf>,
    /// ngrok's program.
    pub ngrok: PathBuf,
    /// OpenSSH's client.
    pub ssh: PathBuf,
    /// Pauses before a tunnel is opened again, and before a hook that failed is run again.
    pub backoff: Backoff,
    /// How long `cloudflared` may take to register a tunnel whose URL it has printed; then the URL is believed.
    pub settle: Duration,
    /// How long a hook may run.
    pub hook_timeout: Duration,
    /// The agent that holds SSH keys (`SSH_AUTH_SOCK`).
    pub ssh_agent: Option<PathBuf>,
    /// The variables of this process: where programs are (`PATH`), and what hooks are given.
    pub environment: Environment,
}

impl GatewayOptions {
    /// As `emulator up` runs them in this environment.
    pub fn of(environment: &Environment) -> Self {
        Self {
            cloudflared: PathBuf::from("cloudflared"),
            docker: PathBuf::from("docker"),
            guard: None,
            ngrok: PathBuf::from("ngrok"),
            ssh: PathBuf::from("ssh"),
            backoff: Backoff::default(),
            settle: Duration::from_secs(10),
            hook_timeout: Duration::from_secs(30),
            ssh_agent: environment.get("SSH_AUTH_SOCK").map(PathBuf::from),
            environment: environment.clone(),
        }
    }
}

/// Where the internet reaches one port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicUrl {
    /// The gateway.
    pub id: String,
    /// `cloudflare`, `ngrok` or `ssh`.
    pub driver: &'static str,
    /// The port of the file.
    pub port: u16,
    /// Scheme, host and, unless it is the scheme's own, port; without a path.
    pub public_url: String,
    /// Host and, unless it is the scheme's own, port.
    pub public_address: String,
}

impl PublicUrl {
    fn new(id: &str, driver: &'static str, port: u16, url: &str) -> Self {
        let public_url = url.trim_end_matches('/').to_owned();
        let address = public_url.split_once("://").map_or(public_url.as_str(), |(_, rest)| rest);
        let public_address = address.split('/').next().unwrap_or(address).to_owned();
        Self { id: id.to_owned(), driver, port, public_url, public_address }
    }
}

/// Why a tunnel can't be opened, or has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    text: String,
    /// Trying again changes nothing.
    lasting: bool,
}

impl Reason {
    /// What may be otherwise the next time.
    fn passing(text: impl Into<String>) -> Self {
        Self { text: text.into(), lasting: false }
    }

    /// What somebody has to change.
    fn lasting(text: impl Into<String>) -> Self {
        Self { text: text.into(), lasting: true }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A tunnel that is open. Dropping it closes it at once.
pub(crate) struct Open {
    /// One for each port of the gateway, in its order.
    urls: Vec<String>,
    /// Resolves when it no longer works, or, once `close` was cancelled, when it is closed.
    ended: BoxFuture<'static, Reason>,
    /// Closes it in good order.
    close: CancellationToken,
}

impl Open {
    /// Keeps something for as long as it is open: a file that its program reads.
    fn keeping(self, kept: impl Send + 'static) -> Self {
        let ended = self.ended;
        let ended = async move {
            let reason = ended.await;
            drop(kept);
            reason
        };
        Self { ended: Box::pin(ended), ..self }
    }
}

/// A way to open a tunnel.
pub(crate) trait Driver: Send + Sync + 'static {
    /// Opens it. What is dropped before it resolves leaves nothing behind.
    fn open(&self) -> BoxFuture<'_, Result<Open, Reason>>;

    /// What it said last, for those who waited in vain.
    fn last_words(&self) -> Option<String> {
        None
    }
}

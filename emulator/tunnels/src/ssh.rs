//! Reverse tunnels through an SSH server (RFC 4254, section 7), by OpenSSH's client: `ssh -R`.
//!
//! The client is the user's own, and so are its configuration, its agent, its jump hosts and its known hosts; what the file
//! says goes before. One client serves all ports of a gateway. It asks nothing: a server that isn't known is refused, and a
//! password or passphrase is handed over by a program ([`askpass`]). What it says tells when the tunnel is open, or why not
//! ([`words`]).

mod askpass;
mod words;

use super::program::Program;
use super::running::{self, Tail};
use super::{Driver, GatewayOptions, Local, Open, Reason};
use askpass::Askpass;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use words::Words;
use zeroize::Zeroizing;

/// The port of SSH (RFC 4250, section 4.4).
const USUAL_PORT: u16 = 22;
/// Limit for connecting, in seconds.
const CONNECT: u32 = 10;
/// Seconds of silence after which the client asks the server for a sign of life, and questions that may stay unanswered.
const KEEPALIVE: u32 = 15;
const UNANSWERED: u32 = 3;
/// Limit for trying whether a port of the server can be reached.
const PROBE: Duration = Duration::from_secs(3);
const MISSING: &str = "install OpenSSH's client (Debian and Ubuntu: `openssh-client`)";

/// The driver.
pub(super) struct Ssh {
    pub(super) target: Arc<Target>,
    pub(super) options: GatewayOptions,
    pub(super) tail: Tail,
}

/// A tunnel to open: server, login, and the ports at both ends.
pub(super) struct Target {
    pub(super) server: Server,
    pub(super) login: Login,
    pub(super) locals: Vec<Local>,
    /// On the server; the local one where absent, 0 where it may choose.
    pub(super) remote_port: Option<u16>,
    pub(super) remote_host: String,
    pub(super) public_url: Option<String>,
}

/// The server, and how it proves to be that one.
#[derive(Debug, Clone)]
pub(super) struct Server {
    /// A name or address, or what the client's configuration has under `Host`.
    pub(super) host: String,
    pub(super) port: u16,
    /// The fingerprint of the only host key that counts.
    pub(super) pinned: Option<String>,
    /// The file of known host keys, if it isn't the client's own.
    pub(super) known_hosts: Option<PathBuf>,
}

/// A login name and what proves it.
pub(super) struct Login {
    pub(super) username: String,
    pub(super) proof: Proof,
}

/// Proof of the login.
pub(super) enum Proof {
    /// A private key file, perhaps encrypted.
    Keyfile { path: PathBuf, passphrase: Option<Zeroizing<String>> },
    /// A password.
    Password(Zeroizing<String>),
    /// The keys that the client finds by itself: those of the agent at this socket, and those of its configuration.
    Agent(Option<PathBuf>),
}

impl Driver for Ssh {
    fn open(&self) -> BoxFuture<'_, Result<Open, Reason>> {
        async move {
            let proof = &self.target.login.proof;
            if let Proof::Keyfile { path, .. } = proof {
                let unreadable = |error| format!("the key {} can't be read: {error}", path.display());
                tokio::fs::File::open(path).await.map_err(|error| Reason::lasting(unreadable(error)))?;
            }
            let askpass = proof.secret().map(Askpass::of).transpose()?;
            let words = Words::of(self.target.clone());
            let open = running::open(&self.program(askpass.as_ref()), Box::new(words), &self.tail).await?;
            for url in &open.urls {
                self.target.warn_if_out_of_reach(url).await;
            }
            Ok(open.keeping(askpass))
        }
        .boxed()
    }

    fn last_words(&self) -> Option<String> {
        self.tail.last_words()
    }
}

impl Ssh {
    fn program(&self, askpass: Option<&Askpass>) -> Program {
        let target = &self.target;
        let mut argv = vec![self.options.ssh.display().to_string()];
        // `-v`: it tells of each port, and which key the server has shown.
        argv.extend(["-v", "-N", "-T"].map(str::to_owned));
        for setting in target.settings(askpass.is_some()) {
            argv.extend(["-o".to_owned(), setting]);
        }
        if let Proof::Keyfile { path, .. } = &target.login.proof {
            argv.extend(["-i".to_owned(), path.display().to_string()]);
        }
        // The usual one may be another in the client's configuration.
        if target.server.port != USUAL_PORT {
            argv.extend(["-p".to_owned(), target.server.port.to_string()]);
        }
        for local in &target.locals {
            let (host, port) = (bracketed(&target.remote_host), target.asked(local));
            argv.extend(["-R".to_owned(), format!("{host}:{port}:{}", local.address)]);
        }
        argv.extend(["-l".to_owned(), target.login.username.clone(), "--".to_owned(), target.server.host.clone()]);
        let mut env = askpass.map(Askpass::env).unwrap_or_default();
        if let Proof::Agent(Some(socket)) = &target.login.proof {
            env.push(("SSH_AUTH_SOCK".to_owned(), socket.display().to_string()));
        }
        Program {
            path: self.options.environment.text("PATH").unwrap_or_default(),
            argv,
            env,
            secrets: target.login.proof.secret().cloned().into_iter().collect(),
            missing: MISSING,
            guard: self.options.guard.clone(),
            settle: Duration::ZERO,
        }
    }
}

impl Target {
    /// Settings of `ssh_config(5)` that go before the user's.
    fn settings(&self, has_secret: bool) -> Vec<String> {
        let mut settings = vec![
            "ExitOnForwardFailure=yes".to_owned(),
            "StrictHostKeyChecking=yes".to_owned(),
            "UpdateHostKeys=no".to_owned(),
            format!("ConnectTimeout={CONNECT}"),
            format!("ServerAliveInterval={KEEPALIVE}"),
            format!("ServerAliveCountMax={UNANSWERED}"),
            // A connection of its own: one that is shared ends when its owner ends it.
            "ControlMaster=no".to_owned(),
            "ControlPath=none".to_owned(),
            // A wrong secret does not become a right one.
            "NumberOfPasswordPrompts=1".to_owned(),
            format!("BatchMode={}", if has_secret { "no" } else { "yes" }),
        ];
        match &self.login.proof {
            Proof::Keyfile { .. } => settings.push("IdentitiesOnly=yes".to_owned()),
            Proof::Password(_) => {
                settings.push("PreferredAuthentications=password,keyboard-interactive".to_owned());
                settings.push("PubkeyAuthentication=no".to_owned());
            }
            Proof::Agent(_) => {}
        }
        if let Some(pinned) = &self.server.pinned {
            settings.extend(only(pinned));
        } else if let Some(file) = &self.server.known_hosts {
            settings.push(format!("UserKnownHostsFile={}", quoted(file)));
            settings.push("GlobalKnownHostsFile=/dev/null".to_owned());
        }
        settings
    }

    /// The port that the server is asked for.
    fn asked(&self, local: &Local) -> u16 {
        self.remote_port.unwrap_or(local.port)
    }

    /// The public URL of a port of the server.
    fn url(&self, local: &Local, port: u16) -> String {
        if let Some(url) = &self.public_url {
            return url.clone();
        }
        let (scheme, own) = if local.url.starts_with("https:") { ("https", 443) } else { ("http", 80) };
        let host = bracketed(&self.server.host);
        if port == own { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") }
    }

    /// A server may take the request to listen for everybody, and listen for itself alone: the protocol doesn't say.
    async fn warn_if_out_of_reach(&self, url: &str) {
        if self.public_url.is_some() || !self.remote_host.is_empty() {
            return;
        }
        let Ok(url) = url::Url::parse(url) else { return };
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return };
        let place = format!("{host}:{port}");
        if !matches!(timeout(PROBE, TcpStream::connect(&place)).await, Ok(Ok(_))) {
            tracing::warn!(
                "[Gateway] {place} can't be reached from here: a firewall may be in the way, or sshd_config lacks \
                 `GatewayPorts clientspecified`; if a web server there passes requests on, say so by `public_url`"
            );
        }
    }
}

impl Proof {
    fn secret(&self) -> Option<&Zeroizing<String>> {
        match self {
            Self::Keyfile { passphrase, .. } => passphrase.as_ref(),
            Self::Password(password) => Some(password),
            Self::Agent(_) => None,
        }
    }
}

/// An IPv6 address stands in brackets.
fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// A path in a setting that has a list of them: in quotes, and `%`, which begins a placeholder, doubled.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string().replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    format!("\"{text}\"")
}

/// The settings by which the only host key that counts is the one with that fingerprint: the client asks a command for known
/// keys, and the command names the very key that the server has shown (`%t %K`) if its fingerprint (`%f`) is the right one.
fn only(pinned: &str) -> [String; 3] {
    let script = r#"if [ \"$1\" = \"$2\" ]; then echo \"$3 $4 $5\"; fi"#;
    [
        format!("KnownHostsCommand=/bin/sh -c \"{script}\" sh %f {pinned} %H %t %K"),
        "UserKnownHostsFile=/dev/null".to_owned(),
        "GlobalKnownHostsFile=/dev/null".to_owned(),
    ]
}

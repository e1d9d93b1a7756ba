//! Tunnels from the internet to this machine, as the file describes them.

use super::Runtime;
use crate::expr::Template;
use std::time::Duration;

/// How long everything waits for a gateway at start, unless the file says otherwise.
pub const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A tunnel from the internet to ports of this machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Gateway {
    /// Given, or `gateway-<n>`.
    pub id: String,
    /// Local ports it exposes; at least one.
    pub ports: Vec<u16>,
    /// Where it runs.
    pub runtime: Runtime,
    /// How.
    pub tunnel: Tunnel,
    /// Whether one of the ports may be the API's.
    pub expose_api: bool,
    /// The program, and its arguments, that is told of each new address; none where empty.
    pub on_url: Vec<String>,
    /// How long everything waits for it at start; 30 s unless the file says otherwise.
    pub start_timeout: Duration,
}

impl Gateway {
    /// A gateway that says no more than what it must.
    pub fn new(id: impl Into<String>, ports: Vec<u16>, tunnel: Tunnel) -> Self {
        Self {
            id: id.into(),
            ports,
            runtime: Runtime::Native,
            tunnel,
            expose_api: false,
            on_url: Vec::new(),
            start_timeout: START_TIMEOUT,
        }
    }
}

/// How a gateway reaches the internet.
#[derive(Debug, Clone, PartialEq)]
pub enum Tunnel {
    /// ngrok's service.
    Ngrok(Ngrok),
    /// Cloudflare's, through its program `cloudflared`.
    Cloudflare(Cloudflare),
    /// A reverse tunnel through an SSH server.
    Ssh(Box<SshTunnel>),
}

impl Tunnel {
    /// Its name, as `${gateway:PORT.driver}` gives it.
    pub fn driver(&self) -> &'static str {
        match self {
            Self::Ngrok(_) => "ngrok",
            Self::Cloudflare(_) => "cloudflare",
            Self::Ssh(_) => "ssh",
        }
    }
}

/// An account of ngrok's.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ngrok {
    /// A template over `env`; the variable `NGROK_AUTHTOKEN` where absent.
    pub authtoken: Option<Template>,
    /// Domains of the account, one for each port; what ngrok gives where empty.
    pub hostnames: Vec<String>,
}

/// A tunnel of Cloudflare's.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cloudflare {
    /// The names that the tunnel has for good, one for each port; none for quick tunnels.
    pub hostnames: Vec<String>,
    /// Which tunnel it is; a quick one where absent.
    pub named: Option<NamedTunnel>,
}

/// How `cloudflared` proves that a tunnel is ours.
#[derive(Debug, Clone, PartialEq)]
pub enum NamedTunnel {
    /// A tunnel that is configured in Cloudflare's dashboard; its token is a template over `env`.
    Token(Template),
    /// A tunnel that is configured here: path of the file that `cloudflared tunnel create` wrote.
    Credentials(String),
}

/// A reverse tunnel.
#[derive(Debug, Clone, PartialEq)]
pub struct SshTunnel {
    /// The server.
    pub connection: SshConnection,
    /// The port there; that of this machine where absent, 0 where the server may choose.
    pub remote_port: Option<u16>,
    /// The interface there: empty for all, which the server must allow.
    pub remote_host: String,
    /// Scheme and host by which the internet knows it, where something before the server gives it a name.
    pub public_url: Option<String>,
}

/// An SSH server.
#[derive(Debug, Clone, PartialEq)]
pub struct SshConnection {
    /// Host name or address.
    pub host: String,
    /// TCP port, 22 by default.
    pub port: u16,
    /// Who we are there.
    pub auth: SshAuth,
    /// The fingerprint of its host key (`SHA256:…`), which then is the only one that counts.
    pub host_key: Option<String>,
    /// Path of the file of known host keys; where absent, those that `ssh` knows.
    pub known_hosts: Option<String>,
}

/// How to authenticate to an SSH server.
#[derive(Debug, Clone, PartialEq)]
pub enum SshAuth {
    /// A private key file.
    Keyfile {
        /// Login name.
        username: String,
        /// Path; `~` is the home folder.
        keyfile: String,
        /// Passphrase of the key.
        passphrase: Option<Template>,
    },
    /// A password.
    Password {
        /// Login name.
        username: String,
        /// The password; a template over `env`.
        password: Template,
    },
    /// The keys that a running SSH agent holds.
    Agent {
        /// Login name.
        username: String,
    },
}

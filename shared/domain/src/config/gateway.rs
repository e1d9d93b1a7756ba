//! Tunnels from the internet to this machine, as the file describes them.

use super::Runtime;
use crate::expr::Template;

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
}

/// How a gateway reaches the internet.
#[derive(Debug, Clone, PartialEq)]
pub enum Tunnel {
    /// ngrok's agent.
    Ngrok,
    /// Cloudflare's.
    Cloudflare,
    /// A reverse tunnel through an SSH server.
    Ssh(SshConnection),
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

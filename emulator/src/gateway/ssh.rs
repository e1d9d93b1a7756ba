//! Reverse tunnels through an SSH server (RFC 4254, section 7): it listens, and hands us each connection.
//!
//! The server must prove who it is before it learns anything of us; see `host_key`. One session serves all ports of a
//! gateway; it is kept alive by questions, and ends when three of them stay unanswered.

mod host_key;
mod login;

use super::{Driver, Local, Open, Reason};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use host_key::HostKey;
pub(super) use host_key::Trust;
pub(super) use login::{Login, Proof};
use russh::client::{self, ChannelOpenHandle, Msg};
use russh::keys::PublicKeyOrCertificate;
use russh::{Channel, ChannelOpenFailure, Disconnect, Preferred};
use std::borrow::Cow;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long it may take to see whether a port of the server can be reached.
const PROBE: Duration = Duration::from_secs(3);
/// How often a silent server is asked whether it is there, and how many questions may stay unanswered.
const KEEPALIVE: Duration = Duration::from_secs(15);
const UNANSWERED: usize = 3;

/// The driver.
pub(super) struct Ssh {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) login: Login,
    pub(super) trust: Trust,
    pub(super) locals: Vec<Local>,
    /// On the server; the local one where absent, 0 where it may choose.
    pub(super) remote_port: Option<u16>,
    pub(super) remote_host: String,
    pub(super) public_url: Option<String>,
}

/// Ports of the server, and where their connections go.
type Forwards = Arc<Mutex<HashMap<u32, SocketAddr>>>;

/// What the session asks us.
struct Doorman {
    key: HostKey,
    forwards: Forwards,
    connections: JoinSet<()>,
}

/// Why a session ends.
#[derive(Debug)]
enum Failure {
    HostKey(String),
    Ssh(russh::Error),
}

impl Driver for Ssh {
    fn open(&self) -> BoxFuture<'_, Result<Open, Reason>> {
        async move {
            let forwards = Forwards::default();
            let mut session = self.connect(&forwards).await?;
            self.login.login(&mut session).await?;
            let mut urls = Vec::new();
            for local in &self.locals {
                let wanted = u32::from(self.remote_port.unwrap_or(local.port));
                let asked = session.tcpip_forward(self.remote_host.as_str(), wanted).await;
                let given = match asked.map_err(|error| self.not_listening(wanted, &error))? {
                    0 => wanted,
                    given => given,
                };
                forwards.lock().unwrap_or_else(PoisonError::into_inner).insert(given, local.address);
                urls.push(self.url(local, given));
                self.warn_if_nobody_gets_there(given).await;
            }
            let close = CancellationToken::new();
            let closing = close.clone();
            let ended = async move {
                let result = tokio::select! {
                    result = &mut session => result,
                    () = closing.cancelled() => {
                        let _ = session.disconnect(Disconnect::ByApplication, "", "en").await;
                        session.await
                    }
                };
                match result {
                    Err(Failure::Ssh(error)) => Reason::passing(format!("the SSH session has ended: {error}")),
                    Err(Failure::HostKey(why)) => Reason::lasting(why),
                    Ok(()) => Reason::passing("the SSH session has ended"),
                }
            };
            Ok(Open { urls, ended: ended.boxed(), close })
        }
        .boxed()
    }
}

impl Ssh {
    async fn connect(&self, forwards: &Forwards) -> Result<client::Handle<Doorman>, Reason> {
        let place = format!("{}:{}", self.host, self.port);
        let key = HostKey::of(&self.host, self.port, &self.trust).map_err(Reason::lasting)?;
        let preferred = Preferred { key: Cow::Owned(key.preference()), ..Preferred::default() };
        let config = client::Config {
            keepalive_interval: Some(KEEPALIVE),
            keepalive_max: UNANSWERED,
            nodelay: true,
            preferred,
            ..client::Config::default()
        };
        let doorman = Doorman { key, forwards: forwards.clone(), connections: JoinSet::new() };
        let unreachable = |why: String| Reason::passing(format!("the SSH server {place} can't be reached: {why}"));
        let connecting = client::connect(Arc::new(config), (self.host.as_str(), self.port), doorman);
        match timeout(CONNECT, connecting).await {
            Ok(Ok(session)) => Ok(session),
            Ok(Err(Failure::HostKey(why))) => Err(Reason::lasting(why)),
            Ok(Err(Failure::Ssh(error))) => Err(unreachable(error.to_string())),
            Err(_) => Err(unreachable(format!("no answer within {CONNECT:?}"))),
        }
    }

    fn not_listening(&self, port: u32, error: &russh::Error) -> Reason {
        Reason::passing(match error {
            russh::Error::RequestDenied => format!(
                "the SSH server refuses to listen on port {port}: it is in use there, or forbidden (ports below 1024 are \
                 for root; sshd_config must say `AllowTcpForwarding yes` or `remote`)"
            ),
            error => format!("the SSH server doesn't listen on port {port}: {error}"),
        })
    }

    /// A server may take the request to listen for everybody, and listen for itself alone: the protocol doesn't say.
    async fn warn_if_nobody_gets_there(&self, port: u32) {
        let Ok(port) = u16::try_from(port) else { return };
        if self.public_url.is_some() || !self.remote_host.is_empty() {
            return;
        }
        let reached = timeout(PROBE, TcpStream::connect((self.host.as_str(), port))).await;
        if !matches!(reached, Ok(Ok(_))) {
            tracing::warn!(
                "[Gateway] {}:{port} can't be reached from here: a firewall may be in the way, or sshd_config lacks \
                 `GatewayPorts clientspecified`; if a web server there passes requests on, say so by `public_url`",
                self.host
            );
        }
    }

    fn url(&self, local: &Local, port: u32) -> String {
        if let Some(url) = &self.public_url {
            return url.clone();
        }
        let (scheme, own) = if local.url.starts_with("https:") { ("https", 443) } else { ("http", 80) };
        // An IPv6 address stands in brackets.
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if port == own { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") }
    }
}

impl client::Handler for Doorman {
    type Error = Failure;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Failure> {
        match key {
            PublicKeyOrCertificate::PublicKey { key, .. } => {
                self.key.judge(key).map(|()| true).map_err(Failure::HostKey)
            }
            // None was asked for.
            PublicKeyOrCertificate::Certificate(_) => Ok(false),
        }
    }

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        channel: Channel<Msg>,
        _: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut client::Session,
    ) -> Result<(), Failure> {
        let local = self.forwards.lock().unwrap_or_else(PoisonError::into_inner).get(&port).copied();
        let Some(local) = local else {
            reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
            return Ok(());
        };
        reply.accept().await;
        self.connections.spawn(async move {
            match TcpStream::connect(local).await {
                // Either side may break off.
                Ok(mut to) => drop(copy_bidirectional(&mut channel.into_stream(), &mut to).await),
                Err(error) => tracing::warn!(%error, %local, "[Gateway] nobody answers there"),
            }
        });
        while self.connections.try_join_next().is_some() {}
        Ok(())
    }
}

impl From<russh::Error> for Failure {
    fn from(error: russh::Error) -> Self {
        Self::Ssh(error)
    }
}

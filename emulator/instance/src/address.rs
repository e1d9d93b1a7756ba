//! Sockets: all that are needed are bound before anything else happens, so that a port in use costs nothing.

use super::{ListenerAddress, StartError, holder};
use domain::config::{Config, Listener, Routes};
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use tunnels::Local;

/// Which sockets there are.
#[derive(Debug, Clone)]
pub(super) struct Sockets {
    api: SocketAddr,
    /// By the file's port.
    listeners: BTreeMap<u16, Place>,
    /// Every port is a free one, whatever the file says.
    ephemeral: bool,
}

/// A listener's socket, which several listeners may share.
#[derive(Debug, Clone)]
struct Place {
    host: String,
    address: SocketAddr,
}

/// Sockets for a file, before anybody serves them.
pub(super) struct Bound {
    pub(super) sockets: Sockets,
    /// Those that were not there before, by the file's port.
    pub(super) new: Vec<(u16, TcpListener)>,
    /// The file's ports that are no longer in it.
    pub(super) gone: Vec<u16>,
}

impl Sockets {
    /// Binds the API's.
    pub(super) async fn bind_api(
        config: &Config,
        port: Option<u16>,
        ephemeral: bool,
    ) -> Result<(Self, TcpListener), StartError> {
        let controller = &config.controller;
        let wanted = config.listeners.iter().find(|listener| !ephemeral && Some(listener.port) == port);
        if let (Some(port), Some(listener)) = (port, wanted) {
            return Err(StartError::SamePort { port, listener: listener.id.clone() });
        }
        let port = port.unwrap_or(if ephemeral { 0 } else { controller.port });
        let socket = bind(&controller.host, port, "the API").await?;
        let api = local(&socket, "the API")?;
        Ok((Self { api, listeners: BTreeMap::new(), ephemeral }, socket))
    }

    /// Binds what the file's listeners need and is not there yet. A listener that is there keeps its socket, also where
    /// the file gives its port another host. Everything goes on without the ports of `retired` listeners, and without that of
    /// a listener that the file doesn't write, unless a gateway leads there.
    pub(super) async fn bind_listeners(&self, config: &Config, retired: &[Listener]) -> Result<Bound, StartError> {
        let mut sockets = Self { listeners: BTreeMap::new(), ..self.clone() };
        let mut new = Vec::new();
        let must = |listener: &Listener| {
            let is_implied = matches!(&listener.routes, Routes::Sources(sources) if sources.implied);
            !is_implied || config.gateways.iter().any(|gateway| gateway.ports.contains(&listener.port))
        };
        let of_file = config.listeners.iter().map(|listener| (listener, must(listener)));
        for (listener, must) in of_file.chain(retired.iter().map(|listener| (listener, false))) {
            let port = listener.port;
            if sockets.listeners.contains_key(&port) {
                continue;
            }
            let place = match self.listeners.get(&port) {
                Some(place) => place.clone(),
                None => {
                    let what = format!("the listener `{}`", listener.id);
                    let socket = match bind(&listener.host, if self.ephemeral { 0 } else { port }, &what).await {
                        Ok(socket) => socket,
                        Err(error) if must => return Err(error),
                        Err(error) if matches!(listener.routes, Routes::Sources(_)) => {
                            tracing::warn!(%error, "the sources are served at the API's port alone: give them a \
                                `listener` of type `http-source` with a free port");
                            continue;
                        }
                        Err(error) => {
                            tracing::error!(%error, "callbacks to an older file's listener can't be taken");
                            continue;
                        }
                    };
                    let address = local(&socket, &what)?;
                    new.push((port, socket));
                    Place { host: listener.host.clone(), address }
                }
            };
            sockets.listeners.insert(port, place);
        }
        let gone = self.listeners.keys().copied().filter(|port| !sockets.listeners.contains_key(port)).collect();
        Ok(Bound { sockets, new, gone })
    }

    /// The host at which a listener is served; that of the first with its port.
    pub(super) fn host_of(&self, listener: &Listener) -> Option<&str> {
        self.listeners.get(&listener.port).map(|place| place.host.as_str())
    }

    pub(super) fn api_url(&self, tls: bool) -> String {
        format!("{}://{}", if tls { "https" } else { "http" }, reachable(self.api))
    }

    /// Where the file's port is reached on this machine; a listener's rather than the API's.
    pub(super) fn url_of_port(&self, config: &Config, port: u16) -> Option<String> {
        Some(format!("http://{}", self.address_of_port(config, port)?))
    }

    fn address_of_port(&self, config: &Config, port: u16) -> Option<SocketAddr> {
        let listener = self.listeners.get(&port).map(|place| place.address);
        listener.or_else(|| (port == config.controller.port).then_some(self.api)).map(reachable)
    }

    /// The same for a tunnel, which must know whether it speaks TLS: only the API may.
    pub(super) fn local(&self, config: &Config, port: u16) -> Option<Local> {
        let address = self.address_of_port(config, port)?;
        let tls = config.controller.tls.is_some() && !self.listeners.contains_key(&port);
        let scheme = if tls { "https" } else { "http" };
        Some(Local { port, address, url: format!("{scheme}://{address}") })
    }

    pub(super) fn listener_urls(&self, config: &Config) -> Vec<ListenerAddress> {
        let address = |listener: &Listener| ListenerAddress {
            id: listener.id.clone(),
            kind: match listener.routes {
                Routes::Triggers(_) => "http-trigger",
                Routes::Callbacks(_) => "http-callback",
                Routes::Sources(_) => "http-source",
            },
            url: self.url_of_port(config, listener.port).unwrap_or_default(),
        };
        config.listeners.iter().filter(|listener| self.listeners.contains_key(&listener.port)).map(address).collect()
    }
}

/// An address that binds every interface is reached by the loopback one.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], v4.port())),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], v6.port())),
        SocketAddr::V4(_) | SocketAddr::V6(_) => address,
    }
}

async fn bind(host: &str, port: u16, what: &str) -> Result<TcpListener, StartError> {
    let failed = |source: std::io::Error| {
        let holder = (source.kind() == std::io::ErrorKind::AddrInUse).then(|| holder::of_port(port)).flatten();
        StartError::Bind { host: host.to_owned(), port, what: what.to_owned(), source, holder }
    };
    let listener = tokio::net::TcpListener::bind((host, port)).await.map_err(failed)?;
    listener.into_std().map_err(failed)
}

/// A socket that only this machine reaches, and its URL.
pub(super) async fn loopback(port: u16) -> Result<(TcpListener, String), StartError> {
    let socket = bind("127.0.0.1", port, "the table and the queues").await?;
    let url = format!("http://{}", local(&socket, "the table and the queues")?);
    Ok((socket, url))
}

fn local(listener: &TcpListener, what: &str) -> Result<SocketAddr, StartError> {
    let failed =
        |source| StartError::Bind { host: String::new(), port: 0, what: what.to_owned(), source, holder: None };
    listener.local_addr().map_err(failed)
}

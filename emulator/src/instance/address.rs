//! Sockets: all bound before anything else happens, so that a port in use costs nothing.

use super::{ListenerAddress, StartError};
use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use domain::config::{Config, Routes};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tokio::task::JoinHandle;

/// The API's socket, and each listener port's with the listeners that share it.
pub(super) struct Bound {
    pub(super) api: TcpListener,
    pub(super) listeners: Vec<(TcpListener, Vec<String>)>,
    /// The file's port, and the address that stands for it.
    ports: Vec<(u16, SocketAddr)>,
    api_address: SocketAddr,
}

impl Bound {
    pub(super) async fn bind(config: &Config, api_port: Option<u16>, ephemeral: bool) -> Result<Self, StartError> {
        let controller = &config.controller;
        let port = if ephemeral { api_port.unwrap_or(0) } else { api_port.unwrap_or(controller.port) };
        let api = bind(&controller.host, port, "the API").await?;
        let api_address = local(&api, "the API")?;
        let mut ports = vec![(controller.port, api_address)];
        let mut listeners: Vec<(TcpListener, Vec<String>)> = Vec::new();
        for listener in &config.listeners {
            let shared = ports.iter().skip(1).position(|(port, _)| *port == listener.port);
            if let Some((_, ids)) = shared.and_then(|index| listeners.get_mut(index)) {
                ids.push(listener.id.clone());
                continue;
            }
            let what = format!("the listener `{}`", listener.id);
            let socket = bind(&listener.host, if ephemeral { 0 } else { listener.port }, &what).await?;
            ports.push((listener.port, local(&socket, &what)?));
            listeners.push((socket, vec![listener.id.clone()]));
        }
        Ok(Self { api, listeners, ports, api_address })
    }

    pub(super) fn api_url(&self, tls: bool) -> String {
        format!("{}://{}", if tls { "https" } else { "http" }, reachable(self.api_address))
    }

    /// Where the file's port is reached on this machine; a listener's rather than the API's.
    pub(super) fn url_of_port(&self, port: u16) -> Option<String> {
        let found = self.ports.iter().rev().find(|(of, _)| *of == port);
        found.map(|(_, address)| format!("http://{}", reachable(*address)))
    }

    pub(super) fn listener_urls(&self, config: &Config) -> Vec<ListenerAddress> {
        let address = |listener: &domain::config::Listener| ListenerAddress {
            id: listener.id.clone(),
            kind: match listener.routes {
                Routes::Triggers(_) => "http-trigger",
                Routes::Callbacks(_) => "http-callback",
            },
            url: self.url_of_port(listener.port).unwrap_or_default(),
        };
        config.listeners.iter().map(address).collect()
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
    let failed = |source| StartError::Bind { host: host.to_owned(), port, what: what.to_owned(), source };
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
    let failed = |source| StartError::Bind { host: String::new(), port: 0, what: what.to_owned(), source };
    listener.local_addr().map_err(failed)
}

pub(super) async fn tls(cert: &str, key: &str) -> Result<RustlsConfig, StartError> {
    RustlsConfig::from_pem_file(cert, key).await.map_err(StartError::Tls)
}

/// A socket being served.
pub(super) struct Server {
    handle: Handle<SocketAddr>,
    task: JoinHandle<()>,
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "the emulator serves its sockets itself")]
    pub(super) fn start(socket: TcpListener, tls: Option<RustlsConfig>, router: Router) -> Self {
        let handle = Handle::new();
        let served = handle.clone();
        let task = tokio::spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            let served = match tls {
                Some(tls) => match axum_server::from_tcp_rustls(socket, tls) {
                    Ok(server) => server.handle(served).serve(service).await,
                    Err(error) => Err(error),
                },
                None => match axum_server::from_tcp(socket) {
                    Ok(server) => server.handle(served).serve(service).await,
                    Err(error) => Err(error),
                },
            };
            if let Err(error) = served {
                tracing::error!(%error, "a socket is no longer served");
            }
        });
        Self { handle, task }
    }

    pub(super) fn stop(&self, within: Duration) {
        self.handle.graceful_shutdown(Some(within));
    }

    pub(super) async fn stopped(self) {
        // A panicking server has said so itself.
        let _ = self.task.await;
    }
}

//! Serves HTTP on sockets: HTTP/1.1, and HTTP/2 under TLS.
//!
//! ```text
//!  socket ── accept ──► Crowd: a place? ──► connection ── request ──► Bodies: room? ──► router
//!                         └ too many: the one that does least goes          └ none: the slowest goes
//! ```
//!
//! **Guarantees.** No caller holds anything for ever: a header that has begun, a body, and an answer that is not taken have
//! [`Limits`] in time, whatever the version of HTTP; bodies have one in bytes, and connections one in number, for all sockets of an
//! instance together. A request whose answer is being made is never cut off by these. A server that stops takes what has
//! reached it, says `Connection: close`, and ends when all is answered or its time is over.

mod activity;
mod bodies;
mod connection;
mod crowd;
mod descriptors;
mod limits;
mod stream;
pub mod tls;

pub use limits::Limits;

use axum::Router;
use bodies::Bodies;
use connection::{Common, serve};
use crowd::Crowd;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_rustls::TlsAcceptor;

/// How long nothing is accepted after that has failed, unless a connection ends before.
const RELIEVED: Duration = Duration::from_millis(20);

/// What the servers of an instance share. Clones are the same.
#[derive(Clone)]
pub struct Shared {
    limits: Limits,
    crowd: Crowd,
    bodies: Bodies,
}

impl Shared {
    /// What they share, before any has started.
    pub fn new(limits: Limits) -> Self {
        let crowd = Crowd::new(descriptors::connections(limits.connections));
        Self { limits, crowd, bodies: Bodies::new(limits.bodies) }
    }
}

/// A socket being served.
pub struct Server {
    /// Since when it has been stopping, and until when it may.
    stopping: watch::Sender<Option<(Instant, Instant)>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves a socket until [`Server::stop`].
    #[expect(clippy::disallowed_methods, reason = "the emulator serves its sockets itself")]
    pub fn start(socket: TcpListener, tls: Option<TlsAcceptor>, router: Router, shared: &Shared) -> Self {
        let (stopping, stop) = watch::channel(None);
        let task = tokio::spawn(run(socket, tls, router, shared.clone(), stop));
        Self { stopping, task }
    }

    /// Accepts nothing more, and lets what is under way take this long at most.
    pub fn stop(&self, within: Duration) {
        let now = Instant::now();
        self.stopping.send_replace(Some((now, now + within)));
    }

    /// Whether it has ended.
    pub fn has_stopped(&self) -> bool {
        self.task.is_finished()
    }

    /// Resolves once it has ended.
    pub async fn stopped(self) {
        // A panicking server has said so itself.
        let _ = self.task.await;
    }
}

async fn run(
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    shared: Shared,
    mut stop: watch::Receiver<Option<(Instant, Instant)>>,
) {
    let Shared { limits, crowd, bodies } = shared;
    let socket = match tokio::net::TcpListener::from_std(socket) {
        Ok(socket) => socket,
        Err(error) => return tracing::error!(%error, "a socket can't be served"),
    };
    let (drain, draining) = watch::channel(None);
    let common = Common { router, tls, limits, bodies, draining };
    let mut connections = JoinSet::new();
    // One that is accepted, and has no place yet: it is served also where the server stops meanwhile.
    let mut newcomer: Option<(TcpStream, SocketAddr)> = None;
    let until = loop {
        tokio::select! {
            biased;
            stopping = stop.wait_for(Option::is_some) => {
                let now = Instant::now();
                let (since, until) = stopping.ok().and_then(|stopping| *stopping).unwrap_or((now, now));
                drain.send_replace(Some(since));
                break until;
            }
            accepted = accept(&socket, &crowd), if newcomer.is_none() => newcomer = accepted,
            place = crowd.enter(limits), if newcomer.is_some() => {
                if let Some((stream, peer)) = newcomer.take() {
                    connections.spawn(serve(common.clone(), stream, peer, place));
                }
            }
        }
        while connections.try_join_next().is_some() {}
    };
    let ending = async {
        // Those that have connected before are answered too: closing the socket would break them off.
        for (stream, peer) in newcomer.into_iter().chain(waiting(socket)) {
            let place = crowd.enter(limits).await;
            connections.spawn(serve(common.clone(), stream, peer, place));
        }
        while connections.join_next().await.is_some() {}
    };
    let _ = timeout_at(until, ending).await;
    connections.shutdown().await;
}

/// The next connection; none where accepting failed, after a moment.
async fn accept(socket: &tokio::net::TcpListener, crowd: &Crowd) -> Option<(TcpStream, SocketAddr)> {
    match socket.accept().await {
        Ok(accepted) => Some(accepted),
        Err(error) => {
            // The other side may be gone already, which is nothing to tell of.
            if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
                crowd.relieve(&error);
                sleep(RELIEVED).await;
            }
            None
        }
    }
}

/// Closes a socket, with what has connected and was not accepted yet.
fn waiting(socket: tokio::net::TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let Ok(socket) = socket.into_std() else { return Vec::new() };
    let accepted = std::iter::from_fn(|| socket.accept().ok());
    let stream = |(stream, peer): (std::net::TcpStream, SocketAddr)| {
        stream.set_nonblocking(true).ok()?;
        Some((TcpStream::from_std(stream).ok()?, peer))
    };
    accepted.filter_map(stream).collect()
}

#[cfg(test)]
mod tests;

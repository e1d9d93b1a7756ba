//! ngrok's tunnels, through its own library: no program is needed, an account's token is.
//!
//! One session serves all ports of a gateway. The library would connect again by itself, for ever and unseen; here the
//! session ends with its connection instead, and the supervisor opens the next one, as for every driver.

use super::cloudflare::docker_run;
use super::process::{self, Program, Said, Tail};
use super::{Driver, GatewayOptions, Local, Open, Reason};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryStreamExt};
use ngrok::config::TunnelBuilder;
use ngrok::session::{ConnectError, IoStream, SessionBuilder, default_connect};
use ngrok::tunnel::{AcceptError, EndpointInfo, HttpTunnel};
use ngrok::{Error as _, Session};
use std::error::Error;
use std::net::SocketAddr;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// ngrok's image (<https://hub.docker.com/r/ngrok/ngrok>).
const IMAGE: &str = "ngrok/ngrok:latest";
const NO_DOCKER: &str = "`runtime: docker` needs a Docker engine; `native` needs no program at all";

/// The driver.
pub(super) struct Ngrok {
    pub(super) authtoken: Zeroizing<String>,
    pub(super) locals: Vec<Local>,
    /// Domains of the account, one for each port, or none.
    pub(super) hostnames: Vec<String>,
    /// A server without TLS in the place of ngrok's own.
    pub(super) server: Option<SocketAddr>,
}

/// ngrok's program in a container, for one port.
pub(super) struct NgrokInDocker {
    pub(super) authtoken: Zeroizing<String>,
    pub(super) local: Local,
    pub(super) hostname: Option<String>,
    pub(super) options: GatewayOptions,
    pub(super) tail: Tail,
}

impl Driver for Ngrok {
    fn open(&self) -> BoxFuture<'_, Result<Open, Reason>> {
        async move {
            // The library leaves the choice to the process; where somebody has chosen, that holds.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            let mut session = self.builder().connect().await.map_err(|error| refused(&error))?;
            let (mut urls, mut served) = (Vec::new(), JoinSet::new());
            for (index, local) in self.locals.iter().enumerate() {
                let mut endpoint = session.http_endpoint();
                endpoint.forwards_to(&local.url);
                if let Some(name) = self.hostnames.get(index) {
                    endpoint.domain(name);
                }
                let listening = endpoint.listen().await;
                let tunnel = listening.map_err(|error| Reason::passing(format!("no tunnel: {}", words(&error))))?;
                urls.push(tunnel.url().to_owned());
                served.spawn(serve(tunnel, local.address));
            }
            let close = CancellationToken::new();
            let closing = close.clone();
            let ended = async move {
                tokio::select! {
                    reason = served.join_next() => {
                        let reason = reason.and_then(Result::ok);
                        reason.unwrap_or_else(|| Reason::passing("the session with ngrok has ended"))
                    }
                    () = closing.cancelled() => {
                        let _ = session.close().await;
                        Reason::passing("it was closed")
                    }
                }
            };
            Ok(Open { urls, ended: ended.boxed(), close })
        }
        .boxed()
    }
}

impl Ngrok {
    fn builder(&self) -> SessionBuilder {
        let mut builder = Session::builder();
        builder.authtoken(self.authtoken.as_str());
        builder.client_info("ringback", env!("CARGO_PKG_VERSION"), None::<String>);
        let server = self.server;
        builder.connector(move |host, port, tls, again: Option<AcceptError>| async move {
            if again.is_some() {
                return Err(ConnectError::Canceled);
            }
            match server {
                Some(address) => {
                    let stream = TcpStream::connect(address).await.map_err(ConnectError::Tcp)?;
                    Ok(Box::new(stream) as Box<dyn IoStream>)
                }
                None => default_connect(host, port, tls, None).await,
            }
        });
        builder
    }
}

/// Passes each connection on, until the tunnel ends.
async fn serve(mut tunnel: HttpTunnel, local: SocketAddr) -> Reason {
    let mut connections = JoinSet::new();
    loop {
        match tunnel.try_next().await {
            Ok(Some(mut from)) => {
                connections.spawn(async move {
                    match TcpStream::connect(local).await {
                        // Either side may break off.
                        Ok(mut to) => drop(copy_bidirectional(&mut from, &mut to).await),
                        Err(error) => tracing::warn!(%error, %local, "[Gateway] nobody answers there"),
                    }
                });
            }
            Ok(None) => return Reason::passing("the session with ngrok has ended"),
            Err(error) => return Reason::passing(format!("the session with ngrok has ended: {}", chain(&error))),
        }
        while connections.try_join_next().is_some() {}
    }
}

fn refused(error: &ConnectError) -> Reason {
    match error {
        ConnectError::Auth(told) if told.error_code().is_some() => {
            Reason::lasting(format!("ngrok refuses: {}", words(told)))
        }
        other => Reason::passing(format!("ngrok can't be reached: {}", chain(other))),
    }
}

/// ngrok's own words and its code, which its site explains.
fn words(error: &(impl ngrok::Error + 'static)) -> String {
    match error.error_code() {
        Some(code) => format!("{} ({code}, https://ngrok.com/docs/errors/{})", error.msg(), code.to_lowercase()),
        None => chain(error),
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl Driver for NgrokInDocker {
    fn open(&self) -> BoxFuture<'_, Result<Open, Reason>> {
        async move {
            let mut argv = docker_run(&self.options.docker, &[], &["NGROK_AUTHTOKEN"], IMAGE);
            argv.extend(["http", &self.local.url, "--log", "stderr", "--log-format", "logfmt"].map(str::to_owned));
            if let Some(name) = &self.hostname {
                argv.extend(["--url".to_owned(), format!("https://{name}")]);
            }
            let program = Program {
                argv,
                env: vec![("NGROK_AUTHTOKEN".to_owned(), self.authtoken.to_string())],
                read,
                known: None,
                missing: NO_DOCKER,
                guard: self.options.guard.clone(),
                settle: std::time::Duration::ZERO,
            };
            process::open(&program, &self.tail).await
        }
        .boxed()
    }

    fn last_words(&self) -> Option<String> {
        self.tail.last_words()
    }
}

/// `… msg="started tunnel" … url=https://abc.ngrok.app`.
fn read(line: &str) -> Said {
    let url =
        line.split_whitespace().find_map(|word| word.strip_prefix("url=")).filter(|_| line.contains("started tunnel"));
    url.map_or(Said::Other, |url| Said::Url(url.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Said, read};

    #[test]
    fn the_url_stands_in_the_line_of_the_started_tunnel() {
        let line = "t=2026-01-01T00:00:00Z lvl=info msg=\"started tunnel\" obj=tunnels name=command_line addr=http://127.0.0.1:1 url=https://a.ngrok.app";
        assert_eq!(read(line), Said::Url("https://a.ngrok.app".to_owned()));
        assert_eq!(read("lvl=info msg=\"client session established\" obj=csess url=https://x"), Said::Other);
    }
}

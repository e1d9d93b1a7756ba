//! Public addresses that a file writes out: `controller.public_url` and the names of its gateways.

use super::{Gateway, Tunnel};
use url::{Host, Url};

/// The ports of a file that a public address leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reach {
    /// `controller.public_url` is the address of every port.
    EveryPort,
    /// A gateway's name is the address of these ports.
    Ports(Vec<u16>),
}

/// The ports that `url` leads to if its host is one that the file itself names: `public_url` (scheme and host, as
/// `controller.public_url` has it) or a gateway's name. `None` for every other host, and for what is no absolute URL.
///
/// Hosts are compared as the URL Standard compares them (<https://url.spec.whatwg.org/#concept-host>), with the port where
/// one is written; `http` and `https` of one host are alike. Names that a tunnel service makes up at start are in no file,
/// and so are unknown here.
pub(super) fn reach(url: &str, public_url: Option<&str>, gateways: &[Gateway]) -> Option<Reach> {
    let wanted = place(url)?;
    let is_wanted = |named: &str| place(named).is_some_and(|named| named == wanted);
    if public_url.is_some_and(is_wanted) {
        return Some(Reach::EveryPort);
    }
    let mut ports: Vec<u16> = Vec::new();
    for (port, named) in gateways.iter().flat_map(names) {
        if is_wanted(&named) && !ports.contains(&port) {
            ports.push(port);
        }
    }
    (!ports.is_empty()).then_some(Reach::Ports(ports))
}

/// Host and port of a URL; a scheme's own port is none.
fn place(url: &str) -> Option<(Host, Option<u16>)> {
    let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some((url.host()?.to_owned(), url.port()))
}

/// The ports of a gateway with the public addresses that the file gives them.
fn names(gateway: &Gateway) -> Vec<(u16, String)> {
    let ports = gateway.ports.iter().copied();
    let by_name = |names: &[String]| ports.clone().zip(names.iter().map(|name| format!("https://{name}"))).collect();
    match &gateway.tunnel {
        Tunnel::Ngrok(tunnel) => by_name(&tunnel.hostnames),
        Tunnel::Cloudflare(tunnel) => by_name(&tunnel.hostnames),
        Tunnel::Ssh(tunnel) => {
            let host = &tunnel.connection.host;
            let address = |port: u16| match (&tunnel.public_url, tunnel.remote_port) {
                (Some(url), _) => Some(url.clone()),
                // The server chooses a port once the tunnel is opened.
                (None, Some(0)) => None,
                (None, remote) => Some(format!("http://{host}:{}", remote.unwrap_or(port))),
            };
            ports.filter_map(|port| Some((port, address(port)?))).collect()
        }
    }
}

#[cfg(test)]
mod tests;

//! Scheme, host and port of an address, and whether they are this file's.

use crate::config::Tunnel;
use crate::config::draft::Draft;

/// What stands before the path of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    /// In lower case.
    host: String,
    /// As it is written, or that of the scheme.
    port: u16,
}

impl Origin {
    /// The origin that a text begins with, and what stands behind it.
    pub(super) fn split(text: &str) -> Option<(Self, &str)> {
        let (rest, standard) = match text.strip_prefix("https://") {
            Some(rest) => (rest, 443),
            None => (text.strip_prefix("http://")?, 80),
        };
        let ends = |c: char| "/?#\"'<>".contains(c) || c.is_whitespace();
        let (authority, path) = rest.split_at_checked(rest.find(ends).unwrap_or(rest.len()))?;
        let (host, port) = match authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, standard),
        };
        (!host.is_empty()).then(|| (Self { host: host.to_ascii_lowercase(), port }, path))
    }

    /// Whether a listener on that port is reached there: by `controller.public_url`, by the name that a gateway to the
    /// port has for good, or on this machine itself.
    pub(super) fn reaches(&self, draft: &Draft, port: u16) -> bool {
        let public = draft.controller.as_ref().and_then(|controller| controller.public_url.as_deref());
        let mut gateways = draft.gateways.iter().filter(|gateway| gateway.ports.contains(&port));
        public.is_some_and(|url| self.is(url))
            || self.is_local(draft, port)
            || gateways.any(|gateway| {
                let at = gateway.ports.iter().position(|exposed| *exposed == port).unwrap_or_default();
                let named = |hostnames: &[String]| hostnames.get(at).is_some_and(|name| *name == self.host);
                match &gateway.tunnel {
                    Tunnel::Ngrok(ngrok) => named(&ngrok.hostnames),
                    Tunnel::Cloudflare(cloudflare) => named(&cloudflare.hostnames),
                    Tunnel::Ssh(ssh) => match &ssh.public_url {
                        Some(url) => self.is(url),
                        None => self.host == ssh.connection.host && self.port == ssh.remote_port.unwrap_or(port),
                    },
                }
            })
    }

    /// Whether it is that of a URL; `http` and `https` on their own ports are one place.
    fn is(&self, url: &str) -> bool {
        let standard = |port: u16| matches!(port, 80 | 443);
        Self::split(url).is_some_and(|(other, _)| {
            other.host == self.host && (other.port == self.port || standard(other.port) && standard(self.port))
        })
    }

    fn is_local(&self, draft: &Draft, port: u16) -> bool {
        let bound = |host: &str| draft.binds.iter().any(|(bound, at, _)| *at == port && bound == host);
        let loopback = ["localhost", "127.0.0.1", "[::1]"].contains(&self.host.as_str());
        self.port == port && (loopback || bound(self.host.trim_matches(['[', ']'])))
    }
}

//! Scheme, host and port of an address that a file writes out, and whether they are this file's.

use crate::config::draft::Draft;
use crate::config::reach::{Reach, reach};
use url::Url;

/// Scheme, host and port of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin(Url);

impl Origin {
    /// The origin that a text begins with, and what stands behind it.
    pub(super) fn split(text: &str) -> Option<(Self, &str)> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
        let ends = |c: char| "/?#\"'<>".contains(c) || c.is_whitespace();
        let (authority, path) = rest.split_at_checked(rest.find(ends).unwrap_or(rest.len()))?;
        let origin = text.get(..text.len() - rest.len() + authority.len())?;
        Some((Self(Url::parse(origin).ok()?), path))
    }

    /// True if a listener on that port is reached there: by `controller.public_url`, by a gateway's name, or on this
    /// machine by its own port.
    pub(super) fn reaches(&self, draft: &Draft, port: u16) -> bool {
        let public_url = draft.controller.as_ref().and_then(|controller| controller.public_url.as_deref());
        match reach(self.0.as_str(), public_url, &draft.gateways) {
            Some(Reach::EveryPort) => true,
            Some(Reach::Ports(ports)) if ports.contains(&port) => true,
            Some(Reach::Ports(_)) | None => self.is_local(draft, port),
        }
    }

    fn is_local(&self, draft: &Draft, port: u16) -> bool {
        let Some(host) = self.0.host_str().map(|host| host.trim_matches(['[', ']'])) else { return false };
        let bound = || draft.binds.iter().any(|(bound, at, _)| *at == port && bound == host);
        self.0.port_or_known_default() == Some(port) && (["localhost", "127.0.0.1", "::1"].contains(&host) || bound())
    }
}

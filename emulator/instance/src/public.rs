//! The public address of each port: what `${gateway:PORT.public_url}`, `${listener.url}` and `${context.callback_url}` are made
//! of, and what a signature over a request's URL is checked with.
//!
//! What was said for this process comes before the file, and what was said before what was found:
//!
//! 1. `--public-url`,
//! 2. the tunnel that `--tunnel` opened to the port,
//! 3. `RINGBACK_PUBLIC_URL`,
//! 4. `controller.public_url`,
//! 5. the tunnel that a gateway of the file opened to the port,
//! 6. the local address.

use std::collections::BTreeMap;
use url::Url;

/// What was said for this process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Public {
    /// `--public-url`: scheme and host, without a path.
    pub option: Option<String>,
    /// `RINGBACK_PUBLIC_URL`: the same.
    pub variable: Option<String>,
}

impl Public {
    /// The public address of a port: `written` is `controller.public_url`; `tunnels` has the open tunnels by port, which are
    /// `asked_for` if `--tunnel` opened them. `None` where only the local address is left.
    pub fn url_of_port(
        &self,
        port: u16,
        written: Option<&str>,
        tunnels: &BTreeMap<u16, String>,
        asked_for: bool,
    ) -> Option<String> {
        let tunnel = tunnels.get(&port).map(String::as_str);
        let said = self.option.as_deref().or_else(|| tunnel.filter(|_| asked_for)).or(self.variable.as_deref());
        said.or(written).or(tunnel).map(str::to_owned)
    }
}

/// Scheme and host of a public address, without a `/` at its end.
///
/// # Errors
/// In words, where it is anything else: `name` says where it was read.
pub fn parse(name: &str, text: &str) -> Result<String, String> {
    let is_bare = |url: &Url| {
        let nothing_behind = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        matches!(url.scheme(), "http" | "https")
            && nothing_behind
            && url.username().is_empty()
            && url.password().is_none()
    };
    match Url::parse(text.trim()) {
        Ok(url) if is_bare(&url) => Ok(text.trim().trim_end_matches('/').to_owned()),
        _ => Err(format!("{name}: `{text}` is not a scheme and a host, as `https://hooks.example.com`")),
    }
}

#[cfg(test)]
mod tests;

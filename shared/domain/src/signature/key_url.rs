//! Where a provider publishes its key, and whether an address in a request is really such a place.

use super::fields::Fields;
use super::{Refusal, Request};
use serde::Deserialize;

/// Where a provider publishes its key. Nothing is fetched here: the caller does that, and only over HTTPS.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyUrl {
    /// A fixed address.
    url: Option<String>,
    /// The header that names it.
    header: Option<String>,
    /// The field of the body that names it.
    body_path: Option<String>,
    /// The hosts that are the provider's; a `*` stands for one label.
    #[serde(default)]
    hosts: Vec<String>,
    /// How its path ends.
    #[serde(default)]
    suffix: String,
}

impl KeyUrl {
    /// The address of the key, if the request or the scheme names one, and it is the provider's.
    pub(super) fn find(&self, request: &Request<'_>, fields: &Fields) -> Result<Option<String>, Refusal> {
        if let Some(url) = &self.url {
            return Ok(Some(url.clone()));
        }
        let (what, found) = match (&self.header, &self.body_path) {
            (Some(name), _) => (format!("the header {name}"), request.headers.one(name)?.map(str::to_owned)),
            (None, Some(path)) => (format!("`{path}` of the body"), fields.text(path)),
            (None, None) => return Ok(None),
        };
        let Some(url) = found else { return Ok(None) };
        match pinned(&url, &self.hosts, &self.suffix) {
            Ok(()) => Ok(Some(url)),
            Err(why) => Err(Refusal::UntrustedKeyUrl { what, why: why.to_owned() }),
        }
    }
}

/// Whether an address is HTTPS, at one of these hosts, without port, user, query or fragment, and ends so.
pub(super) fn pinned(url: &str, hosts: &[impl AsRef<str>], suffix: &str) -> Result<(), &'static str> {
    let rest = url.strip_prefix("https://").ok_or("it is not https")?;
    let (host, path) = rest.split_once('/').ok_or("it has no path")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    if !host.bytes().all(plain) || !hosts.iter().any(|pattern| host_matches(host, pattern.as_ref())) {
        return Err("its host is another");
    }
    if !path.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\?#".contains(&byte)) || !path.ends_with(suffix) {
        return Err("its path is another");
    }
    Ok(())
}

/// The same for an address that is to be called: it may have a query.
pub(super) fn pinned_with_query(url: &str, hosts: &[impl AsRef<str>]) -> Result<(), &'static str> {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let plain = query.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\#".contains(&byte));
    if plain { pinned(address, hosts, "") } else { Err("its query is none") }
}

/// Whether a host is the one of a pattern, in which `*` stands for one label of at least three letters.
pub(super) fn host_matches(host: &str, pattern: &str) -> bool {
    let (mut labels, mut patterns) = (host.split('.'), pattern.split('.'));
    loop {
        match (labels.next(), patterns.next()) {
            (None, None) => return true,
            (Some(label), Some("*")) if label.len() >= 3 => {}
            (Some(label), Some(pattern)) if label.eq_ignore_ascii_case(pattern) => {}
            _ => return false,
        }
    }
}

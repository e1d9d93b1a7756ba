//! A request as it was received: what a signature is judged by.

use super::Refusal;
use std::net::IpAddr;

/// The headers of a request, in order, as bytes: several may have one name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    /// Adds one.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) {
        self.0.push((name.into(), value.into()));
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// All values of a name, whose case doesn't matter.
    pub fn get_all<'h, 'n>(&'h self, name: &'n str) -> impl Iterator<Item = &'h [u8]> + use<'h, 'n> {
        self.iter().filter_map(move |(there, value)| there.eq_ignore_ascii_case(name).then_some(value))
    }

    /// The one value of a name, without the white space around it.
    pub(super) fn one<'h>(&'h self, name: &str) -> Result<Option<&'h str>, Refusal> {
        let mut values = self.get_all(name);
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Refusal::DuplicateHeader { name: name.to_owned() });
        }
        text(name, value).map(Some)
    }

    /// The value of a name if it is there once and is text.
    pub(super) fn plain<'h>(&'h self, name: &str) -> Option<&'h str> {
        self.one(name).ok().flatten()
    }
}

/// A header's value as text, without the white space around it (RFC 9110, section 5.5).
pub(super) fn text<'h>(name: &str, value: &'h [u8]) -> Result<&'h str, Refusal> {
    let text = std::str::from_utf8(value);
    text.map(str::trim).map_err(|_| Refusal::malformed(format!("the header {name}"), "it is not text"))
}

impl<N: Into<String>, V: Into<Vec<u8>>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        Self(headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// A request as it was received.
#[derive(Debug, Clone, Copy)]
pub struct Request<'r> {
    /// The method.
    pub method: &'r str,
    /// The whole address as the sender knows it: scheme, public host, path and query. Some schemes sign it.
    pub url: &'r str,
    /// The headers.
    pub headers: &'r Headers,
    /// The body's bytes, not parsed and not re-written.
    pub body: &'r [u8],
    /// Who connected, as the platform tells it; never from a header.
    pub client_ip: Option<IpAddr>,
}

impl Request<'_> {
    /// The first value of a name in the query.
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.url.split_once('?')?.1;
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

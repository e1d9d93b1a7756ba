//! A request's bytes, before anything is made of them.

use super::client_ip::client_ip;
use super::{Incoming, Malformed, body, header_map};
use bytes::Bytes;
use domain::signature::Headers;
use http::header;
use http::request::Parts;
use ipnet::IpNet;
use serde_json::Value;
use std::net::IpAddr;
use std::sync::Arc;

/// A request of which nothing has been parsed.
#[derive(Debug, Clone)]
pub struct Raw {
    pub(super) parts: Parts,
    params: Value,
    /// Who connected.
    peer: Option<IpAddr>,
    /// The body as it was sent.
    pub bytes: Bytes,
}

impl Raw {
    /// A request that has come from this peer, with the parameters of its path.
    pub fn new(parts: Parts, params: Value, bytes: Bytes, peer: Option<IpAddr>) -> Self {
        Self { parts, params, bytes, peer }
    }

    /// What templates see of it.
    ///
    /// # Errors
    /// In words.
    pub async fn parse(self) -> Result<Incoming, Malformed> {
        let content_type = self.parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let body = body::parse(content_type, self.bytes.clone()).await?;
        self.with_body(Arc::new(body))
    }

    /// The same, where the body has been parsed already.
    ///
    /// # Errors
    /// In words.
    pub fn with_body(self, body: Arc<Value>) -> Result<Incoming, Malformed> {
        let Self { parts, params, .. } = self;
        Ok(Incoming {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            params,
            query: body::form(parts.uri.query().unwrap_or_default().as_bytes())?,
            headers: header_map(&parts.headers),
            body,
            hidden: Vec::new(),
            kept: Value::Null,
        })
    }

    /// Upper case.
    pub fn method(&self) -> &str {
        self.parts.method.as_str()
    }

    /// The headers as they were sent.
    pub fn headers(&self) -> Headers {
        self.parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
    }

    /// Its address at the place that the sender knows as `base`: scheme and host.
    pub fn url(&self, base: &str) -> String {
        let path = self.parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        format!("{}{path}", base.trim_end_matches('/'))
    }

    /// The query, as it was sent.
    pub fn query(&self) -> Option<&str> {
        self.parts.uri.query()
    }

    /// Who sent it, as far as that is known.
    pub fn client_ip(&self, trusted_proxies: &[IpNet]) -> Option<IpAddr> {
        self.peer.map(|peer| client_ip(peer, &self.parts.headers, trusted_proxies))
    }
}

//! A request's bytes, before anything is made of them.

use super::{Incoming, body, header_map, path_params, read_body, refuse_encoding, too_long};
use crate::problem::Problem;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header;
use axum::http::request::Parts;
use domain::signature::Headers;
use ipnet::IpNet;
use serde_json::Value;
use std::net::IpAddr;
use std::sync::Arc;

/// A request of which nothing has been parsed.
#[derive(Debug, Clone)]
pub struct Raw {
    pub(super) parts: Parts,
    params: Value,
    /// The body as it was sent.
    pub bytes: Bytes,
}

/// Waits until a request's body has come, of at most `limit` bytes: the same request, and reading it takes no more time.
///
/// # Errors
/// 408, 413, 415 or 503, in words.
pub async fn receive(request: Request, limit: usize) -> Result<Request, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = received(&parts, body, limit).await?;
    Ok(Request::from_parts(parts, bytes.into()))
}

async fn received(parts: &Parts, body: Body, limit: usize) -> Result<Bytes, Problem> {
    refuse_encoding(&parts.headers)?;
    let announced = parts.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_long(limit));
    }
    read_body(body, limit).await
}

impl Raw {
    /// Reads at most `limit` bytes of body.
    ///
    /// # Errors
    /// 408, 413, 415 or 503, in words.
    pub async fn read(request: Request, limit: usize) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let bytes = received(&parts, body, limit).await?;
        let params = path_params(&mut parts).await;
        Ok(Self { parts, params, bytes })
    }

    /// What templates see of it.
    ///
    /// # Errors
    /// 415 or 400, in words.
    pub async fn parse(self) -> Result<Incoming, Problem> {
        let content_type = self.parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let body = body::parse(content_type, self.bytes.clone()).await?;
        self.with_body(Arc::new(body))
    }

    /// The same, where the body has been parsed already.
    ///
    /// # Errors
    /// 400, in words.
    pub fn with_body(self, body: Arc<Value>) -> Result<Incoming, Problem> {
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

    /// Who sent it.
    pub fn client_ip(&self, trusted_proxies: &[IpNet]) -> Option<IpAddr> {
        super::client_ip(&self.parts, trusted_proxies)
    }
}

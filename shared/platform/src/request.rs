//! An inbound request, read once and turned into what templates see.
//!
//! The size is checked before anything is read, the raw bytes before anything is parsed. Nothing here writes.

mod body;
mod client_ip;
mod conceal;
mod kept;
mod raw;
mod stored;

use crate::problem::{Code, Problem};
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::http::{HeaderMap, header, request::Parts};
use domain::expr::Scope;
use domain::redact::hide;
use domain::run::Plan;
use futures_util::StreamExt;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::error::Error;
use std::io;
use std::sync::Arc;

pub use client_ip::client_ip;
pub use kept::{Kept, MAX_KEPT};
pub use raw::{Raw, receive};
pub use stored::{Came, params_of, source_path};

/// What templates see of a request.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Upper case.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Path parameters by name.
    pub params: Value,
    /// Text by name; a list of texts where a name is repeated.
    pub query: Value,
    /// Text by name in lower case; repeated ones joined by a comma (RFC 9110 section 5.3).
    pub headers: Value,
    /// As its content type says; null where empty.
    pub body: Arc<Value>,
    /// Names of headers and query parameters that are secret besides those that [`domain::redact`] knows.
    pub hidden: Vec<String>,
    /// As it was received, see [`Raw::kept`]; null where that is not to be kept.
    pub kept: Value,
}

impl Incoming {
    /// Reads a request of at most `limit` bytes.
    ///
    /// # Errors
    /// 413, 415 or 400, in words.
    pub async fn read(request: Request, limit: usize) -> Result<Self, Problem> {
        Raw::read(request, limit).await?.parse().await
    }

    /// What a route's templates see. `path` holds the path's parameters, `context.timestamp` when it was received.
    pub fn scope<'a>(&'a self, plan: Plan<'a>, now: Timestamp) -> Scope<'a> {
        let place = plan.surroundings;
        Scope::new()
            .with("body", &self.body)
            .with("query", &self.query)
            .with("header", &self.headers)
            .with("path", &self.params)
            .with_owned("method", Value::String(self.method.clone()))
            .with_owned("context", json!({"timestamp": now.to_string()}))
            .with("env", &place.env)
            .with("gateway", &place.gateway)
            .with("listener", &place.listener)
    }

    /// What is stored with a run, for replay: without secrets, and without the body where the run's input is the body.
    pub fn stored(&self, body_is_input: bool) -> Value {
        let (mut headers, query) = (self.headers.clone(), self.shown_query());
        hide(&mut headers, &self.hidden);
        let mut stored = json!({"method": self.method, "path": self.path, "params": self.params,
            "query": query, "headers": headers});
        if let (Value::Object(stored), false) = (&mut stored, body_is_input) {
            stored.insert("body".to_owned(), Value::clone(&self.body));
        }
        stored
    }

    /// The query as it is stored: secrets are hidden.
    pub fn shown_query(&self) -> Value {
        let mut query = self.query.clone();
        hide(&mut query, &self.hidden);
        query
    }
}

/// Ends a body for which there is no memory: [`read_body`] answers with 503.
#[derive(Debug, thiserror::Error)]
#[error("other bodies take all the memory that they may")]
pub struct NoRoom;

/// Reads at most `limit` bytes of a body.
///
/// # Errors
/// 413 if it is longer; 408 if it didn't come in time, where that is bounded; 503 if it ended with [`NoRoom`]; 400 if it
/// broke off.
pub async fn read_body(body: Body, limit: usize) -> Result<Bytes, Problem> {
    // One piece of memory of the announced length, of which only what has come takes room; pieces would be copied.
    let announced = body.size_hint().exact().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let mut read = Vec::with_capacity(announced.min(limit));
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| unread(&error))?;
        if piece.len() > limit - read.len() {
            return Err(too_long(limit));
        }
        read.extend_from_slice(&piece);
    }
    Ok(read.into())
}

/// The problem behind an error of a body.
fn unread(error: &axum::Error) -> Problem {
    let mut causes = std::iter::successors(Some(error as &(dyn Error + 'static)), |error| (*error).source());
    let is_late = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
    if causes.clone().any(|error| error.downcast_ref().is_some_and(is_late)) {
        Problem::new(Code::RequestTimeout, "the body did not come in time; nothing has happened")
    } else if causes.any(is_no_room) {
        Problem::overloaded()
    } else {
        Problem::new(Code::MalformedBody, "the body broke off")
    }
}

/// An I/O error doesn't tell of what it is made of as its source.
fn is_no_room(error: &(dyn Error + 'static)) -> bool {
    let within = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error.is::<NoRoom>() || within.is_some_and(|within| within.is::<NoRoom>())
}

fn too_long(limit: usize) -> Problem {
    Problem::new(Code::BodyTooLarge, format!("the body is longer than {limit} bytes; send less at once"))
}

/// A compressed body could unpack to any size, and no signature covers what comes out.
fn refuse_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes());
    match encoding {
        None | Some(b"" | b"identity") => Ok(()),
        Some(_) => Err(Problem::new(Code::UnsupportedEncoding, "send the body without Content-Encoding")),
    }
}

async fn path_params(parts: &mut Parts) -> Value {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(params) => params.iter().map(|(name, value)| (name.to_owned(), Value::String(value.to_owned()))).collect(),
        Err(_) => Value::Object(Map::new()),
    }
}

fn header_map(headers: &HeaderMap) -> Value {
    let mut map: Map<String, Value> = Map::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let joined = values.collect::<Vec<_>>().join(", ");
        map.insert(name.as_str().to_owned(), Value::String(joined));
    }
    Value::Object(map)
}

/// Reads a body that must be a JSON object, whatever its content type says; an empty one is an empty object.
///
/// # Errors
/// 400 where it is not.
pub fn json_object(bytes: &Bytes) -> Result<Map<String, Value>, Problem> {
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match body::json(bytes)? {
        Value::Object(map) => Ok(map),
        _ => Err(Problem::new(Code::MalformedBody, "the body must be a JSON object")),
    }
}

/// Any JSON, as [`json_object`] reads an object.
///
/// # Errors
/// 400, in words.
pub fn json_value(bytes: &Bytes) -> Result<Value, Problem> {
    body::json(bytes)
}

#[cfg(test)]
mod tests;

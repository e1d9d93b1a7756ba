//! An inbound request as what templates see.

mod body;
mod client_ip;
mod conceal;
mod kept;
mod raw;
mod stored;

use bytes::Bytes;
use domain::expr::Scope;
use domain::redact::hide;
use domain::run::Plan;
use http::HeaderMap;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub use kept::{Kept, MAX_KEPT};
pub use raw::Raw;
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

/// Why nothing can be made of a request's body or query, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

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
/// Where it is not.
pub fn json_object(bytes: &Bytes) -> Result<Map<String, Value>, Malformed> {
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match body::json(bytes)? {
        Value::Object(map) => Ok(map),
        _ => Err(Malformed("the body must be a JSON object".to_owned())),
    }
}

/// Any JSON, as [`json_object`] reads an object.
///
/// # Errors
/// In words.
pub fn json_value(bytes: &Bytes) -> Result<Value, Malformed> {
    body::json(bytes)
}

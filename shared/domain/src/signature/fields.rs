//! Fields of a body, parsed once and only when somebody asks: JSON, or a form.

use super::Request;
use crate::json;
use crate::number::canonical;
use serde_json::{Map, Value};
use std::cell::OnceCell;
use std::sync::Arc;

/// The parsed body of a request.
#[derive(Debug)]
pub struct Fields {
    parsed: Option<Arc<Value>>,
}

/// The fields of a request that may never be asked for.
pub(super) struct Lazily<'r> {
    request: &'r Request<'r>,
    fields: OnceCell<Fields>,
}

impl<'r> Lazily<'r> {
    pub(super) fn new(request: &'r Request<'r>) -> Self {
        Self { request, fields: OnceCell::new() }
    }

    pub(super) fn get(&self) -> &Fields {
        self.fields.get_or_init(|| Fields::of(self.request))
    }
}

impl Fields {
    /// Parses a body. JSON is JSON whatever its content type (SNS says text/plain); else a form is an object of texts, in
    /// which a `payload` of JSON stands for all of it, as GitHub and Slack send it.
    pub fn of(request: &Request<'_>) -> Self {
        let form = || {
            let kind = request.headers.plain("content-type")?.to_ascii_lowercase();
            kind.starts_with("application/x-www-form-urlencoded").then(|| form(request.body)).flatten()
        };
        let parsed = std::str::from_utf8(request.body).ok().and_then(|text| json::read(text).ok()).or_else(form);
        Self { parsed: parsed.map(Arc::new) }
    }

    /// The whole.
    pub fn value(&self) -> Option<&Value> {
        self.parsed.as_deref()
    }

    /// The whole, to be held on.
    pub fn shared(&self) -> Option<Arc<Value>> {
        self.parsed.clone()
    }

    /// The value at a path of names and indices, such as `events.0.type`. Null counts as missing.
    pub fn at(&self, path: &str) -> Option<&Value> {
        let mut value = self.value()?;
        for key in path.split('.') {
            value = match value {
                Value::Object(object) => object.get(key)?,
                Value::Array(list) => list.get(key.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(value).filter(|value| !value.is_null())
    }

    /// The text at a path that tells requests apart: as [`Fields::text`], but a number is its value, so that `1` and `1.0` are
    /// one id.
    pub fn id(&self, path: &str) -> Option<String> {
        match self.at(path)? {
            Value::Number(number) => Some(canonical(number)),
            _ => self.text(path),
        }
    }

    /// Whether each list on the way to a path has one element.
    pub fn is_single(&self, path: &str) -> bool {
        let mut value = self.value();
        for key in path.split('.') {
            value = match value {
                Some(Value::Array(list)) if list.len() > 1 => return false,
                Some(Value::Array(list)) => key.parse::<usize>().ok().and_then(|index| list.get(index)),
                Some(Value::Object(object)) => object.get(key),
                _ => None,
            };
        }
        true
    }

    /// The text at a path: a string as it is, a number as it was written, a boolean as JSON writes it. Nothing else is text.
    pub fn text(&self, path: &str) -> Option<String> {
        match self.at(path)? {
            Value::String(text) => Some(text.clone()),
            value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
            _ => None,
        }
    }
}

/// `None` if a name is one that JSON from outside can't have either.
fn form(body: &[u8]) -> Option<Value> {
    let pairs = form_urlencoded::parse(body).into_owned().map(|(key, value)| (key, Value::String(value)));
    let object: Map<String, Value> = pairs.collect();
    if object.keys().any(|name| json::is_reserved(name)) {
        return None;
    }
    let inner = object.get("payload").and_then(Value::as_str).and_then(|text| json::read(text).ok());
    Some(inner.filter(Value::is_object).unwrap_or(Value::Object(object)))
}

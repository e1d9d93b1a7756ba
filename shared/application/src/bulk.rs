//! Requests that bring many items, for triggers and callbacks alike.

use domain::expr::{Scope, Template};
use serde_json::Value;

/// Why a request gives no item, or not its input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It brings more items than one request may.
    #[error("{0} items are more than one request may bring: at most {MAX_ITEMS}")]
    TooMany(usize),
    /// A template of the file has no value for it, or one of another kind.
    #[error("{0}")]
    Value(String),
}

/// Items of one request, at most.
pub const MAX_ITEMS: usize = 1000;
/// Writes of one request that are under way at once.
pub const AT_ONCE: usize = 16;

/// The list that a route's `item` gives.
///
/// # Errors
/// If it gives no list, or one that is too long.
pub fn items(list: &Template, scope: &Scope<'_>) -> Result<Vec<Value>, Unusable> {
    match render(list, scope, "item")? {
        Value::Array(items) if items.len() <= MAX_ITEMS => Ok(items),
        Value::Array(items) => Err(Unusable::TooMany(items.len())),
        other => Err(Unusable::Value(format!("`item` must give a list, and gave {}", kind_of(&other)))),
    }
}

/// The value of a route's template. `key` names it in the error.
///
/// # Errors
/// If the template has no value for this request.
pub fn render(template: &Template, scope: &Scope<'_>, key: &str) -> Result<Value, Unusable> {
    template.render(scope).map_err(|error| Unusable::Value(format!("`{key}`: {error}")))
}

/// What a value is, in words; never the value itself, which may be secret.
pub fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

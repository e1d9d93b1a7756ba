//! Many evaluations, one JSON line each: what `emulator eval` reads and writes.

use crate::expr::{Scope, Sources, Template};
use serde::Deserialize;
use serde_json::{Map, Value};

/// One evaluation.
#[derive(Deserialize)]
struct Line {
    /// Any JSON whose strings may hold expressions.
    template: Value,
    /// The sources, by name.
    #[serde(default)]
    scope: Map<String, Value>,
}

/// Renders the template of a line `{"template": …, "scope": {…}}`, in which any source may be named.
///
/// Gives `{"value": …}`, or `{"error": "…"}` where the line, the template or the evaluation is at fault. Never panics.
pub fn evaluate_line(line: &str) -> Value {
    let (key, value) = match evaluate(line) {
        Ok(value) => ("value", value),
        Err(message) => ("error", Value::String(message)),
    };
    Value::Object(Map::from_iter([(key.to_owned(), value)]))
}

fn evaluate(line: &str) -> Result<Value, String> {
    let Line { template, scope } = serde_json::from_str(line).map_err(|error| format!("bad line: {error}"))?;
    let template = Template::from_json(&template, Sources::Any).map_err(|error| {
        let place = if error.pointer.is_empty() { String::new() } else { format!(" of {}", error.pointer) };
        let suggestion = error.suggestion.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        format!("{} (at byte {}{place}){suggestion}", error.message, error.offset)
    })?;
    let scope = scope.iter().fold(Scope::new(), |scope, (name, value)| scope.with(name, value));
    template.render(&scope).map_err(|error| error.message)
}

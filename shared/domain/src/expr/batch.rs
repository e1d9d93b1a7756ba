//! Many evaluations, one JSON line each: what `emulator eval` reads and writes.

use crate::expr::{Condition, Scope, Sources, SyntaxError, Template};
use serde::Deserialize;
use serde_json::{Map, Value};

/// One evaluation.
#[derive(Deserialize)]
struct Line {
    /// Any JSON whose strings may hold expressions; null counts.
    #[serde(default, deserialize_with = "given")]
    template: Option<Value>,
    /// Instead: a condition, as rules, branches and filters have it.
    condition: Option<String>,
    /// The sources, by name.
    #[serde(default)]
    scope: Map<String, Value>,
}

/// Renders the template of a line `{"template": …, "scope": {…}}`, or judges the condition of a line
/// `{"condition": "…", "scope": {…}}`; any source may be named.
///
/// Gives `{"value": …}` (true or false for a condition), or `{"error": "…"}` where the line, the template or the
/// evaluation is at fault. Never panics.
pub fn evaluate_line(line: &str) -> Value {
    let (key, value) = match evaluate(line) {
        Ok(value) => ("value", value),
        Err(message) => ("error", Value::String(message)),
    };
    Value::Object(Map::from_iter([(key.to_owned(), value)]))
}

fn evaluate(line: &str) -> Result<Value, String> {
    let Line { template, condition, scope } =
        crate::json::read_as(line).map_err(|error| format!("bad line: {error}"))?;
    let scope = scope.iter().fold(Scope::new(), |scope, (name, value)| scope.with(name, value));
    match (template, condition) {
        (Some(template), None) => {
            let template = Template::from_json(&template, Sources::Any).map_err(|error| told(&error))?;
            template.render(&scope).map_err(|error| error.message)
        }
        (None, Some(condition)) => {
            let condition = Condition::parse(&condition, Sources::Any).map_err(|error| told(&error))?;
            condition.holds(&scope).map(Value::Bool).map_err(|error| error.message)
        }
        (Some(_), Some(_)) => Err("bad line: `template` and `condition` exclude each other".to_owned()),
        (None, None) => Err("bad line: missing field `template` (or `condition`)".to_owned()),
    }
}

fn told(error: &SyntaxError) -> String {
    let place = if error.pointer.is_empty() { String::new() } else { format!(" of {}", error.pointer) };
    let suggestion = error.suggestion.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    format!("{} (at byte {}{place}){suggestion}", error.message, error.offset)
}

/// Tells a field that is null from one that isn't there.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

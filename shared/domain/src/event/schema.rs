//! JSON Schemas of events' data: draft 2020-12 (<https://json-schema.org/draft/2020-12>) unless they say otherwise.
//!
//! **Guarantees.** A [`Schema`] is compiled, so it can't be wrong. It stands for itself: a `$ref` to anywhere else is an
//! error, and nothing is ever fetched. Patterns are matched in linear time. What a [`Violation`] says holds nothing of
//! the data but names of its fields.

use jsonschema::{PatternOptions, ValidationError, Validator};
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// How much of a message is told: a schema may list a thousand words.
const MAX_WORDS: usize = 200;

/// A compiled JSON Schema.
#[derive(Clone)]
pub struct Schema {
    value: Value,
    validator: Arc<Validator>,
}

/// Why a value is no JSON Schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SchemaError {
    /// JSON pointer (RFC 6901) into the schema; empty for the whole.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

/// What a schema has against some data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// JSON pointer (RFC 6901) into the data; empty for the whole.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// If it is none, or refers to another.
    pub fn compile(value: Value) -> Result<Self, SchemaError> {
        let options = jsonschema::options().offline().with_pattern_options(PatternOptions::regex());
        let validator = options.build(&value).map_err(|error| SchemaError {
            pointer: error.instance_path().as_str().to_owned(),
            message: words(&error.to_string()),
        })?;
        Ok(Self { value, validator: Arc::new(validator) })
    }

    /// As it was written.
    pub fn as_value(&self) -> &Value {
        &self.value
    }

    /// What it has against that data, the first so many of it; nothing if the data satisfies it.
    pub fn violations(&self, data: &Value, at_most: usize) -> Vec<Violation> {
        let violation = |error: ValidationError<'_>| Violation {
            pointer: error.instance_path().as_str().to_owned(),
            message: words(&error.masked_with("the value").to_string()),
        };
        self.validator.iter_errors(data).take(at_most).map(violation).collect()
    }
}

fn words(message: &str) -> String {
    match message.char_indices().nth(MAX_WORDS) {
        None => message.to_owned(),
        Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Schema {}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schema").field(&self.value).finish()
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() { f.write_str("the data") } else { write!(f, "`{}`", self.pointer) }?;
        write!(f, ": {}", self.message)
    }
}

#[cfg(test)]
mod tests;

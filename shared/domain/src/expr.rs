//! Templates: JSON in which text may hold `${…}` expressions. Parsed when a file is loaded, never at a request.

use serde_json::Value;
use std::borrow::Cow;

/// A parsed template: any JSON whose strings may hold expressions.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Value);

/// Which source names (`body`, `input`, …) a template may use.
#[derive(Debug, Clone, Copy)]
pub enum Sources {
    /// Whatever the scope brings.
    Any,
    /// Only these.
    Known(&'static [&'static str]),
}

/// Why a template could not be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong, in words.
    pub message: String,
    /// Where in the text of the string that holds it: byte offset and length.
    pub offset: usize,
    /// Length in bytes of the offending text.
    pub length: usize,
    /// The nearest right name, where there is one.
    pub suggestion: Option<String>,
}

/// Why a parsed template has no value in a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// What is wrong, in words, with the expression's text.
    pub message: String,
}

/// A source and the literal path below it that a template reads, e.g. `jobs` and `["generate","output"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The source: `body`, `jobs`, `gateway`, …
    pub source: String,
    /// What stands behind a colon: `8090` in `gateway:8090.public_url`.
    pub qualifier: Option<String>,
    /// The named steps up to the first that isn't a plain name (an index, a slice, `[*]`).
    pub path: Vec<String>,
}

/// What the sources are in one evaluation.
#[derive(Debug, Clone, Default)]
pub struct Scope<'a>(Vec<(&'a str, Cow<'a, Value>)>);

impl<'a> Scope<'a> {
    /// An empty scope.
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds or replaces a borrowed source.
    #[must_use]
    pub fn with(mut self, source: &'a str, value: &'a Value) -> Self {
        self.set(source, Cow::Borrowed(value));
        self
    }
    /// Adds or replaces an owned source.
    #[must_use]
    pub fn with_owned(mut self, source: &'a str, value: Value) -> Self {
        self.set(source, Cow::Owned(value));
        self
    }
    fn set(&mut self, source: &'a str, value: Cow<'a, Value>) {
        self.0.retain(|(name, _)| *name != source);
        self.0.push((source, value));
    }
    /// The value of a source.
    pub fn get(&self, source: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| *name == source).map(|(_, value)| value.as_ref())
    }
}

impl Template {
    /// Parses one string.
    ///
    /// # Errors
    /// The first syntax error, with its place in `text`.
    pub fn parse(text: &str, _sources: Sources) -> Result<Self, SyntaxError> {
        Ok(Self(Value::String(text.to_owned())))
    }
    /// Parses any JSON; object keys are literal.
    ///
    /// # Errors
    /// The first syntax error in any string of it.
    pub fn from_json(value: &Value, _sources: Sources) -> Result<Self, SyntaxError> {
        Ok(Self(value.clone()))
    }
    /// A template that is always this value.
    pub fn constant(value: Value) -> Self {
        Self(value)
    }
    /// A list of templates.
    pub fn list(_items: Vec<Template>) -> Self {
        Self(Value::Null)
    }
    /// An object of templates, in order.
    pub fn object(_entries: Vec<(String, Template)>) -> Self {
        Self(Value::Null)
    }
    /// Its value in a scope.
    ///
    /// # Errors
    /// When an operator or a conversion does not fit its operands.
    pub fn render(&self, _scope: &Scope<'_>) -> Result<Value, EvalError> {
        Ok(self.0.clone())
    }
    /// The value, if no expression is in it.
    pub fn as_constant(&self) -> Option<Value> {
        Some(self.0.clone())
    }
    /// Every source and path it reads, in order of appearance.
    pub fn references(&self) -> Vec<Reference> {
        Vec::new()
    }
}

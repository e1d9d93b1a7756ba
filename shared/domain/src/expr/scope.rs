//! The sources of one evaluation, and which of them a template may name.

use serde_json::Value;
use std::borrow::Cow;

/// Which source names (`body`, `input`, …) a template may use.
#[derive(Debug, Clone, Copy)]
pub enum Sources {
    /// Whatever the scope brings.
    Any,
    /// Only these.
    Known(&'static [&'static str]),
}

/// What the sources are in one evaluation.
///
/// A dozen at most, so a list searched from its end beats a map; what was added last wins.
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
        self.0.push((source, Cow::Borrowed(value)));
        self
    }

    /// Adds or replaces an owned source.
    #[must_use]
    pub fn with_owned(mut self, source: &'a str, value: Value) -> Self {
        self.0.push((source, Cow::Owned(value)));
        self
    }

    /// The value of a source.
    pub fn get(&self, source: &str) -> Option<&Value> {
        self.0.iter().rev().find(|(name, _)| *name == source).map(|(_, value)| value.as_ref())
    }
}

//! The sources of one evaluation, and which of them a template may name.

use crate::expr::meter::Meter;
use crate::expr::parsed::Parsed;
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
pub struct Scope<'a> {
    sources: Vec<(&'a str, Cow<'a, Value>)>,
    meter: Option<&'a Meter>,
    parsed: Option<&'a Parsed>,
}

impl<'a> Scope<'a> {
    /// An empty scope.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a borrowed source.
    #[must_use]
    pub fn with(mut self, source: &'a str, value: &'a Value) -> Self {
        self.sources.push((source, Cow::Borrowed(value)));
        self
    }

    /// Adds or replaces an owned source.
    #[must_use]
    pub fn with_owned(mut self, source: &'a str, value: Value) -> Self {
        self.sources.push((source, Cow::Owned(value)));
        self
    }

    /// Counts the steps of what is evaluated in it, and ends an evaluation that exceeds the meter's budget.
    #[must_use]
    pub fn metered(mut self, meter: &'a Meter) -> Self {
        self.meter = Some(meter);
        self
    }

    /// Remembers texts that are parsed as JSON. All scopes with one memory must have equal sources.
    #[must_use]
    pub fn remembering(mut self, parsed: &'a Parsed) -> Self {
        self.parsed = Some(parsed);
        self
    }

    pub(super) fn meter(&self) -> Option<&'a Meter> {
        self.meter
    }

    pub(super) fn parsed(&self) -> Option<&'a Parsed> {
        self.parsed
    }

    /// The value of a source.
    pub fn get(&self, source: &str) -> Option<&Value> {
        self.sources.iter().rev().find(|(name, _)| *name == source).map(|(_, value)| value.as_ref())
    }
}

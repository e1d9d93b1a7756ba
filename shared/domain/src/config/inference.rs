//! What the loader understood although the file doesn't say it.

use super::diagnostic::Span;
use super::{RouteId, duration};
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// A wait of a component that is not written out, or not in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inference {
    /// The component.
    pub component: String,
    /// The callback route it waits for.
    pub route: RouteId,
    /// The text of the key's template, where that was inferred.
    pub wait_for: Option<String>,
    /// Nothing of the wait is written: the request's carrying the route's address is what tells.
    pub whole: bool,
    /// How long it waits.
    #[serde(serialize_with = "as_text")]
    pub timeout: Duration,
    /// Where the component is.
    pub span: Span,
}

impl fmt::Display for Inference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { component, route, wait_for, whole, timeout, span: _ } = self;
        write!(f, "{component} waits for {route}, at most {}", duration::print(*timeout))?;
        if let Some(key) = wait_for {
            write!(f, ", key {key}")?;
        }
        if *whole { f.write_str(" (its request carries the route's address)") } else { Ok(()) }
    }
}

fn as_text<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&duration::print(*duration))
}

//! Sources whose fields are few and known: a misspelt one has no value in any run, so it is an error when the file is loaded.

use super::template::Place;
use crate::expr::Reference;
use crate::spelling::nearest;
use std::fmt;

/// Fields of `jobs.X`.
const JOB: &[&str] = &["status", "output", "error"];
/// Fields of `error`, and of the `error` of a job.
const ERROR: &[&str] = &["code", "message", "detail"];
/// Fields of `context` in a run.
pub(super) const RUN_CONTEXT: &[&str] =
    &["run_id", "workflow", "job", "attempt", "timestamp", "callback_url", "callback_token"];
/// Fields of `context` where a request is read.
const REQUEST_CONTEXT: &[&str] = &["timestamp"];
/// Fields of `gateway:PORT`.
const GATEWAY: &[&str] = &["public_url", "public_address", "port", "driver"];
/// Fields of `listener`.
const LISTENER: &[&str] = &["id", "url"];

/// A field that its source doesn't have. Its `Display` is the message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    /// The source with the names up to the field: `jobs.x.ouput`.
    pub(super) written: String,
    /// The same without the field.
    owner: String,
    field: String,
    known: &'static [&'static str],
}

impl Unknown {
    /// The nearest right spelling of the whole, where there is one.
    pub(super) fn meant(&self) -> Option<String> {
        nearest(&self.field, self.known.iter().copied()).map(|field| format!("{}.{field}", self.owner))
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` has no field `{}`; it has: {}", self.owner, self.field, self.known.join(", "))
    }
}

/// The first field of a reference that its source doesn't have.
pub(super) fn unknown(reference: &Reference, place: &Place) -> Option<Unknown> {
    let path = &reference.path;
    let at = |index: usize, known: &'static [&'static str]| {
        let field = path.get(index).filter(|field| !known.contains(&field.as_str()))?;
        let qualifier = reference.qualifier.iter().map(|qualifier| format!(":{qualifier}")).collect::<String>();
        let names: String = path.iter().take(index).map(|name| format!(".{name}")).collect();
        let owner = format!("{}{qualifier}{names}", reference.source);
        Some(Unknown { written: format!("{owner}.{field}"), owner, field: field.clone(), known })
    };
    match (reference.source.as_str(), reference.qualifier.is_some()) {
        ("jobs", _) if path.get(1).is_some_and(|field| field == "error") => at(2, ERROR),
        ("jobs", _) => at(1, JOB),
        ("error", _) => at(0, ERROR),
        ("context", _) if place.sources.contains(&"body") => at(0, REQUEST_CONTEXT),
        ("context", _) => at(0, RUN_CONTEXT),
        ("gateway", true) => at(0, GATEWAY),
        ("gateway", false) => at(1, GATEWAY),
        ("listener", _) => at(0, LISTENER),
        _ => None,
    }
}

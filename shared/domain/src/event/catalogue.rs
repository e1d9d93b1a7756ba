//! The catalogue of event types: what can be subscribed to, and what its data must look like.
//!
//! Seven types are there by default; other types are free unless the file makes the catalogue strict. A type may have a
//! JSON Schema, which the data of each published event must satisfy. Schemas are compiled where validation is done.

use super::EventType;
use indexmap::IndexMap;
use serde_json::Value;

/// The types that are known without a file, and what each says.
pub const DEFAULTS: [(&str, &str); 7] = [
    ("environment.created", "An environment was created"),
    ("environment.started", "An environment was started"),
    ("environment.stopped", "An environment was stopped"),
    ("job.completed", "A job has completed"),
    ("job.failed", "A job, or a run of a workflow, has failed"),
    ("alert.triggered", "A monitoring alert was triggered"),
    ("quota.exceeded", "A quota was exceeded"),
];

/// What we publish ourselves, and what each says; `job.failed` is among [`DEFAULTS`].
pub const SYSTEM: [(&str, &str); 3] = [
    ("delivery.exhausted", "A delivery was given up"),
    ("endpoint.disabled", "An endpoint receives nothing any more"),
    ("endpoint.recovered", "An endpoint that kept failing answers again"),
];

/// What there is to say about one event type.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TypeEntry {
    /// For people.
    pub description: Option<String>,
    /// JSON Schema (draft 2020-12 unless it says otherwise) that the event's data must satisfy.
    pub schema: Option<Value>,
}

/// The types that there are.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    /// Only what is in it can be published.
    pub strict: bool,
    /// By type.
    pub types: IndexMap<EventType, TypeEntry>,
}

impl Default for Catalogue {
    fn default() -> Self {
        let known = DEFAULTS.iter().chain(&SYSTEM).filter_map(|(name, description)| {
            let entry = TypeEntry { description: Some((*description).to_owned()), schema: None };
            Some((EventType::parse(name).ok()?, entry))
        });
        Self { strict: false, types: known.collect() }
    }
}

impl Catalogue {
    /// Whether an event of that type may be published.
    pub fn allows(&self, event_type: &EventType) -> bool {
        !self.strict || self.types.contains_key(event_type)
    }
}

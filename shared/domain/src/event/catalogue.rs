//! The catalogue of event types: what can be subscribed to, and what its data must look like.
//!
//! Seven types are there by default; other types are free unless the file makes the catalogue strict. A type may have a
//! JSON Schema, which the data of each published event must satisfy; [`Catalogue::check`] judges an event before it is
//! stored.

use super::schema::{Schema, Violation};
use super::{Event, EventType, Pattern};
use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::fmt;

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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TypeEntry {
    /// For people.
    pub description: Option<String>,
    /// JSON Schema (draft 2020-12 unless it says otherwise) that the event's data must satisfy.
    pub schema: Option<Schema>,
    /// The file describes it, or names it.
    pub in_file: bool,
}

/// How many violations of a schema are told.
const MAX_VIOLATIONS: usize = 5;

/// Why the catalogue takes no such event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Only what is in the catalogue can be published, and this type isn't.
    UnknownType {
        /// The type.
        event_type: EventType,
        /// One that may have been meant.
        nearest: Option<String>,
    },
    /// Nothing that can be published is of these types.
    MatchesNothing {
        /// What somebody wants to subscribe to.
        pattern: Pattern,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// The data isn't what the type's schema says.
    Violates {
        /// The type.
        event_type: EventType,
        /// The first few things that are wrong with the data; at least one.
        violations: Vec<Violation>,
    },
}

/// The types that there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    /// Only what is in it can be published.
    pub strict: bool,
    /// By type.
    pub types: IndexMap<EventType, TypeEntry>,
}

impl Default for Catalogue {
    fn default() -> Self {
        let known = DEFAULTS.iter().chain(&SYSTEM).filter_map(|(name, description)| {
            let entry = TypeEntry { description: Some((*description).to_owned()), ..TypeEntry::default() };
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

    /// The known type that is nearest to a name, if one is near enough to be what was meant.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        crate::spelling::nearest(name, self.types.keys().map(EventType::as_str))
    }

    /// Whether anything that may be published is of the types that somebody wants to subscribe to.
    ///
    /// # Errors
    /// If the catalogue is strict, and one of the patterns matches nothing of it.
    pub fn check_patterns<'p>(&self, patterns: impl IntoIterator<Item = &'p Pattern>) -> Result<(), Refusal> {
        let idle = |pattern: &&Pattern| !self.types.keys().any(|known| pattern.matches(known));
        match patterns.into_iter().filter(|_| self.strict).find(idle) {
            None => Ok(()),
            Some(pattern) => Err(Refusal::MatchesNothing { pattern: pattern.clone(), nearest: self.meant(pattern) }),
        }
    }

    /// The type, or the beginning of types, that is nearest to a pattern.
    fn meant(&self, pattern: &Pattern) -> Option<String> {
        let Pattern::Below(above) = pattern else { return self.nearest(&pattern.to_string()).map(str::to_owned) };
        let types = self.types.keys().map(EventType::as_str);
        let beginnings: BTreeSet<&str> =
            types.flat_map(|name| name.match_indices('.').filter_map(|(at, _)| name.get(..at))).collect();
        let nearest = crate::spelling::nearest(above.trim_end_matches('.'), beginnings);
        // `order.paid.*`, where only `order.paid` is known.
        let exact = || self.types.keys().map(EventType::as_str).find(|name| above.strip_suffix('.') == Some(name));
        nearest.map(|beginning| format!("{beginning}.*")).or_else(|| exact().map(str::to_owned))
    }

    /// Whether that event may be stored.
    ///
    /// # Errors
    /// If its type is unknown to a strict catalogue, or its data isn't what the type's schema says.
    pub fn check(&self, event: &Event) -> Result<(), Refusal> {
        let event_type = &event.event_type;
        if !self.allows(event_type) {
            let nearest = self.nearest(event_type.as_str()).map(str::to_owned);
            return Err(Refusal::UnknownType { event_type: event_type.clone(), nearest });
        }
        let schema = self.types.get(event_type).and_then(|entry| entry.schema.as_ref());
        let violations = schema.map(|schema| schema.violations(&event.data, MAX_VIOLATIONS)).unwrap_or_default();
        if violations.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Violates { event_type: event_type.clone(), violations })
        }
    }
}

impl Refusal {
    /// Its stable name: `unknown_event_type` or `schema_violation`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownType { .. } | Self::MatchesNothing { .. } => "unknown_event_type",
            Self::Violates { .. } => "schema_violation",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType { event_type, nearest } => {
                write!(f, "there is no event type `{event_type}`")?;
                nearest.as_ref().map_or(Ok(()), |nearest| write!(f, "; did you mean `{nearest}`?"))
            }
            Self::MatchesNothing { pattern, nearest } => {
                write!(f, "no event type of the catalogue matches `{pattern}`, and only those are published")?;
                nearest.as_ref().map_or(Ok(()), |nearest| write!(f, "; did you mean `{nearest}`?"))
            }
            Self::Violates { event_type, violations } => {
                write!(f, "the data is not what the schema of `{event_type}` asks for: ")?;
                let violations: Vec<_> = violations.iter().map(ToString::to_string).collect();
                f.write_str(&violations.join("; "))
            }
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests;

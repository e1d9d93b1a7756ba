//! What rules may ask of a request by name: event, action, branch, tag, commit, repository and sender.

use super::extract;
use super::fields::Fields;
use super::{Preset, Request};
use serde_json::{Map, Value};

/// The names.
pub const NAMES: [&str; 7] = ["event", "action", "branch", "tag", "commit", "repository", "sender"];

/// All facts of a request, each text or null. Without facts of its own, a provider's event is its event type.
pub fn facts(preset: &Preset, request: &Request<'_>, fields: &Fields) -> Map<String, Value> {
    let fact = |name: &str| {
        let own = extract::first(preset.fact(name), request, fields);
        let event = || (name == "event").then(|| extract::first(preset.event_types(), request, fields)).flatten();
        extract::json(own.or_else(event).map(|(_, value)| value))
    };
    NAMES.iter().map(|name| ((*name).to_owned(), fact(name))).collect()
}

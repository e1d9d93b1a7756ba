//! What rules may ask of a request by name: event, action, branch, tag, commit, repository and sender.

use super::extract;
use super::fields::Fields;
use super::{Preset, Request, Verified};
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

/// What a request says of itself, for one that was proven before and can't be again: what it was signed by is not kept.
pub fn claims(preset: Option<&Preset>, request: &Request<'_>, fields: &Fields) -> Verified {
    let Some(preset) = preset else { return Verified::default() };
    let first = |places| extract::first(places, request, fields).map(|(_, text)| text);
    Verified {
        delivery_id: first(preset.delivery_ids()),
        event_type: first(preset.event_types()),
        ..Verified::default()
    }
}

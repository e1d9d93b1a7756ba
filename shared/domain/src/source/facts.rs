//! Facts: what rules see of a genuine request.

use super::Source;
use super::identity::{CALLER_KEY, header, usual_event, usual_id};
use crate::signature::facts::{NAMES, facts};
use crate::signature::{Fields, Request, Verified};
use serde_json::{Map, Value};

/// Fields of the body that hold the event's type where neither a preset nor a header does.
const EVENT_FIELDS: [&str; 3] = ["event", "event_type", "type"];
impl Source {
    /// What rules see by name: the provider's facts; of one that isn't known, the event's type from the usual places, and
    /// the fields of the body that have the facts' names. `event` stands for the type that the source's template gave.
    pub fn facts(
        &self,
        verified: &Verified,
        event: Option<String>,
        request: &Request<'_>,
        fields: &Fields,
    ) -> Map<String, Value> {
        let mut facts = match self.verification.preset() {
            Some(preset) => facts(preset, request, fields),
            None => {
                let field = |name: &&str| ((*name).to_owned(), fields.text(name).map_or(Value::Null, Value::from));
                let mut facts: Map<String, Value> = NAMES.iter().map(field).collect();
                let field = || EVENT_FIELDS.iter().find_map(|name| fields.text(name));
                facts.insert("event".to_owned(), usual_event(request).or_else(field).map_or(Value::Null, Value::from));
                facts
            }
        };
        if let Some(event) = event {
            facts.insert("event".to_owned(), event.into());
        }
        let id = verified.delivery_id.clone().or_else(|| any_id(request));
        facts.insert("delivery_id".to_owned(), id.map_or(Value::Null, Value::from));
        facts.insert("source".to_owned(), self.name.as_str().into());
        facts
    }
}

/// The delivery's id by a usual name, or what the caller calls the request.
fn any_id(request: &Request<'_>) -> Option<String> {
    header(request, CALLER_KEY).or_else(|| usual_id(request))
}

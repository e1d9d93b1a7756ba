//! What is taken from a genuine request: by what its repetitions are known, and what rules see of it.

use super::Source;
use crate::signature::facts::{NAMES, facts};
use crate::signature::{Fields, Request, Verified};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Headers that hold the event's type where nobody says otherwise.
const EVENT_HEADERS: [&str; 4] = ["x-webhook-event", "x-event-type", "ce-type", "x-event"];
/// Fields of the body that do.
const EVENT_FIELDS: [&str; 3] = ["event", "event_type", "type"];
/// Headers that hold the delivery's id where nobody says otherwise, for requests that are not signed.
pub(crate) const ID_HEADERS: [&str; 4] = ["idempotency-key", "webhook-id", "x-webhook-delivery", "ce-id"];

/// By what the repetitions of a request are known.
///
/// The provider's id of the delivery, if the signature covers it, or if nothing is signed at all (who has the token can
/// send what they like). Else a hash of the body: whoever has caught a signed request can't run it again under another
/// id. Two genuine deliveries whose bodies are the same to the byte are one then; `dedupe_by` says otherwise where a
/// provider sends such.
pub fn delivery_key(verified: &Verified, request: &Request<'_>) -> String {
    let own = || ID_HEADERS.iter().find_map(|name| header(request, name));
    let id = match &verified.delivery_id {
        Some(id) if verified.delivery_id_signed || !verified.signed => Some(id.clone()),
        None if !verified.signed => own(),
        Some(_) | None => None,
    };
    match id {
        Some(id) => format!("id:{id}"),
        None => format!("body:{}", hex::encode(Sha256::digest(request.body))),
    }
}

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
                let usual = || EVENT_HEADERS.iter().find_map(|name| header(request, name));
                let field = || EVENT_FIELDS.iter().find_map(|name| fields.text(name));
                facts.insert("event".to_owned(), usual().or_else(field).map_or(Value::Null, Value::from));
                facts
            }
        };
        if let Some(event) = event {
            facts.insert("event".to_owned(), event.into());
        }
        let id = verified.delivery_id.clone().or_else(|| ID_HEADERS.iter().find_map(|name| header(request, name)));
        facts.insert("delivery_id".to_owned(), id.map_or(Value::Null, Value::from));
        facts.insert("source".to_owned(), self.name.as_str().into());
        facts
    }
}

/// A header that is there once and is text.
fn header(request: &Request<'_>, name: &str) -> Option<String> {
    let mut values = request.headers.get_all(name);
    let value = std::str::from_utf8(values.next()?).ok()?.trim();
    (values.next().is_none() && !value.is_empty()).then(|| value.to_owned())
}

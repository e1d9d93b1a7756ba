//! Whether an event may be stored: its type is one of the catalogue's, where that is strict, and its data is what the
//! type's schema asks for. The schemas were compiled when the file was loaded.
//!
//! A job's event is judged by the run itself ([`domain::run::Run::publication`]), by the same catalogue.

use crate::problem::{Code, Problem};
use domain::config::Config;
use domain::event::Event;
use domain::event::catalogue::{Catalogue, Refusal};

/// Judges events before they are stored.
#[derive(Debug, Clone)]
pub struct EventCheck {
    catalogue: Catalogue,
}

impl EventCheck {
    /// By the catalogue of that file.
    pub fn new(config: &Config) -> Self {
        Self { catalogue: config.delivery.catalogue.clone() }
    }

    /// The event types that there are.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Whether that event may be stored.
    ///
    /// # Errors
    /// `unknown_event_type` or `schema_violation`, in words.
    pub fn check(&self, event: &Event) -> Result<(), Problem> {
        Ok(self.catalogue.check(event)?)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::UnknownType { .. } => Code::UnknownEventType,
            Refusal::Violates { .. } => Code::SchemaViolation,
        };
        Self::new(code, refusal.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::event::{CustomerId, EventId, EventType, Origin};
    use jiff::Timestamp;
    use serde_json::{Value, json};

    fn check(file: &str) -> EventCheck {
        let loaded = domain::config::load(file, "ringback.yml");
        EventCheck::new(&loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics)))
    }

    fn event(event_type: &str, data: Value) -> Event {
        Event {
            id: EventId::keyed(&["a"]),
            customer: CustomerId::default(),
            event_type: EventType::parse(event_type).unwrap(),
            data,
            timestamp: Timestamp::UNIX_EPOCH,
            source: "ringback".to_owned(),
            version: "1.0".to_owned(),
            accepted_at: Timestamp::UNIX_EPOCH,
            origin: Origin::Api,
            given_id: None,
        }
    }

    #[test]
    fn a_file_without_a_catalogue_takes_every_event() {
        assert_eq!(check("controller: {port: 1}").check(&event("any.thing", json!([]))), Ok(()));
    }

    #[test]
    fn what_a_catalogue_has_against_an_event_is_a_problem_in_words() {
        let check = check("delivery: {strict_events: true, events: {order.paid: {schema: {required: [order]}}}}");
        assert!(check.catalogue().strict);
        assert_eq!(check.check(&event("order.paid", json!({"order": 1}))), Ok(()));
        assert_eq!(check.check(&event("job.failed", json!(null))), Ok(()));
        let told = |event| check.check(&event).unwrap_err();
        let unknown = told(event("order.payed", json!({"order": 1})));
        assert_eq!((unknown.code, unknown.code.status().as_u16()), (Code::UnknownEventType, 422));
        assert_eq!(unknown.detail, "there is no event type `order.payed`; did you mean `order.paid`?");
        let violated = told(event("order.paid", json!({"secret": "s3cret"})));
        assert_eq!((violated.code, violated.code.status().as_u16()), (Code::SchemaViolation, 422));
        assert!(violated.detail.ends_with("the data: \"order\" is a required property"), "{violated:?}");
    }

    #[test]
    fn a_refusal_is_called_the_same_everywhere() {
        let refusals = [
            Refusal::UnknownType { event_type: EventType::parse("a").unwrap(), nearest: None },
            Refusal::Violates { event_type: EventType::parse("a").unwrap(), violations: Vec::new() },
        ];
        for refusal in refusals {
            assert_eq!(refusal.code(), Problem::from(refusal.clone()).code.as_str());
        }
    }
}

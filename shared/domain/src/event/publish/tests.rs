//! Every way to publish, against what only Ringback may say.

use super::{OWN_SOURCE, PublishError, Published};
use crate::event::catalogue::SYSTEM;
use crate::event::{EventType, cloudevents};
use serde_json::{Map, Value, json};

/// The same type and source, published in each of the ways that there are.
fn every_way(event_type: &str, source: &str) -> [Result<Published, PublishError>; 5] {
    let fields = |value: Value| value.as_object().cloned().unwrap_or_default();
    let plain = |name: &str| {
        let named: Map<String, Value> =
            [(name.to_owned(), event_type.into()), ("source".to_owned(), source.into())].into_iter().collect();
        Published::read(named)
    };
    let structured =
        json!({"specversion": "1.0", "id": "1", "type": event_type, "source": source, "data": {"type": "inside"}});
    let attributes = json!({"specversion": "1.0", "id": "1", "type": event_type, "source": source});
    [
        plain("event"),
        plain("event_type"),
        plain("type"),
        Published::read(fields(structured)),
        cloudevents::binary(fields(attributes), json!({"n": 1})),
    ]
}

#[test]
fn no_way_to_publish_takes_a_reserved_type() {
    for event_type in ["endpoint.disabled", "endpoint.anything", "delivery.exhausted", "Delivery.x"] {
        for told in every_way(event_type, "/shop") {
            assert_eq!(told, Err(PublishError::ReservedType(EventType::parse(event_type).unwrap())), "{event_type}");
        }
    }
    for event_type in ["job.failed", "job.completed", "payment.succeeded", "endpoint", "delivered.x"] {
        assert!(every_way(event_type, "/shop").iter().all(Result::is_ok), "{event_type}");
    }
}

#[test]
fn no_way_to_publish_takes_our_own_source() {
    for source in [OWN_SOURCE, "Ringback", " RINGBACK\t"] {
        assert!(
            every_way("job.failed", source).iter().all(|told| *told == Err(PublishError::ReservedSource)),
            "{source}"
        );
    }
    for source in ["ringback-shop", "https://example.com/ringback", "/shop"] {
        assert!(every_way("job.failed", source).iter().all(Result::is_ok), "{source}");
    }
}

#[test]
fn everything_that_ringback_says_about_endpoints_and_deliveries_is_reserved() {
    assert!(SYSTEM.iter().all(|(name, _)| EventType::parse(name).unwrap().is_reserved()));
}

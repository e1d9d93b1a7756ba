//! CloudEvents: what makes two of them one, and what of them reaches an endpoint.

use super::*;
use crate::event::{CustomerId, Event, Format, Origin};
use jiff::Timestamp;
use serde_json::json;

fn accepted(published: Published) -> Event {
    published.accept(CustomerId::default(), Some("a key"), Origin::Api, [0; 16], Timestamp::UNIX_EPOCH)
}

fn event(fields: Value) -> Event {
    let Value::Object(fields) = fields else { panic!("no object: {fields}") };
    accepted(Published::read(fields).expect("a CloudEvent"))
}

fn of(source: &str, id: &str) -> Event {
    event(json!({"specversion": "1.0", "id": id, "source": source, "type": "a.b", "data": 1}))
}

#[test]
fn source_and_id_together_are_the_identity_in_both_modes() {
    let first = of("/1", "7");
    for (source, id, same) in [("/1", "7", true), ("/2", "7", false), ("/1", "8", false), ("/", "17", false)] {
        let other = of(source, id);
        assert_eq!(other.id == first.id, same, "{source} {id}");
        assert_eq!(other.repeats(&first), same, "{source} {id}");
        let attributes = json!({"specversion": "1.0", "id": id, "source": source, "type": "a.b"});
        let binary = accepted(binary(attributes.as_object().unwrap().clone(), json!(1)).unwrap());
        assert_eq!(binary.id, other.id, "{source} {id}");
    }
    assert_eq!(first.given_id.as_deref(), Some("7"));
}

#[test]
fn an_event_of_our_own_form_is_known_by_its_id_and_another_source_under_it_is_another_event() {
    let plain = |source: &str| event(json!({"event": "a.b", "id": "7", "source": source, "data": 1}));
    let (first, second) = (plain("/1"), plain("/2"));
    assert_eq!(first.id, second.id);
    assert!(first.repeats(&first) && !second.repeats(&first));
}

#[test]
fn every_attribute_reaches_an_endpoint_that_asked_for_cloudevents() {
    let sent = json!({
        "specversion": "1.0", "id": "7", "source": "/shop", "type": "a.b", "time": "2024-01-01T00:00:00Z",
        "subject": "order/7", "dataschema": "https://shop.test/order.json", "datacontenttype": "application/json",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "a=1",
        "dataversion": "3", "priority": 4, "urgent": true, "data": {"n": 1},
    });
    let mut with_more = sent.clone();
    with_more["customerid"] = json!("acme");
    with_more["nothing"] = json!(null);
    let event = event(with_more);
    let body: Value = serde_json::from_slice(&Format::CloudEvents.body(&event)).unwrap();
    assert_eq!(body, sent);
    // Sent again under another trace, it is the same event.
    let mut again = event.clone();
    again.attributes["traceparent"] = json!("00-11111111111111111111111111111111-2222222222222222-00");
    assert!(again.repeats(&event));
}

#[test]
fn an_attribute_that_no_cloudevent_has_is_refused_by_name() {
    let fields = json!({"specversion": "1.0", "id": "7", "source": "/", "type": "a.b", "trace": {"parent": 1}});
    let error = Published::read(fields.as_object().unwrap().clone()).unwrap_err();
    assert!(error.to_string().contains("`trace` must be text"), "{error}");
}

#[test]
fn an_event_that_was_stored_before_there_were_attributes_is_read() {
    let event = event(json!({"event": "a.b", "id": "7", "data": 1}));
    let mut stored = serde_json::to_value(&event).unwrap();
    assert!(stored.get("attributes").is_none());
    stored["source"] = json!("/shop");
    let read: Event = serde_json::from_value(stored).unwrap();
    let body: Value = serde_json::from_slice(&Format::CloudEvents.body(&read)).unwrap();
    assert_eq!((&body["source"], &body["datacontenttype"]), (&json!("/shop"), &json!("application/json")));
}

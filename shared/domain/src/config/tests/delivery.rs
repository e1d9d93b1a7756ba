//! The section `delivery`.

use super::{check, config};
use crate::config::Code;
use crate::event::EventType;
use crate::event::catalogue::{Catalogue, TypeEntry};
use crate::event::schema::Schema;
use serde_json::json;

#[test]
fn a_range_of_addresses_is_read_or_named_with_its_place() {
    let allowed = |text: &str| {
        let ranges = config(text).delivery.allow_private;
        ranges.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        allowed("delivery: {allow_private: [127.0.0.0/8, '::1', fd00::/8, 0.0.0.0/0]}"),
        ["127.0.0.0/8", "::1/128", "fd00::/8", "0.0.0.0/0"]
    );
    assert_eq!(allowed("delivery: {allow_private: 10.0.0.7}"), ["10.0.0.7/32"]);
    for nothing in [
        "delivery: {}",
        "delivery:",
        "delivery: {allow_private: }",
        "delivery: {allow_private: []}",
        "listener: {path: /a}",
    ] {
        assert_eq!(allowed(nothing), [""; 0], "{nothing}");
    }
    check(&[
        (
            "delivery: {allow_private: [127.0.0.0/8, 10.0.0.1/8, home]}",
            "f:1:41: error[bad_value]: `10.0.0.1/8` has bits beyond its prefix: a range begins with its first address; did you mean `10.0.0.0/8`?
f:1:53: error[bad_value]: `home` is not a range of addresses, as `10.0.0.0/8` or `fd00::/8`",
        ),
        (
            "delivery: {allow_private: 10.0.0.0/33}",
            "f:1:27: error[bad_value]: `10.0.0.0/33` is not a range of addresses, as `10.0.0.0/8` or `fd00::/8`",
        ),
        (
            "delivery: {allow_private: [{a: 1}]}",
            "f:1:28: error[wrong_type]: expected text, not a mapping",
        ),
        (
            "delivery: {allow_private: '${env.RANGES}'}",
            "f:1:28: error[expression_not_allowed]: an expression isn't possible here: this is needed before any \
             request",
        ),
        (
            "delivery: {alow_private: []}",
            "f:1:12: error[unknown_key]: `delivery` has no key `alow_private`; did you mean `allow_private`?",
        ),
        ("delivery: [1]", "f:1:11: error[wrong_type]: `delivery` must be a mapping, not a list"),
    ]);
}

#[test]
fn the_catalogue_is_what_is_always_there_and_what_the_file_adds() {
    let catalogue = |text: &str| config(text).delivery.catalogue;
    for nothing in ["listener: {path: /a}", "delivery: {}", "delivery: {events: }", "delivery: {events: {}}"] {
        assert_eq!(catalogue(nothing), Catalogue::default(), "{nothing}");
    }
    let catalogue = catalogue(
        "delivery:\n  strict_events: true\n  events:\n    order.paid: {description: Paid, schema: {type: object}}\n    \
         order.sent:\n    job.failed: {schema: {required: [why]}}\n",
    );
    assert!(catalogue.strict);
    assert_eq!(catalogue.types.len(), Catalogue::default().types.len() + 2);
    let entry = |name: &str| {
        let TypeEntry { description, schema, in_file } = &catalogue.types[&EventType::parse(name).expect("a type")];
        (description.as_deref(), schema.as_ref().map(Schema::as_value), *in_file)
    };
    assert_eq!(entry("order.paid"), (Some("Paid"), Some(&json!({"type": "object"})), true));
    assert_eq!(entry("order.sent"), (None, None, true));
    let failed = "A job, or a run of a workflow, has failed";
    assert_eq!(entry("job.failed"), (Some(failed), Some(&json!({"required": ["why"]})), true));
    assert_eq!(entry("quota.exceeded"), (Some("A quota was exceeded"), None, false));
}

#[test]
fn a_catalogue_that_means_nothing_is_refused_with_its_place() {
    check(&[
        (
            "delivery: {events: {a b: {}, order.: }}",
            "f:1:21: error[bad_value]: `a b` is no event type: names of letters, digits, `-` and `_`, joined by dots, 128 bytes at most
f:1:30: error[bad_value]: `order.` is no event type: names of letters, digits, `-` and `_`, joined by dots, 128 bytes at most",
        ),
        ("delivery: {events: [a]}", "f:1:20: error[wrong_type]: `events` must be a mapping, not a list"),
        ("delivery: {events: {a: 1}}", "f:1:24: error[wrong_type]: an event type must be a mapping, not `1`"),
        (
            "delivery: {events: {a: {schemas: {}}}}",
            "f:1:25: error[unknown_key]: an event type has no key `schemas`; did you mean `schema`?",
        ),
        ("delivery: {strict_events: maybe}", "f:1:27: error[wrong_type]: expected true or false, not `maybe`"),
        (
            "delivery: {events: {a: {schema: true}}}",
            "f:1:33: error[wrong_type]: a JSON Schema is a mapping here, not `true`",
        ),
        (
            "delivery: {events: {a: {schema: {properties: {'x/y': {minimum: low}}}}}}",
            "f:1:64: error[bad_schema]: this is no JSON Schema that stands by itself: `/properties/x~1y/minimum`: \
             \"low\" is not of type \"number\"",
        ),
        (
            "delivery: {events: {a: {schema: {pattern: '('}}}}",
            "f:1:43: error[bad_schema]: this is no JSON Schema that stands by itself: `/pattern`: \"(\" is not a \
             \"regex\"",
        ),
        (
            "delivery: {events: {a: {schema: {$ref: 'https://example.com/a'}}}}",
            "f:1:33: error[bad_schema]: this is no JSON Schema that stands by itself: it: Resource \
             'https://example.com/a' is not present in a registry and retrieving it failed: Retrieval is disabled, \
             cannot fetch https://example.com/a",
        ),
    ]);
}

#[test]
fn a_component_may_only_publish_what_can_be_published() {
    check(&[
        ("component: {id: c, type: event}", "f:1:1: error[missing_key]: an event component needs the key `event`"),
        (
            "component: {id: c, type: event, event: a b, customer_id: a/b}",
            "f:1:40: error[bad_value]: `a b` is no event type: names of letters, digits, `-` and `_`, joined by dots, 128 bytes at most
f:1:58: error[bad_value]: `a/b` is no customer: 1 to 64 letters, digits, `-` and `_`",
        ),
        (
            "component: {id: c, type: event, event: order.payd}\ndelivery: {strict_events: true, events: {order.paid: \
             }}",
            "f:1:40: warning[undefined_event]: `strict_events` is on, and `delivery.events` has no event type \
             `order.payd`; did you mean `order.paid`?",
        ),
        (
            "component: {id: c, type: event, event: 'order.${input.x}'}\ndelivery: {strict_events: true}",
            "",
        ),
        ("component: {id: c, type: event, event: anything, customer_id: 42}", ""),
        (
            "component: {id: c, type: event, event: delivery.exhausted, source: ringback}",
            "f:1:40: error[bad_value]: `delivery.exhausted` is an event of Ringback itself: types that begin with `endpoint.` or `delivery.` can't be published
f:1:68: error[bad_value]: the source `ringback` is Ringback itself: name another source, or leave it out",
        ),
        ("component: {id: c, type: event, event: job.failed, source: '${input.source}'}", ""),
        (
            "component: {id: c, type: event, event: a, data: '${response.x}', output: '${result.x}'}",
            "f:1:52: error[misplaced_source]: `response` has no value in a component, which can read: input, item, context, env, gateway, listener
f:1:77: error[misplaced_source]: `result` has no value in the output of a component of type `event`, which can read: response, input, item, context, env, gateway, listener",
        ),
    ]);
    assert!(Code::UndefinedEvent.refuses_start());
}

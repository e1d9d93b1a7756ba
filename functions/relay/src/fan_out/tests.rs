//! The messages of an event, with the filters of customers who mean well and of one who does not.

use super::*;
use crate::allowance::{OF_BATCH, OF_CUSTOMER};
use domain::endpoint::FILTER_STEPS;
use domain::event::{EventId, EventType, Origin};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// A filter that no endpoint can be made with any more.
fn costly() -> String {
    vec!["(data.a as json)[0] == 2"; 30].join(" or ")
}

/// An endpoint as it is in the table.
fn endpoint(customer: &str, n: u32, filter: Option<&str>) -> Endpoint {
    let stored = json!({
        "id": format!("ep_{n}"), "customer": customer, "name": "", "url": "https://example.com/", "events": ["*"],
        "filter": filter, "secrets": [], "created_at": "2026-01-26T08:00:00Z", "updated_at": "2026-01-26T08:00:00Z",
    });
    serde_json::from_value(stored).expect("an endpoint")
}

fn event(customer: &str, data: Value) -> Event {
    Event {
        id: EventId::keyed(&[customer]),
        customer: CustomerId::parse(customer).expect("a name"),
        event_type: EventType::parse("a.b").expect("a type"),
        data,
        timestamp: Timestamp::UNIX_EPOCH,
        source: "/shop".to_owned(),
        version: "1.0".to_owned(),
        accepted_at: Timestamp::UNIX_EPOCH,
        origin: Origin::Api,
        given_id: None,
        attributes: Map::new(),
    }
}

/// 600 KB of JSON in a text.
fn large() -> Value {
    json!({"a": format!("[{}0]", "0,".repeat(300_000)), "n": 5})
}

/// The number of messages that are attempts, and of those that ask a filter.
fn counted(messages: &[Message]) -> (usize, usize) {
    let attempts = messages.iter().filter(|message| matches!(message, Message::Deliver(_))).count();
    let judged = messages.iter().filter(|message| matches!(message, Message::Judge(_))).count();
    assert_eq!(attempts + judged, messages.len());
    (attempts, judged)
}

#[test]
fn a_customers_filters_take_no_more_than_its_steps_and_lose_no_event() {
    let costly = costly();
    let endpoints: Vec<Endpoint> = (0..100).map(|n| endpoint("costly", n, Some(&costly))).collect();
    let mut allowance = Allowance::new();
    for _ in 0..2 {
        let messages = of_event(&event("costly", large()), endpoints.iter(), &mut allowance);
        assert_eq!(counted(&messages), (0, 100), "each filter is asked elsewhere, and nothing is dropped");
    }
    let customer = |name: &str| CustomerId::parse(name).expect("a name");
    // A text is parsed once, so that even these take a few of the steps that they are counted for.
    assert!(allowance.spent() < OF_CUSTOMER + FILTER_STEPS, "{}", allowance.spent());
    assert!(allowance.spent() < OF_BATCH / 3 && allowance.lasts(&customer("other")));
    // Another customer's filters are asked here all the same.
    let honest: Vec<Endpoint> = (0..3).map(|n| endpoint("other", n, Some("data.n > 4"))).collect();
    assert_eq!(counted(&of_event(&event("other", large()), honest.iter(), &mut allowance)), (3, 0));
}

#[test]
fn beyond_its_steps_a_customers_filters_are_asked_elsewhere_and_endpoints_without_one_are_not() {
    let mut allowance = Allowance::new();
    let customer = CustomerId::parse("c").expect("a name");
    allowance.take(&customer, OF_CUSTOMER);
    let endpoints =
        [endpoint("c", 1, None), endpoint("c", 2, Some("data.n > 4")), endpoint("c", 3, Some("data.n > 5"))];
    assert_eq!(counted(&of_event(&event("c", large()), endpoints.iter(), &mut allowance)), (1, 2));
    let fresh = &mut Allowance::new();
    assert_eq!(counted(&of_event(&event("c", large()), endpoints.iter(), fresh)), (2, 0));
}

#[test]
fn a_thousand_endpoints_that_parse_the_same_text_take_one_parse_and_a_little() {
    let endpoints: Vec<Endpoint> =
        (0..1000).map(|n| endpoint("c", n, Some("(data.a as json)[0] == 0 and data.n == 5"))).collect();
    let mut allowance = Allowance::new();
    assert_eq!(counted(&of_event(&event("c", large()), endpoints.iter(), &mut allowance)), (1000, 0));
    assert!(allowance.spent() < 100_000, "{}", allowance.spent());
}

#[test]
fn a_filter_that_fails_on_the_data_has_its_delivery_given_up_and_is_not_passed_over() {
    let endpoints = [endpoint("c", 1, Some("data.n > 'x'")), endpoint("c", 2, Some("data.n as boolean"))];
    assert_eq!(counted(&of_event(&event("c", large()), endpoints.iter(), &mut Allowance::new())), (1, 1));
}

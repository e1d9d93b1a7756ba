//! What is said about what was found.

use super::*;
use domain::delivery::{Attempt, DeliveryId, GaveUp};
use domain::endpoint::{BREAKER_FAILURES, Settings};
use domain::event::{CustomerId, EndpointId, EventType};
use serde_json::json;

fn endpoint(disabled: Option<DisabledBy>) -> Endpoint {
    let fields = json!({"url": "https://example.com/hook", "events": ["*"]});
    Endpoint {
        id: EndpointId::parse("ep_1").unwrap(),
        customer: CustomerId::default(),
        settings: Settings::read(fields.as_object().unwrap().clone(), None).unwrap(),
        secrets: Vec::new(),
        disabled: disabled.map(|why| Disabled { at: at(0), why }),
        created_at: at(0),
        updated_at: at(0),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn delivery(status: Option<u16>, error: Option<ErrorClass>, took_ms: u64) -> Delivery {
    let id = DeliveryId::parse("default.evt_1.ep_1").unwrap();
    let mut delivery = Delivery::new(id, EventType::parse("a.b").unwrap(), at(0));
    let (retry_after, request_headers, response_body, truncated) = (None, Vec::new(), String::new(), false);
    let attempt = Attempt { at: at(1), took_ms, status, error, retry_after, request_headers, response_body, truncated };
    delivery.state = match attempt.succeeded() {
        true => State::Delivered { at: at(1) },
        false => State::Exhausted { at: at(1), why: GaveUp::Tries },
    };
    delivery.log.push(attempt);
    delivery
}

fn advice(recent: &[Delivery], reach: Reach) -> Advice {
    Findings { endpoint: &endpoint(None), recent, health: None, reach, now: at(100) }.advice()
}

#[test]
fn nothing_is_said_about_one_that_is_well() {
    for status in [200, 204, 301, 405, 501] {
        assert_eq!(advice(&[], Reach::Answered(status)), Advice::default(), "{status}");
    }
    let well = [delivery(Some(200), None, 20)];
    assert_eq!(advice(&well, Reach::Answered(404)), Advice::default());
}

#[test]
fn each_kind_of_failure_has_advice_of_its_own() {
    let kinds = [
        (Fault::Class(ErrorClass::Dns), "DNS"),
        (Fault::Class(ErrorClass::Tls), "certificate"),
        (Fault::Class(ErrorClass::Connect), "listens"),
        (Fault::Class(ErrorClass::ConnectTimeout), "firewall"),
        (Fault::Class(ErrorClass::Timeout), "timeout"),
        (Fault::Class(ErrorClass::ForbiddenAddress), "public address"),
        (Fault::Status(302), "Redirects"),
        (Fault::Status(401), "signature"),
        (Fault::Status(403), "signature"),
        (Fault::Status(404), "path"),
        (Fault::Status(410), "gone"),
        (Fault::Status(429), "rate_limit"),
        (Fault::Status(503), "logs"),
    ];
    for (fault, word) in kinds {
        let failed = match fault {
            Fault::Status(status) => delivery(Some(status), None, 10),
            Fault::Class(class) => delivery(None, Some(class), 10),
        };
        let said = advice(&[failed.clone(), failed, delivery(Some(200), None, 10)], Reach::Answered(200));
        assert_eq!(said.issues, [format!("2 of the last 3 deliveries failed: {}", fault.issue())]);
        assert_eq!(said.recommendations.len(), 1, "{fault:?}");
        assert!(said.recommendations[0].contains(word), "{fault:?}: {:?}", said.recommendations);
    }
}

#[test]
fn who_can_t_be_reached_is_told_why_and_advice_is_given_once() {
    let failed = [delivery(None, Some(ErrorClass::Dns), 10)];
    let said = advice(&failed, Reach::Failed(ErrorClass::Dns));
    assert_eq!(said.issues.len(), 2, "{said:?}");
    assert_eq!(said.recommendations, [Fault::Class(ErrorClass::Dns).recommendation()]);
    assert!(advice(&[], Reach::Answered(500)).issues[0].contains("500"));
    assert!(advice(&[], Reach::Answered(404)).recommendations[0].contains("test event"));
}

#[test]
fn slow_answers_are_told_from_those_that_are_not() {
    assert_eq!(advice(&[delivery(Some(200), None, 5_000)], Reach::Answered(200)), Advice::default());
    let said = advice(&[delivery(Some(200), None, 5_010)], Reach::Answered(200));
    assert_eq!(said.issues, ["it takes 5.01 s to answer on average"]);
}

#[test]
fn an_open_breaker_and_a_disabled_endpoint_are_told() {
    let failed = |health: Option<Health>, _| Some(Health::failed(health.as_ref(), true, at(90)));
    let health = (0..BREAKER_FAILURES).fold(None, failed).unwrap();
    let endpoint = endpoint(Some(DisabledBy::Gone));
    let (recent, reach) = (&[][..], Reach::Answered(200));
    let said = Findings { endpoint: &endpoint, recent, health: Some(&health), reach, now: at(100) }.advice();
    assert!(said.issues[0].contains("410"), "{said:?}");
    assert!(said.issues[1].contains("held until"), "{said:?}");
    assert_eq!(said.recommendations.len(), 2);
}

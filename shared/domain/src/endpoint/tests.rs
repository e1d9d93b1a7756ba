use super::*;
use crate::event::EventId;
use serde_json::json;

fn endpoint(disabled: Option<Disabled>) -> Endpoint {
    let fields = json!({"url": "https://example.com/hook", "events": ["job.*"]});
    let at = Timestamp::UNIX_EPOCH;
    Endpoint {
        id: EndpointId::random([1; 12]),
        customer: CustomerId::default(),
        settings: Settings::read(fields.as_object().unwrap().clone(), None).unwrap(),
        secrets: Vec::new(),
        disabled,
        created_at: at,
        updated_at: at,
    }
}

fn event(event_type: &str, accepted_at: Timestamp) -> Event {
    Event {
        id: EventId::keyed(&["a"]),
        customer: CustomerId::default(),
        event_type: crate::event::EventType::parse(event_type).unwrap(),
        data: json!(1),
        timestamp: accepted_at,
        source: "ringback".to_owned(),
        version: "1.0".to_owned(),
        accepted_at,
        origin: Origin::Api,
        given_id: None,
        attributes: serde_json::Map::new(),
    }
}

#[test]
fn events_are_kept_for_a_time_for_what_nobody_wished_to_be_disabled_and_not_for_the_rest() {
    let at = Timestamp::UNIX_EPOCH;
    let last = at + KEPT - SignedDuration::from_secs(1);
    for why in [DisabledBy::Gone, DisabledBy::Failing] {
        let disabled = endpoint(Some(Disabled { at, why }));
        assert!(disabled.wants(&event("job.failed", at)) && disabled.wants(&event("job.failed", last)));
        assert!(!disabled.wants(&event("job.failed", at + KEPT)));
        assert!(!disabled.wants(&event("quota.exceeded", at)));
    }
    assert!(!endpoint(Some(Disabled { at, why: DisabledBy::Request })).wants(&event("job.failed", at)));
    assert!(endpoint(None).wants(&event("job.failed", at + KEPT)));
}

use super::*;
use crate::event::{CustomerId, EventId, Origin};
use jiff::Timestamp;
use serde_json::{Value, json};

fn event(event_type: &str, data: Value) -> Event {
    Event {
        id: EventId::keyed(&["a"]),
        customer: CustomerId::default(),
        event_type: EventType::parse(event_type).expect("a type"),
        data,
        timestamp: Timestamp::UNIX_EPOCH,
        source: "ringback".to_owned(),
        version: "1.0".to_owned(),
        accepted_at: Timestamp::UNIX_EPOCH,
        origin: Origin::Api,
        given_id: None,
        attributes: serde_json::Map::new(),
    }
}

#[test]
fn a_free_catalogue_takes_any_type_and_a_strict_one_its_own() {
    let mut catalogue = Catalogue::default();
    let told =
        |catalogue: &Catalogue, name: &str| catalogue.check(&event(name, json!(1))).map_err(|error| error.to_string());
    assert_eq!(told(&catalogue, "whatever"), Ok(()));
    catalogue.strict = true;
    for (name, _) in DEFAULTS.iter().chain(&SYSTEM) {
        assert_eq!(told(&catalogue, name), Ok(()));
    }
    assert_eq!(told(&catalogue, "whatever"), Err("there is no event type `whatever`".to_owned()));
    let near = "there is no event type `job.complete`; did you mean `job.completed`?";
    assert_eq!(told(&catalogue, "job.complete"), Err(near.to_owned()));
}

#[test]
fn what_matches_nothing_of_a_strict_catalogue_can_t_be_subscribed_to() {
    let mut catalogue = Catalogue::default();
    catalogue.types.insert(EventType::parse("order.line.paid").expect("a type"), TypeEntry::default());
    let told = |catalogue: &Catalogue, patterns: &[&str]| {
        let patterns: Vec<Pattern> = patterns.iter().map(|text| Pattern::parse(text).expect("a pattern")).collect();
        catalogue.check_patterns(&patterns).map_err(|error| error.to_string())
    };
    assert_eq!(told(&catalogue, &["ordr.*"]), Ok(()));
    catalogue.strict = true;
    assert_eq!(told(&catalogue, &["*", "order.*", "order.line.*", "order.line.paid", "delivery.*"]), Ok(()));
    for (wrong, meant) in [
        ("ordr.*", Some("order.*")),
        ("order.lin.*", Some("order.line.*")),
        ("job.complete", Some("job.completed")),
        ("order.line.paid.*", Some("order.line.paid")),
        ("invoice.*", None),
        ("order.line", None),
    ] {
        let told = told(&catalogue, &["*", wrong]).expect_err("matches nothing");
        assert!(told.starts_with(&format!("no event type of the catalogue matches `{wrong}`")), "{told}");
        let end = meant.map(|meant| format!("; did you mean `{meant}`?"));
        assert!(end.map_or(!told.contains("did you mean"), |end| told.ends_with(&end)), "{told}");
    }
}

#[test]
fn the_first_violations_of_a_schema_are_told() {
    let schema = Schema::compile(json!({"items": {"type": "integer"}})).expect("a schema");
    let known = TypeEntry { schema: Some(schema), ..TypeEntry::default() };
    let mut catalogue = Catalogue::default();
    catalogue.types.insert(EventType::parse("numbers").expect("a type"), known);
    assert_eq!(catalogue.check(&event("numbers", json!([1, 2]))), Ok(()));
    assert_eq!(catalogue.check(&event("others", json!(["a"]))), Ok(()));
    let refusal = catalogue.check(&event("numbers", json!(vec!["a"; 100]))).expect_err("a violation");
    let Refusal::Violates { violations, .. } = &refusal else { panic!("{refusal:?}") };
    assert_eq!(violations.len(), MAX_VIOLATIONS);
    assert_eq!(refusal.code(), "schema_violation");
    let told = refusal.to_string();
    let beginning =
        "the data is not what the schema of `numbers` asks for: `/0`: the value is not of type \"integer\"; `/1`: ";
    assert!(told.starts_with(beginning), "{told}");
}

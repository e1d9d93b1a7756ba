//! The cost of filters, and the answers of those that can't say whether an event is wanted.

use super::*;
use crate::endpoint::{Settings, SettingsError};
use serde_json::json;

fn read(filter: &str) -> Result<Settings, SettingsError> {
    let fields = json!({"url": "https://example.com/", "events": ["*"], "filter": filter});
    Settings::read(fields.as_object().cloned().unwrap_or_default(), None)
}

#[test]
fn a_filter_that_is_too_costly_on_the_largest_event_is_refused_when_it_is_made() {
    let of = |part: &str, times: usize, joint: &str| vec![part; times].join(joint);
    for costly in [
        of("(data.a as json)[0] == 2", 30, " or "),
        of("(data.a as json)[0] == 2", 30, " and "),
        of("((data.a | 0) as json)[0] == 2", 5, " or "),
        of("data.a[0:9] == 'x'", 60, " or "),
        of("data.a as base64 as base64 as base64 == 'x'", 8, " or "),
        "data.a matches '(a|b)*a[ab]{200}'".to_owned(),
        "(data.b | true) and data.a matches '[0-9]{1,100}x'".to_owned(),
    ] {
        assert_eq!(read(&costly).err(), Some(SettingsError::CostlyFilter), "{costly}");
    }
    for honest in [
        "data.amount > 100",
        "event == 'order.paid' and data.customer.country in ['DE', 'FR']",
        "(data.payload as json).kind == 'paid'",
        "(data.a as json).x == 1 or (data.b as json).y == 2 or (data.c as json).z == 3",
        r"data.email matches '^\\w+@\\w+\\.\\w{2,8}$'",
        "'vip' in data.tags[*].name",
        "data.text matches 'a-rather-long-text-that-is-looked-for'",
        "data.name[0:3] == 'abc'",
    ] {
        assert!(read(honest).is_ok(), "{honest}: {:?}", read(honest).err());
    }
}

/// An endpoint as it is in the table, where filters may be that can't be made any more.
fn endpoint(filter: &str) -> Endpoint {
    let stored = json!({
        "id": "ep_1", "customer": "c", "name": "", "url": "https://example.com/", "events": ["*"], "filter": filter,
        "secrets": [], "created_at": "2026-01-26T08:00:00Z", "updated_at": "2026-01-26T08:00:00Z",
    });
    serde_json::from_value(stored).expect("an endpoint")
}

fn wish(filter: &str, data: Value) -> Wish {
    let event = Event { data, ..largest(&[]) };
    EventView::new(&event).wish(&endpoint(filter)).0
}

#[test]
fn a_filter_that_fails_or_takes_too_many_steps_says_so_and_wants_nothing() {
    let text = format!("[{}0]", "0,".repeat(300_000));
    let thirty = vec!["(data.a as json)[0] == 2"; 30].join(" or ");
    let cases = [
        ("data.n > 4", json!({"n": 5}), Wish::Wants),
        ("data.n > 4", json!({"n": 4}), Wish::Declines),
        ("data.n > 4", json!({}), Wish::Declines),
        ("data.n > 4", json!({"n": "5"}), Wish::Fails(FilterFault::Failed)),
        ("data.n as boolean", json!({"n": "maybe"}), Wish::Fails(FilterFault::Failed)),
        ("(data.a as json)[0] == 0", json!({"a": "no JSON"}), Wish::Fails(FilterFault::Failed)),
        ("(data.a as json)[0] == 0", json!({"a": text}), Wish::Wants),
        (&thirty, json!({"a": text}), Wish::Fails(FilterFault::TooCostly)),
        (&thirty, json!({"a": "[2]"}), Wish::Wants),
        ("data.l[*] == 1", json!({"l": vec![0; 500_000]}), Wish::Fails(FilterFault::TooCostly)),
    ];
    for (filter, data, expected) in cases {
        let shown: String = filter.chars().take(60).collect();
        assert_eq!(wish(filter, data), expected, "{shown}");
    }
}

#[test]
fn what_a_filter_is_counted_does_not_depend_on_the_filters_before_it() {
    // Six parses are too many, also where each text was parsed before.
    let text = format!("[{}0]", "0,".repeat(300_000));
    let six = ["(data.a as json)[0] == 2"; 6].join(" or ");
    let event = Event { data: json!({"a": text}), ..largest(&[]) };
    let view = EventView::new(&event);
    let (first, steps) = view.wish(&endpoint(&six));
    let (again, fewer) = view.wish(&endpoint(&six));
    assert_eq!((first, again), (Wish::Fails(FilterFault::TooCostly), Wish::Fails(FilterFault::TooCostly)));
    assert!(steps > 70_000 && fewer < 100, "{steps} {fewer}");
}

use super::*;
use crate::signature::{Covered, Headers, Proven};

/// What is known of a request by its identity: headers, method, address and body.
fn id(verified: Option<&Verified>, headers: &[(&str, &str)], url: &str, body: &str) -> ArrivalId {
    let mut all = Headers::default();
    headers.iter().for_each(|(name, value)| all.push(*name, *value));
    let request = Request { method: "POST", url, headers: &all, body: body.as_bytes(), client_ip: None };
    ArrivalId::of(verified, &request)
}

fn verified(signed: bool, delivery_id: Option<&str>, delivery_id_signed: bool) -> Verified {
    let delivery_id = delivery_id.map(str::to_owned);
    let proven = if signed { Proven::Signature(Covered::of(b"")) } else { Proven::Secret };
    Verified { delivery_id, delivery_id_signed, proven, ..Verified::default() }
}

const URL: &str = "https://a.test/done";

#[test]
fn a_repetition_has_an_equal_delivery_id_or_else_an_equal_body() {
    let plain = id(None, &[], URL, "{\"a\":1}");
    assert_eq!(plain, id(None, &[("date", "today"), ("x-attempt", "2")], URL, "{\"a\":1}"));
    assert_ne!(plain, id(None, &[], URL, "{\"a\": 1}"), "it is the bytes that count");
    for name in [CALLER_KEY, "webhook-id", "x-github-delivery", "x-webhook-delivery"] {
        let named = id(None, &[(name, "d-1")], URL, "1");
        assert_eq!(named, id(None, &[(name, "d-1")], URL, "2"), "{name}");
        assert_ne!(named, id(None, &[(name, "d-2")], URL, "1"), "{name}");
        assert_ne!(named, id(None, &[(name, "d-1"), (name, "d-1")], URL, "1"), "{name} is there twice: it is none");
    }
    assert_ne!(id(None, &[("webhook-id", "x")], URL, "y"), id(None, &[], URL, "x"), "an id is no body");
    assert_eq!(plain.as_str().len(), 32);
}

#[test]
fn a_callback_without_a_body_is_known_by_its_address() {
    let get = |query: &str| id(None, &[], &format!("{URL}?{query}"), "");
    assert_eq!(get("key=1&part=a"), get("key=1&part=a"));
    assert_ne!(get("key=1&part=a"), get("key=1&part=b"));
}

#[test]
fn an_id_that_no_signature_covers_makes_no_signed_body_another_one() {
    let of = |verified: &Verified, body: &str| id(Some(verified), &[("webhook-id", "other")], URL, body);
    for unsigned in
        [verified(true, None, false), verified(true, Some("d-1"), false), verified(true, Some("d-2"), false)]
    {
        assert_eq!(of(&unsigned, "b"), id(None, &[], URL, "b"));
    }
    let signed = verified(true, Some("d-1"), true);
    assert_eq!(of(&signed, "b"), of(&signed, "c"));
    let token = verified(false, Some("d-1"), false);
    assert_eq!(of(&token, "b"), of(&token, "c"));
    let nameless = verified(false, None, false);
    assert_eq!(of(&nameless, "b"), of(&nameless, "c"), "the header names it");
}

#[test]
fn items_of_one_request_are_callbacks_of_their_own() {
    assert_ne!(ArrivalId::of_item(b"1"), ArrivalId::of_item(b"2"));
    assert_eq!(ArrivalId::of_item(b"1"), ArrivalId::of_item(b"1"));
    assert_ne!(ArrivalId::of_item(b"1"), id(None, &[], URL, "1"));
}

#[test]
fn a_key_remembers_the_newest_of_what_was_taken_there() {
    let named = |n: usize| ArrivalId::read(&n.to_string());
    let all = (0..REMEMBERED + 5).fold(Vec::new(), |all, n| remembered(all, Some(named(n))));
    assert_eq!(all, (5..REMEMBERED + 5).map(named).collect::<Vec<_>>());
    assert_eq!(remembered(all.clone(), None), all);
    assert_eq!(remembered(all.clone(), Some(named(9))), all, "once is enough");
}

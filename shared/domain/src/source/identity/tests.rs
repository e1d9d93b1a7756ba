//! Identities: of signed requests over the vectors of all presets, of the others by tables.

use super::*;
use crate::signature::batch::{Given, read};
use crate::signature::{Headers, Scheme, Secret, Verifier, sign, verify};
use jiff::Timestamp;

/// Requests that providers signed, one a line.
const VECTORS: &str = include_str!("../../../../../tests/fixtures/signature/vectors.jsonl");

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn headers(list: &[(&str, &str)]) -> Headers {
    list.iter().map(|(name, value)| (*name, *value)).collect()
}

/// The key of a signed request, if it is one, and passes.
fn signed_key(given: &Given, preset: Option<&Preset>) -> Option<String> {
    let verified = verify(&given.verifier, &given.request(), given.now).ok().filter(Verified::is_signed)?;
    let identity = Identity::of(&verified, preset, &given.request(), verified.event_type.as_deref(), &[]);
    assert_eq!(identity.window(Some(Duration::from_secs(1)), None), None);
    Some(identity.key())
}

/// A header in place of all of its name.
fn with(before: &Headers, name: &str, value: &str) -> Headers {
    let others = before.iter().filter(|(there, _)| !there.eq_ignore_ascii_case(name));
    let others = others.map(|(name, value)| (name.to_owned(), value.to_vec()));
    others.chain([(name.to_owned(), value.as_bytes().to_vec())]).collect()
}

#[test]
fn a_caught_signed_request_stays_the_same_under_another_id_path_and_query() {
    let ids = Preset::all().iter().flat_map(Preset::delivery_ids).filter_map(|place| place.header_name());
    let ids: BTreeSet<&str> = ids.chain(ID_HEADERS).chain([CALLER_KEY, "ce-id"]).collect();
    assert!(ids.len() > 15, "{ids:?}");
    let (mut signed, mut passed) = (0, 0);
    for line in VECTORS.lines() {
        let Ok(mut given) = read(line, at(4_000_000_000)) else { continue };
        let provider: serde_json::Value = serde_json::from_str(line).unwrap();
        let preset = provider["provider"].as_str().and_then(|name| Preset::find(name).ok());
        let Some(first) = signed_key(&given, preset) else { continue };
        signed += 1;
        let events = preset.filter(|preset| !preset.shares_bodies()).into_iter().flat_map(Preset::event_types);
        let events = events.filter_map(|place| place.header_name());
        let (before, url) = (given.headers.clone(), given.url.clone());
        for id in ids.iter().copied().chain(events) {
            given.headers = with(&with(&before, "ce-source", "/x"), id, "another");
            if let Some(key) = signed_key(&given, preset) {
                passed += 1;
                assert_eq!(key, first, "{line} with another {id}");
            }
        }
        given.headers = before;
        for changed in ["https://hooks.test/another", "https://hooks.test/in?x=1", &format!("{url}?x=1"), ""] {
            changed.clone_into(&mut given.url);
            if let Some(key) = signed_key(&given, preset) {
                passed += 1;
                assert_eq!(key, first, "{line} at {changed}");
            }
        }
    }
    assert!(signed > 60 && passed > 1_000, "{signed} {passed}");
}

/// A request that a preset's secret signs, and the key of its identity.
fn key_of(preset: &str, secret: &str, (id, second): (&str, i64), more: &[(&str, &str)], body: &str) -> String {
    let (preset, secret, none) = (Preset::find(preset).unwrap(), Secret::new(secret), Headers::default());
    let request =
        |headers| Request { method: "POST", url: "https://h.test/in", headers, body: body.as_bytes(), client_ip: None };
    let proof = sign(preset.scheme_for(&secret).unwrap(), &secret, &request(&none), id, at(second)).unwrap();
    let all = proof.into_iter().chain(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let all: Headers = all.collect();
    let verifier = Verifier::preset(preset, std::slice::from_ref(&secret)).unwrap();
    let verified = verify(&verifier, &request(&all), at(second)).unwrap();
    Identity::of(&verified, Some(preset), &request(&all), verified.event_type.as_deref(), &[]).key()
}

#[test]
fn a_provider_that_tries_again_signs_a_new_time_and_it_is_the_same_delivery() {
    let body = r#"{"x":1}"#;
    for name in ["slack", "zoom", "paddle", "calendly", "webflow", "zendesk", "workos", "mux", "stripe", "elevenlabs"] {
        let key = |second, body| key_of(name, "secret", ("m", second), &[], body);
        assert_eq!(key(1_700_000_000, body), key(1_700_000_100, body), "{name}");
        assert_ne!(key(1_700_000_000, body), key(1_700_000_000, r#"{"x":2}"#), "{name}");
    }
    // The id is signed, and a new time makes the signed text another.
    let key = |id, second| key_of("standard-webhooks", "whsec_c2VjcmV0c2VjcmV0c2VjcmV0", (id, second), &[], body);
    assert_eq!(key("m1", 1_700_000_000), key("m1", 1_700_000_100));
    assert_ne!(key("m1", 1_700_000_000), key("m2", 1_700_000_000));
    // Linear's time is in the body.
    let linear = |time: i64, n: u32| {
        let body = format!(r#"{{"webhookTimestamp":{time}000,"n":{n}}}"#);
        key_of("linear", "secret", ("m", time), &[], &body)
    };
    assert_eq!(linear(1_700_000_000, 1), linear(1_700_003_600, 1));
    assert_ne!(linear(1_700_000_000, 1), linear(1_700_000_000, 2));
}

#[test]
fn one_body_for_two_events_of_a_provider_is_two_deliveries() {
    let key = |topic| key_of("shopify", "secret", ("m", 0), &[("X-Shopify-Topic", topic)], "{}");
    assert_eq!(key("orders/create"), key("orders/create"));
    assert_ne!(key("orders/create"), key("orders/paid"));
    let order = |topic| key_of("woocommerce", "secret", ("m", 0), &[("X-WC-Webhook-Topic", topic)], "{}");
    assert_ne!(order("order.created"), order("order.updated"));
    // GitHub's bodies are each of one event: another name over one is a caught request.
    let github = |event| key_of("github", "secret", ("m", 0), &[("X-GitHub-Event", event)], "{}");
    assert_eq!(github("push"), github("ping"));
}

#[test]
fn several_things_in_one_body_are_not_known_by_the_first_of_them() {
    let gocardless = |body| key_of("gocardless", "secret", ("m", 0), &[], body);
    assert_eq!(gocardless(r#"{"events":[{"id":"E1"}]}"#), "id:E1");
    assert_ne!(gocardless(r#"{"events":[{"id":"E1"}]}"#), gocardless(r#"{"events":[{"id":"E1"},{"id":"E2"}]}"#));
    let docusign = |retries| {
        let body =
            format!(r#"{{"event":"sent","generatedDateTime":"t","data":{{"envelopeId":"e"}},"retryCount":{retries}}}"#);
        key_of("docusign", "secret", ("m", 0), &[], &body)
    };
    assert_eq!(docusign(0), docusign(1), "an id of several signed fields is signed");
}

#[test]
fn what_adyen_does_not_sign_makes_no_notification_new() {
    let line = VECTORS.lines().find(|line| line.contains(r#""name": "adyen","#)).unwrap();
    let mut given = read(line, at(0)).unwrap();
    let first = signed_key(&given, None).unwrap();
    let mut body: serde_json::Value = serde_json::from_slice(&given.body).unwrap();
    body["notificationItems"][0]["NotificationRequestItem"]["reason"] = "another".into();
    given.body = body.to_string().into_bytes();
    assert_eq!(signed_key(&given, None).unwrap(), first);
    let item = body["notificationItems"][0].clone();
    body["notificationItems"].as_array_mut().unwrap().push(item);
    given.body = body.to_string().into_bytes();
    assert_eq!(signed_key(&given, None).unwrap(), first, "the same item twice");
}

#[test]
fn the_end_of_a_time_can_not_be_moved_into_the_body() {
    let (preset, secret, none) = (Preset::find("sendgrid").unwrap(), Secret::new("secret"), Headers::default());
    assert!(preset.schemes().iter().all(|scheme| scheme.is_signature()));
    let scheme: Scheme = serde_json::from_value(serde_json::json!({
        "header": "X-Sig", "algorithm": "sha256", "signed": "{timestamp}{body}", "timestamp_header": "X-Time",
    }))
    .unwrap();
    let request = |headers, body| Request { method: "POST", url: "https://h.test/in", headers, body, client_ip: None };
    let proof: Headers =
        sign(&scheme, &secret, &request(&none, b"{}"), "m", at(1_700_000_000)).unwrap().into_iter().collect();
    let verifier = Verifier::scheme(&scheme, &[secret]).unwrap();
    assert!(verify(&verifier, &request(&proof, b"{}"), at(0)).is_ok());
    let moved = with(&proof, "X-Time", "170000000");
    assert!(verify(&verifier, &request(&moved, b"0{}"), at(0)).is_err());
}

/// The identity of a request that nothing was proven of, or a token.
fn plain(proven: Proven, url: &str, list: &[(&str, &str)], body: &str) -> Identity {
    let headers = headers(list);
    let request = Request { method: "POST", url, headers: &headers, body: body.as_bytes(), client_ip: None };
    let verified = Verified { proven, ..Verified::default() };
    Identity::of(&verified, None, &request, usual_event(&request).as_deref(), &["k".to_owned()])
}

#[test]
fn requests_without_an_id_are_told_apart_by_everything_that_says_something() {
    let first = ("https://h.test/deploy/a?x=1&k=secret", vec![("X-Event", "e"), ("Content-Type", "text/plain")], "b");
    type Told<'t> = (&'t str, Vec<(&'t str, &'t str)>, &'t str);
    let cases: [(Told<'_>, bool); 8] = [
        (first.clone(), true),
        (("https://other.test/deploy/a?x=1&k=other", first.1.clone(), "b"), true),
        ((first.0, vec![("X-Event", "e"), ("User-Agent", "another")], "b"), true),
        (("https://h.test/deploy/b?x=1", first.1.clone(), "b"), false),
        (("https://h.test/deploy/a?x=2", first.1.clone(), "b"), false),
        ((first.0, vec![("X-Event", "f")], "b"), false),
        ((first.0, vec![("X-Event", "e"), ("X-GitHub-Event", "push")], "b"), false),
        ((first.0, first.1.clone(), "c"), false),
    ];
    for proven in [Proven::Nothing, Proven::Secret] {
        let of = |(url, list, body): &Told<'_>| plain(proven, url, list, body);
        let identity = of(&first);
        assert_eq!((identity.window(None, None), identity.delivery()), (Some(DEDUPE_WINDOW), None));
        for (other, same) in &cases {
            assert_eq!(of(other) == identity, *same, "{other:?}");
        }
    }
}

#[test]
fn the_path_counts_wherever_the_address_begins_and_whatever_the_query_holds() {
    let of = |url: &str| plain(Proven::Nothing, url, &[], "");
    let all = ["/a?u=https://x.test/y", "/b?u=https://x.test/y", "/a?u=https://x.test/z", "/y", "/", "/?u=1"];
    for (index, url) in all.iter().enumerate() {
        for (other_index, other) in all.iter().enumerate() {
            let same = index == other_index;
            assert_eq!(of(url) == of(other), same, "{url} {other}");
            assert_eq!(of(&format!("https://h.test{url}")) == of(other), same, "{url} {other}");
            assert_eq!(
                of(&format!("https://h.test{url}")) == of(&format!("http://a.test:8090{other}")),
                same,
                "{url} {other}"
            );
        }
    }
}

#[test]
fn an_id_counts_at_the_address_that_it_came_to_and_a_callers_key_wherever_it_comes() {
    let (a, b) = ("https://h.test/deploy/a", "https://h.test/deploy/b");
    for id in ID_HEADERS {
        let of = |url, value, body| plain(Proven::Nothing, url, &[(id, value)], body);
        assert_eq!(of(a, "1", "x"), of(a, "1", "y"), "{id}");
        assert_ne!(of(a, "1", "x"), of(a, "2", "x"), "{id}");
        assert_ne!(of(a, "1", "x"), of(b, "1", "x"), "{id}: one message to two addresses");
        assert_eq!(of(a, "1", "x").delivery(), Some("1"));
        assert_eq!(of(a, "1", "x").window(None, None), None);
    }
    let keyed = |proven, url| plain(proven, url, &[("Idempotency-Key", "k")], "");
    assert!(keyed(Proven::Nothing, a).is_callers());
    assert_eq!(keyed(Proven::Nothing, a), keyed(Proven::Nothing, b), "who uses it twice has to be told");
    assert_eq!(keyed(Proven::Nothing, a).delivery(), None);
    assert_ne!(keyed(Proven::Secret, a), keyed(Proven::Secret, b));
    assert_eq!(keyed(Proven::Secret, a).delivery(), Some("k"));
}

#[test]
fn a_callers_key_that_is_repeated_is_one_and_of_several_none_is_passed_over() {
    let keyed = |keys: &[&str]| {
        let headers: Vec<_> = keys.iter().map(|key| ("Idempotency-Key", *key)).collect();
        plain(Proven::Nothing, "https://h.test/", &headers, "").key()
    };
    assert_eq!(keyed(&["k", " k "]), keyed(&["k"]));
    assert_eq!(keyed(&["b", "a"]), keyed(&["a", "b"]));
    assert_ne!(keyed(&["a", "b"]), keyed(&["a"]));
    assert_ne!(keyed(&["a", "b"]), keyed(&["b"]));
}

#[test]
fn a_cloudevent_is_known_by_its_source_and_id() {
    let url = "https://h.test/in";
    let binary = |source: &str, id: &str| plain(Proven::Secret, url, &[("ce-source", source), ("ce-id", id)], "");
    let structured = |source: &str, id: &str| {
        let body = format!(r#"{{"source":"{source}","id":"{id}"}}"#);
        plain(Proven::Nothing, url, &[("Content-Type", "application/cloudevents+json; charset=utf-8")], &body)
    };
    for of in [&binary as &dyn Fn(&str, &str) -> Identity, &structured] {
        assert_eq!(of("/1", "7"), of("/1", "7"));
        assert_ne!(of("/1", "7"), of("/2", "7"));
        assert_ne!(of("urn:a", "b:c"), of("urn:a:b", "c"));
    }
}

#[test]
fn the_window_is_the_files_or_the_providers_or_two_minutes() {
    let (hour, postmark) = (Duration::from_secs(3600), Preset::find("postmark").ok());
    let content = plain(Proven::Secret, "https://h.test/in", &[], "b");
    assert_eq!(content.window(Some(hour), postmark), Some(hour));
    assert_eq!(content.window(None, postmark), Some(11 * hour));
    assert_eq!(content.window(None, Preset::find("deepgram").ok()), Some(DEDUPE_WINDOW));
    let chosen = content.chosen("7".to_owned());
    assert_eq!(
        (chosen.key(), chosen.window(None, postmark), chosen.window(Some(hour), None)),
        ("by:7".to_owned(), None, Some(hour))
    );
}

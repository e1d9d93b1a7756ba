//! Ids, events and facts of requests as the providers send them.

use super::*;
use serde_json::{Value, json};

/// The facts of a request, without those that aren't there.
fn facts_of(name: &str, list: &[(&str, &str)], body: &Value) -> Value {
    let (headers, body) = (headers(list), body.to_string());
    let request = post(&headers, body.as_bytes());
    let mut facts = facts::facts(preset(name), &request, &Fields::of(&request));
    assert_eq!(facts.len(), facts::NAMES.len());
    facts.retain(|_, value| !value.is_null());
    Value::Object(facts)
}

#[test]
fn facts_of_a_push_to_a_branch_and_of_a_tag() {
    let body = json!({"ref": "refs/heads/feature/a", "after": "f00d", "repository": {"full_name": "o/r"},
        "sender": {"login": "ada"}});
    for (name, header) in [("github", "X-GitHub-Event"), ("gitea", "X-Gitea-Event"), ("gogs", "X-Gogs-Event")] {
        let expected =
            json!({"event": "push", "branch": "feature/a", "commit": "f00d", "repository": "o/r", "sender": "ada"});
        assert_eq!(facts_of(name, &[(header, "push")], &body), expected, "{name}");
    }
    let tag = json!({"ref": "refs/tags/v1", "after": "0000000000000000000000000000000000000000"});
    assert_eq!(facts_of("github", &[("x-github-event", "push")], &tag), json!({"event": "push", "tag": "v1"}));
    let created = json!({"ref": "v2", "ref_type": "tag"});
    assert_eq!(facts_of("github", &[("x-github-event", "create")], &created), json!({"event": "create", "tag": "v2"}));
    let pull = json!({"action": "opened", "pull_request": {"head": {"ref": "fix", "sha": "beef"}}});
    let expected = json!({"event": "pull_request", "action": "opened", "branch": "fix", "commit": "beef"});
    assert_eq!(facts_of("github", &[("x-github-event", "pull_request")], &pull), expected);
}

/// What tells deliveries apart is a number's value; what a signature covers is its text.
#[test]
fn a_number_is_an_id_by_its_value_and_a_text_as_it_was_written() {
    let of = |body: &str| Fields::of(&post(&headers(&[]), body.as_bytes()));
    for text in ["7", "7.0", "7e0", "70e-1"] {
        assert_eq!(of(&format!("{{\"id\":{text}}}")).id("id").as_deref(), Some("7"), "{text}");
    }
    let fields = of("{\"amount\":1.10,\"id\":1000000000000000000001,\"name\":\"1.10\"}");
    assert_eq!((fields.text("amount").as_deref(), fields.id("amount").as_deref()), (Some("1.10"), Some("1.1")));
    assert_eq!(fields.id("id").as_deref(), Some("1000000000000000000001"));
    assert_eq!(fields.id("name").as_deref(), Some("1.10"));
    assert!(of("{\"id\":{\"$serde_json::private::Number\":\"7\"}}").value().is_none(), "a forged number");
}

#[test]
fn facts_of_gitlab_and_bitbucket() {
    let push = json!({"object_kind": "push", "ref": "refs/heads/main", "checkout_sha": "f00d",
        "project": {"path_with_namespace": "g/p"}, "user_username": "ada"});
    let expected = json!({"event": "push", "branch": "main", "commit": "f00d", "repository": "g/p", "sender": "ada"});
    assert_eq!(facts_of("gitlab", &[("X-Gitlab-Event", "Push Hook")], &push), expected);
    let merge = json!({"object_kind": "merge_request", "user": {"username": "bob"},
        "object_attributes": {"action": "open", "source_branch": "fix", "last_commit": {"id": "beef"}}});
    let expected =
        json!({"event": "merge_request", "action": "open", "branch": "fix", "commit": "beef", "sender": "bob"});
    assert_eq!(facts_of("gitlab", &[], &merge), expected);
    let push = |kind: &str| {
        json!({"push": {"changes": [{"new": {"name": "main", "type": kind, "target": {"hash": "f00d"}}}]},
            "repository": {"full_name": "t/r"}, "actor": {"nickname": "ada"}})
    };
    let expected =
        json!({"event": "repo:push", "branch": "main", "commit": "f00d", "repository": "t/r", "sender": "ada"});
    assert_eq!(facts_of("bitbucket", &[("X-Event-Key", "repo:push")], &push("branch")), expected);
    assert_eq!(facts_of("bitbucket", &[], &push("tag"))["tag"], "main");
    let server = json!({"changes": [{"ref": {"displayId": "main", "type": "BRANCH"}, "toHash": "f00d"}],
        "repository": {"slug": "r", "project": {"key": "P"}}, "actor": {"name": "ada"}});
    assert_eq!(facts_of("bitbucket-server", &[], &server)["repository"], "P:r");
}

#[test]
fn facts_of_a_form_are_those_of_its_payload() {
    let list = [("content-type", "application/x-www-form-urlencoded"), ("x-github-event", "push")];
    let headers = headers(&list);
    let request = post(&headers, b"payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D");
    let facts = facts::facts(preset("github"), &request, &Fields::of(&request));
    assert_eq!(facts["branch"], "main");
}

/// A provider, headers and a body, and its delivery id and event type.
type Named<'n> = (&'n str, &'n [(&'n str, &'n str)], Value, &'n str, &'n str);

/// The delivery id and the event type of a provider's request.
fn names(name: &str, list: &[(&str, &str)], body: &Value) -> (Option<String>, Option<String>) {
    let (headers, body) = (headers(list), body.to_string());
    let request = post(&headers, body.as_bytes());
    let fields = Fields::of(&request);
    let first = |list: &[Extractor]| list.iter().find_map(|extractor| extractor.value(&request, &fields));
    (first(preset(name).delivery_ids()), first(preset(name).event_types()))
}

#[test]
fn ids_and_events_are_where_each_provider_puts_them() {
    let none = json!({});
    let cases: [Named<'_>; 12] = [
        ("github", &[("X-GitHub-Delivery", "72d3162e"), ("X-GitHub-Event", "push")], none.clone(), "72d3162e", "push"),
        (
            "gitlab",
            &[("X-Gitlab-Event-UUID", "u-1"), ("X-Gitlab-Event", "Push Hook")],
            none.clone(),
            "u-1",
            "Push Hook",
        ),
        ("stripe", &[], json!({"id": "evt_1", "type": "charge.succeeded"}), "evt_1", "charge.succeeded"),
        (
            "slack",
            &[],
            json!({"event_id": "Ev1", "type": "event_callback", "event": {"type": "message"}}),
            "Ev1",
            "message",
        ),
        (
            "shopify",
            &[("X-Shopify-Webhook-Id", "w"), ("X-Shopify-Topic", "orders/create")],
            none.clone(),
            "w",
            "orders/create",
        ),
        ("svix", &[("svix-id", "msg_1")], json!({"type": "a.b"}), "msg_1", "a.b"),
        ("paypal", &[("paypal-transmission-id", "t-1")], json!({"event_type": "E"}), "t-1", "E"),
        (
            "hubspot",
            &[],
            json!([{"subscriptionId": 3, "eventId": 7, "occurredAt": 9, "subscriptionType": "contact.creation"}]),
            "3:7:9",
            "contact.creation",
        ),
        ("sendgrid", &[], json!([{"sg_event_id": "s", "event": "open"}]), "s", "open"),
        (
            "adyen",
            &[],
            json!({"notificationItems": [{"NotificationRequestItem": {"eventCode": "CAPTURE", "pspReference": "p"}}]}),
            "CAPTURE:p",
            "CAPTURE",
        ),
        ("mailgun", &[], json!({"signature": {"token": "k"}, "event-data": {"event": "opened"}}), "k", "opened"),
        (
            "gocardless",
            &[],
            json!({"events": [{"id": "EV1", "resource_type": "mandates", "action": "created"}]}),
            "EV1",
            "mandates:created",
        ),
    ];
    for (name, list, body, id, event) in cases {
        assert_eq!(names(name, list, &body), (Some(id.to_owned()), Some(event.to_owned())), "{name}");
    }
    assert_eq!(names("stripe", &[], &json!({"id": {"a": 1}, "type": null})), (None, None));
}

#[test]
fn an_id_outside_the_signature_is_said_to_be_so() {
    let secret = Secret::new("s");
    let none = Headers::default();
    let signed_id = |name: &str, id: &str| {
        let body = br#"{"id":"evt_1"}"#;
        let preset = preset(name);
        let mut proof = sign(preset.scheme_for(&secret).unwrap(), &secret, &post(&none, body), "m", at(0)).unwrap();
        proof.push((id.to_owned(), "d-1".to_owned()));
        let list: Headers = proof.into_iter().collect();
        let verifier = Verifier::preset(preset, std::slice::from_ref(&secret)).unwrap();
        let verified = verify(&verifier, &post(&list, body), at(0)).unwrap();
        (verified.delivery_id.unwrap(), verified.delivery_id_signed)
    };
    assert_eq!(signed_id("github", "X-GitHub-Delivery"), ("d-1".to_owned(), false));
    assert_eq!(signed_id("stripe", "X"), ("evt_1".to_owned(), true));
    assert_eq!(signed_id("twitch", "X"), ("m".to_owned(), true));
}

#[test]
fn a_form_of_twilio_has_its_fields() {
    let list =
        [("content-type", "application/x-www-form-urlencoded; charset=UTF-8"), ("I-Twilio-Idempotency-Token", "t")];
    let headers = headers(&list);
    let request = post(&headers, b"MessageSid=SM1&SmsStatus=delivered");
    let fields = Fields::of(&request);
    assert_eq!(fields.text("MessageSid").as_deref(), Some("SM1"));
    assert_eq!(
        preset("twilio").event_types().iter().find_map(|e| e.value(&request, &fields)).as_deref(),
        Some("delivered")
    );
    assert_eq!(fields.at("MessageSid.x"), None);
}

//! Schemes that a user spells out.

use super::*;
use serde_json::{Value, json};

#[test]
fn a_scheme_is_refused_in_words_if_it_can_not_be_meant() {
    let cases = [
        (json!({"algorithm": "sha256"}), "where its signature is"),
        (json!({"header": "A", "body_path": "b", "algorithm": "sha256"}), "where its signature is"),
        (json!({"header": "A"}), "missing field `algorithm`"),
        (json!({"header": "A", "algorithm": "md5"}), "unknown variant `md5`"),
        (json!({"header": "A", "algorithm": "sha256", "prefx": "v0="}), "unknown field `prefx`"),
        (json!({"header": "A b", "algorithm": "sha256"}), "whose name is none"),
        (json!({"header": "*", "algorithm": "sha256"}), "any header"),
        (json!({"header": 7, "algorithm": "sha256"}), "a name or a list of names"),
        (json!({"header": "A", "algorithm": "sha256", "signed": "v0:"}), "always the same"),
        (json!({"header": "A", "algorithm": "sha256", "signed": "{bdy}"}), "there is no `{bdy}` to sign"),
        (json!({"header": "A", "algorithm": "sha256", "signed": "{body"}), "brace without its other half"),
        (json!({"header": "A", "algorithm": "sha256", "signed": "a}b"}), "brace without its other half"),
        (json!({"header": "A", "algorithm": "sha256", "signed": "{timestamp}{body}"}), "says where the time is"),
        (json!({"header": "A", "algorithm": "sha256", "signed": "{id}{body}"}), "id_header"),
        (json!({"header": "A", "algorithm": "sha256", "tolerance": 5}), "says where the time is"),
        (
            json!({"header": "A", "algorithm": "sha256", "timestamp_header": "T", "tolerance": 5}),
            "must sign {timestamp}",
        ),
        (
            json!({"header": "A", "algorithm": "sha256", "signed": "{timestamp}", "timestamp_header": "T", "tolerance": -5}),
            "a tolerance is",
        ),
        (
            json!({"header": "A", "algorithm": "sha256", "timestamp_header": "T", "timestamp_path": "t"}),
            "its time in one place",
        ),
        (json!({"header": "A", "algorithm": "sha256", "separator": ""}), "`separator` is empty"),
        (json!({"query": "t", "algorithm": "sha256"}), "only a `token`"),
    ];
    for (value, words) in cases {
        let error = scheme(value.clone()).unwrap_err();
        assert!(error.contains(words), "{value}: {error}");
    }
}

/// Whether a header passes for a scheme whose key is `secret` and whose body is `{}`.
fn passes(value: &Value, list: &[(&str, &str)], now: i64) -> Result<(), Refusal> {
    let verifier = Verifier::scheme(&scheme(value.clone()).unwrap(), &[Secret::new("secret")]).unwrap();
    verify(&verifier, &post(&headers(list), b"{}"), at(now)).map(drop)
}

/// The signature of `{}` by a scheme.
fn signature(value: &Value) -> Vec<(String, String)> {
    let none = Headers::default();
    sign(&scheme(value.clone()).unwrap(), &Secret::new("secret"), &post(&none, b"{}"), "id", at(1_000)).unwrap()
}

#[test]
fn every_setting_of_a_scheme_counts() {
    let base = json!({"header": "X-S", "algorithm": "sha256"});
    let mut seen: Vec<String> = Vec::new();
    for (key, setting) in [
        ("algorithm", json!("sha256")),
        ("algorithm", json!("sha1")),
        ("algorithm", json!("hmac-sha384")),
        ("algorithm", json!("sha512")),
        ("algorithm", json!("plain-sha256")),
        ("encoding", json!("base64")),
        ("prefix", json!("v0=")),
        ("signed", json!("{method}{body}")),
        ("signed", json!("{url}{body}")),
        ("signed", json!("{body_sha256}")),
        ("signed", json!("{body_crc32}")),
        ("signed", json!("{{{body}}}")),
        ("template", json!("v0:{body}")),
    ] {
        let mut value = base.clone();
        value[key] = setting;
        let signed = signature(&value);
        let text = signed.last().unwrap().1.clone();
        assert!(!seen.contains(&text), "{value}");
        let pairs: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(passes(&value, &pairs, 1_000), Ok(()), "{value}");
        for other in &seen {
            assert!(passes(&value, &[("X-S", other)], 1_000).is_err(), "{value} passes {other}");
        }
        seen.push(text);
    }
}

#[test]
fn a_time_is_judged_by_its_unit_and_only_past_the_tolerance() {
    let base = json!({
        "header": "X-S", "algorithm": "sha256", "signed": "{timestamp}.{body}", "timestamp_header": "X-T",
        "tolerance": "1m",
    });
    for unit in ["s", "ms", "rfc3339"] {
        let mut value = base.clone();
        value["timestamp_unit"] = json!(unit);
        let signed = signature(&value);
        let pairs: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(passes(&value, &pairs, 1_060), Ok(()), "{unit}");
        assert_eq!(passes(&value, &pairs, 1_061), Err(Refusal::TooOld { age: 61, tolerance: 60 }), "{unit}");
        assert_eq!(passes(&value, &pairs, 940), Ok(()), "{unit}");
        assert_eq!(passes(&value, &pairs, 939), Err(Refusal::TooNew { ahead: 61, tolerance: 60 }), "{unit}");
        value["reject_future"] = json!(false);
        assert_eq!(passes(&value, &pairs, 0), Ok(()), "{unit}");
        for wrong in ["", "-1", "+1", "1e3", "0x10", "99999999999999999999", "soon", "1000.5"] {
            let pairs = [("X-S", pairs.last().unwrap().1), ("X-T", wrong)];
            assert!(matches!(passes(&value, &pairs, 1_000), Err(Refusal::Malformed { .. })), "{unit}: {wrong}");
        }
    }
}

#[test]
fn a_clock_is_judged_only_of_a_genuine_request() {
    let value = json!({
        "header": "X-S", "algorithm": "sha256", "signed": "{timestamp}.{body}", "timestamp_header": "X-T",
        "tolerance": 60,
    });
    let refusal = passes(&value, &[("X-S", &"00".repeat(32)), ("X-T", "1")], 1_000).unwrap_err();
    assert_eq!(refusal.code(), "mismatch");
}

#[test]
fn the_schema_knows_every_key_and_every_scheme_of_a_preset_is_one() {
    let schema = Scheme::schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for file in preset::FILES {
        let presets: Vec<Value> = serde_json::from_str(file).unwrap();
        for scheme in presets.iter().flat_map(|preset| preset["schemes"].as_array().unwrap()) {
            assert!(validator.is_valid(scheme), "{scheme}");
        }
    }
    assert!(!validator.is_valid(&json!({"header": "A", "algorithm": "sha256", "prefx": ""})));
    // The loader names all its keys where it refuses one.
    let error = scheme(json!({"header": "A", "algorithm": "sha256", "nothing": 1})).unwrap_err();
    let known: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
    assert!(known.len() > 20, "{error}");
    for key in known {
        assert!(schema["properties"][key].is_object(), "{key}");
    }
    for key in ["template", "key_encoding"] {
        assert!(schema["properties"][key].is_object(), "{key}");
    }
}

#[test]
fn yaml_like_texts_are_read_as_json_is() {
    let value = json!({"header": ["A", "B"], "algorithm": "hmac_sha256", "timestamp_header": "T",
        "timestamp_unit": "milliseconds", "signed": "{ts}", "secret_encoding": "whsec-base64"});
    assert!(scheme(value).is_ok());
}

/// The escapes of `HubSpot`'s documentation are undone, and no others.
#[test]
fn an_address_can_be_signed_without_some_of_its_escapes() {
    let value = json!({"header": "X-S", "algorithm": "sha256", "signed": "{url_unescaped}"});
    let (plain, secret, none) = (scheme(value).unwrap(), Secret::new("secret"), Headers::default());
    let signed = |url: &str| {
        let request = Request { url, ..post(&none, b"") };
        sign(&plain, &secret, &request, "", at(0)).unwrap()
    };
    assert_eq!(signed("https://a/?x=%3A%2f%3F%40%21%24%27%28%29%2A%2C%3B"), signed("https://a/?x=:/?@!$'()*,;"));
    for url in ["https://a/%20", "https://a/%25", "https://a/%", "https://a/%3", "https://a/%é"] {
        assert_ne!(signed(url), signed("https://a/ "), "{url}");
        assert_ne!(signed(url), signed("https://a/"), "{url}");
    }
    let (hubspot, now) = (preset("hubspot-v3"), at(1_700_000_000));
    let escaped = Request { url: "https://a/?x=%3A", ..post(&none, b"{}") };
    let proof = sign(&hubspot.schemes()[1], &secret, &escaped, "", now).unwrap();
    let list: Headers = proof.into_iter().collect();
    let verifier = Verifier::preset(hubspot, &[secret]).unwrap();
    assert!(verify(&verifier, &Request { headers: &list, ..escaped }, now).is_ok());
}

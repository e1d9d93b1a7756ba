//! Whatever is sent: nothing panics, and one changed byte is one too many.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// Any bytes, but often such as are meant to be something.
fn nasty() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..64),
        "[ -~]{0,40}".prop_map(String::into_bytes),
        prop::sample::select(vec![
            "t=1,v1=00",
            "ts=1;h1=00",
            "v1,AAAA v1a,AAAA",
            "sha256=00",
            "v0=",
            "=",
            ",",
            ";",
            "Basic ",
            "Basic Og==",
            "99999999999999999999",
            "-1",
            "2024-13-01T00:00:00Z",
            "https://sns.x.amazonaws.com/.pem",
            "%",
            "{",
            "é",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

/// Any body, often JSON of a shape that some scheme looks into.
fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        nasty(),
        prop::sample::select(vec![
            r#"{"notificationItems":[{"NotificationRequestItem":{"additionalData":{"hmacSignature":"AA=="}}}]}"#,
            r#"{"notificationItems":[1,null,{}]}"#,
            r#"{"signature":{"signature":"00","timestamp":1,"token":"x"}}"#,
            r#"{"Type":"Notification","SignatureVersion":"1","Signature":"AA==","SigningCertURL":"x"}"#,
            r#"{"type":"url_verification","challenge":"x"}"#,
            r#"{"webhookTimestamp":1e400}"#,
            "payload=%7B%7D&payload=1",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

fn secret_of(preset: &Preset) -> Secret {
    let key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    match preset.name() {
        "adyen" => Secret::new("00ff"),
        "discord" => Secret::new("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
        "standard-webhooks" | "gitlab-signing" => Secret::new(format!("whsec_{key}")),
        "fal" => Secret::new(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#),
        "sendgrid" => Secret::new(
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==",
        ),
        _ => Secret::new("us:er"),
    }
}

proptest! {
    #[test]
    fn nothing_that_is_sent_panics_or_passes(
        url in "[ -~]{0,40}|https?://a\\?(hub.mode|crc_token|challenge|bodySHA256)=[ -~]{0,9}",
        method in "GET|POST|OPTIONS|[ -~]{0,5}",
        values in vec(nasty(), 4),
        twice in any::<bool>(),
        body in body(),
        now in -1_000_000i64..4_000_000_000,
    ) {
        for preset in Preset::all() {
            let mut list = Headers::default();
            for scheme in preset.schemes() {
                let spec = scheme.spec();
                let names = spec.header.0.iter().chain(&spec.id_header.0).chain(&spec.timestamp_header.0);
                for (name, value) in names.zip(values.iter().cycle()) {
                    list.push(name.as_str(), value.clone());
                    if twice {
                        list.push(name.as_str(), value.clone());
                    }
                }
            }
            list.push("content-type", "application/x-www-form-urlencoded");
            list.push("Authorization", values[0].clone());
            let request = Request { method: &method, url: &url, headers: &list, body: &body, client_ip: None };
            let secret = secret_of(preset);
            if let Ok(verifier) = Verifier::preset(preset, std::slice::from_ref(&secret)).or_else(|_| Verifier::preset(preset, &[])) {
                prop_assert!(verify(&verifier, &request, at(now)).is_err(), "{}", preset.name());
                let _ = verifier.key_to_fetch(&request);
            }
            let known = handshake::Known { secret: Some(&secret), verify_token: Some("x") };
            let _ = handshake::handshake(preset, known, &request);
            let _ = facts::facts(preset, &request, &Fields::of(&request));
        }
    }

    #[test]
    fn no_secret_panics(text in "\\PC{0,60}|whsec_[A-Za-z0-9+/=]{0,20}|-----BEGIN [A-Z \
        ]{0,20}-----[A-Za-z0-9+/=\n]{0,40}") {
        for preset in Preset::all() {
            let _ = Verifier::preset(preset, &[Secret::new(text.as_str())]);
            for encoding in SecretEncoding::ALL {
                let _ = Verifier::preset(preset, &[Secret::new(text.as_str()).encoded(encoding)]);
            }
        }
    }

    #[test]
    fn no_scheme_panics(header in "\\PC{0,9}", signed in "[{}a-z:_]{0,20}", prefix in "\\PC{0,3}", tolerance in any::<i64>()) {
        let value = serde_json::json!({"header": header, "algorithm": "sha256", "signed": signed, "prefix": prefix,
            "timestamp_header": "T", "tolerance": tolerance});
        let _ = scheme(value);
    }

    #[test]
    fn no_line_panics(line in "\\PC{0,80}") {
        let answer = batch::verify_line(&line, at(0));
        prop_assert_eq!(&answer["valid"], &serde_json::Value::Bool(false));
        prop_assert!(answer["reason"].is_string());
    }

    /// A genuine request with one byte changed in body, time, id or secret is none.
    #[test]
    fn one_changed_byte_is_one_too_many(
        name in prop::sample::select(vec!["stripe", "slack", "standard-webhooks", "twitch", "zoom", "github", "shopify", "hubspot-v3", "webflow"]),
        body in vec(any::<u8>(), 1..40),
        place in any::<prop::sample::Index>(),
        bit in 0u8..8,
        digit in 1u8..10,
    ) {
        let preset = preset(name);
        // Where nothing separates the body from the time, it can't begin as a time ends.
        let body = [b"{".as_slice(), &body].concat();
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let now = at(1_700_000_000);
        let none = Headers::default();
        let signed = sign(preset.scheme_for(&secret).unwrap(), &secret, &post(&none, &body), "msg-1", now).unwrap();
        let list: Headers = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let verifier = Verifier::preset(preset, std::slice::from_ref(&secret)).unwrap();
        prop_assert!(verify(&verifier, &post(&list, &body), now).is_ok());

        let mut other = body.clone();
        let at = place.index(other.len());
        other[at] ^= 1 << bit;
        prop_assert_eq!(verify(&verifier, &post(&list, &other), now).unwrap_err().code(), "mismatch");
        prop_assert!(verify(&verifier, &post(&list, &body[1..]), now).is_err());

        // A letter of the secret; the last of four in base64 could leave its bytes as they are.
        let mut text = secret.text().to_owned().into_bytes();
        let at = 6 + place.index(30);
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        let wrong = Verifier::preset(preset, &[Secret::new(String::from_utf8(text).unwrap())]).unwrap();
        prop_assert!(verify(&wrong, &post(&list, &body), now).is_err());

        // A digit of whatever stands in the headers: the signature, the time and the id.
        for (index, (_, value)) in signed.iter().enumerate() {
            let digits: Vec<usize> = value.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at).collect();
            let Some(at) = digits.get(place.index(digits.len().max(1))) else { continue };
            let mut changed = value.clone().into_bytes();
            changed[*at] = b'0' + (changed[*at] - b'0' + digit) % 10;
            let mut others = Headers::default();
            for (other, (name, value)) in signed.iter().enumerate() {
                let value = if other == index { changed.clone() } else { value.clone().into_bytes() };
                others.push(name.as_str(), value);
            }
            prop_assert!(verify(&verifier, &post(&others, &body), now).is_err(), "{value}");
        }
    }
}

#[test]
fn a_body_as_deep_as_it_likes_is_refused_and_not_followed() {
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let none = Headers::default();
    for preset in Preset::all() {
        let request = post(&none, &deep);
        let _ = handshake::handshake(preset, handshake::Known::default(), &request);
        assert!(Fields::of(&request).value().is_none());
    }
}

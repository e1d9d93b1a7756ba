//! Each provider's handshake, its answer, and whether it must be genuine first.

use super::handshake::{Handshake, Known, handshake};
use super::*;

/// What a provider's request is answered; the secret is `secret`, the agreed word `word`.
fn ask(name: &str, method: &str, url: &str, list: &[(&str, &str)], body: &str) -> Option<Handshake> {
    let secret = Secret::new("secret");
    let known = Known { secret: Some(&secret), verify_token: Some("word") };
    let headers = headers(list);
    handshake(preset(name), known, &Request { method, url, headers: &headers, body: body.as_bytes(), client_ip: None })
}

fn text(handshake: &Handshake) -> (u16, &str, &str) {
    let reply = handshake.reply();
    (reply.status, reply.content_type.unwrap_or_default(), &reply.body)
}

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const URL: &str = "https://hooks.test/in";

#[test]
fn challenges_that_are_signed() {
    // The body of Slack's documentation, and the shape of the others'.
    let slack = r#"{"token": "Jhj5dZrVaK7ZwHHjRyZWjbDl", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P", "type": "url_verification"}"#;
    let answer = ask("slack", "POST", URL, &[], slack).unwrap();
    assert_eq!(text(&answer), (200, TEXT, "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"));
    assert!(answer.needs_signature());
    assert_eq!(ask("slack", "POST", URL, &[], r#"{"type":"event_callback","challenge":"x"}"#), None);

    let zoom = r#"{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}"#;
    let answer = ask("zoom", "POST", URL, &[], zoom).unwrap();
    let expected = r#"{"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"72cef096bfd47c0b8664df30d07721641e4abd7e885ba432204260db477a9a3e"}"#;
    assert_eq!(text(&answer), (200, JSON, expected));
    assert!(answer.needs_signature());

    let kind = [("Twitch-Eventsub-Message-Type", "webhook_callback_verification")];
    let answer = ask("twitch", "POST", URL, &kind, r#"{"challenge":"pogchamp-kappa-360noscope-vohiyo"}"#).unwrap();
    assert_eq!(text(&answer), (200, TEXT, "pogchamp-kappa-360noscope-vohiyo"));
    assert!(answer.needs_signature());
    assert_eq!(ask("twitch", "POST", URL, &[], r#"{"challenge":"x"}"#), None);

    let answer = ask("discord", "POST", URL, &[], r#"{"type":1}"#).unwrap();
    assert_eq!(text(&answer), (200, JSON, r#"{"type":1}"#));
    assert!(answer.needs_signature());
    assert_eq!(text(&ask("discord", "POST", URL, &[], r#"{"type":0}"#).unwrap()), (204, "", ""));
    assert_eq!(ask("discord", "POST", URL, &[], r#"{"type":2}"#), None);
    let event = r#"{"version":1,"application_id":"1234","type":1,"event":{"type":"APPLICATION_AUTHORIZED"}}"#;
    assert_eq!(ask("discord", "POST", URL, &[], event), None);
}

#[test]
fn a_stranger_gets_no_signature_for_a_text_of_theirs() {
    let long = "a".repeat(300);
    for token in ["v0:1700000000:{}", "{\"a\":1}", "a b", "", "é", "event=deploy", "YQ==", "a+b", "a/b", &long] {
        let body =
            serde_json::json!({"event": "endpoint.url_validation", "payload": {"plainToken": token}}).to_string();
        assert_eq!(ask("zoom", "POST", URL, &[], &body), None, "{token}");
        let query: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
        assert_eq!(ask("x", "GET", &format!("{URL}?crc_token={query}"), &[], ""), None, "{token}");
    }
}

#[test]
fn meta_is_answered_only_with_the_agreed_word() {
    let ask = |query: &str| ask("meta", "GET", &format!("{URL}?{query}"), &[], "");
    let answer = ask("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=word").unwrap();
    assert_eq!(text(&answer), (200, TEXT, "1158201444"));
    assert!(!answer.needs_signature());
    for query in [
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=wore",
        "hub.mode=subscribe&hub.challenge=1",
        "hub.challenge=1&hub.verify_token=word",
        "hub.mode=subscribe&hub.verify_token=word",
        "hub.mode=subscribe&hub.challenge=%3Cscript%3E%0A&hub.verify_token=word",
    ] {
        assert_eq!(ask(query), None, "{query}");
    }
    let none = Headers::default();
    let url = format!("{URL}?hub.mode=subscribe&hub.challenge=1&hub.verify_token=");
    let request = Request { method: "GET", url: &url, ..post(&none, b"") };
    for verify_token in [None, Some("")] {
        assert_eq!(handshake(preset("meta"), Known { secret: None, verify_token }, &request), None);
    }
}

#[test]
fn a_secret_that_comes_by_itself_is_to_be_stored() {
    let notion = r#"{"verification_token":"secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"}"#;
    let Some(Handshake::Secret { secret, reply }) = ask("notion", "POST", URL, &[], notion) else {
        panic!("no secret")
    };
    assert_eq!((secret.text(), reply.status), ("secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl", 200));
    assert_eq!(ask("notion", "POST", URL, &[("x-notion-signature", "sha256=00")], notion), None);

    let Some(Handshake::Secret { secret, reply }) =
        ask("asana", "POST", URL, &[("X-Hook-Secret", "b537207f20cbfa02")], "")
    else {
        panic!("no secret");
    };
    assert_eq!(secret.text(), "b537207f20cbfa02");
    assert_eq!(reply.headers, [("X-Hook-Secret", "b537207f20cbfa02".to_owned())]);
}

#[test]
fn sns_is_confirmed_only_at_its_own_host() {
    let ask = |kind: &str, url: &str| {
        let body = serde_json::json!({"Type": kind, "SubscribeURL": url}).to_string();
        ask("sns", "POST", URL, &[], &body)
    };
    let url = "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-west-2:123456789012:MyTopic&Token=2336412f37";
    let Some(Handshake::Confirm { url: confirmed, .. }) = ask("SubscriptionConfirmation", url) else { panic!("none") };
    assert_eq!(confirmed, url);
    assert!(ask("SubscriptionConfirmation", url).unwrap().needs_signature());
    assert_eq!(ask("Notification", url), None);
    for url in [
        "http://sns.us-west-2.amazonaws.com/?a",
        "https://169.254.169.254/latest",
        "https://sns.us-west-2.amazonaws.com.evil.test/?a",
        "https://sns.us-west-2.amazonaws.com:1/?a",
        "https://a@sns.us-west-2.amazonaws.com/?a",
        "https://sns.us-west-2.amazonaws.com/?a\r\nHost: x",
        "https://evil.test/?https://sns.us-west-2.amazonaws.com/",
    ] {
        assert_eq!(ask("SubscriptionConfirmation", url), None, "{url}");
    }
}

#[test]
fn the_others() {
    let answer = ask("x", "GET", &format!("{URL}?crc_token=challenge"), &[], "").unwrap();
    let token = r#"{"response_token":"sha256=oeUF6Wxqoezggrue+wbIDxKRPSF6esKwizR2MHh9HaA="}"#;
    assert_eq!(text(&answer), (200, JSON, token));
    assert_eq!(ask("x", "POST", &format!("{URL}?crc_token=challenge"), &[], ""), None);

    let answer = ask("dropbox", "GET", &format!("{URL}?challenge=abc_-1"), &[], "").unwrap();
    assert_eq!(text(&answer), (200, TEXT, "abc_-1"));

    let origin = [("WebHook-Request-Origin", "eventemitter.example.com")];
    let answer = ask("cloudevents", "OPTIONS", URL, &origin, "").unwrap();
    assert_eq!(answer.reply().headers[0], ("WebHook-Allowed-Origin", "eventemitter.example.com".to_owned()));
    assert_eq!(ask("cloudevents", "POST", URL, &origin, ""), None);
    assert_eq!(ask("cloudevents", "OPTIONS", URL, &[("WebHook-Request-Origin", "a\r\nb")], ""), None);
    assert_eq!(ask("github", "GET", &format!("{URL}?challenge=x&hub.mode=subscribe"), &[], "{}"), None);
}

#[test]
fn the_ping_of_woocommerce_is_answered_and_nothing_else_that_is_unsigned() {
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let answer = ask("woocommerce", "POST", URL, &[form], "webhook_id=17").unwrap();
    assert_eq!(text(&answer), (200, "", ""));
    assert!(!answer.needs_signature());
    for body in ["webhook_id=", "webhook_id=17&a=1", "webhook_id=x", "a=1", "", r#"{"webhook_id":17}"#] {
        assert_eq!(ask("woocommerce", "POST", URL, &[form], body), None, "{body}");
    }
    let signed = [form, ("X-WC-Webhook-Signature", "AAAA")];
    assert_eq!(ask("woocommerce", "POST", URL, &signed, "webhook_id=17"), None);
}

/// Texts in an answer: the body, the texts of its JSON, the values of its headers.
fn texts(reply: &handshake::Reply) -> Vec<String> {
    let fields: Option<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(&reply.body).ok();
    let inner = fields.into_iter().flatten().filter_map(|(_, value)| value.as_str().map(str::to_owned));
    let headers = reply.headers.iter().map(|(_, value)| value.clone());
    inner.chain(headers).chain([reply.body.clone()]).filter(|text| !text.is_empty()).collect()
}

/// Method, URL, headers and body.
type Asked = (&'static str, String, Vec<(&'static str, String)>, String);

/// The requests by which a provider's challenge could come, for a text of the sender's choice.
fn challenges(text: &str) -> Vec<Asked> {
    let query: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let get = |name: &str, more: &str| ("GET", format!("{URL}?{more}{name}={query}"), vec![], String::new());
    let post = |body: serde_json::Value| ("POST", URL.to_owned(), vec![], body.to_string());
    let verification = ("Twitch-Eventsub-Message-Type", "webhook_callback_verification".to_owned());
    vec![
        get("crc_token", ""),
        get("challenge", ""),
        get("hub.challenge", "hub.mode=subscribe&hub.verify_token=word&"),
        post(serde_json::json!({"type": "url_verification", "challenge": text})),
        post(serde_json::json!({"event": "endpoint.url_validation", "payload": {"plainToken": text}})),
        post(serde_json::json!({"verification_token": text})),
        post(serde_json::json!({"type": 1, "challenge": text})),
        ("POST", URL.to_owned(), vec![verification], serde_json::json!({"challenge": text}).to_string()),
        ("POST", URL.to_owned(), vec![("X-Hook-Secret", text.to_owned())], String::new()),
        ("OPTIONS", URL.to_owned(), vec![("WebHook-Request-Origin", text.to_owned())], String::new()),
        ("POST", URL.to_owned(), vec![], format!("webhook_id={text}")),
    ]
}

/// Challenges that an adversary would try, and many that nobody thought of.
fn adversarial_texts() -> Vec<String> {
    let chosen = [
        "event=deploy",
        "deploy",
        "a=b",
        "YQ==",
        "a+b/c",
        "{}",
        "{\"a\":1}",
        "[1]",
        "v0:0:{}",
        "0",
        "7",
        "a-b_c",
        "\"a\"",
    ];
    let alphabet: Vec<char> = ('!'..='~').collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    };
    let made = (0..300).map(|_| (0..=next() % 24).map(|_| alphabet[next() % alphabet.len()]).collect());
    chosen.iter().map(|text| (*text).to_owned()).chain(made).collect()
}

#[test]
fn no_answer_to_a_handshake_is_the_proof_of_a_request() {
    let (secret, mut asked, mut tried) = (Secret::new("secret"), 0, 0);
    for preset in Preset::all().iter().filter(|preset| preset.handshaker().is_some()) {
        let verifiers: Vec<Verifier> = preset
            .schemes()
            .iter()
            .filter_map(|scheme| Verifier::scheme(scheme, std::slice::from_ref(&secret)).ok())
            .collect();
        for text in adversarial_texts() {
            for (method, url, list, body) in challenges(&text) {
                let list: Vec<(&str, &str)> = list.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let Some(answer) = ask(preset.name(), method, &url, &list, &body) else { continue };
                asked += 1;
                for signature in texts(answer.reply()) {
                    for body in [text.as_str(), &body, ""] {
                        for verifier in &verifiers {
                            for kind in ["application/json", "application/x-www-form-urlencoded", "text/plain"] {
                                tried += 1;
                                let proofs = proofs(preset, &signature, kind);
                                let request = Request { url: &url, ..post(&proofs, body.as_bytes()) };
                                assert!(verify(verifier, &request, at(0)).is_err(), "{} signs {text:?}", preset.name());
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(asked > 300 && tried > 1_000, "{asked} {tried}");
}

/// A text in each header that can hold a signature of the preset, with what its schemes put before one.
fn proofs(preset: &Preset, text: &str, kind: &str) -> Headers {
    let mut headers = headers(&[("content-type", kind)]);
    for spec in preset.schemes().iter().map(Scheme::spec) {
        let bare = text.strip_prefix(&spec.prefix).unwrap_or(text);
        for name in spec.header.0.iter().filter(|name| *name != "*") {
            headers.push(name, format!("{}{bare}", spec.prefix));
        }
        for name in spec.timestamp_header.0.iter().chain(&spec.id_header.0) {
            headers.push(name, "0");
        }
    }
    headers
}

#[test]
fn x_takes_as_signed_only_what_no_challenge_can_be() {
    let (preset, secret, none) = (preset("x"), Secret::new("secret"), Headers::default());
    let verifier = Verifier::preset(preset, std::slice::from_ref(&secret)).unwrap();
    for (body, right) in
        [("{\"a\":1}", true), (" \n{}", true), ("deploy", false), ("event=deploy", false), ("", false), ("[1]", false)]
    {
        let request = post(&none, body.as_bytes());
        let proof: Headers =
            sign(preset.scheme_for(&secret).unwrap(), &secret, &request, "m", at(0)).unwrap().into_iter().collect();
        assert_eq!(verify(&verifier, &post(&proof, body.as_bytes()), at(0)).is_ok(), right, "{body}");
    }
}

//! Requests of every kind of form, and requirements joined.

use super::*;
use serde_json::json;
use std::net::IpAddr;

fn judge(verifier: &Verifier, list: &[(&str, &str)], body: &[u8]) -> Result<Verified, Refusal> {
    verify(verifier, &post(&headers(list), body), at(1_700_000_000))
}

fn github() -> Verifier {
    Verifier::preset(preset("github"), &[Secret::new("It's a Secret to Everybody")]).unwrap()
}

/// The signature of `Hello, World!`, from GitHub's documentation.
const GITHUB: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

#[test]
fn each_refusal_says_what_is_wrong() {
    let verifier = github();
    let hello = b"Hello, World!";
    let cases: [(&[(&str, &str)], &str); 8] = [
        (&[], "the header X-Hub-Signature-256 is missing"),
        (&[("x-hub-signature", GITHUB)], "the header X-Hub-Signature-256 is missing"),
        (&[("X-Hub-Signature-256", "")], "the header X-Hub-Signature-256 is malformed: it is empty"),
        (&[("X-Hub-Signature-256", "sha512=00")], "has no signature of the version `sha256=`"),
        (&[("X-Hub-Signature-256", "sha256=00")], "malformed: a signature is 32 bytes in hexadecimal"),
        (&[("X-Hub-Signature-256", "sha256=zz")], "malformed: a signature is 32 bytes in hexadecimal"),
        (&[("X-Hub-Signature-256", GITHUB), ("x-hub-signature-256", GITHUB)], "is there more than once"),
        (
            &[("X-Hub-Signature-256", "sha256=0000000000000000000000000000000000000000000000000000000000000000")],
            "does not match",
        ),
    ];
    for (list, words) in cases {
        let refusal = judge(&verifier, list, hello).unwrap_err();
        assert!(refusal.to_string().contains(words), "{refusal}");
        assert_eq!(refusal.status(), 401);
        assert!(!Refusal::PUBLIC.contains(&refusal.to_string()));
    }
    assert!(judge(&verifier, &[("x-HUB-signature-256", &format!("  {GITHUB}\t"))], hello).is_ok());
    let mut headers = Headers::default();
    headers.push("X-Hub-Signature-256", vec![0xff, 0xfe]);
    let refusal = verify(&verifier, &post(&headers, hello), at(0)).unwrap_err();
    assert!(refusal.to_string().contains("it is not text"), "{refusal}");
}

#[test]
fn a_token_is_compared_whole() {
    let verifier = Verifier::preset(preset("gitlab"), &[Secret::new("t0ken"), Secret::new("older")]).unwrap();
    assert!(judge(&verifier, &[("X-Gitlab-Token", "t0ken")], b"").is_ok());
    assert_eq!(judge(&verifier, &[("X-Gitlab-Token", "older")], b"").unwrap().secret, 1);
    for wrong in ["t0ke", "t0ken1", "T0KEN", "t0ken,t0ken"] {
        assert_eq!(judge(&verifier, &[("X-Gitlab-Token", wrong)], b"").unwrap_err().code(), "wrong_token", "{wrong}");
    }
    assert_eq!(judge(&verifier, &[], b"").unwrap_err().code(), "missing");
    let twice = [("X-Gitlab-Token", "t0ken"), ("X-Gitlab-Token", "t0ken")];
    assert_eq!(judge(&verifier, &twice, b"").unwrap_err().code(), "duplicate_header");
    let bearer = Verifier::token("Authorization", "Bearer ", Secret::new("t0ken")).unwrap();
    assert!(judge(&bearer, &[("authorization", "Bearer t0ken")], b"").is_ok());
    assert!(judge(&bearer, &[("authorization", "t0ken")], b"").is_err());
    assert!(Verifier::token("Authorization", "", Secret::new("")).is_err());
}

#[test]
fn gitlab_takes_a_signing_token_by_its_prefix() {
    let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let verifier = Verifier::preset(preset("gitlab"), std::slice::from_ref(&secret)).unwrap();
    let body = br#"{"test": 2432232314}"#;
    // The vector of the Standard Webhooks libraries.
    let list = [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];
    let verified = verify(&verifier, &post(&headers(&list), body), at(1_614_265_330)).unwrap();
    assert_eq!(verified.delivery_id.as_deref(), Some("msg_p5jXN8AQM9LWM0D4loKWxJek"));
    assert!(verified.delivery_id_signed);
    // The signing token as a plain token opens nothing.
    let token = [("X-Gitlab-Token", secret.text())];
    assert!(verify(&verifier, &post(&headers(&token), body), at(1_614_265_330)).is_err());
}

#[test]
fn basic_is_user_and_password() {
    assert!(Verifier::preset(preset("chargebee"), &[Secret::new("nobody")]).is_err());
    let verifier = Verifier::preset(preset("chargebee"), &[Secret::new("user:pa:ss")]).unwrap();
    assert!(judge(&verifier, &[("Authorization", "Basic dXNlcjpwYTpzcw==")], b"").is_ok());
    assert!(judge(&verifier, &[("Authorization", "basic dXNlcjpwYTpzcw")], b"").is_ok());
    let cases = [("Basic dXNlcjpwYTpzcQ==", "wrong_token"), ("Bearer dXNlcjpwYTpzcw==", "unknown_version")];
    for (value, code) in cases.into_iter().chain([("Basic", "wrong_token"), ("Basic !", "malformed")]) {
        assert_eq!(judge(&verifier, &[("Authorization", value)], b"").unwrap_err().code(), code, "{value}");
    }
}

#[test]
fn an_address_is_asked_first_and_all_requirements_must_hold() {
    let verifier = Verifier::addresses(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]).unwrap().and(github());
    let (good, bad) = (headers(&[("X-Hub-Signature-256", GITHUB)]), Headers::default());
    let from = |ip: Option<&str>, headers: &Headers| {
        let client_ip = ip.map(|ip| ip.parse::<IpAddr>().unwrap());
        verify(&verifier, &Request { client_ip, ..post(headers, b"Hello, World!") }, at(0)).map(drop)
    };
    for ip in ["10.1.2.3", "192.0.2.7", "2001:db8::1", "::ffff:10.1.2.3"] {
        assert_eq!(from(Some(ip), &good), Ok(()), "{ip}");
        assert_eq!(from(Some(ip), &bad).unwrap_err().status(), 401, "{ip}");
    }
    for ip in ["11.1.2.3", "192.0.2.8", "2001:db9::1", "::10.1.2.3"] {
        let refusal = from(Some(ip), &good).unwrap_err();
        assert_eq!((refusal.code(), refusal.status()), ("address_not_allowed", 403), "{ip}");
    }
    assert_eq!(from(None, &good), Err(Refusal::AddressUnknown));
    for wrong in ["10.0.0.0/33", "localhost", "10.0.0", ""] {
        assert!(Verifier::addresses([wrong]).is_err(), "{wrong}");
    }
    let token = Verifier::token("X-Token", "", Secret::new("t")).unwrap().and(github());
    let both = headers(&[("X-Hub-Signature-256", GITHUB), ("X-Token", "t")]);
    assert!(verify(&token, &post(&both, b"Hello, World!"), at(0)).is_ok());
    assert!(verify(&token, &post(&good, b"Hello, World!"), at(0)).is_err());
    assert!(verify(&Verifier::open(), &post(&bad, b""), at(0)).is_ok());
    assert!(verify(&Verifier::addresses([]).unwrap(), &post(&bad, b""), at(0)).is_err());
}

#[test]
fn several_signatures_may_come_in_the_way_of_the_scheme_only() {
    let secret = Secret::new("key");
    let none = Headers::default();
    let docusign = preset("docusign");
    let signed = sign(docusign.scheme_for(&secret).unwrap(), &secret, &post(&none, b"{}"), "", at(0)).unwrap();
    assert_eq!(signed[0].0, "X-DocuSign-Signature-1");
    let verifier = Verifier::preset(docusign, &[secret]).unwrap();
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert!(
        judge(&verifier, &[("x-docusign-signature-1", other), ("X-DocuSign-Signature-2", &signed[0].1)], b"{}").is_ok()
    );
    assert!(judge(&verifier, &[("X-DocuSign-Signature-0", &signed[0].1)], b"{}").is_err());
    assert!(judge(&verifier, &[("X-DocuSign-Signature-1", other)], b"{}").is_err());
    let stripe = Verifier::preset(preset("stripe"), &[Secret::new("whsec_x")]).unwrap();
    for value in ["t=1,t=2,v1=00", "v1=00", "t=1", "t=1,v0=00", "", ",,,", "t=1,v1=zz"] {
        let refusal = judge(&stripe, &[("Stripe-Signature", value)], b"{}").unwrap_err();
        assert!(["malformed", "unknown_version"].contains(&refusal.code()), "{value}: {refusal}");
    }
    let twice = [("Stripe-Signature", "t=1,v1=00"), ("Stripe-Signature", "t=1,v1=00")];
    assert_eq!(judge(&stripe, &twice, b"{}").unwrap_err().code(), "duplicate_header");
}

#[test]
fn alternative_header_names_are_not_mixed() {
    let verifier = Verifier::preset(preset("svix"), &[Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]).unwrap();
    let list = [
        ("svix-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("svix-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];
    let refusal = verify(&verifier, &post(&headers(&list), br#"{"test": 2432232314}"#), at(1_614_265_330)).unwrap_err();
    assert_eq!(refusal, Refusal::Missing { what: "the header svix-timestamp".to_owned() });
}

#[test]
fn a_published_key_is_asked_for_only_where_the_provider_can_have_put_it() {
    let none = Headers::default();
    let fal = Verifier::preset(preset("fal"), &[]).unwrap();
    let url = fal.key_to_fetch(&post(&none, b"")).unwrap();
    assert_eq!(url.as_deref(), Some("https://rest.alpha.fal.ai/.well-known/jwks.json"));
    let sns = Verifier::preset(preset("sns"), &[]).unwrap();
    let ask = |url: &str| {
        let body = serde_json::json!({"SigningCertURL": url}).to_string();
        sns.key_to_fetch(&post(&none, body.as_bytes()))
    };
    for url in ["https://sns.eu-west-1.amazonaws.com/a.pem", "https://sns.cn-north-1.amazonaws.com.cn/a-b.pem"] {
        assert_eq!(ask(url), Ok(Some(url.to_owned())));
    }
    for url in [
        "http://sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.test/a.pem",
        "https://evil.test/sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.test/a.pem",
        "https://sns.eu-west-1.amazonaws.com\\@evil.test/a.pem",
        "https://sns.a.b.amazonaws.com/a.pem",
        "https://xsns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com/a.pem?x",
        "https://sns.eu-west-1.amazonaws.com/a.pem#.pem",
        "https://sns.eu-west-1.amazonaws.com",
        "https://sns.eu-west-1.amazonaws.com/a.txt",
        "",
    ] {
        assert_eq!(ask(url).unwrap_err().code(), "untrusted_key_url", "{url}");
    }
    assert_eq!(verify(&sns, &post(&none, b"{}"), at(0)), Err(Refusal::KeyNeeded));
    assert!(sns.clone().with_fetched("no certificate").is_err());
    assert_eq!(github().key_to_fetch(&post(&none, b"")), Ok(None));
}

/// The key that was fetched does what a configured one does.
#[test]
fn a_fetched_key_verifies() {
    let line = include_str!("../../../../../tests/fixtures/signature/vectors.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .find(|vector| vector["name"] == "sns, version 2")
        .unwrap();
    let body = base64::Engine::decode(&secret::BASE64, line["body_b64"].as_str().unwrap()).unwrap();
    let none = Headers::default();
    let verifier = Verifier::preset(preset("aws-sns"), &[]).unwrap();
    let verifier = verifier.with_fetched(line["secret"].as_str().unwrap()).unwrap();
    assert_eq!(verifier.key_to_fetch(&post(&none, &body)), Ok(None));
    let verified = verify(&verifier, &post(&none, &body), at(0)).unwrap();
    assert_eq!(verified.delivery_id.as_deref(), Some("22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"));
    assert!(verified.delivery_id_signed);
}

#[test]
fn nothing_shows_a_secret() {
    let secret = Secret::new("hunter2hunter2");
    let verifier = Verifier::preset(preset("gitlab"), std::slice::from_ref(&secret)).unwrap();
    let shown = format!("{secret:?} {verifier:?} {:?}", Secret::new("hunter2hunter2").encoded(SecretEncoding::Hex));
    assert!(!shown.contains("hunter2") && !shown.contains("104, 117, 110"), "{shown}");
    let error = Verifier::preset(preset("adyen"), &[secret]).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

/// Nothing stands between the time and the token that Mailgun signs, so a request that was caught could be split elsewhere.
#[test]
fn the_time_can_not_be_cut_elsewhere_than_it_was_signed() {
    let verifier = Verifier::preset(preset("mailgun"), &[Secret::new("key-3ax6xnjp29jd6fds4gc373sgvjxteol0")]).unwrap();
    let signed = "14036452205egbgr1vjgqxtrnp65xfznchgdccwh5d6i09vijqi3whgowmn6";
    let judged = |digits: usize| {
        let (time, token) = signed.split_at(digits);
        let signature = "9cfc5c41582e51246e73c88d34db3af0a3a2692a76fbab81492842f000256d33";
        let signature = json!({"timestamp": time, "token": token, "signature": signature});
        let body = json!({"signature": signature, "event-data": {"event": "opened"}}).to_string();
        judge(&verifier, &[("content-type", "application/json")], body.as_bytes())
    };
    assert!(judged(10).is_ok(), "as it was signed");
    for digits in [1, 9, 11] {
        assert!(matches!(judged(digits), Err(Refusal::Malformed { .. })), "{digits}: {:?}", judged(digits));
    }
}

#[test]
fn a_form_has_no_name_that_is_reserved() {
    let list = headers(&[("content-type", "application/x-www-form-urlencoded")]);
    let fields = |body: &str| Fields::of(&post(&list, body.as_bytes())).value().cloned();
    assert_eq!(fields("a=7"), Some(json!({"a": "7"})));
    for body in ["%24serde_json%3A%3Aprivate%3A%3ANumber=7", "a=1&%24serde_json%3A%3Aprivate%3A%3ARawValue=x"] {
        assert_eq!(fields(body), None, "{body}");
    }
}

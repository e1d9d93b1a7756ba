//! Lines of a batch.

use super::batch::{time, verify_line};
use super::*;
use serde_json::json;

const GITHUB: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

fn line() -> serde_json::Value {
    json!({"provider": "github", "secret": "It's a Secret to Everybody", "body": "Hello, World!",
        "headers": {"X-Hub-Signature-256": GITHUB}, "anything": "else"})
}

#[test]
fn a_line_is_judged_whatever_else_is_in_it() {
    let valid = json!({"valid": true, "reason": null});
    assert_eq!(verify_line(&line().to_string(), at(0)), valid);
    let mut other = line();
    other["headers"] = json!({"x-hub-signature-256": [GITHUB]});
    other["secret"] = json!(["another", "It's a Secret to Everybody"]);
    other["now"] = json!("2026-01-02T03:04:05Z");
    assert_eq!(verify_line(&other.to_string(), at(0)), valid);
    for key in ["url", "method", "parameters", "secret_encoding", "now", "client_ip", "body_b64", "scheme"] {
        other[key] = json!(null);
    }
    assert_eq!(verify_line(&other.to_string(), at(0)), valid);
    let mut scheme = line();
    scheme["scheme"] = json!({"header": "X-Hub-Signature-256", "algorithm": "sha256", "prefix": "sha256="});
    scheme["provider"] = json!(null);
    assert_eq!(verify_line(&scheme.to_string(), at(0)), valid);
    scheme["scheme"] = json!("github");
    assert_eq!(verify_line(&scheme.to_string(), at(0)), valid);
}

#[test]
fn what_is_wrong_with_a_line_is_said() {
    let cases = [
        ("provider", json!("githb"), "did you mean `github`?"),
        ("provider", json!(null), "neither `provider` nor `scheme`"),
        ("scheme", json!({"header": "A"}), "bad scheme: missing field `algorithm`"),
        ("secret", json!(""), "the secret is empty"),
        ("secret", json!(null), "there is no secret"),
        ("secret", json!(7), "`secret` is a text"),
        ("secret_encoding", json!("rot13"), "unknown variant `rot13`"),
        ("secret_encoding", json!("x509"), "no key for this scheme"),
        ("headers", json!({"X-Hub-Signature-256": [GITHUB, GITHUB]}), "more than once"),
        ("headers", json!({"X-Hub-Signature-256": GITHUB, "x-hub-signature-256": GITHUB}), "more than once"),
        ("headers", json!({"a": {}}), "a header is a text"),
        ("headers", json!([]), "an object of headers"),
        ("headers", json!(null), "the header X-Hub-Signature-256 is missing"),
        ("body_b64", json!("%"), "`body_b64` is not base64"),
        ("now", json!("soon"), "`now` is Unix seconds"),
    ];
    for (key, value, words) in cases {
        let mut line = line();
        line[key] = value.clone();
        let answer = verify_line(&line.to_string(), at(0));
        assert_eq!(answer["valid"], false, "{key}: {value}");
        assert!(answer["reason"].as_str().unwrap().contains(words), "{key}: {value}: {answer}");
    }
    let twice = line()
        .to_string()
        .replace("\"X-Hub-Signature-256\":", "\"X-Hub-Signature-256\":\"x\",\"X-Hub-Signature-256\":");
    assert!(verify_line(&twice, at(0))["reason"].as_str().unwrap().contains("more than once"));
}

#[test]
fn a_time_is_seconds_or_rfc_3339() {
    for value in [json!(1_700_000_000), json!(1_700_000_000.0), json!("1700000000"), json!("2023-11-14T22:13:20Z")] {
        assert_eq!(time(&value), Ok(at(1_700_000_000)), "{value}");
    }
    for value in [json!(1e300), json!(1_700_000_000_000i64), json!(""), json!(true), json!("NaN"), json!("-inf")] {
        assert!(time(&value).is_err(), "{value}");
    }
}

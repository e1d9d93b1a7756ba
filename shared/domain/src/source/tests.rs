use crate::config::load_source;
use crate::signature::{Headers, Request, verify};
use crate::source::{SourceError, Verification};
use jiff::Timestamp;
use serde_json::{Value, json};

fn read(name: &str, fields: &Value) -> Verification {
    load_source(name, fields).unwrap_or_else(|errors| panic!("{errors:?}")).0.verification
}

fn holds(verification: &Verification, env: &Value, headers: &[(&str, &str)], ip: Option<&str>) -> bool {
    let ready = verification.ready(env).unwrap();
    let headers: Headers = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let client_ip = ip.map(|ip| ip.parse().unwrap());
    let request = Request { method: "POST", url: "https://a.test/x", headers: &headers, body: b"{}", client_ip };
    verify(ready.verifier.as_ref().unwrap(), &request, Timestamp::UNIX_EPOCH).is_ok()
}

#[test]
fn everything_that_is_configured_must_hold() {
    let fields = json!({"auth_type": ["token", "ip"], "token": "t0", "allow_ips": ["10.0.0.0/8", "2001:db8::/32"]});
    let both = read("custom", &fields);
    let token = [("X-Webhook-Token", "t0")];
    assert!(holds(&both, &Value::Null, &token, Some("10.1.2.3")));
    assert!(holds(&both, &Value::Null, &[("authorization", "Bearer t0")], Some("2001:db8::1")));
    assert!(!holds(&both, &Value::Null, &token, Some("11.1.2.3")));
    assert!(!holds(&both, &Value::Null, &token, None));
    assert!(!holds(&both, &Value::Null, &[("X-Webhook-Token", "t1")], Some("10.1.2.3")));
    assert!(!holds(&both, &Value::Null, &[], Some("10.1.2.3")));
    // What is there holds, whatever `auth_type` forgets.
    let fields = json!({"auth_type": "token", "token": "t0", "allow_ips": "10.0.0.0/8"});
    assert!(!holds(&read("custom", &fields), &Value::Null, &token, Some("11.1.2.3")));
}

#[test]
fn a_token_may_be_in_a_header_of_its_own_and_may_be_rotated() {
    let own = read("custom", &json!({"token": ["new", "old"], "header": "X-Key"}));
    for (name, value, right) in
        [("X-Key", "new", true), ("x-key", "old", true), ("X-Key", "ne", false), ("X-Webhook-Token", "new", false)]
    {
        assert_eq!(holds(&own, &Value::Null, &[(name, value)], None), right, "{name}: {value}");
    }
}

#[test]
fn secrets_come_of_the_environment_and_an_empty_one_is_refused() {
    let fields = json!({"token": "${env.T}"});
    let custom = read("custom", &fields);
    let env = json!({"T": "s3cret"});
    assert!(holds(&custom, &env, &[("X-Webhook-Token", "s3cret")], None));
    let empty = |what| SourceError::Empty { what, variable: Some("T".to_owned()) };
    assert_eq!(custom.ready(&json!({})).unwrap_err(), empty("token"));
    let signed = read("github", &json!({"secret": "${env.T}"}));
    assert_eq!(signed.ready(&json!({"T": ""})).unwrap_err(), empty("secret"));
    assert_eq!(empty("secret").to_string(), "`secret` is empty: the environment variable `T` is empty or not set");
    let two = read("github", &json!({"secret": "${env.T}${env.U}"})).ready(&json!({})).unwrap_err();
    assert_eq!(two.to_string(), "`secret` is empty: is an environment variable not set?");
    assert!(!format!("{custom:?} {:?}", custom.ready(&env).unwrap()).contains("s3cret"));
    assert!(!format!("{:?}", read("custom", &json!({"token": "s3cret"}))).contains("s3cret"));
}

#[test]
fn a_source_of_a_providers_name_needs_no_scheme() {
    assert_eq!(read("github", &json!({"secret": "x"})).preset().unwrap().name(), "github");
    assert_eq!(read("stripe", &json!({"auth_type": "signature", "secret": "x"})).preset().unwrap().name(), "stripe");
    assert_eq!(read("mine", &json!({"scheme": "slack", "secret": "x"})).preset().unwrap().name(), "slack");
    // Those that send their secret wait for it.
    assert!(read("notion", &json!({"scheme": "notion"})).ready(&Value::Null).unwrap().awaits_secret());
    // Those that publish their key need none.
    assert!(!read("fal", &json!({"scheme": "fal"})).ready(&Value::Null).unwrap().awaits_secret());
}

#[test]
fn a_scheme_may_be_spelled_out() {
    let scheme = json!({"header": "X-Signature", "algorithm": "sha256", "prefix": "sha256=", "signed": "{body}"});
    let spelled = read("mine", &json!({"scheme": scheme, "secret": "k"}));
    // printf {} | openssl dgst -sha256 -hmac k
    let right = "sha256=add853b103fbcc936a194f9eb15e29c4ff08af6e47d5d1bca4f20218e31e4fff";
    assert!(holds(&spelled, &Value::Null, &[("X-Signature", right)], None));
    assert!(!holds(&spelled, &Value::Null, &[("X-Signature", &right.replace('4', "5"))], None));
    let signed = crate::signature::Secret::new("k");
    assert!(spelled.preset().is_none() && spelled.ready(&Value::Null).unwrap().known().secret == Some(&signed));
}

#[test]
fn what_is_wrong_is_told_with_the_field() {
    for (name, fields, expected) in [
        (
            "x",
            json!({}),
            "nothing is verified: give `scheme` and `secret`, `token` or `allow_ips`, or write `auth_type: none`",
        ),
        ("mine", json!({"auth_type": "signature", "secret": "s"}), "a signature needs the key `scheme`"),
        ("mine", json!({"auth_type": "token"}), "a token needs the key `token`"),
        ("mine", json!({"auth_type": "ip"}), "a list of addresses needs the key `allow_ips`"),
        (
            "x",
            json!({"auth_type": ["none", "ip"], "allow_ips": "10.0.0.0/8"}),
            "`none` says that nothing is verified: it stands alone",
        ),
        ("mine", json!({"auth_type": "none", "token": "t"}), "`none` says that nothing is verified, and something is"),
        ("mine", json!({"auth_type": "hmac"}), "`hmac` is none of: signature, token, ip, none"),
        (
            "x",
            json!({"scheme": "githb", "secret": "s"}),
            "there is no provider `githb`; a scheme may also be spelled out; did you mean `github`?",
        ),
        ("mine", json!({"scheme": "github"}), "this scheme needs the key `secret`"),
        ("mine", json!({"scheme": "github", "secret": ""}), "`secret` is empty"),
        ("mine", json!({"scheme": "github", "secret": []}), "`secret` lists nothing"),
        (
            "x",
            json!({"scheme": "standard-webhooks", "secret": "whsec_%%"}),
            "`secret` can't be used: the secret can't be read as",
        ),
        ("mine", json!({"scheme": {"header": "X", "algoritm": "sha256"}, "secret": "s"}), "unknown field `algoritm`"),
        ("mine", json!({"scheme": {"algorithm": "sha256"}, "secret": "s"}), "this scheme can't be used"),
        ("mine", json!({"token": "t", "allow_ips": ["home"]}), "`home` is not a range of addresses"),
        ("mine", json!({"token": "t", "public_url": "hooks.test/x"}), "`hooks.test/x` is not a scheme and a host"),
        ("mine", json!({"token": "t", "rate_limit": {"limit": 0}}), "`limit` must be a whole number of at least 1"),
        (
            "x",
            json!({"token": "t", "rate_limit": {"limit": 1, "period": "2h"}}),
            "a `period` has whole seconds, 3600 at most",
        ),
        ("mine", json!({"token": "t", "rules": {"push": {"brnch == 'x'": "a"}}}), "did you mean `branch`?"),
        (
            "x",
            json!({"token": "t", "rules": {"push": [{"when": "branch", "targt": "a"}]}}),
            "a rule has no key `targt`; did you mean `target`?",
        ),
        ("mine", json!({"token": "t", "rules": ["a"]}), "`rules` must be a mapping by event type"),
        ("a b", json!({"token": "t"}), "`a b` can't be an id"),
        ("mine", json!({"token": "t", "tokn": 1}), "a source has no key `tokn`; did you mean `token`?"),
    ] {
        let errors = load_source(name, &fields).expect_err(expected).join("\n");
        assert!(errors.contains(expected), "{fields}: {errors}");
    }
}

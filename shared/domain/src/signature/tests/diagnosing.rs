//! Every likely mistake is found by its name.

use super::diagnose::{Case, Diagnosis, Style, diagnose};
use super::*;

const NOW: i64 = 1_700_000_000;
const URL: &str = "https://hooks.test/in";

/// A genuine request of a provider, with something changed, and what is said of it.
struct Broken {
    name: &'static str,
    secret: Secret,
    headers: Headers,
    body: Vec<u8>,
    url: String,
    now: i64,
}

impl Broken {
    fn new(name: &'static str, secret: &str, body: &str) -> Self {
        let (secret, none) = (Secret::new(secret), Headers::default());
        let scheme = preset(name).scheme_for(&secret).unwrap();
        let signed = sign(scheme, &secret, &post(&none, body.as_bytes()), "msg_1", at(NOW)).unwrap();
        Self { name, secret, headers: signed.into_iter().collect(), body: body.into(), url: URL.to_owned(), now: NOW }
    }

    fn judge(&self) -> Result<Verified, Diagnosis> {
        let style = Style::Preset(preset(self.name));
        let request =
            Request { method: "POST", url: &self.url, headers: &self.headers, body: &self.body, client_ip: None };
        diagnose(&Case { style: &style, secret: &self.secret, parameters: &[], request }, at(self.now))
    }

    fn said(&self) -> String {
        let diagnosis = self.judge().unwrap_err();
        format!("{}\n{}", diagnosis.reason, diagnosis.findings.join("\n"))
    }
}

#[test]
fn a_genuine_request_has_no_diagnosis() {
    assert!(Broken::new("github", "key", "{}").judge().is_ok());
}

#[test]
fn a_changed_body_is_recognised() {
    let text = "{\"b\": 1,\r\n \"a\": [1, 2]}\r\n";
    let cases: [(&str, &str, &str); 7] = [
        ("{\"a\":1}\n", "{\"a\":1}", "followed by a newline"),
        ("{\"a\":1}", "{\"a\":1}\n", "without the newline at its end"),
        ("{\"a\":1}", "{\"a\":1}\r\n", "without the CRLF at its end"),
        (text, "{\"b\": 1,\n \"a\": [1, 2]}\n", "with CRLF for LF"),
        ("{\"b\":1,\"a\":[1,2]}", text, "the same JSON without white space"),
        ("{\"b\": 1, \"a\": [1, 2]}", "{\"b\":1,\"a\":[1,2]}", "with a space after"),
        ("{}", "e30=", "decoded from base64"),
    ];
    for (signed, received, words) in cases {
        let broken = Broken { body: received.into(), ..Broken::new("github", "key", signed) };
        assert!(broken.said().contains(words), "{received}: {}", broken.said());
    }
}

#[test]
fn another_way_to_write_the_secret_is_recognised() {
    let cases = [
        ("github", "key", "key\n", "without the white space around it"),
        ("github", "key", "\"key\"", "without its quotes"),
        ("github", "key", "whsec_key", "without `whsec_`"),
        ("stripe", "whsec_c2VjcmV0", "c2VjcmV0", ""),
        ("adyen", "6b6579", "key", "as utf8"),
    ];
    for (name, right, given, words) in cases {
        let broken = Broken { secret: Secret::new(given), ..Broken::new(name, right, "{}") };
        assert!(broken.said().contains(words), "{given}: {}", broken.said());
        assert!(!broken.said().contains(right), "{}", broken.said());
    }
    let raw = Secret::new("whsec_c2VjcmV0").encoded(SecretEncoding::Utf8);
    let broken = Broken { secret: raw, ..Broken::new("svix", "whsec_c2VjcmV0", "{}") };
    assert!(broken.said().contains("read as it is, as whsec-base64"), "{}", broken.said());
}

#[test]
fn another_address_is_recognised() {
    for (url, words) in [
        ("https://hooks.test/in/", "without the slash at its end"),
        ("https://hooks.test:8443/in", "without its port"),
        ("http://hooks.test/in", "https instead of http"),
        ("https://hooks.test/in?a=1", "without its query"),
        ("http://hooks.test:3000/in", "https without a port"),
    ] {
        let broken = Broken { url: url.to_owned(), ..Broken::new("square", "key", "{}") };
        assert!(broken.said().contains(words), "{url}: {}", broken.said());
    }
}

#[test]
fn the_clock_and_the_unit_are_recognised() {
    let broken = Broken { now: NOW + 3_600, ..Broken::new("slack", "key", "{}") };
    let said = broken.said();
    assert!(said.starts_with("it was signed 60 minutes ago, which is more than 5 minutes"), "{said}");
    assert!(said.contains("the signature itself is right"), "{said}");
    let mut broken = Broken::new("slack", "key", "{}");
    broken.headers = headers(&[("X-Slack-Signature", "v0=00"), ("X-Slack-Request-Timestamp", "1700000000000")]);
    assert!(broken.said().contains("read as milliseconds"), "{}", broken.said());
}

#[test]
fn the_wrong_header_and_the_wrong_provider_are_recognised() {
    let mut broken = Broken::new("github", "key", "{}");
    let value = broken.headers.iter().next().unwrap().1.to_vec();
    broken.headers = [("X-Signature", value.clone())].into_iter().collect();
    assert!(broken.said().contains("if the header X-Signature is called X-Hub-Signature-256"), "{}", broken.said());
    broken.headers = [("X-Hub-Signature-256", value[7..].to_vec())].into_iter().collect();
    assert!(broken.said().contains("and begins with `sha256=`"), "{}", broken.said());
    let broken = Broken { name: "shopify", ..Broken::new("github", "key", "{}") };
    assert!(broken.said().contains("it is a genuine request of `github`"), "{}", broken.said());
}

#[test]
fn a_request_that_nothing_explains_gets_no_finding() {
    let broken = Broken { body: b"{\"other\": true}".to_vec(), ..Broken::new("github", "key", "{}") };
    let diagnosis = broken.judge().unwrap_err();
    assert!(diagnosis.reason.contains("does not match"), "{}", diagnosis.reason);
    assert_eq!(diagnosis.findings, Vec::<String>::new());
}

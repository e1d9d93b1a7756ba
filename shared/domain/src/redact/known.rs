//! Secrets that are known by their value: what the file uses as one, as the environment has it.

use super::{MASKED, has_word, is_secret, plain};
use crate::bytes;
use crate::config::{Callback, Completion, Component, Config, HttpRequest, Routes, Trigger, Verify};
use crate::expr::{Template, to_text};
use crate::run::find_callback_token;
use crate::source::Verification;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

/// Shorter ones are not looked for, in bytes: they would take words out of texts, and anybody can guess them.
const SHORTEST: usize = 8;
/// Last words of names of environment variables whose values are secrets.
const VARIABLES: [&str; 14] = [
    "secret",
    "secrets",
    "token",
    "tokens",
    "password",
    "passwd",
    "pwd",
    "pass",
    "key",
    "apikey",
    "credential",
    "credentials",
    "cookie",
    "authorization",
];

/// Texts that are secret wherever they stand; so are callback tokens, which need not be known. Its `Debug` does not show them.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct KnownSecrets(Vec<String>);

impl KnownSecrets {
    /// Whether there are none, and so nothing is hidden.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those texts; ones of less than eight bytes are left out.
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let texts: BTreeSet<String> = texts.into_iter().filter(|text| text.len() >= SHORTEST).collect();
        let mut texts: Vec<String> = texts.into_iter().collect();
        // One that contains another goes first.
        texts.sort_unstable_by_key(|text| std::cmp::Reverse(text.len()));
        Self(texts)
    }

    /// Those of a file: what its sources and routes are verified with, and the environment variables that are named like
    /// secrets or stand in a header or parameter that is.
    pub fn of(config: &Config, env: &Map<String, Value>) -> Self {
        let all = Value::Object(env.clone());
        let mut texts: Vec<String> = verifications(config).flat_map(|of| verified_with(of, &all)).collect();
        let mut names: BTreeSet<String> = env.keys().filter(|name| is_secret_variable(name)).cloned().collect();
        for request in config.components.values().flat_map(requests) {
            let secret = request.headers.iter().chain(&request.params).filter(|(name, _)| is_secret(name));
            names.extend(secret.flat_map(|(_, template)| variables(template)));
        }
        texts.extend(names.iter().filter_map(|name| env.get(name)).map(|value| to_text(value).into_owned()));
        Self::new(texts)
    }

    /// The texts of secret names in a run's input: its jobs may say them anywhere.
    pub fn of_input(input: &Value) -> Self {
        let mut texts = Vec::new();
        secret_texts(input, false, &mut texts);
        Self::new(texts)
    }

    /// Whether a text holds one of them.
    pub fn is_in(&self, text: &str) -> bool {
        find_callback_token(text).is_some() || self.0.iter().any(|secret| text.contains(secret))
    }

    /// Whether one of them stands in JSON, written as JSON writes it.
    pub fn is_in_json(&self, json: &str) -> bool {
        find_callback_token(json).is_some()
            || self.0.iter().any(|secret| {
                let plain = !secret.bytes().any(|byte| byte < b' ' || matches!(byte, b'"' | b'\\'));
                let written = || Value::from(secret.as_str()).to_string();
                if plain { json.contains(secret) } else { json.contains(written().trim_matches('"')) }
            })
    }

    /// These and those.
    #[must_use]
    pub fn and(self, more: &Self) -> Self {
        Self::new(self.0.into_iter().chain(more.0.iter().cloned()))
    }

    /// A text without them.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        while let Some(token) = find_callback_token(&text) {
            text = Cow::Owned(text.replace(token, MASKED));
        }
        for secret in &self.0 {
            if text.contains(secret) {
                text = Cow::Owned(text.replace(secret, MASKED));
            }
        }
        text
    }

    /// Takes them out of all texts and names of a value.
    pub fn hide(&self, value: &mut Value) {
        // Base64 hides what the bytes say from a search for texts.
        let says = |bytes: bytes::Bytes<'_>| matches!(self.mask(&String::from_utf8_lossy(&bytes.data)), Cow::Owned(_));
        if bytes::read(value).is_some_and(says) {
            *value = Value::from(MASKED);
            return;
        }
        match value {
            Value::String(text) => {
                if let Cow::Owned(masked) = self.mask(text) {
                    *text = masked;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide(item)),
            Value::Object(fields) => {
                if fields.keys().any(|name| matches!(self.mask(name), Cow::Owned(_))) {
                    *fields = std::mem::take(fields)
                        .into_iter()
                        .map(|(name, value)| (self.mask(&name).into_owned(), value))
                        .collect();
                }
                fields.values_mut().for_each(|value| self.hide(value));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

impl fmt::Debug for KnownSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownSecrets({})", self.0.len())
    }
}

/// Collects all texts under names that [`hide_fields`](super::hide_fields) hides.
fn secret_texts(value: &Value, is_secret: bool, texts: &mut Vec<String>) {
    match value {
        Value::String(text) if is_secret => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| secret_texts(item, is_secret, texts)),
        Value::Object(fields) => {
            for (name, value) in fields {
                secret_texts(value, is_secret || has_word(&plain(name)), texts);
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether the last word of a variable's name says so: `FAL_KEY`, but not `TOKEN_URL`.
fn is_secret_variable(name: &str) -> bool {
    let last = name.rsplit(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
    VARIABLES.contains(&last.to_ascii_lowercase().as_str())
}

/// Everything in a file that requests are verified by.
fn verifications(config: &Config) -> impl Iterator<Item = &Verification> {
    let routes = config.listeners.iter().flat_map(|listener| match &listener.routes {
        Routes::Triggers(routes) => routes.iter().map(|Trigger { verify, .. }| verify).collect::<Vec<_>>(),
        Routes::Callbacks(routes) => routes.iter().map(|Callback { verify, .. }| verify).collect(),
        Routes::Sources(_) => Vec::new(),
    });
    let inline = routes.filter_map(|verify| match verify {
        Some(Verify::Inline(verification)) => Some(&**verification),
        Some(Verify::Source(_)) | None => None,
    });
    config.sources.values().map(|source| &source.verification).chain(inline)
}

/// Its secrets, as the environment has them.
fn verified_with(verification: &Verification, env: &Value) -> Vec<String> {
    let signature = verification.signature.iter().flat_map(|signature| &signature.secrets);
    let tokens = verification.token.iter().flat_map(|token| &token.tokens);
    signature.chain(tokens).chain(&verification.verify_token).filter_map(|secret| secret.text(env)).collect()
}

/// The requests that a component makes.
fn requests(component: &Component) -> Vec<&HttpRequest> {
    let Component::HttpClient(client) = component else { return Vec::new() };
    let polled = match &client.completion {
        Some(Completion::Polling(polling)) => Some(&polling.request),
        Some(Completion::Callback(_)) | None => None,
    };
    std::iter::once(&client.request).chain(polled).collect()
}

/// The environment variables that a template reads.
fn variables(template: &Template) -> impl Iterator<Item = String> {
    let read = template.references().into_iter().filter(|reference| reference.source == "env");
    read.filter_map(|reference| reference.path.into_iter().next())
}

#[cfg(test)]
mod tests {
    use super::KnownSecrets;
    use crate::config::load;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    const FILE: &str = r#"
sources:
  github: {secret: ["${env.ONE}", "written out in the file"]}
  custom: {token: "${env.TWO}"}
listeners:
  - {path: /start, workflow: call, verify: {token: "${env.THREE}", header: X-Own}}
  - {path: /done, identify_by: "${body.id}", verify: {scheme: stripe, secret: "${env.FOUR}"}}
component:
  id: service
  endpoint: "${env.BASE_URL}/x"
  headers: {Authorization: "Bearer ${env.FIVE}", X-Trace: "${env.TRACE}"}
  params: {api_key: "${env.SIX}", a: "${env.SEVEN_KEY}", b: "${env.TOKEN_URL}", c: "${env.SHORT_KEY}"}
workflow: {id: call, jobs: [{component: service}]}
"#;

    fn env() -> Map<String, Value> {
        let names = ["ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN_KEY", "BASE_URL", "TRACE", "TOKEN_URL"];
        let mut env: Map<String, Value> =
            names.iter().map(|name| ((*name).to_owned(), json!(format!("value-of-{name}")))).collect();
        env.insert("SHORT_KEY".to_owned(), json!("short"));
        env
    }

    #[test]
    fn what_a_file_uses_as_a_secret_is_known_and_nothing_else() {
        let loaded = load(FILE, "f");
        let known = KnownSecrets::of(&loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)), &env());
        for name in ["ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN_KEY"] {
            assert_eq!(known.mask(&format!("<value-of-{name}>")), "<********>", "{name}");
        }
        assert_eq!(known.mask("it is written out in the file."), "it is ********.");
        for text in ["value-of-BASE_URL", "value-of-TRACE", "value-of-TOKEN_URL", "short"] {
            assert_eq!(known.mask(text), text);
        }
        assert_eq!(format!("{known:?}"), "KnownSecrets(8)");
    }

    #[test]
    fn values_are_searched_to_the_bottom() {
        let known = KnownSecrets::new(["first-secret".to_owned(), "first-secret-and-more".to_owned()]);
        let mut value = json!({"a": ["x first-secret y", {"first-secret": 1}], "b": 2, "c": "first-secret-and-more"});
        known.hide(&mut value);
        assert_eq!(value, json!({"a": ["x ******** y", {"********": 1}], "b": 2, "c": "********"}));
    }

    #[test]
    fn bytes_that_say_a_secret_are_hidden_and_others_are_not() {
        let known = KnownSecrets::new(["first-secret".to_owned()]);
        let shown = |said: &[u8]| {
            let mut value = json!([crate::bytes::value(Some("image/png"), said)]);
            known.hide(&mut value);
            value
        };
        assert_eq!(shown(b"\xff first-secret \0"), json!(["********"]));
        assert_eq!(shown(b"\xff first \0"), json!([crate::bytes::value(Some("image/png"), b"\xff first \0")]));
    }

    #[test]
    fn callback_tokens_are_known_without_being_told() {
        let token = format!("cbt_{}", "a1".repeat(32));
        let (known, said) = (KnownSecrets::default(), format!("https://x.test/done?callback_token={token}&t={token}"));
        assert!(known.is_in(&said) && known.is_in_json(&json!([said]).to_string()) && !known.is_in("cbt_short"));
        let mut value = json!({"url": said});
        known.hide(&mut value);
        assert_eq!(value, json!({"url": "https://x.test/done?callback_token=********&t=********"}));
    }

    #[test]
    fn a_secret_is_found_in_json_however_json_writes_it() {
        for secret in
            ["plain-secret", "with \"quotes\"", "back\\slash-es", "line\nbreak-er", "umläut-secret", "ends in \""]
        {
            let known = KnownSecrets::new([secret.to_owned()]);
            assert!(known.is_in_json(&json!({"a": [format!("x{secret}y")]}).to_string()), "{secret}");
            assert!(!known.is_in_json(&json!({"a": "something else"}).to_string()), "{secret}");
            assert!(known.clone().and(&KnownSecrets::default()).is_in(&format!("x{secret}y")));
        }
    }

    #[test]
    fn texts_of_secret_fields_are_known_by_their_value() {
        let known =
            KnownSecrets::of_input(&json!({"password": "correct horse", "a": [{"tokens": ["battery staple", 1]}],
            "branch": "a-long-branch", "secret": "short"}));
        let said = "correct horse, battery staple, a-long-branch, short";
        assert_eq!(known.mask(said), "********, ********, a-long-branch, short");
    }

    proptest! {
        #[test]
        fn nothing_that_is_known_is_left(secret in "[a-z]{8,12}", before in "[a-z ]{0,9}", after in "[a-z ]{0,9}") {
            let known = KnownSecrets::new([secret.clone()]);
            let text = format!("{before}{secret}{after}{secret}");
            prop_assert!(!known.mask(&text).contains(&secret));
            prop_assert_eq!(known.mask("nothing of it"), "nothing of it");
        }
    }
}

//! Secrets that are known by their value: what the file uses as one, as the environment has it.

use super::search::{Sought, join};
use super::{MASKED, has_word, is_secret, plain};
use crate::bytes;
use crate::config::{Callback, Config, Routes, Trigger, Verify};
use crate::expr::{Template, to_text};
use crate::run::find_callback_token;
use crate::source::Verification;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

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
#[derive(Clone, Default)]
pub struct KnownSecrets {
    texts: Sought,
    /// As JSON writes them, where it writes one of them differently.
    written: OnceLock<Option<Sought>>,
}

impl KnownSecrets {
    /// Whether there are none, and so nothing is hidden.
    pub fn is_empty(&self) -> bool {
        self.texts.texts().is_empty()
    }

    /// Those texts; ones of less than eight bytes are left out.
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let texts = Sought::new(texts.into_iter().filter(|text| text.len() >= SHORTEST));
        Self { texts, written: OnceLock::new() }
    }

    /// Those of a file: what its sources and routes are verified with, and the environment variables that are named like
    /// secrets or stand in a header or parameter that is.
    pub fn of(config: &Config, env: &Map<String, Value>) -> Self {
        let all = Value::Object(env.clone());
        let mut texts: Vec<String> = verifications(config).flat_map(|of| verified_with(of, &all)).collect();
        let mut names: BTreeSet<String> = env.keys().filter(|name| is_secret_variable(name)).cloned().collect();
        for request in config.components.values().flat_map(|component| component.kind().requests()) {
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
        find_callback_token(text).is_some() || self.texts.is_in(text)
    }

    /// Whether one of them stands in JSON, written as JSON writes it.
    pub fn is_in_json(&self, json: &str) -> bool {
        find_callback_token(json).is_some() || self.written().is_in(json)
    }

    fn written(&self) -> &Sought {
        let differs = |secret: &String| secret.bytes().any(|byte| byte < b' ' || matches!(byte, b'"' | b'\\'));
        let write = |secret: &String| Value::from(secret.as_str()).to_string().trim_matches('"').to_owned();
        let texts = self.texts.texts();
        let written =
            self.written.get_or_init(|| texts.iter().any(differs).then(|| Sought::new(texts.iter().map(write))));
        written.as_ref().unwrap_or(&self.texts)
    }

    /// These and those.
    #[must_use]
    pub fn and(self, more: &Self) -> Self {
        Self::new(self.texts.into_texts().into_iter().chain(more.texts.texts().iter().cloned()))
    }

    /// A text without them: one mask for each, and one for several that overlap.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut found = self.texts.places(text);
        found.extend(token_places(text));
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        found.sort_unstable_by_key(|place| place.end);
        let mut places = Vec::new();
        found.into_iter().for_each(|place| join(&mut places, place));
        let (mut masked, mut from) = (String::new(), 0);
        for place in places {
            masked.push_str(text.get(from..place.start).unwrap_or_default());
            masked.push_str(MASKED);
            from = place.end;
        }
        masked.push_str(text.get(from..).unwrap_or_default());
        Cow::Owned(masked)
    }

    /// Takes them out of all texts and names of a value.
    pub fn hide(&self, value: &mut Value) {
        // Base64 hides what the bytes say from a search for texts.
        let says = |bytes: bytes::Bytes<'_>| self.is_in(&String::from_utf8_lossy(&bytes.data));
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
                if fields.keys().any(|name| self.is_in(name)) {
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

impl PartialEq for KnownSecrets {
    fn eq(&self, other: &Self) -> bool {
        self.texts.texts() == other.texts.texts()
    }
}

impl Eq for KnownSecrets {}

impl fmt::Debug for KnownSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownSecrets({})", self.texts.texts().len())
    }
}

/// The places of all callback tokens in a text, in order. They can't overlap: no digit begins one.
fn token_places(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = text.get(from..)?;
        let token = find_callback_token(rest)?;
        let start = from + rest.find(token)?;
        from = start + token.len();
        Some(start..from)
    })
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

/// The environment variables that a template reads.
fn variables(template: &Template) -> impl Iterator<Item = String> {
    let read = template.references().into_iter().filter(|reference| reference.source == "env");
    read.filter_map(|reference| reference.path.into_iter().next())
}

#[cfg(test)]
mod tests;

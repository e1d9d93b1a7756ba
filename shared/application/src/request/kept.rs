//! A request as it was received, kept with the run that it started: to be sent again, here or elsewhere, so that its
//! signature holds again.
//!
//! `raw` in a run's stored request has what parsing loses: the query as it was written, the body's bytes, and as `proof` the
//! headers that hold a signature, if it was judged and found right. What authenticates by itself (tokens, cookies,
//! `Authorization`) is never kept: it is not in `proof`, and masked elsewhere.

use super::{Came, Incoming, Raw};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::bytes;
use domain::redact::{KnownSecrets, MASKED, has_secret_field, hide_fields, is_secret};
use domain::source::Identity;
use platform::store::Stored;
use serde_json::{Map, Value, json};

/// The longest body that is kept as it was received, in bytes; a longer one can't be sent again as it was.
pub const MAX_KEPT: usize = 128 * 1024;

/// A request as it was received, but for what authenticates by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The source that it was for, if it was for one.
    pub source: Option<String>,
    /// What tells it from other requests: the same for its repetitions.
    pub delivery: Option<String>,
    /// Upper case.
    pub method: String,
    /// With the query, if that held no secret.
    pub path: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// To the byte.
    pub body: Vec<u8>,
}

impl Raw {
    /// What is to be kept of it besides what templates see. `proven` has the names of headers that hold a secret of ours,
    /// if it was judged.
    pub fn kept(&self, proven: Option<&[String]>) -> Value {
        let mut kept = Map::new();
        let hidden = proven.unwrap_or_default();
        let query = self.parts.uri.query().unwrap_or_default();
        let secret = |name: &str| is_secret(name) || hidden.iter().any(|one| one.eq_ignore_ascii_case(name));
        if !query.is_empty() && !form_urlencoded::parse(query.as_bytes()).any(|(name, _)| secret(&name)) {
            kept.insert("query".to_owned(), query.into());
        }
        let is_proof = |name: &str| is_signature(name) && !hidden.iter().any(|one| one.eq_ignore_ascii_case(name));
        let headers = self.parts.headers.iter().filter(|(name, _)| proven.is_some() && is_proof(name.as_str()));
        let proof: Map<String, Value> = headers
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), Value::from(value.to_str().ok()?))))
            .collect();
        if !proof.is_empty() {
            kept.insert("proof".to_owned(), Value::Object(proof));
        }
        if self.bytes.len() <= MAX_KEPT {
            let (name, text) = match std::str::from_utf8(&self.bytes) {
                Ok(text) => ("text", text.to_owned()),
                Err(_) => ("base64", STANDARD.encode(&self.bytes)),
            };
            kept.insert(name.to_owned(), text.into());
        }
        Value::Object(kept)
    }
}

impl Incoming {
    /// What is stored with a run that this request started alone or first: as [`Incoming::stored_by`], and as it was
    /// received, with what tells it from other requests if anything does.
    /// A body that is written again as it was received takes no room of its own.
    pub fn stored_whole(&self, body_is_input: bool, came: &Came, identity: Option<&Identity>) -> Value {
        let mut raw = self.kept.clone();
        if let Value::Object(fields) = &mut raw
            && received(fields).is_some_and(|body| Some(body) == written(&self.body))
        {
            fields.remove("text");
            fields.remove("base64");
            fields.insert("same".to_owned(), true.into());
        }
        let mut stored = self.stored_as(body_is_input, came, identity);
        if let Value::Object(fields) = &mut stored {
            fields.insert("raw".to_owned(), raw);
            if let Some(identity) = identity {
                fields.insert("delivery".to_owned(), identity.key().into());
            }
        }
        stored
    }

    /// As [`Incoming::stored_by`], with the provider's id of the delivery.
    pub fn stored_as(&self, body_is_input: bool, came: &Came, identity: Option<&Identity>) -> Value {
        let mut stored = self.stored_by(body_is_input, came);
        if let (Value::Object(fields), Some(delivery)) = (&mut stored, identity.and_then(Identity::delivery)) {
            fields.insert("delivery_id".to_owned(), delivery.into());
        }
        stored
    }
}

impl Kept {
    /// The request that started a run, if it was kept as it was received.
    pub fn of(stored: &Stored) -> Option<Self> {
        let request = stored.request.as_ref()?;
        let raw = request.get("raw")?;
        let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
        let source = text(request, "source");
        let body = match (raw.as_object().and_then(received), raw.get("same")) {
            (Some(body), _) => body,
            (None, Some(_)) => {
                // The run's input is the body, or has it among what the source's rules see.
                let input = || if source.is_some() { stored.run.input.get("body") } else { Some(&*stored.run.input) };
                written(request.get("body").or_else(input)?)?
            }
            (None, None) => return None,
        };
        let path = text(request, "path")?;
        let path = text(raw, "query").map_or(path.clone(), |query| format!("{path}?{query}"));
        let values = |of: Option<&Value>| of.and_then(Value::as_object).cloned().unwrap_or_default();
        let mut headers = values(request.get("headers"));
        headers.extend(values(raw.get("proof")));
        let shown = headers.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
        Some(Self {
            source,
            delivery: text(request, "delivery"),
            method: text(request, "method")?,
            path,
            headers: shown.filter(|(_, value)| value != MASKED).collect(),
            body,
        })
    }

    /// Hides what is secret in the body and the path by its name, as the parsed request tells it.
    pub fn hide(&mut self, parsed: &Incoming) {
        let secrets = KnownSecrets::of_input(&json!([parsed.body, parsed.params]));
        if has_secret_field(&parsed.body) {
            self.body = match serde_json::from_slice::<Value>(&self.body) {
                Ok(mut written) => {
                    hide_fields(&mut written);
                    secrets.hide(&mut written);
                    written.to_string().into_bytes()
                }
                // A form, say: only what was made of it can be shown.
                Err(_) => {
                    let mut body = Value::clone(&parsed.body);
                    hide_fields(&mut body);
                    secrets.hide(&mut body);
                    body.to_string().into_bytes()
                }
            };
        }
        self.path = secrets.mask(&self.path).into_owned();
    }
}

/// The body as it was received, where it was kept so.
fn received(raw: &Map<String, Value>) -> Option<Vec<u8>> {
    let text = |name: &str| raw.get(name).and_then(Value::as_str);
    match (text("text"), text("base64")) {
        (Some(text), _) => Some(text.as_bytes().to_vec()),
        (None, Some(base64)) => STANDARD.decode(base64).ok(),
        (None, None) => None,
    }
}

/// A parsed body written again: bytes as they are, anything else as compact JSON.
fn written(body: &Value) -> Option<Vec<u8>> {
    match bytes::read(body) {
        Some(bytes) => Some(bytes.data),
        None => serde_json::to_vec(body).ok(),
    }
}

/// Whether a header of that name holds a signature, which proves one body and opens nothing.
fn is_signature(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    ["signature", "hmac"].iter().any(|word| plain.contains(word)) || plain.ends_with("sig")
}

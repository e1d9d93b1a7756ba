//! Many requests, one JSON line each: what `emulator verify --batch` reads and writes.

use super::diagnose::Style;
use super::{Headers, Preset, Refusal, Request, Scheme, Secret, SecretEncoding, Verifier, verify};
use base64::Engine as _;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

/// One request. What else stands in a line is ignored.
#[derive(Deserialize)]
struct Line {
    provider: Option<String>,
    /// A preset's name, or a scheme.
    scheme: Option<Value>,
    /// Text; JSON for a JWK Set; a list for several.
    secret: Option<Value>,
    secret_encoding: Option<SecretEncoding>,
    parameters: Option<BTreeMap<String, String>>,
    method: Option<String>,
    url: Option<String>,
    headers: Option<Pairs>,
    body_b64: Option<String>,
    body: Option<String>,
    now: Option<Value>,
    client_ip: Option<IpAddr>,
}

/// Headers of a JSON object, of which several may have one name.
#[derive(Default)]
struct Pairs(Headers);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of headers: texts, or lists of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut headers = Headers::default();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    let values = if let Value::Array(list) = value { list } else { vec![value] };
                    for value in values {
                        let text = match value {
                            Value::Null => continue,
                            Value::String(text) => text,
                            value @ (Value::Number(_) | Value::Bool(_)) => value.to_string(),
                            _ => return Err(serde::de::Error::custom("a header is a text or a list of texts")),
                        };
                        headers.push(name.clone(), text);
                    }
                }
                Ok(Pairs(headers))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// Judges the request of a line.
///
/// Gives `{"valid": true, "reason": null}`, or `{"valid": false, "reason": "…"}` where the
/// request is refused, or the line is none. A line without `now` is judged by the clock. Never panics.
pub fn verify_line(line: &str, clock: Timestamp) -> Value {
    match judge(line, clock) {
        Ok(()) => json!({"valid": true, "reason": null}),
        Err(reason) => json!({"valid": false, "reason": reason}),
    }
}

/// A request of a line, with what it is judged by.
pub(crate) struct Given {
    pub(crate) verifier: Verifier,
    pub(crate) now: Timestamp,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    client_ip: Option<IpAddr>,
}

impl Given {
    pub(crate) fn request(&self) -> Request<'_> {
        let Self { method, url, headers, body, client_ip, .. } = self;
        Request { method, url, headers, body, client_ip: *client_ip }
    }
}

fn judge(line: &str, clock: Timestamp) -> Result<(), String> {
    let given = read(line, clock)?;
    let judged = verify(&given.verifier, &given.request(), given.now);
    judged.map(drop).map_err(|refusal: Refusal| refusal.to_string())
}

/// Reads a line, as [`verify_line`] judges it.
pub(crate) fn read(line: &str, clock: Timestamp) -> Result<Given, String> {
    let line: Line = serde_json::from_str(line).map_err(|error| format!("bad line: {error}"))?;
    let style = style(line.provider.as_deref(), line.scheme.as_ref())?;
    let verifier = style.verifier(&secrets(line.secret.as_ref(), line.secret_encoding)?);
    let verifier = verifier.map_err(|error| error.to_string())?;
    let verifier =
        line.parameters.iter().flatten().fold(verifier, |verifier, (name, value)| verifier.with_parameter(name, value));
    let body = match (line.body_b64, line.body) {
        (Some(body), _) => {
            super::secret::BASE64.decode(body).map_err(|_| "bad line: `body_b64` is not base64".to_owned())?
        }
        (None, body) => body.unwrap_or_default().into_bytes(),
    };
    let now = line.now.as_ref().map_or(Ok(clock), time)?;
    let (method, url) = (line.method.unwrap_or_else(|| "POST".to_owned()), line.url.unwrap_or_default());
    let Pairs(headers) = line.headers.unwrap_or_default();
    Ok(Given { verifier, now, method, url, headers, body, client_ip: line.client_ip })
}

fn style(provider: Option<&str>, scheme: Option<&Value>) -> Result<Style, String> {
    let preset = |name: &str| Preset::find(name).map(Style::Preset).map_err(|error| error.to_string());
    match (scheme, provider) {
        (Some(Value::String(name)), _) => preset(name),
        (Some(Value::Null) | None, Some(name)) => preset(name),
        (Some(Value::Null) | None, None) => Err("bad line: it has neither `provider` nor `scheme`".to_owned()),
        (Some(scheme), _) => Scheme::deserialize(scheme)
            .map(|scheme| Style::Scheme(Box::new(scheme)))
            .map_err(|error| format!("bad scheme: {error}")),
    }
}

fn secrets(secret: Option<&Value>, encoding: Option<SecretEncoding>) -> Result<Vec<Secret>, String> {
    let one = |value: &Value| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Object(_) => value.to_string(),
            _ => return Err("bad line: `secret` is a text or a list of texts".to_owned()),
        };
        let secret = Secret::new(text);
        Ok(match encoding {
            Some(encoding) => secret.encoded(encoding),
            None => secret,
        })
    };
    match secret {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => list.iter().map(one).collect(),
        Some(value) => one(value).map(|secret| vec![secret]),
    }
}

/// A time: Unix seconds, which may have a fraction, or RFC 3339.
///
/// # Errors
/// In words.
pub fn time(value: &Value) -> Result<Timestamp, String> {
    let bad = || format!("`now` is Unix seconds or an RFC 3339 time, not {value}");
    let seconds = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok().filter(|_| !text.is_empty()),
        _ => None,
    };
    match (seconds, value) {
        (Some(seconds), _) if seconds.abs() < 1e11 => {
            let whole = std::time::Duration::try_from_secs_f64(seconds.abs()).map_err(|_| bad())?;
            let time = jiff::SignedDuration::try_from(whole).map_err(|_| bad())?;
            Timestamp::from_duration(if seconds < 0.0 { -time } else { time }).map_err(|_| bad())
        }
        (None, Value::String(text)) => text.parse().map_err(|_| bad()),
        _ => Err(bad()),
    }
}

//! The JSON Schema of a scheme that a user spells out.

use crate::signature::secret::SecretEncoding;
use serde_json::{Map, Value, json};

/// The schema, draft 2020-12.
pub(super) fn schema() -> Value {
    json!({
        "description": "How a provider signs.",
        "type": "object",
        "additionalProperties": false,
        "required": ["algorithm"],
        "properties": place().into_iter().chain(content()).chain(key()).map(own).collect::<Map<_, _>>(),
    })
}

type Property = (&'static str, Value);

fn own((name, value): Property) -> (String, Value) {
    (name.to_owned(), value)
}

/// Where the signature is, and how it is written.
fn place() -> Vec<Property> {
    vec![
        ("header", names("The header that holds the signature, or alternatives.")),
        ("body_path", text("The field of the body that holds the signature.")),
        ("query", text("The name in the query that holds the token.")),
        (
            "algorithm",
            choice(
                "How a signature is made. sha256 alone means HMAC.",
                &[
                    "sha1",
                    "sha256",
                    "sha384",
                    "sha512",
                    "hmac-sha1",
                    "hmac-sha256",
                    "hmac-sha384",
                    "hmac-sha512",
                    "plain-sha256",
                    "ed25519",
                    "ecdsa-p256",
                    "rsa-sha1",
                    "rsa-sha256",
                    "token",
                    "basic",
                ],
            ),
        ),
        ("encoding", choice("How its bytes are written; hex unless said.", &["hex", "base64", "base64url"])),
        ("prefix", text("What stands before each signature, such as sha256=.")),
        ("separator", text("What stands between several signatures, or between the fields.")),
        (
            "fields",
            object(
                "The header holds name=value pairs.",
                &["signature"],
                &json!({
                    "signature": {"type": "string"}, "timestamp": {"type": "string"},
                }),
            ),
        ),
        ("numbered", flag("The header's name goes on with a number, one for each key.", false)),
    ]
}

/// What is signed.
fn content() -> Vec<Property> {
    let signed = "What is signed, with holes: {id}, {timestamp}, {method}, {url}, {url_unescaped}, {body}, {body_sha256}, {body_crc32}, \
                  {header:NAME}, {body:PATH}, {parameter:NAME}. {body} where nothing is said.";
    vec![
        ("signed", text(signed)),
        ("template", text("The same as signed.")),
        ("body_prefix", text("What each body begins with, after white space; another is refused.")),
        ("id_header", names("The header that holds the delivery's id.")),
        ("timestamp_header", names("The header that holds the time.")),
        ("timestamp_path", text("The field of the body that holds the time.")),
        ("timestamp_unit", choice("How the time is written; s unless said.", &["s", "ms", "rfc3339"])),
        ("timestamp_optional", flag("Whether a body without the time passes.", false)),
        (
            "tolerance",
            json!({
                "description": "How long ago it may have been signed: seconds, or text such as \"5m\".",
                "oneOf": [{"type": "integer", "minimum": 0, "maximum": 31_536_000}, {"type": "string"}],
            }),
        ),
        ("reject_future", flag("Whether what was signed in the future is refused too.", true)),
    ]
}

/// The key, and which requests the scheme is for.
fn key() -> Vec<Property> {
    let encodings: Vec<&str> = SecretEncoding::ALL.iter().map(|encoding| encoding.name()).collect();
    vec![
        ("secret_encoding", choice("How the secret's text is read.", &encodings)),
        ("key_encoding", choice("The same as secret_encoding.", &encodings)),
        ("secret_prefix", text("The scheme is for secrets that begin so.")),
        (
            "when",
            object(
                "The scheme is for requests with this header.",
                &["header", "is"],
                &json!({
                    "header": {"type": "string"}, "is": {"type": "string"}, "or_absent": {"type": "boolean"},
                }),
            ),
        ),
        ("procedure", choice("What no template can say.", &["twilio", "adyen", "sns"])),
        (
            "key_url",
            object(
                "Where the provider publishes its key.",
                &[],
                &json!({
                    "url": {"type": "string"}, "header": {"type": "string"}, "body_path": {"type": "string"},
                    "suffix": {"type": "string"}, "hosts": {"type": "array", "items": {"type": "string"}},
                }),
            ),
        ),
    ]
}

fn text(about: &str) -> Value {
    json!({"description": about, "type": "string"})
}

fn names(about: &str) -> Value {
    json!({"description": about, "oneOf": [
        {"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1},
    ]})
}

fn choice(about: &str, choices: &[&str]) -> Value {
    json!({"description": about, "enum": choices})
}

fn flag(about: &str, default: bool) -> Value {
    json!({"description": about, "type": "boolean", "default": default})
}

fn object(about: &str, required: &[&str], properties: &Value) -> Value {
    json!({"description": about, "type": "object", "additionalProperties": false, "required": required,
        "properties": properties})
}

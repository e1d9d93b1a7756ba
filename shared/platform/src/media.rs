//! Media types (RFC 9110, section 8.3): what a body is, and in which charset its text is written.
//!
//! Text and JSON are decoded by the charset that the type names, else as UTF-8. What can't be decoded so, and every other type,
//! is bytes ([`domain::bytes`]).

use domain::bytes;
use encoding_rs::{Encoding, UTF_8};
use serde_json::Value;
use std::borrow::Cow;

/// Application types that are text, besides JSON, `+json`, `+xml`, `+yaml` and forms.
const TEXTS: [&str; 13] = [
    "application/graphql",
    "application/javascript",
    "application/ecmascript",
    "application/ndjson",
    "application/x-ndjson",
    "application/jsonl",
    "application/json-seq",
    "application/sql",
    "application/toml",
    "application/x-sh",
    "application/xml",
    "application/yaml",
    "application/x-yaml",
];

/// What is sent under a media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// There is no type.
    Untyped,
    /// JSON, or what ends in `+json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data`.
    Multipart,
    /// Any other text.
    Text,
    /// Pictures, sounds, films, fonts and models: never text, unless the type ends in `+xml`.
    Media,
    /// Anything else.
    Other,
}

/// The value of a `Content-Type` header.
#[derive(Debug, Clone, Copy)]
pub struct MediaType<'t>(Option<&'t str>);

impl<'t> MediaType<'t> {
    /// From the header, which may be absent or empty.
    pub fn new(header: Option<&'t str>) -> Self {
        Self(header.map(str::trim).filter(|text| !text.is_empty()))
    }

    /// The whole header.
    pub fn as_str(&self) -> Option<&'t str> {
        self.0
    }

    /// What is sent under it.
    pub fn kind(&self) -> Kind {
        let Some(text) = self.0 else { return Kind::Untyped };
        let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let ends_in = |suffixes: &[&str]| suffixes.iter().any(|suffix| essence.ends_with(suffix));
        let begins_with = |prefixes: &[&str]| prefixes.iter().any(|prefix| essence.starts_with(prefix));
        match essence.as_str() {
            "" => Kind::Untyped,
            "application/json" | "text/json" => Kind::Json,
            "application/x-www-form-urlencoded" => Kind::Form,
            "multipart/form-data" => Kind::Multipart,
            _ if ends_in(&["+json"]) => Kind::Json,
            _ if begins_with(&["text/"]) || ends_in(&["+xml", "+yaml"]) || TEXTS.contains(&essence.as_str()) => {
                Kind::Text
            }
            _ if begins_with(&["image/", "audio/", "video/", "font/", "model/"]) => Kind::Media,
            _ => Kind::Other,
        }
    }

    /// The charset that it names, if that is one of the Encoding Standard (<https://encoding.spec.whatwg.org>).
    fn charset(&self) -> Option<&'static Encoding> {
        let mut parameters = self.0?.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
        let (_, label) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
        Encoding::for_label(label.trim().trim_matches('"').as_bytes())
    }

    /// The text of a body; `None` where its bytes are no text in the charset.
    pub fn text<'b>(&self, body: &'b [u8]) -> Option<Cow<'b, str>> {
        match self.charset() {
            Some(charset) if charset != UTF_8 => charset.decode_without_bom_handling_and_without_replacement(body),
            Some(_) | None => std::str::from_utf8(body).ok().map(Cow::Borrowed),
        }
    }

    /// The body as text where it is text, else as bytes.
    pub fn text_or_bytes(&self, body: &[u8]) -> Value {
        self.text(body).map_or_else(|| self.bytes(body), |text| Value::String(text.into_owned()))
    }

    /// The body as bytes of this type.
    pub fn bytes(&self, body: &[u8]) -> Value {
        bytes::value(self.0, body)
    }

    /// The answer of a service: null where it is empty; JSON where it is JSON, also under a wrong type unless that is a picture's,
    /// a sound's or the like; else text or bytes by its type.
    pub fn answer(&self, body: &[u8]) -> Value {
        let kind = self.kind();
        if body.is_empty() {
            return Value::Null;
        }
        let read = if kind == Kind::Media { None } else { self.text(body) };
        let read = read.and_then(|text| domain::json::read(text.trim_start_matches('\u{feff}')).ok());
        match (kind, read) {
            (Kind::Untyped | Kind::Json | Kind::Form | Kind::Text, Some(value)) => value,
            // Digits under an unknown type may be anything.
            (Kind::Multipart | Kind::Other, Some(value)) if value.is_object() || value.is_array() => value,
            (Kind::Untyped | Kind::Json | Kind::Form | Kind::Text | Kind::Multipart, _) => self.text_or_bytes(body),
            (Kind::Media | Kind::Other, _) => self.bytes(body),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_type_says_what_is_sent() {
        for (text, kind) in [
            ("", Kind::Untyped),
            (" ; charset=utf-8", Kind::Untyped),
            ("application/json", Kind::Json),
            ("Application/JSON; charset=utf-8", Kind::Json),
            ("application/problem+json", Kind::Json),
            ("application/x-www-form-urlencoded", Kind::Form),
            ("multipart/form-data; boundary=b", Kind::Multipart),
            ("text/csv", Kind::Text),
            ("application/xml", Kind::Text),
            ("image/svg+xml", Kind::Text),
            ("application/yaml", Kind::Text),
            ("image/png", Kind::Media),
            ("audio/mpeg", Kind::Media),
            ("application/pdf", Kind::Other),
            ("application/octet-stream", Kind::Other),
            ("odd", Kind::Other),
        ] {
            assert_eq!(MediaType::new(Some(text)).kind(), kind, "{text}");
        }
        assert_eq!(MediaType::new(None).kind(), Kind::Untyped);
    }

    #[test]
    fn text_is_decoded_by_its_charset() {
        for (text, body, decoded) in [
            ("text/plain", &b"caf\xc3\xa9"[..], Some("café")),
            ("text/plain; charset=UTF-8", b"caf\xc3\xa9", Some("café")),
            ("text/plain; charset=iso-8859-1", b"caf\xe9", Some("café")),
            ("text/plain; format=flowed; Charset=\"latin1\"", b"caf\xe9", Some("café")),
            ("text/plain; charset=shift_jis", b"\x93\xfa\x96\x7b", Some("日本")),
            ("text/plain; charset=utf-16le", b"h\0i\0", Some("hi")),
            ("text/plain; charset=shift_jis", b"\xff", None),
            ("text/plain; charset=unknown", b"caf\xe9", None),
            ("text/plain", b"caf\xe9", None),
        ] {
            assert_eq!(MediaType::new(Some(text)).text(body).as_deref(), decoded, "{text} {body:?}");
        }
    }

    #[test]
    fn an_answer_is_json_text_or_bytes_by_its_type_and_content() {
        let png = b"\x89PNG\r\n\x1a\n\0";
        let binary = |text: Option<&str>, body: &[u8]| bytes::value(text, body);
        for (text, body, value) in [
            (Some("application/json"), &b"{\"a\":1.10}"[..], domain::json::read("{\"a\":1.10}").unwrap()),
            (Some("application/json"), b"oops", json!("oops")),
            (Some("application/json; charset=latin1"), b"\"\xe9\"", json!("é")),
            (Some("text/html"), b"[1]", json!([1])),
            (Some("text/plain; charset=latin1"), b"\xe9", json!("é")),
            (Some("text/plain"), b"\xe9", binary(Some("text/plain"), b"\xe9")),
            (Some("application/octet-stream"), b"{\"a\":1}", json!({"a": 1})),
            (Some("application/octet-stream"), b"12", binary(Some("application/octet-stream"), b"12")),
            (Some("application/pdf"), b"%PDF", binary(Some("application/pdf"), b"%PDF")),
            (Some("image/png"), png, binary(Some("image/png"), png)),
            (Some("audio/L16; rate=8000"), b"[1]", binary(Some("audio/L16; rate=8000"), b"[1]")),
            (Some("image/svg+xml"), b"<svg/>", json!("<svg/>")),
            (Some("image/png"), b"", json!(null)),
            (None, b"{}", json!({})),
            (None, b"hi", json!("hi")),
            (None, png, binary(None, png)),
            (
                Some("application/json"),
                b"{\"$serde_json::private::Number\":\"1\"}",
                json!("{\"$serde_json::private::Number\":\"1\"}"),
            ),
        ] {
            assert_eq!(MediaType::new(text).answer(body), value, "{text:?} {body:?}");
        }
    }
}

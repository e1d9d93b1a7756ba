//! Bytes as a value: an image, a sound, a document, as a service, a caller or a program gave it.
//!
//! JSON has no bytes, so they are the object `{"content_type": "image/png", "size": 1234, "data": "<base64>"}`, and a file of a
//! form has its `filename` first. An object with exactly these keys, whose `data` is standard base64 (RFC 4648, section 4) of
//! `size` bytes, is bytes wherever it stands: as a whole body it is sent as the bytes that it holds, and `as base64` and
//! `as text` read them. It is stored and shown by the API as the object that it is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// The type of bytes that came without one (RFC 2046, section 4.5.1).
pub const UNKNOWN_TYPE: &str = "application/octet-stream";

/// The bytes that a value holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes<'v> {
    /// The media type with its parameters, as it came; [`UNKNOWN_TYPE`] where none came.
    pub content_type: &'v str,
    /// The bytes.
    pub data: Vec<u8>,
    /// The bytes in standard base64.
    pub base64: &'v str,
}

/// Bytes of a media type as a value.
pub fn value(content_type: Option<&str>, data: &[u8]) -> Value {
    Value::Object(object(content_type, data))
}

/// A file as a value: bytes with the name that its sender gave it.
pub fn file(filename: &str, content_type: Option<&str>, data: &[u8]) -> Value {
    let mut file = Map::new();
    file.insert("filename".to_owned(), filename.into());
    file.extend(object(content_type, data));
    Value::Object(file)
}

fn object(content_type: Option<&str>, data: &[u8]) -> Map<String, Value> {
    let fields = [
        ("content_type", content_type.map_or(Value::Null, Value::from)),
        ("size", data.len().into()),
        ("data", STANDARD.encode(data).into()),
    ];
    fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// The bytes that a value holds, if it is bytes.
pub fn read(value: &Value) -> Option<Bytes<'_>> {
    let fields = value.as_object()?;
    let known = |name: &String| matches!(name.as_str(), "filename" | "content_type" | "size" | "data");
    let is_text_or_null = |name: &str| fields.get(name).is_none_or(|value| value.is_string() || value.is_null());
    if !fields.keys().all(known) || !is_text_or_null("filename") || !is_text_or_null("content_type") {
        return None;
    }
    let content_type = fields.get("content_type")?.as_str().unwrap_or(UNKNOWN_TYPE);
    let (size, base64) = (fields.get("size")?.as_u64()?, fields.get("data")?.as_str()?);
    // Four letters hold three bytes: most objects are told apart without being decoded.
    if u64::try_from(base64.len()).ok()? != size.div_ceil(3).checked_mul(4)? {
        return None;
    }
    let data = STANDARD.decode(base64).ok().filter(|data| u64::try_from(data.len()).is_ok_and(|len| len == size))?;
    Some(Bytes { content_type, data, base64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn bytes_are_an_object_with_their_type_and_size() {
        assert_eq!(
            value(Some("image/png"), b"\x89PNG").to_string(),
            r#"{"content_type":"image/png","size":4,"data":"iVBORw=="}"#
        );
        assert_eq!(value(None, b""), json!({"content_type": null, "size": 0, "data": ""}));
        let file = file("a.txt", Some("text/plain"), b"hi");
        assert_eq!(file, json!({"filename": "a.txt", "content_type": "text/plain", "size": 2, "data": "aGk="}));
        assert_eq!(read(&file).map(|bytes| bytes.data), Some(b"hi".to_vec()));
        assert_eq!(read(&value(None, b"x")).map(|bytes| bytes.content_type.to_owned()).as_deref(), Some(UNKNOWN_TYPE));
    }

    #[test]
    fn an_object_that_only_looks_like_bytes_is_an_object() {
        let bytes = value(Some("image/png"), b"\x89PNG");
        let with = |name: &str, value: Value| {
            let mut other = bytes.clone();
            other[name] = value;
            other
        };
        for other in [
            json!({}),
            json!("iVBORw=="),
            json!({"content_type": "a/b", "data": "iVBORw=="}),
            json!({"size": 4, "data": "iVBORw=="}),
            with("size", json!(3)),
            with("size", json!(5)),
            with("size", json!("4")),
            with("size", json!(u64::MAX)),
            with("data", json!("iVBORw=*")),
            with("data", json!("iVBORw")),
            with("content_type", json!(1)),
            with("filename", json!([])),
            with("url", json!("https://a.test")),
        ] {
            assert_eq!(read(&other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_was_put_in_comes_out(data in prop::collection::vec(any::<u8>(), 0..200)) {
            let value = value(Some("audio/mpeg"), &data);
            let stored: Value = serde_json::from_str(&value.to_string()).unwrap();
            prop_assert_eq!(read(&stored).map(|bytes| bytes.data), Some(data));
        }
    }
}

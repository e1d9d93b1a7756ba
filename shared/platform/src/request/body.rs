//! Bodies by content type.

use crate::problem::{Code, Problem};
use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::json::{Unreadable, is_reserved};
use serde_json::{Map, Value, json};

/// Parts of a multipart body.
const MAX_PARTS: usize = 256;

/// JSON and `+json` as they are; forms as objects of text; multipart as an object of text and files; text as text;
/// anything declared as raw bytes as base64 text; nothing as null. Without a content type, JSON if it reads as such,
/// and else text; so does a form that reads as a JSON object or list.
pub(super) async fn parse(content_type: Option<&str>, bytes: Bytes) -> Result<Value, Problem> {
    let essence = content_type.map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    match (essence.as_deref(), content_type) {
        _ if bytes.is_empty() => Ok(Value::Null),
        (None | Some(""), _) => Ok(json(&bytes).or_else(|_| text(&bytes)).unwrap_or_else(|_| raw(&bytes))),
        (Some("application/x-www-form-urlencoded"), _) => match misnamed(&bytes) {
            Some(value) => Ok(value),
            None => form(utf8(&bytes)?.as_bytes()),
        },
        (Some("multipart/form-data"), Some(whole)) => multipart(whole, bytes).await,
        (Some("application/octet-stream"), _) => Ok(raw(&bytes)),
        (Some("application/xml" | "application/graphql" | "application/x-ndjson"), _) => text(&bytes),
        (Some(essence), _) if essence == "application/json" || essence.ends_with("+json") => json(&bytes),
        (Some(essence), _) if essence.starts_with("text/") || essence.ends_with("+xml") => text(&bytes),
        (Some(essence), _) => Err(Problem::new(
            Code::UnsupportedMediaType,
            format!("`{essence}` is not read here; send JSON, a form, multipart, text or application/octet-stream"),
        )),
    }
}

/// One JSON text, at most 128 levels deep (what `serde_json` allows, so that no input can exhaust the stack).
pub(super) fn json(bytes: &[u8]) -> Result<Value, Problem> {
    let text = utf8(bytes)?;
    domain::json::read(text.trim_start_matches('\u{feff}')).map_err(|error| {
        let detail = match &error {
            Unreadable::Syntax(error) => format!("the body is not valid JSON: {error}"),
            Unreadable::Reserved => format!("the body is not read: {error}"),
        };
        Problem::new(Code::MalformedBody, detail)
    })
}

/// JSON that calls itself a form, as `curl -d` does unless told otherwise: an object or a list, which no form begins like.
fn misnamed(bytes: &[u8]) -> Option<Value> {
    json(bytes).ok().filter(|value| value.is_object() || value.is_array())
}

/// Names and values; a repeated name gives a list.
///
/// # Errors
/// 400 if a name is one that JSON from outside can't have either.
pub(super) fn form(bytes: &[u8]) -> Result<Value, Problem> {
    let mut map = Map::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        insert(&mut map, name.into_owned(), Value::String(value.into_owned()))?;
    }
    Ok(Value::Object(map))
}

fn insert(map: &mut Map<String, Value>, name: String, value: Value) -> Result<(), Problem> {
    if is_reserved(&name) {
        return Err(Problem::new(Code::MalformedBody, format!("the request is not read: {}", Unreadable::Reserved)));
    }
    match map.get_mut(&name) {
        None => {
            map.insert(name, value);
        }
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
    Ok(())
}

async fn multipart(content_type: &str, bytes: Bytes) -> Result<Value, Problem> {
    let wrong =
        |error: multer::Error| Problem::new(Code::MalformedBody, format!("the body is not valid multipart: {error}"));
    let boundary = multer::parse_boundary(content_type).map_err(wrong)?;
    let stream = futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(bytes) });
    let mut parts = multer::Multipart::new(stream, boundary);
    let mut map = Map::new();
    let mut count = 0;
    while let Some(part) = parts.next_field().await.map_err(wrong)? {
        count += 1;
        if count > MAX_PARTS {
            return Err(Problem::new(Code::MalformedBody, format!("the body has more than {MAX_PARTS} parts")));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let part_type = part.content_type().map(ToString::to_string);
        let data = part.bytes().await.map_err(wrong)?;
        let value = match file {
            None => json_part(part_type.as_deref(), &data)?,
            Some(filename) => json!({"filename": filename, "content_type": part_type, "size": data.len(),
                "data": STANDARD.encode(&data)}),
        };
        insert(&mut map, name, value)?;
    }
    Ok(Value::Object(map))
}

fn json_part(content_type: Option<&str>, data: &[u8]) -> Result<Value, Problem> {
    if content_type == Some("application/json") { json(data) } else { text(data) }
}

fn text(bytes: &[u8]) -> Result<Value, Problem> {
    utf8(bytes).map(|text| Value::String(text.to_owned()))
}

fn raw(bytes: &[u8]) -> Value {
    Value::String(STANDARD.encode(bytes))
}

fn utf8(bytes: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(bytes).map_err(|error| {
        Problem::new(Code::MalformedBody, format!("the body is not valid UTF-8 at byte {}", error.valid_up_to()))
    })
}

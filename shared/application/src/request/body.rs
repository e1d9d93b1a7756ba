//! Bodies by content type.

use super::Malformed;
use bytes::Bytes;
use domain::json::{Unreadable, is_reserved};
use platform::media::{Kind, MediaType};
use serde_json::{Map, Value};

/// Parts of a multipart body.
const MAX_PARTS: usize = 256;

/// JSON and `+json` as they are; forms as objects of text; multipart as an object of text and files; text as text; any other type,
/// and what isn't text though its type says so, as bytes ([`domain::bytes`]); nothing as null. Without a content type, JSON if it
/// reads as such, else text, else bytes; so does a form that reads as a JSON object or list.
pub(super) async fn parse(content_type: Option<&str>, bytes: Bytes) -> Result<Value, Malformed> {
    let media = MediaType::new(content_type);
    match (media.kind(), media.as_str()) {
        _ if bytes.is_empty() => Ok(Value::Null),
        (Kind::Untyped, _) => Ok(json(&bytes).unwrap_or_else(|_| media.text_or_bytes(&bytes))),
        (Kind::Json, _) => match media.text(&bytes) {
            Some(text) => json_text(&text),
            None => utf8(&bytes).and_then(json_text),
        },
        (Kind::Form, _) => match misnamed(&bytes) {
            Some(value) => Ok(value),
            None => form(utf8(&bytes)?.as_bytes()),
        },
        (Kind::Multipart, Some(whole)) => multipart(whole, bytes).await,
        (Kind::Text, _) => Ok(media.text_or_bytes(&bytes)),
        (Kind::Media | Kind::Other | Kind::Multipart, _) => Ok(media.bytes(&bytes)),
    }
}

/// One JSON text, at most 100 levels deep ([`domain::json::DEEPEST`]): it is stored inside of other JSON, and must be readable there.
pub(super) fn json(bytes: &[u8]) -> Result<Value, Malformed> {
    json_text(utf8(bytes)?)
}

fn json_text(text: &str) -> Result<Value, Malformed> {
    domain::json::read(text.trim_start_matches('\u{feff}')).map_err(|error| {
        let detail = match &error {
            Unreadable::Syntax(error) => format!("the body is not valid JSON: {error}"),
            Unreadable::Reserved => format!("the body is not read: {error}"),
            Unreadable::Deep => format!("the body can't be taken: {error}"),
        };
        Malformed(detail)
    })
}

/// JSON that calls itself a form, as `curl -d` does unless told otherwise: an object or a list, which no form begins like.
fn misnamed(bytes: &[u8]) -> Option<Value> {
    json(bytes).ok().filter(|value| value.is_object() || value.is_array())
}

/// Names and values; a repeated name gives a list.
///
/// # Errors
/// If a name is one that JSON from outside can't have either.
pub(super) fn form(bytes: &[u8]) -> Result<Value, Malformed> {
    let mut map = Map::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        insert(&mut map, name.into_owned(), Value::String(value.into_owned()))?;
    }
    Ok(Value::Object(map))
}

fn insert(map: &mut Map<String, Value>, name: String, value: Value) -> Result<(), Malformed> {
    if is_reserved(&name) {
        return Err(Malformed(format!("the request is not read: {}", Unreadable::Reserved)));
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

async fn multipart(content_type: &str, bytes: Bytes) -> Result<Value, Malformed> {
    let wrong = |error: multer::Error| Malformed(format!("the body is not valid multipart: {error}"));
    let boundary = multer::parse_boundary(content_type).map_err(wrong)?;
    let stream = futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(bytes) });
    let mut parts = multer::Multipart::new(stream, boundary);
    let mut map = Map::new();
    let mut count = 0;
    while let Some(part) = parts.next_field().await.map_err(wrong)? {
        count += 1;
        if count > MAX_PARTS {
            return Err(Malformed(format!("the body has more than {MAX_PARTS} parts")));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let part_type = part.content_type().map(ToString::to_string);
        let data = part.bytes().await.map_err(wrong)?;
        let value = match file {
            None => field(part_type.as_deref(), &data)?,
            Some(filename) => domain::bytes::file(&filename, part_type.as_deref(), &data),
        };
        insert(&mut map, name, value)?;
    }
    Ok(Value::Object(map))
}

/// A part without a file's name: text where it has no type, else as a body of that type would be read.
fn field(content_type: Option<&str>, data: &[u8]) -> Result<Value, Malformed> {
    let media = MediaType::new(content_type);
    Ok(match media.kind() {
        Kind::Json => json(data)?,
        Kind::Untyped | Kind::Text | Kind::Form | Kind::Multipart => media.text_or_bytes(data),
        Kind::Media | Kind::Other => media.bytes(data),
    })
}

fn utf8(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes)
        .map_err(|error| Malformed(format!("the body is not valid UTF-8 at byte {}", error.valid_up_to())))
}

//! JSON from outside: requests, answers of services, outputs of programs, texts in templates.
//!
//! [`read`] is the only reader for what others wrote. `serde_json` passes numbers and raw texts through its own data model as
//! objects with a reserved key, so an object with such a key in a text would be read as a number or as any JSON at all. A text
//! that has the key, at any depth and however it is escaped, is refused; so is every other way to bring a key in
//! ([`is_reserved`]). Inside, `serde_json` may be used as it is.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// How the keys begin that `serde_json` reserves: `$serde_json::private::Number` with its feature `arbitrary_precision`,
/// `$serde_json::private::RawValue` with `raw_value` (<https://docs.rs/serde_json>).
const RESERVED: &str = "$serde_json::private::";

/// How deep JSON from outside may be nested.
///
/// It is stored inside of other JSON (a run, a message), of which `serde_json` reads [`DEEPEST_STORED`] levels: the rest is for that,
/// and for what templates put around it.
pub const DEEPEST: usize = 100;
/// How deep JSON may be nested for `serde_json` to read it
/// (<https://docs.rs/serde_json/latest/serde_json/struct.Deserializer.html#method.disable_recursion_limit>).
pub const DEEPEST_STORED: usize = 127;

/// Why a text is not read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON, or is not what was expected.
    #[error(transparent)]
    Syntax(#[from] serde_json::Error),
    /// It is nested deeper than [`DEEPEST`].
    #[error("it is nested deeper than {DEEPEST} levels")]
    Deep,
    /// A key of an object begins as `serde_json`'s own.
    #[error("a key begins with `{RESERVED}`, which is reserved; rename the key")]
    Reserved,
}

/// Reads any JSON. Numbers keep their text, except that an exponent is written `e` with its sign.
///
/// # Errors
/// If the text is not JSON, is nested deeper than [`DEEPEST`], or has a reserved key.
pub fn read(text: &str) -> Result<Value, Unreadable> {
    read_as(text)
}

/// Reads JSON of a known form that has free values in it.
///
/// # Errors
/// As [`read`], and where the text has another form.
pub fn read_as<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    if has_reserved_key(text) {
        return Err(Unreadable::Reserved);
    }
    if depth(text.as_bytes()) > DEEPEST {
        return Err(Unreadable::Deep);
    }
    Ok(serde_json::from_str(text)?)
}

/// Reads an answer of a gateway, in which JSON from outside stands inside of other JSON.
///
/// # Errors
/// If the text is not JSON, or has a reserved key.
pub fn read_answer(text: &str) -> Result<Value, Unreadable> {
    if has_reserved_key(text) {
        return Err(Unreadable::Reserved);
    }
    Ok(serde_json::from_str(text)?)
}

/// How deep lists and objects are nested in a text that is JSON.
pub fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            b'"' if !escaped => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        escaped = in_string && *byte == b'\\' && !escaped;
    }
    deepest
}

/// Whether no object may have this key, because `serde_json` would take the object for something else.
pub fn is_reserved(key: &str) -> bool {
    key.starts_with(RESERVED)
}

/// Whether a key of the text is reserved. Exact where the text is JSON; anything goes where it isn't.
fn has_reserved_key(text: &str) -> bool {
    // Only `\u` escapes can hide the letters of the key.
    if !text.contains(RESERVED) && !text.contains("\\u") {
        return false;
    }
    let mut rest = text;
    while let Some((_, from_string)) = rest.split_once('"') {
        let Some(end) = end_of_string(from_string) else { return false };
        let (string, behind) = from_string.split_at_checked(end).unwrap_or_default();
        rest = behind.get(1..).unwrap_or_default();
        let is_key = rest.trim_start_matches([' ', '\t', '\n', '\r']).starts_with(':');
        if is_key && is_reserved(string) {
            return true;
        }
        if is_key
            && string.contains("\\u")
            && serde_json::from_str::<String>(&format!("\"{string}\"")).is_ok_and(|key| is_reserved(&key))
        {
            return true;
        }
    }
    false
}

/// Where the closing quote of a JSON string is.
fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

#[cfg(test)]
mod tests;

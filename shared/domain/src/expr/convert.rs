//! `as …`. Null stays null; what would be lost is an error.

use crate::expr::ast::Conversion;
use crate::expr::error::Fault;
use crate::expr::operate::{MAX_TEXT, too_long, truthy, type_name};
use crate::{bytes, json, number};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};
use std::borrow::Cow;

/// A value as it stands within text: null is nothing, a text is itself, all else is compact JSON.
pub fn to_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Cow::Owned(value.to_string()),
    }
}

impl Conversion {
    pub(super) fn apply<'v>(self, value: Cow<'v, Value>) -> Result<Cow<'v, Value>, Fault> {
        let made = match (self, value.as_ref()) {
            (_, Value::Null)
            | (Self::Boolean, Value::Bool(_))
            | (Self::Number, Value::Number(_))
            | (Self::Text, Value::String(_))
            | (Self::Json, Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => return Ok(value),
            (Self::Integer, other) => Value::Number(integer(other)?),
            (Self::Number, other) => Value::Number(number(other)?),
            (Self::Text, other) => Value::String(text(other)?),
            (Self::Boolean, other) => Value::Bool(boolean(other)?),
            (Self::Json, Value::String(text)) => read_json(text).map_err(Fault)?,
            (Self::Base64, other) => Value::String(base64(other)?),
        };
        Ok(Cow::Owned(made))
    }
}

/// The JSON in a text, or the reason why it can't be read.
pub(super) fn read_json(text: &str) -> Result<Value, String> {
    json::read(text).map_err(|error| match error {
        json::Unreadable::Syntax(_) => "the text is not JSON".to_owned(),
        json::Unreadable::Reserved | json::Unreadable::Deep => error.to_string(),
    })
}

fn integer(value: &Value) -> Result<Number, Fault> {
    let number = number(value)?;
    let exact = number::decimal(&number);
    if !exact.is_integer() {
        return Err(Fault("the number is not an integer".to_owned()));
    }
    let digits = exact.integer().and_then(|digits| number::parse(&digits));
    digits.ok_or_else(|| Fault("the integer is too large to be written without an exponent".to_owned()))
}

fn number(value: &Value) -> Result<Number, Fault> {
    match value {
        Value::Number(number) => Ok(number.clone()),
        Value::Bool(flag) => Ok(Number::from(u8::from(*flag))),
        Value::String(text) => {
            number::parse_leniently(text.trim()).ok_or_else(|| Fault("the text is not a number".to_owned()))
        }
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Fault(format!("{} is not a number", type_name(value)))),
    }
}

fn boolean(value: &Value) -> Result<bool, Fault> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::Number(_) => Ok(truthy(value)),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(Fault("the text is not a boolean".to_owned())),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(Fault(format!("{} is not a boolean", type_name(value))))
        }
    }
}

/// Bytes are the text that they are in UTF-8.
fn text(value: &Value) -> Result<String, Fault> {
    let Some(bytes) = bytes::read(value) else { return Ok(to_text(value).into_owned()) };
    let refused = |_| Fault("the bytes are not text in UTF-8; `as base64` takes any".to_owned());
    String::from_utf8(bytes.data).map_err(refused)
}

/// Bytes are encoded as they are, anything else as its text.
fn base64(value: &Value) -> Result<String, Fault> {
    if let Some(bytes) = bytes::read(value) {
        return Ok(bytes.base64.to_owned());
    }
    let text = to_text(value);
    // It grows by a third each time, so a chain of conversions must end somewhere.
    if text.len() > MAX_TEXT / 4 * 3 {
        return Err(too_long());
    }
    Ok(STANDARD.encode(text.as_bytes()))
}

//! Attributes by name: what they are called, and how to read and write them.

use super::StoreError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use std::collections::HashMap;
use std::time::Duration;

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn n(number: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

pub(super) fn b(bytes: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

pub(super) fn yes() -> AttributeValue {
    AttributeValue::Bool(true)
}

pub(super) fn millis(time: Timestamp) -> AttributeValue {
    n(time.as_millisecond())
}

/// TTL attributes are in whole seconds
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html>).
pub(super) fn expiry(from: Timestamp, retention: Duration) -> AttributeValue {
    n(from.as_second().saturating_add(i64::try_from(retention.as_secs()).unwrap_or(i64::MAX)))
}

/// Fifteen digits of milliseconds, so that text sorts as time does.
pub(super) fn sortable(time: Timestamp) -> String {
    format!("{:015}", time.as_millisecond().max(0))
}

pub(super) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(super) fn number<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(super) fn bytes<'a>(item: &'a Item, name: &str) -> Option<&'a [u8]> {
    item.get(name)?.as_b().ok().map(AsRef::as_ref)
}

pub(super) fn damaged(item: &Item) -> StoreError {
    StoreError::Damaged(text(item, "pk").unwrap_or("without a key").to_owned())
}

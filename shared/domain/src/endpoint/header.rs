//! Headers that a customer wants sent along.
//!
//! Answers show their names with [`MASKED`] in place of the values, so a change must be able to name a header without its
//! value: [`merged`] reads a change as a JSON merge patch (RFC 7396) in which a masked value keeps the stored one.

use crate::redact::MASKED;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Headers that are ours, or the connection's: a customer's may not replace them. Connection headers: RFC 9110 section
/// 7.6.1 and RFC 9112.
const RESERVED: [&str; 18] = [
    "host",
    "content-length",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "accept-encoding",
    "user-agent",
    "cookie",
    "idempotency-key",
    "date",
];
/// What begins like this is ours.
const RESERVED_PREFIXES: [&str; 4] = ["webhook-", "x-webhook-", "svix-", "sec-"];
/// The longest value, in bytes.
const MAX_VALUE: usize = 4096;

/// Why a header can't be sent along.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// RFC 9110 section 5.1: a token.
    #[error("`{0}` is no header's name")]
    Name(String),
    /// It is ours.
    #[error("the header `{0}` is reserved")]
    Reserved(String),
    /// RFC 9110 section 5.5: no control characters, CR, LF and NUL above all.
    #[error(
        "the header `{0}` has a value with characters that can't be sent: visible ASCII and single spaces or tabs can"
    )]
    Value(String),
    /// The value is the mask of answers, and there is no stored value that it could stand for.
    #[error("the header `{0}` is `{MASKED}`, which stands for a stored value, and none is stored: give the value")]
    Masked(String),
    /// Two names of one change differ in case alone, so they are one header (RFC 9110 section 5.1).
    #[error("the header `{0}` is named twice")]
    Twice(String),
    /// Neither text nor null.
    #[error("the header `{0}` must be text, or null to take it away")]
    NoText(String),
    /// More than 4,096 bytes.
    #[error("the header `{0}` has a value of more than {MAX_VALUE} bytes")]
    TooLong(String),
}

/// Whether a header may be sent along.
///
/// # Errors
/// In words; the value, which may be secret, is not quoted.
pub fn check_header(name: &str, value: &str) -> Result<(), HeaderError> {
    let shown = || shown(name);
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > 128 || !name.bytes().all(is_token) {
        return Err(HeaderError::Name(shown()));
    }
    let lower = name.to_ascii_lowercase();
    if RESERVED.contains(&lower.as_str()) || RESERVED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix)) {
        return Err(HeaderError::Reserved(shown()));
    }
    if value.len() > MAX_VALUE {
        return Err(HeaderError::TooLong(shown()));
    }
    let visible = value.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    if !visible || value.trim() != value {
        return Err(HeaderError::Value(shown()));
    }
    Ok(())
}

/// The headers after a change: null takes one away, [`MASKED`] keeps its stored value, other text sets it, and what the
/// change doesn't name stays. Names match in any case; a header keeps its place in the order.
///
/// # Errors
/// The first header that can't be sent along, or whose masked value stands for nothing.
pub(super) fn merged(
    before: &[(String, String)],
    change: Map<String, Value>,
) -> Result<Vec<(String, String)>, HeaderError> {
    let mut headers = before.to_vec();
    let mut named = BTreeSet::new();
    for (name, value) in change {
        if !named.insert(name.to_ascii_lowercase()) {
            return Err(HeaderError::Twice(shown(&name)));
        }
        let same = |(known, _): &(String, String)| known.eq_ignore_ascii_case(&name);
        let stored = headers.iter_mut().find(|header| same(header));
        match (value, stored) {
            (Value::Null, _) => headers.retain(|header| !same(header)),
            (Value::String(text), Some(_)) if text == MASKED => {}
            (Value::String(text), None) if text == MASKED => return Err(HeaderError::Masked(shown(&name))),
            (Value::String(text), stored) => {
                check_header(&name, &text)?;
                match stored {
                    Some(stored) => *stored = (name, text),
                    None => headers.push((name, text)),
                }
            }
            (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_), _) => {
                return Err(HeaderError::NoText(shown(&name)));
            }
        }
    }
    Ok(headers)
}

/// As much of a name as an error quotes.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::{HeaderError, check_header, merged};
    use crate::redact::MASKED;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    fn stored() -> Vec<(String, String)> {
        [("Authorization", "Bearer one"), ("X-Tenant", "two")].map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec()
    }

    fn change(fields: &Value) -> Result<Vec<(String, String)>, HeaderError> {
        merged(&stored(), fields.as_object().cloned().unwrap_or_default())
    }

    #[test]
    fn headers_are_set_kept_and_taken_away_one_by_one() {
        let cases = [
            (json!({}), vec!["Authorization: Bearer one", "X-Tenant: two"]),
            (json!({"X-New": "n"}), vec!["Authorization: Bearer one", "X-Tenant: two", "X-New: n"]),
            (json!({"authorization": "Bearer 1"}), vec!["authorization: Bearer 1", "X-Tenant: two"]),
            (json!({"AUTHORIZATION": null, "x-none": null}), vec!["X-Tenant: two"]),
            (json!({"authorization": MASKED, "X-Tenant": "3"}), vec!["Authorization: Bearer one", "X-Tenant: 3"]),
        ];
        for (fields, expected) in cases {
            let lines: Vec<String> = change(&fields).unwrap().iter().map(|(n, v)| format!("{n}: {v}")).collect();
            assert_eq!(lines, expected, "{fields}");
        }
    }

    #[test]
    fn a_mask_that_stands_for_nothing_is_refused_and_so_is_what_is_ambiguous() {
        let cases = [
            (json!({"X-New": MASKED}), HeaderError::Masked("X-New".to_owned())),
            (json!({"X-A": "1", "x-a": "2"}), HeaderError::Twice("x-a".to_owned())),
            (json!({"X-A": 1}), HeaderError::NoText("X-A".to_owned())),
            (json!({"webhook-id": "1"}), HeaderError::Reserved("webhook-id".to_owned())),
        ];
        for (fields, expected) in cases {
            assert_eq!(change(&fields), Err(expected), "{fields}");
        }
    }

    proptest! {
        #[test]
        fn what_answers_show_changes_nothing_when_it_is_sent_back(
            headers in proptest::collection::btree_map("x-[a-z]{1,6}", "[!-~]{1,12}", 0..6)
        ) {
            let before: Vec<(String, String)> = headers.into_iter().collect();
            let shown: Map<String, Value> = before.iter().map(|(name, _)| (name.clone(), MASKED.into())).collect();
            prop_assert_eq!(merged(&before, shown), Ok(before));
        }
    }

    #[test]
    fn headers_of_ours_and_of_the_connection_stay_ours() {
        for name in ["Host", "webhook-signature", "X-Webhook-Anything", "Transfer-Encoding", "Content-Type"] {
            assert!(matches!(check_header(name, "x"), Err(HeaderError::Reserved(_))), "{name}");
        }
        for name in ["Authorization", "X-Tenant", "x_y"] {
            assert_eq!(check_header(name, "Bearer a\tb"), Ok(()), "{name}");
        }
    }

    #[test]
    fn no_value_ends_its_line() {
        for value in ["a\r\nb: c", "a\nb", "a\0", "\u{7f}", "é", " a", "a "] {
            assert!(matches!(check_header("x-a", value), Err(HeaderError::Value(_))), "{value:?}");
        }
        for name in ["", "a b", "a:b", "a\r\nb", "ü"] {
            assert!(matches!(check_header(name, "x"), Err(HeaderError::Name(_))), "{name:?}");
        }
        assert!(matches!(check_header("x-a", &"y".repeat(5000)), Err(HeaderError::TooLong(_))));
    }
}

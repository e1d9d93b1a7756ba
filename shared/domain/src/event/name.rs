//! Names of customers, events, endpoints and event types: short, safe in an address, a header and a key.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// The longest name of a customer, event or endpoint, in bytes.
const MAX_ID: usize = 64;
/// The longest event type, in bytes.
const MAX_TYPE: usize = 128;
/// First names of the event types that only Ringback publishes.
const RESERVED: [&str; 2] = ["endpoint", "delivery"];

/// Why a name can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It has other characters, or none, or too many.
    #[error("`{0}` is no {1}: 1 to {MAX_ID} letters, digits, `-` and `_`")]
    Id(String, &'static str),
    /// It is no dotted name.
    #[error("`{0}` is no event type: names of letters, digits, `-` and `_`, joined by dots, {MAX_TYPE} bytes at most")]
    Type(String),
    /// It is no event type, and no beginning of one.
    #[error("`{0}` names no event types: write one, `*`, or the beginning of some and `.*`")]
    Pattern(String),
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// 16 bytes of SHA-256 over the parts, each with its length, so that no two lists of parts read alike.
fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut digest = hex::encode(hash.finalize());
    digest.truncate(32);
    digest
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name, if it is one.
            ///
            /// # Errors
            /// If it has other characters than letters, digits, `-` and `_`, or not 1 to [`MAX_ID`] of them.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let fits = text.len() <= MAX_ID && is_word(text);
                if fits { Ok(Self(text.to_owned())) } else { Err(NameError::Id(shown(text), $what)) }
            }

            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// Names a customer: whatever the user calls them, in up to 64 letters, digits, `-` and `_`.
    CustomerId,
    "customer"
);
id!(
    /// Names an event among its customer's. Without a dot, since the signed text joins it to the rest by dots
    /// (Standard Webhooks 1.0.0, "Webhook metadata").
    EventId,
    "event id"
);
id!(
    /// Names an endpoint among its customer's: `ep_` and 24 hexadecimal digits.
    EndpointId,
    "endpoint"
);

impl Default for CustomerId {
    /// The customer of whoever names none.
    fn default() -> Self {
        Self(super::DEFAULT_CUSTOMER.to_owned())
    }
}

impl EventId {
    /// From 16 random bytes, for an event that brings nothing to tell it from its repetition.
    pub fn random(bytes: [u8; 16]) -> Self {
        Self(format!("evt_{}", hex::encode(bytes)))
    }

    /// The event that a key names: the same for every repetition.
    pub fn keyed(parts: &[&str]) -> Self {
        Self(format!("evt_{}", digest(parts)))
    }
}

impl EndpointId {
    /// From 12 random bytes.
    pub fn random(bytes: [u8; 12]) -> Self {
        Self(format!("ep_{}", hex::encode(bytes)))
    }

    /// The endpoint that a repeated request to create it names.
    pub fn keyed(customer: &CustomerId, key: &str) -> Self {
        let mut digest = digest(&["endpoint", customer.as_str(), key]);
        digest.truncate(24);
        Self(format!("ep_{digest}"))
    }
}

/// What kind of thing happened: `job.completed`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventType(String);

impl EventType {
    /// The type, if the text can be one.
    ///
    /// # Errors
    /// If it isn't names joined by dots.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let fits = text.len() <= MAX_TYPE && text.split('.').all(is_word);
        if fits { Ok(Self(text.to_owned())) } else { Err(NameError::Type(shown(text))) }
    }

    /// A type that stands for any.
    pub(crate) fn sample() -> Self {
        Self("any".to_owned())
    }

    /// Whether only Ringback may publish events of this type: `endpoint.…` and `delivery.…`, in any case.
    pub fn is_reserved(&self) -> bool {
        let beginning = self.0.split_once('.').map(|(beginning, _)| beginning);
        beginning.is_some_and(|name| RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for EventType {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<EventType> for String {
    fn from(event_type: EventType) -> Self {
        event_type.0
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which event types an endpoint subscribes to: one, those below a name (`job.*`), or all (`*`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Pattern {
    /// `*`: everything that somebody publishes.
    All,
    /// `job.*`: everything that begins with `job.`; holds `job.`.
    Below(String),
    /// Just this.
    Exactly(EventType),
}

impl Pattern {
    /// The pattern, if the text is one.
    ///
    /// # Errors
    /// If it is neither `*`, nor an event type, nor one followed by `.*`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text == "*" {
            return Ok(Self::All);
        }
        match text.strip_suffix(".*") {
            Some(above) if EventType::parse(above).is_ok() => Ok(Self::Below(format!("{above}."))),
            Some(_) => Err(NameError::Pattern(shown(text))),
            None => EventType::parse(text).map(Self::Exactly).map_err(|_| NameError::Pattern(shown(text))),
        }
    }

    /// Whether it takes in that type.
    pub fn matches(&self, event_type: &EventType) -> bool {
        match self {
            Self::All => true,
            Self::Below(above) => event_type.as_str().starts_with(above),
            Self::Exactly(one) => one == event_type,
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Below(above) => write!(f, "{above}*"),
            Self::Exactly(one) => one.fmt(f),
        }
    }
}

/// What an error quotes of a name: enough to find it.
fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_safe_everywhere() {
        for good in ["a", "42", "job-1_b", &"x".repeat(MAX_ID)] {
            assert_eq!(EventId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a.b", "a b", "a#b", "ü", "a/b", &"x".repeat(MAX_ID + 1)] {
            assert!(EventId::parse(bad).is_err(), "{bad}");
            assert!(serde_json::from_value::<CustomerId>(serde_json::json!(bad)).is_err(), "{bad}");
        }
        assert_ne!(EventId::keyed(&["a", "bc"]), EventId::keyed(&["ab", "c"]));
    }

    #[test]
    fn types_below_endpoint_and_delivery_are_reserved_and_no_others() {
        let reserved = |text| EventType::parse(text).unwrap().is_reserved();
        for text in ["endpoint.disabled", "delivery.exhausted", "endpoint.made.up", "Endpoint.disabled", "DELIVERY.x"] {
            assert!(reserved(text), "{text}");
        }
        for text in ["job.failed", "job.completed", "endpoint", "delivery", "endpoints.x", "my.endpoint.x", "deliver.y"]
        {
            assert!(!reserved(text), "{text}");
        }
    }

    #[test]
    fn a_pattern_takes_in_what_it_says() {
        let event_type = |text| EventType::parse(text).unwrap();
        let pattern = |text| Pattern::parse(text).unwrap();
        assert!(pattern("*").matches(&event_type("a.b")));
        assert!(pattern("job.*").matches(&event_type("job.failed")));
        assert!(pattern("job.*").matches(&event_type("job.step.failed")));
        assert!(!pattern("job.*").matches(&event_type("job")));
        assert!(!pattern("job.*").matches(&event_type("jobs.failed")));
        assert!(pattern("job.failed").matches(&event_type("job.failed")));
        assert!(!pattern("job.failed").matches(&event_type("job.failed.twice")));
        for bad in ["", "**", "job.*.x", ".*", "*.failed", "job*", "job.", "a..b"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
        for text in ["*", "job.*", "job.failed"] {
            assert_eq!(pattern(text).to_string(), text);
        }
    }
}

//! From what a publisher sent to an event.

use super::{CustomerId, Event, EventId, EventType, NameError, Origin, cloudevents};
use crate::number;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// The source of what Ringback says itself, and of an event whose publisher names none. A publisher can't name it.
pub const OWN_SOURCE: &str = "ringback";

/// Whether a source would pass for [`OWN_SOURCE`] with a reader who ignores case and blanks.
pub fn is_own_source(source: &str) -> bool {
    source.trim().eq_ignore_ascii_case(OWN_SOURCE)
}

/// Why a request publishes nothing. Nothing has happened then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// A name can't be used.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A field that must be there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A field that is something else.
    #[error("`{0}` must be {1}")]
    Wrong(&'static str, &'static str),
    /// A field that we don't know.
    #[error("unknown field `{0}`")]
    Unknown(String),
    /// The type is one that only Ringback publishes.
    #[error(
        "`{0}` is an event of Ringback itself: types that begin with `endpoint.` or `delivery.` can't be published"
    )]
    ReservedType(EventType),
    /// The source is [`OWN_SOURCE`].
    #[error("the source `{OWN_SOURCE}` is Ringback itself: name another source, or leave it out")]
    ReservedSource,
    /// An attribute of a `CloudEvent` that is a list or an object.
    #[error("the attribute `{0}` must be text, a number or a boolean (CloudEvents 1.0.2, section 3.2)")]
    Attribute(String),
    /// Not the CloudEvents that we read.
    #[error("CloudEvents {0} are not read; send 1.0")]
    SpecVersion(String),
}

impl PublishError {
    /// Its stable name as the error of a job: `reserved_event` or `bad_event`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ReservedType(_) | Self::ReservedSource => "reserved_event",
            Self::Name(_)
            | Self::Missing(_)
            | Self::Wrong(..)
            | Self::Unknown(_)
            | Self::SpecVersion(_)
            | Self::Attribute(_) => "bad_event",
        }
    }
}

/// What a publisher said about an event; the rest is filled in by [`Published::accept`].
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// The id that it gave.
    pub id: Option<String>,
    /// The customer that it named.
    pub customer: Option<CustomerId>,
    /// What kind of thing.
    pub event_type: EventType,
    /// What happened.
    pub data: Value,
    /// When.
    pub timestamp: Option<Timestamp>,
    /// Who says so.
    pub source: Option<String>,
    /// Of the data's form.
    pub version: Option<String>,
    /// The other attributes, if it is a `CloudEvent`.
    pub attributes: Option<Map<String, Value>>,
}

impl Published {
    /// From `{event (or event_type, or type), data, id?, customer_id?, timestamp?, source?, version?}` or a structured
    /// CloudEvent, told apart by `specversion`.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(fields: Map<String, Value>) -> Result<Self, PublishError> {
        Self::said(fields)?.allowed()
    }

    /// Refuses what only Ringback says. Every way to publish ends here.
    pub(super) fn allowed(self) -> Result<Self, PublishError> {
        if self.event_type.is_reserved() {
            return Err(PublishError::ReservedType(self.event_type));
        }
        match &self.source {
            Some(source) if is_own_source(source) => Err(PublishError::ReservedSource),
            Some(_) | None => Ok(self),
        }
    }

    fn said(mut fields: Map<String, Value>) -> Result<Self, PublishError> {
        if fields.contains_key("specversion") {
            return cloudevents::structured(fields);
        }
        let event_type = ["event", "event_type", "type"].into_iter().find_map(|name| fields.remove(name));
        fields.remove("event_type");
        let published = Self {
            event_type: type_of(event_type.ok_or(PublishError::Missing("event"))?)?,
            data: fields.remove("data").unwrap_or_default(),
            id: text(fields.remove("id"), "id")?.filter(|id| !id.is_empty()),
            customer: customer(fields.remove("customer_id"))?,
            timestamp: time(fields.remove("timestamp"))?,
            source: text(fields.remove("source"), "source")?,
            version: text(fields.remove("version"), "version")?,
            attributes: None,
        };
        match fields.into_iter().next() {
            Some((name, _)) => Err(PublishError::Unknown(name)),
            None => Ok(published),
        }
    }

    /// The event, as accepted now. `random` names it if nothing that it brings does; a repeated `key` or id names the
    /// same event.
    #[must_use]
    pub fn accept(
        self,
        customer: CustomerId,
        key: Option<&str>,
        origin: Origin,
        random: [u8; 16],
        now: Timestamp,
    ) -> Event {
        let source = self.source.unwrap_or_else(|| OWN_SOURCE.to_owned());
        let (id, given_id) = match (self.id, key) {
            // CloudEvents are told apart by source and id together (CloudEvents 1.0.2, section 3.1).
            (Some(given), _) if self.attributes.is_some() => (EventId::keyed(&["id", &source, &given]), Some(given)),
            (Some(given), _) => match EventId::parse(&given) {
                Ok(id) => (id, None),
                Err(_) => (EventId::keyed(&["id", &source, &given]), Some(given)),
            },
            (None, Some(key)) => (EventId::keyed(&["key", key]), None),
            (None, None) => (EventId::random(random), None),
        };
        Event {
            id,
            customer,
            event_type: self.event_type,
            data: self.data,
            timestamp: self.timestamp.unwrap_or(now),
            source,
            version: self.version.unwrap_or_else(|| "1.0".to_owned()),
            accepted_at: now,
            origin,
            given_id,
            attributes: self.attributes.unwrap_or_default(),
        }
    }
}

pub(super) fn type_of(value: Value) -> Result<EventType, PublishError> {
    match value {
        Value::String(text) => Ok(EventType::parse(&text)?),
        _ => Err(PublishError::Wrong("event", "text")),
    }
}

/// Text, or a number as the text of its value, so that `1` and `1.0` are one id; null is nothing.
pub(super) fn text(value: Option<Value>, name: &'static str) -> Result<Option<String>, PublishError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(number)) => Ok(Some(number::canonical(&number))),
        Some(_) => Err(PublishError::Wrong(name, "text")),
    }
}

/// A customer's id is text, or a number.
pub(super) fn customer(value: Option<Value>) -> Result<Option<CustomerId>, PublishError> {
    Ok(text(value, "customer_id")?.map(|text| CustomerId::parse(&text)).transpose()?)
}

/// RFC 3339, or Unix seconds as a number.
pub(super) fn time(value: Option<Value>) -> Result<Option<Timestamp>, PublishError> {
    let wrong = PublishError::Wrong("timestamp", "an RFC 3339 time, or Unix seconds");
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|_| wrong),
        Some(Value::Number(number)) => {
            let time = match number.as_i64() {
                Some(seconds) => Timestamp::from_second(seconds).ok(),
                None => number
                    .as_f64()
                    .and_then(|seconds| jiff::SignedDuration::try_from_secs_f64(seconds).ok())
                    .and_then(|since| Timestamp::UNIX_EPOCH.checked_add(since).ok()),
            };
            time.map(Some).ok_or(wrong)
        }
        Some(_) => Err(wrong),
    }
}

#[cfg(test)]
mod tests;

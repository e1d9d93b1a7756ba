//! What an endpoint receives of an event.

use super::Event;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The form of a delivered body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `{id, event, event_type, timestamp, data, source, version}`, the time in whole Unix seconds.
    #[default]
    Default,
    /// `{type, timestamp, data}`, the time as RFC 3339 (Standard Webhooks 1.0.0, "Payload structure").
    Standard,
    /// CloudEvents 1.0.2 in structured JSON
    /// (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>).
    CloudEvents,
}

impl Format {
    /// The body's media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Default | Self::Standard => "application/json",
            Self::CloudEvents => "application/cloudevents+json",
        }
    }

    /// The body, byte for byte the same at every attempt.
    pub fn body(self, event: &Event) -> Vec<u8> {
        self.value(event).to_string().into_bytes()
    }

    fn value(self, event: &Event) -> Value {
        let id = event.given_id.as_deref().unwrap_or(event.id.as_str());
        match self {
            Self::Default => json!({
                "id": id,
                "event": event.event_type,
                "event_type": event.event_type,
                "timestamp": event.timestamp.as_second(),
                "data": event.data,
                "source": event.source,
                "version": event.version,
            }),
            Self::Standard => json!({
                "type": event.event_type, "timestamp": event.timestamp.to_string(), "data": event.data,
            }),
            Self::CloudEvents => {
                let known = json!({
                    "specversion": "1.0",
                    "id": id,
                    "source": event.source,
                    "type": event.event_type,
                    "time": event.timestamp.to_string(),
                    "datacontenttype": event.attributes.get("datacontenttype").unwrap_or(&json!("application/json")),
                });
                let mut fields = event.attributes.clone();
                if let Value::Object(known) = known {
                    fields.extend(known);
                }
                fields.insert("data".to_owned(), event.data.clone());
                Value::Object(fields)
            }
        }
    }
}

//! Events and their types.

use crate::shape::answers;
use jiff::Timestamp;
use serde_json::{Map, Value};

answers! {
    /// An event that was stored, now or before.
    pub struct Accepted {
        /// `accepted`.
        pub status: String,
        /// The id that names it in this API.
        pub event_id: String,
        /// The id that its publisher gave it; else the same.
        pub id: String,
        /// Its type.
        pub event: String,
        /// Its customer.
        pub customer_id: String,
    }

    /// An event. Texts under secret names are hidden in its data.
    pub struct Event {
        /// The id that names it in this API.
        pub event_id: String,
        /// The id that its publisher gave it; else the same.
        pub id: String,
        /// Its type.
        pub event: String,
        /// Its customer.
        pub customer_id: String,
        /// Its data; any JSON.
        pub data: Value,
        /// Time when it happened.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub timestamp: Timestamp,
        /// The place where it happened.
        pub source: String,
        /// The version of its data's form.
        pub version: String,
        /// Time when it was accepted.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub accepted_at: Timestamp,
        /// Its way here: `api`, `system`, `test`, or `run` with the task and the job.
        pub origin: Value,
        /// Attributes of the CloudEvent that it was; missing where it had none besides those above.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attributes: Option<Map<String, Value>>,
    }

    /// The catalogue.
    pub struct EventTypes {
        /// True if other types are refused.
        pub strict: bool,
        /// By name.
        pub event_types: Vec<EventType>,
    }

    /// A type of events.
    pub struct EventType {
        /// Its name.
        pub event: String,
        /// For people.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub description: Option<String>,
        /// The JSON Schema of its data.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub schema: Option<Value>,
    }
}

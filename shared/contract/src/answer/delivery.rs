//! The log of deliveries.

use crate::Cursor;
use crate::DeliveryStatus;
use crate::shape::answers;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

answers! {
    /// A page of deliveries, newest first.
    pub struct Deliveries {
        /// May be empty before the last page.
        pub deliveries: Vec<DeliveryInList>,
        /// The `before` of the following page; null on the last.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub next: Option<Cursor>,
        /// There are more customers than one request looks at; missing where all were.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        pub partial: bool,
    }

    /// A delivery in a list.
    pub struct DeliveryInList {
        /// Its id.
        pub id: String,
        /// The endpoint.
        pub webhook_id: String,
        /// The endpoint's name; `Unknown` where it has been deleted.
        pub endpoint_name: String,
        /// The customer.
        pub customer_id: String,
        /// The event.
        pub event_id: String,
        /// The event's type.
        pub event_type: String,
        /// Its state.
        pub status: DeliveryStatus,
        /// Attempts that were made.
        pub attempt_count: u32,
        /// The status that the last attempt was answered with; null where there was no answer.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub response_status: Option<u16>,
        /// Seconds that the last attempt took.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub response_time: Option<f64>,
        /// Time when the event was accepted.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub created_at: Timestamp,
        /// Time of the last attempt.
        #[cfg_attr(feature = "openapi", schema(required, value_type = Option<String>, format = DateTime))]
        pub last_attempt_at: Option<Timestamp>,
        /// Time when the next attempt is due.
        #[cfg_attr(feature = "openapi", schema(required, value_type = Option<String>, format = DateTime))]
        pub next_retry_at: Option<Timestamp>,
        /// The reason why it waits, where that isn't its schedule.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub held: Option<Held>,
        /// The reason why it isn't delivered, in words.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub error_message: Option<String>,
    }

    /// A delivery with its attempts.
    pub struct Delivery {
        /// The fields that a list shows of it, too.
        #[serde(flatten)]
        pub delivery: DeliveryInList,
        /// Oldest first; of very many only the newest are kept.
        pub attempts: Vec<Attempt>,
        /// The event; null once it has expired.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub event: Option<EventOfDelivery>,
        /// The body that is sent, in the endpoint's format; null where the event has expired, or the endpoint is gone.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub request_body: Option<String>,
        /// Names of values that are null because they are longer than 16 KiB; missing where there are none.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub truncated: Vec<String>,
    }

    /// The reason why a delivery waits.
    pub struct Held {
        /// Time until which it waits, unless somebody asks for it.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub until: Timestamp,
        /// The reason, as a stable word.
        pub reason: HeldBy,
        /// In words.
        pub message: String,
    }

    /// The reason why a delivery waits, as a stable word.
    #[serde(rename_all = "snake_case")]
    #[derive(Copy, Eq)]
    pub enum HeldBy {
        /// The endpoint's breaker.
        BreakerOpen,
        /// The endpoint's rate limit.
        RateLimit,
        /// As many attempts as the endpoint gets at once.
        Lane,
    }

    /// An attempt.
    pub struct Attempt {
        /// Its number, from 1.
        pub n: u64,
        /// Time when it was made.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub at: Timestamp,
        /// The status of the answer; null where there was none.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub status: Option<u16>,
        /// The kind of failure: a stable word (docs/delivery.md).
        #[cfg_attr(feature = "openapi", schema(required))]
        pub error: Option<String>,
        /// The failure in words.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub error_message: Option<String>,
        /// Milliseconds that it took.
        pub took_ms: u64,
        /// Seconds after which the answer asks to be tried again.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub retry_after: Option<u64>,
        /// The headers that were sent; secret ones are hidden.
        pub request_headers: BTreeMap<String, String>,
        /// The beginning of the answer's body; empty where there was none.
        pub response_body: String,
        /// True if the answer's body was longer.
        pub truncated: bool,
    }

    /// The event of a delivery. Texts under secret names are hidden in its data.
    pub struct EventOfDelivery {
        /// Its id.
        pub id: String,
        /// Its type.
        pub event_type: String,
        /// Its data; any JSON.
        pub data: Value,
        /// The place where it happened.
        pub source: String,
        /// The version of its data's form.
        pub version: String,
        /// Time when it happened.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub timestamp: Timestamp,
        /// Time when it was accepted.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub accepted_at: Timestamp,
    }
}

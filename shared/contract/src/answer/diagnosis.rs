//! Whether an endpoint works: what a test came to, and what is wrong with it.

use crate::shape::answers;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

answers! {
    /// What is wrong with an endpoint.
    pub struct Diagnosis {
        /// The endpoint.
        pub endpoint_id: String,
        /// The endpoint.
        pub webhook_id: String,
        /// Its name.
        pub endpoint_name: String,
        /// Its customer.
        pub customer_id: String,
        /// Whether it receives anything.
        pub is_active: bool,
        /// What is wrong, in words.
        pub issues: Vec<String>,
        /// What to do about it, in words.
        pub recommendations: Vec<String>,
        /// The newest deliveries that were judged.
        pub recent_delivery_count: usize,
        /// Those of them that failed.
        pub failed_delivery_count: usize,
        /// Seconds that their last attempts took on average.
        pub avg_response_time: f64,
        /// Whether anything answers there now.
        pub reachability: Reachability,
        /// Its failures in a row; null where there are none.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub health: Option<EndpointHealth>,
    }

    /// Whether anything answers at an endpoint.
    pub struct Reachability {
        /// It does.
        pub reachable: bool,
        /// With which status.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub status: Option<u16>,
        /// Why not: a stable word (docs/delivery.md).
        #[cfg_attr(feature = "openapi", schema(required))]
        pub error: Option<String>,
        /// Milliseconds that it took.
        pub took_ms: u64,
    }

    /// The failures of an endpoint in a row.
    pub struct EndpointHealth {
        /// Since when.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub failing_since: Timestamp,
        /// How many.
        pub failures: u32,
        /// Until when its deliveries are held.
        #[cfg_attr(feature = "openapi", schema(required, value_type = Option<String>, format = DateTime))]
        pub breaker_open_until: Option<Timestamp>,
    }

    /// What became of a test event.
    pub struct Tested {
        /// Whether it was answered with 2xx.
        pub success: bool,
        /// The status of the answer; null where there was none.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub status_code: Option<u16>,
        /// Seconds that it took.
        pub response_time: f64,
        /// The beginning of the answer's body; empty where there was none.
        pub response_body: String,
        /// Whether the answer's body was longer.
        pub truncated: bool,
        /// The failure in words.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub error: Option<String>,
        /// What kind of failure it was: a stable word (docs/delivery.md).
        #[cfg_attr(feature = "openapi", schema(required))]
        pub error_class: Option<String>,
        /// The headers that were sent; secret ones are hidden.
        pub request_headers: BTreeMap<String, String>,
        /// The body that was sent; any JSON.
        pub test_event: Value,
    }
}

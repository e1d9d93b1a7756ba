//! Diagnoses of endpoints, and results of tests.

use crate::shape::answers;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

answers! {
    /// A diagnosis of an endpoint.
    pub struct Diagnosis {
        /// The endpoint.
        pub endpoint_id: String,
        /// The endpoint.
        pub webhook_id: String,
        /// Its name.
        pub endpoint_name: String,
        /// Its customer.
        pub customer_id: String,
        /// True if it receives events.
        pub is_active: bool,
        /// Faults, in words.
        pub issues: Vec<String>,
        /// Advice, in words.
        pub recommendations: Vec<String>,
        /// The number of newest deliveries that were judged.
        pub recent_delivery_count: usize,
        /// The number of them that failed.
        pub failed_delivery_count: usize,
        /// Seconds that their last attempts took on average.
        pub avg_response_time: f64,
        /// The result of asking its address now.
        pub reachability: Reachability,
        /// Its failures in a row; null where there are none.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub health: Option<EndpointHealth>,
    }

    /// The result of asking an endpoint's address.
    pub struct Reachability {
        /// True if it answers.
        pub reachable: bool,
        /// The status of the answer.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub status: Option<u16>,
        /// The failure: a stable word (docs/delivery.md).
        #[cfg_attr(feature = "openapi", schema(required))]
        pub error: Option<String>,
        /// Milliseconds that it took.
        pub took_ms: u64,
    }

    /// The failures of an endpoint in a row.
    pub struct EndpointHealth {
        /// Time since when.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub failing_since: Timestamp,
        /// The number of failures.
        pub failures: u32,
        /// Time until which its deliveries are held.
        #[cfg_attr(feature = "openapi", schema(required, value_type = Option<String>, format = DateTime))]
        pub breaker_open_until: Option<Timestamp>,
    }

    /// The result of a test event.
    pub struct Tested {
        /// True if it was answered with 2xx.
        pub success: bool,
        /// The status of the answer; null where there was none.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub status_code: Option<u16>,
        /// Seconds that it took.
        pub response_time: f64,
        /// The beginning of the answer's body; empty where there was none.
        pub response_body: String,
        /// True if the answer's body was longer.
        pub truncated: bool,
        /// The failure in words.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub error: Option<String>,
        /// The kind of failure: a stable word (docs/delivery.md).
        #[cfg_attr(feature = "openapi", schema(required))]
        pub error_class: Option<String>,
        /// The headers that were sent; secret ones are hidden.
        pub request_headers: BTreeMap<String, String>,
        /// The body that was sent; any JSON.
        pub test_event: Value,
    }
}

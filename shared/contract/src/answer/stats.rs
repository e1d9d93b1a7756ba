//! Counts of deliveries.

use super::EndpointStatus;
use crate::shape::answers;

answers! {
    /// Endpoints with their last 24 hours, newest first.
    pub struct AllEndpointStats(pub Vec<EndpointStats>);

    /// An endpoint with its last 24 hours.
    pub struct EndpointStats {
        /// Its id.
        pub id: String,
        /// Its id.
        pub webhook_id: String,
        /// Its customer.
        pub customer_id: String,
        /// For people.
        pub name: String,
        /// The URL to which events are sent.
        pub url: String,
        /// Its subscription: types, or patterns like `order.*`.
        pub event_types: Vec<String>,
        /// Active, or disabled.
        pub status: EndpointStatus,
        /// Deliveries of that time.
        pub total_deliveries_24h: u64,
        /// Deliveries that have arrived.
        pub successful_deliveries_24h: u64,
        /// Deliveries that were given up.
        pub failed_deliveries_24h: u64,
        /// Deliveries that are still to come.
        pub pending_deliveries_24h: u64,
        /// Percent of those that have ended which have arrived; 0 of none.
        pub success_rate_24h: f64,
        /// Seconds to the last answer, on average; 0 of none.
        pub avg_response_time_24h: f64,
        /// Only the newest were counted; missing where all were.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        pub sampled: bool,
    }

    /// The deliveries of some hours.
    pub struct Stats {
        /// All of them.
        pub total_deliveries: u64,
        /// Deliveries that have arrived.
        pub successful_deliveries: u64,
        /// Deliveries that were given up.
        pub failed_deliveries: u64,
        /// Deliveries that are still to come.
        pub pending_deliveries: u64,
        /// Percent of those that have ended which have arrived; 0 of none.
        pub success_rate: f64,
        /// Seconds to the last answer, on average; 0 of none.
        pub avg_response_time: f64,
        /// The hours.
        pub period_hours: u32,
        /// Only the newest were counted; missing where all were.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        pub sampled: bool,
    }
}

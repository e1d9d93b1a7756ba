//! How deliveries are doing.

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
        /// Where to.
        pub url: String,
        /// What it subscribes to.
        pub event_types: Vec<String>,
        /// Whether it receives anything.
        pub status: EndpointStatus,
        /// Deliveries of that time.
        pub total_deliveries_24h: u64,
        /// Those that have arrived.
        pub successful_deliveries_24h: u64,
        /// Those that were given up.
        pub failed_deliveries_24h: u64,
        /// The others.
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
        /// Those that have arrived.
        pub successful_deliveries: u64,
        /// Those that were given up.
        pub failed_deliveries: u64,
        /// The others.
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

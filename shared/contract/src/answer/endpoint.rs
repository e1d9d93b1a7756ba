//! Endpoints of customers.

use crate::Cursor;
use crate::body::Format;
use crate::shape::answers;
use jiff::Timestamp;
use std::collections::BTreeMap;

answers! {
    /// A page of endpoints, newest first.
    pub struct Endpoints {
        /// Of one customer, or of all.
        pub webhooks: Vec<Endpoint>,
        /// The `before` of the following page; null on the last.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub next: Option<Cursor>,
    }

    /// An endpoint, without its secrets.
    pub struct Endpoint {
        /// Its id.
        pub webhook_id: String,
        /// Its customer.
        pub customer_id: String,
        /// For people.
        pub name: String,
        /// The URL to which events are sent.
        pub url: String,
        /// Its subscription: types, or patterns like `order.*`.
        pub events: Vec<String>,
        /// Only events for which this condition holds.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub filter: Option<String>,
        /// Headers that are sent along; their values are hidden.
        pub headers: BTreeMap<String, String>,
        /// Seconds that an attempt may take; null: 15.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub timeout: Option<u32>,
        /// Retries after the first attempt; null: as many as the schedule has.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub max_retries: Option<u32>,
        /// Seconds before the first retry, doubled for each further one; null: the schedule's.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub retry_delay: Option<u32>,
        /// The form of what it receives.
        pub format: Format,
        /// Attempts in a time.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub rate_limit: Option<RateLimit>,
        /// Active, or disabled.
        pub status: EndpointStatus,
        /// The reason why it is disabled; null while it is active.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub disabled: Option<Disabled>,
        /// The key that its receiver verifies with, where that isn't a shared secret.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub public_key: Option<String>,
        /// Secrets that sign now.
        pub secrets: usize,
        /// Time until which a secret before the newest signs beside it.
        #[cfg_attr(feature = "openapi", schema(required, value_type = Option<String>, format = DateTime))]
        pub previous_secret_valid_until: Option<Timestamp>,
        /// Time when it was made.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub created_at: Timestamp,
        /// Time of its last change.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub updated_at: Timestamp,
    }

    /// A limit of attempts.
    #[derive(Copy, Eq, serde::Deserialize)]
    pub struct RateLimit {
        /// Attempts: 1 to 10,000.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 10_000))]
        pub limit: u32,
        /// In so many seconds: 1 to 3,600.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 3_600))]
        pub period: u32,
    }

    /// The state of an endpoint.
    #[serde(rename_all = "snake_case")]
    #[derive(Copy, Eq)]
    pub enum EndpointStatus {
        /// The endpoint receives events.
        Active,
        /// The endpoint receives nothing.
        Disabled,
    }

    /// The reason why an endpoint is disabled.
    pub struct Disabled {
        /// Time since when.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub at: Timestamp,
        /// A stable word.
        pub reason: DisabledReason,
        /// In words.
        pub message: String,
    }

    /// The reason why an endpoint is disabled.
    #[serde(rename_all = "snake_case")]
    #[derive(Copy, Eq)]
    pub enum DisabledReason {
        /// Somebody asked for it.
        Request,
        /// The endpoint answered 410 Gone (RFC 9110, section 15.5.11).
        Gone,
        /// The endpoint has failed for days without a success.
        Failing,
    }

    /// An endpoint that was made, now or before.
    pub struct CreatedEndpoint {
        /// Its id.
        pub webhook_id: String,
        /// Active, or disabled.
        pub status: EndpointStatus,
        /// Its customer.
        pub customer_id: String,
        /// The secret that was made for it. It is shown this once; missing where the request gave one, or came before.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub secret: Option<String>,
        /// The key that its receiver verifies with, where that isn't a shared secret.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub public_key: Option<String>,
    }

    /// A secret that was replaced.
    pub struct RotatedSecret {
        /// The endpoint.
        pub webhook_id: String,
        /// Time until which the secret before signs beside the new one.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub previous_secret_valid_until: Timestamp,
        /// The secret that was made. It is shown this once; missing where the request gave one.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub secret: Option<String>,
        /// The key that the receiver verifies with, where that isn't a shared secret.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub public_key: Option<String>,
    }
}

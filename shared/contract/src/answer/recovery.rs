//! New rounds of tries for what was given up, in the background.

use crate::shape::answers;
use jiff::Timestamp;

answers! {
    /// The plan of a recovery (`dry_run: true`), or the operation that does it.
    #[serde(untagged)]
    pub enum Recovery {
        /// With `dry_run: true`.
        Told(RecoveryTold),
        /// The operation.
        Begun(BackgroundOperation),
    }

    /// The plan of a recovery.
    pub struct RecoveryTold {
        /// True.
        pub dry_run: bool,
        /// The endpoint.
        pub webhook_id: String,
        /// Its customer.
        pub customer_id: String,
        /// The beginning of the time.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub since: Timestamp,
        /// The end of the time.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub until: Timestamp,
        /// Deliveries that would be tried again.
        pub found: u64,
        /// The first 100 of them.
        pub delivery_ids: Vec<String>,
        /// True if all of that time was looked at.
        pub complete: bool,
    }

    /// An operation in the background.
    pub struct BackgroundOperation {
        /// Its id.
        pub operation_id: String,
        /// `recover`.
        pub kind: String,
        /// The customer.
        pub customer_id: String,
        /// The endpoint.
        pub webhook_id: String,
        /// The beginning of the time.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub since: Timestamp,
        /// The end of the time.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub until: Timestamp,
        /// Its state.
        pub status: BackgroundStatus,
        /// Deliveries that were found so far.
        pub found: u64,
        /// Deliveries that are tried again.
        pub done: u64,
        /// Time when it began.
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
        pub started_at: Timestamp,
        /// Time when it ended.
        #[cfg_attr(feature = "openapi", schema(required, value_type = Option<String>, format = DateTime))]
        pub ended_at: Option<Timestamp>,
        /// The reason why it failed, in words.
        #[cfg_attr(feature = "openapi", schema(required))]
        pub error: Option<String>,
    }

    /// The state of an operation.
    #[serde(rename_all = "snake_case")]
    #[derive(Copy, Eq)]
    pub enum BackgroundStatus {
        /// The operation is under way.
        Running,
        /// The operation is done.
        Completed,
        /// The operation was given up.
        Failed,
    }
}

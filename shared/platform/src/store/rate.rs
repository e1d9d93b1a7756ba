//! How many requests a source has had: one conditional write for each that is counted.

use super::item::{expiry, n, s};
use super::{Store, StoreError, unavailable};
use crate::dispatch::Dispatch;
use domain::endpoint::RateLimit;
use jiff::Timestamp;
use std::time::Duration;

/// What became of a request that was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// The source may have it.
    Taken,
    /// The source has had as many as it may: so many seconds until the next period.
    RetryAfter(u64),
}

impl Store {
    /// Counts a request in the source's present period.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn count_request(&self, source: &str, rate: RateLimit, now: Timestamp) -> Result<Counted, StoreError> {
        let length = i64::from(rate.period.max(1));
        let period = now.as_second().div_euclid(length);
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", s(format!("rate#source#{source}")))
            .key("sk", s(format!("{length}#{period}")))
            .update_expression("ADD n :one SET expires = :expires")
            .condition_expression("attribute_not_exists(n) OR n < :limit")
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":limit", n(rate.limit))
            .expression_attribute_values(":expires", expiry(now, Duration::from_secs(u64::from(rate.period) * 2)));
        match update.dispatch().await {
            Ok(_) => Ok(Counted::Taken),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(Counted::RetryAfter(u64::try_from((period + 1) * length - now.as_second()).unwrap_or(1).max(1)))
            }
            Err(error) => Err(unavailable(error)),
        }
    }
}

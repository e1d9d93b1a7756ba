//! The next free slot of an endpoint with a rate limit: one item, moved on by conditional writes.

use super::endpoint::customer_pk;
use super::item::{expiry, n, number, s};
use super::{Store, StoreError, unavailable};
use crate::dispatch::Dispatch;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::endpoint::RateLimit;
use domain::event::{CustomerId, EndpointId};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// How long the item is kept after its last write, beside the retention: what its slots are for is gone by then.
const KEPT: Duration = Duration::from_secs(2 * 60 * 60);
/// How far the clocks of two processes may differ. An item that was written further ahead than this was written by a clock
/// that was wrong; its next slot is worth nothing.
pub const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(60);

impl Store {
    /// Gives the next slot after those that lie ahead. `None`: none lies ahead, or they were given by a clock that was wrong.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn slot_ahead(
        &self,
        endpoint: (&CustomerId, &EndpointId),
        rate: RateLimit,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let update = self
            .slot(endpoint, now)
            .update_expression("ADD slot :spacing SET given = :now, expires = :expires")
            .condition_expression("slot > :now AND given <= :latest")
            .expression_attribute_values(":spacing", n(rate.spacing().as_micros()))
            .expression_attribute_values(":expires", expiry(now, KEPT.saturating_add(self.retention)));
        moved(update, rate).await
    }

    /// Gives the slot that is now. `None`: others lie ahead.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn slot_now(
        &self,
        endpoint: (&CustomerId, &EndpointId),
        rate: RateLimit,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let next = now.as_microsecond().saturating_add(micros(rate));
        let update = self
            .slot(endpoint, now)
            .update_expression("SET slot = :next, given = :now, expires = :expires")
            .condition_expression("attribute_not_exists(slot) OR slot <= :now OR given > :latest")
            .expression_attribute_values(":next", n(next))
            .expression_attribute_values(":expires", expiry(now, KEPT));
        moved(update, rate).await
    }

    fn slot(&self, (customer, id): (&CustomerId, &EndpointId), now: Timestamp) -> UpdateItemFluentBuilder {
        let latest = now.checked_add(CLOCKS_DIFFER).unwrap_or(Timestamp::MAX);
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", s(customer_pk(customer)))
            .key("sk", s(format!("slots#{id}")))
            .return_values(ReturnValue::UpdatedNew)
            .expression_attribute_values(":now", n(now.as_microsecond()))
            .expression_attribute_values(":latest", n(latest.as_microsecond()))
    }
}

fn micros(rate: RateLimit) -> i64 {
    i64::try_from(rate.spacing().as_micros()).unwrap_or(i64::MAX)
}

/// The slot that the write has given: the one before the next.
async fn moved(update: UpdateItemFluentBuilder, rate: RateLimit) -> Result<Option<Timestamp>, StoreError> {
    let damaged = || StoreError::Damaged("the next slot of an endpoint".to_owned());
    match update.dispatch().await {
        Ok(answer) => {
            let next: i64 = answer.attributes.and_then(|item| number(&item, "slot")).ok_or_else(damaged)?;
            Timestamp::from_microsecond(next.saturating_sub(micros(rate))).map(Some).map_err(|_| damaged())
        }
        Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}

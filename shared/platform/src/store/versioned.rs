//! Items that count their writes: each is stored over the version that it was read at.

use super::item::{n, yes};
use super::run::owes_value;
use super::{Saved, StoreError, unavailable};
use crate::dispatch::Dispatch;
use crate::queue::Message;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;

/// Puts an item over a version, 0 for one that wasn't there, with the messages that it owes.
///
/// # Errors
/// If the table is unavailable.
pub(super) async fn put_over(put: PutItemFluentBuilder, version: u64, owes: &[Message]) -> Result<Saved, StoreError> {
    let next = version + 1;
    let mut put = put.item("v", n(next));
    put = if version == 0 {
        put.condition_expression("attribute_not_exists(pk)")
    } else {
        put.condition_expression("v = :v").expression_attribute_values(":v", n(version))
    };
    if !owes.is_empty() {
        put = put.item("owed", yes()).item("owes", owes_value(owes)?);
    }
    match put.dispatch().await {
        Ok(_) => Ok(Saved::Written(next)),
        Err(SdkError::ServiceError(error))
            if matches!(error.err(), PutItemError::ConditionalCheckFailedException(_)) =>
        {
            Ok(Saved::Conflict)
        }
        Err(error) => Err(unavailable(error)),
    }
}

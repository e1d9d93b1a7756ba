//! Reminders: an item is made to owe a message whose time has come, and the stream tells of it. The item itself doesn't change.
//!
//! A message that came before its time, because clocks differ, is put off and comes again as the next of its kind
//! ([`RunMessage::again`]). Queues bring some messages twice. If each copy went on by itself, there would be more of them each
//! time. So the item remembers how often it was reminded of each such message, and is reminded only of what comes after that:
//! all copies go on as one.

use super::delivery::delivery_key;
use super::item::{n, s, yes};
use super::run::owes_value;
use super::wait::{Written, conditional};
use super::{Store, StoreError};
use crate::queue::{DeliverMessage, Message, RunMessage};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::run::Status;
use sha2::{Digest, Sha256};

impl Store {
    /// Reminds a run of a message, unless it was reminded of this one last: `relay` has sent the message then, and a second
    /// message would repeat the calls that the first is making.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn remind_run(&self, message: &RunMessage) -> Result<(), StoreError> {
        let update = self.client.update_item().table_name(&self.table);
        let update = update.key("pk", s(format!("run#{}", message.run))).key("sk", s("run"));
        let update = update
            .expression_attribute_values(":completed", s(Status::Completed.as_str()))
            .expression_attribute_values(":failed", s(Status::Failed.as_str()))
            .expression_attribute_values(":cancelled", s(Status::Cancelled.as_str()));
        let first = RunMessage { again: 0, ..message.clone() };
        remind(
            update,
            message.clone().into(),
            (&first.into(), message.again),
            Remembered {
                wants: "attribute_exists(pk) AND NOT st IN (:completed, :failed, :cancelled)",
                last: "reminded",
                sets: "SET owed = :owed, owes = :owes, reminded = :owes",
            },
        )
        .await
        .map(|_| ())
    }

    /// Reminds a delivery of a message, unless it owes that already. False if there is no such delivery.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn remind_delivery(&self, message: &DeliverMessage) -> Result<bool, StoreError> {
        let (pk, sk) = delivery_key(&message.delivery);
        let update = self.client.update_item().table_name(&self.table).key("pk", s(pk)).key("sk", s(sk));
        let update = update
            .expression_attribute_values(":pending", s("pending"))
            .expression_attribute_values(":retrying", s("retrying"));
        let first = DeliverMessage { again: 0, ..message.clone() };
        remind(
            update,
            message.clone().into(),
            (&first.into(), message.again),
            Remembered { wants: "st IN (:pending, :retrying)", last: "owes", sets: "SET owed = :owed, owes = :owes" },
        )
        .await
    }
}

/// What an item remembers of its reminders.
struct Remembered {
    /// When it can be reminded of anything.
    wants: &'static str,
    /// The attribute that holds the last one.
    last: &'static str,
    sets: &'static str,
}

/// Says whether the item exists. `first`: the message as it came the first time, and how often it has come since.
async fn remind(
    update: UpdateItemFluentBuilder,
    message: Message,
    (first, again): (&Message, u32),
    Remembered { wants, last, sets }: Remembered,
) -> Result<bool, StoreError> {
    let update = update
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .expression_attribute_names("#again", attribute(first)?)
        .expression_attribute_values(":owed", yes())
        .expression_attribute_values(":owes", owes_value(&[message])?);
    // An attribute is stored only for what came before its time.
    let update = match again {
        0 => update.update_expression(sets).condition_expression(format!(
            "{wants} AND attribute_not_exists(#again) AND (attribute_not_exists({last}) OR {last} <> :owes)"
        )),
        _ => update
            .update_expression(format!("{sets}, #again = :again"))
            .expression_attribute_values(":again", n(again))
            .condition_expression(format!("{wants} AND (attribute_not_exists(#again) OR #again < :again)")),
    };
    Ok(match conditional(update).await? {
        Written::Done(_) => true,
        Written::Refused(item) => !item.is_empty(),
    })
}

/// The name of the attribute that says how often an item was reminded of a message.
fn attribute(first: &Message) -> Result<String, StoreError> {
    let json = serde_json::to_string(first).map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(format!("again#{}", &hex::encode(Sha256::digest(json))[..16]))
}

//! Who relays the stream, and how far: one item of the table.
//!
//! `pk` = `relay`, `sk` = `lease`: the holder, until when, and for each shard of the stream the last record that was
//! relayed. A replica takes it when nobody has it or its time is up, and prolongs it while it relays; each is one
//! conditional write. If a holder sleeps through its time and wakes up again, two relay for a moment, which does no harm:
//! the same message twice is the same work. Only the holder writes how far it got, so that never goes back.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::{SignedDuration, Timestamp};
use platform::dispatch::Dispatch;
use std::collections::{BTreeMap, HashMap};

/// How long a holder has it unless it prolongs it. The replicas' clocks must agree to within a fraction of it.
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// In the place of a record's number: all of the shard was relayed.
const ENDED: &str = "ended";

/// How far each shard was relayed, by its id.
pub(super) type Progress = BTreeMap<String, Position>;

/// How far one shard was relayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Position {
    /// Up to and including the record of this number.
    After(String),
    /// It is closed, and all of it was relayed.
    Ended,
}

/// One replica's view of it.
#[derive(Debug, Clone)]
pub(super) struct Lease {
    client: Client,
    table: String,
    holder: String,
}

impl Lease {
    /// For a replica of this name, which nobody else has.
    pub(super) fn new(client: Client, table: String, holder: String) -> Self {
        Self { client, table, holder }
    }

    /// Takes it, if nobody else has it; then says how far the one before got.
    ///
    /// # Errors
    /// In words, if the table does not answer.
    pub(super) async fn take(&self, now: Timestamp) -> Result<Option<Progress>, String> {
        // One that lasts longer than any was made by a clock that is ahead: its holder may have died long before it ends.
        let free = "attribute_not_exists(#holder) OR #holder = :me OR #until < :now OR #until > :longest";
        let longest = now.checked_add(LEASE).and_then(|end| end.checked_add(LEASE)).unwrap_or(Timestamp::MAX);
        let update = self.update("SET #holder = :me, #until = :until", free, now);
        let update = update.expression_attribute_values(":now", number(now)).return_values(ReturnValue::AllNew);
        let update = update.expression_attribute_values(":longest", number(longest));
        match update.dispatch().await {
            Ok(answer) => Ok(Some(progress(answer.attributes()))),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(None)
            }
            Err(error) => Err(DisplayErrorContext(error).to_string()),
        }
    }

    /// Prolongs it, and says how far this replica got. False if it is somebody else's now.
    ///
    /// # Errors
    /// In words, if the table does not answer.
    pub(super) async fn keep(&self, now: Timestamp, progress: &Progress) -> Result<bool, String> {
        let update = self.update("SET #until = :until, #shards = :shards", "#holder = :me", now);
        held(
            update
                .expression_attribute_names("#shards", "shards")
                .expression_attribute_values(":shards", map(progress)),
        )
        .await
    }

    /// Lets others have it, and says how far this replica got. False if it is somebody else's already.
    ///
    /// # Errors
    /// In words, if the table does not answer.
    pub(super) async fn give_up(&self, now: Timestamp, progress: &Progress) -> Result<bool, String> {
        let update = self.update("SET #until = :until, #shards = :shards REMOVE #holder", "#holder = :me", now);
        held(
            update
                .expression_attribute_names("#shards", "shards")
                .expression_attribute_values(":shards", map(progress)),
        )
        .await
    }

    fn update(&self, update: &str, condition: &str, now: Timestamp) -> UpdateItemFluentBuilder {
        let until = now.checked_add(LEASE).unwrap_or(now);
        let key = |text: &str| AttributeValue::S(text.to_owned());
        let item = self.client.update_item().table_name(&self.table).key("pk", key("relay")).key("sk", key("lease"));
        item.update_expression(update)
            .condition_expression(condition)
            .expression_attribute_names("#holder", "holder")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":me", AttributeValue::S(self.holder.clone()))
            .expression_attribute_values(":until", number(until))
    }
}

async fn held(update: UpdateItemFluentBuilder) -> Result<bool, String> {
    match update.dispatch().await {
        Ok(_) => Ok(true),
        Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(false),
        Err(error) => Err(DisplayErrorContext(error).to_string()),
    }
}

fn number(time: Timestamp) -> AttributeValue {
    AttributeValue::N(time.as_millisecond().to_string())
}

fn map(progress: &Progress) -> AttributeValue {
    let text = |position: &Position| match position {
        Position::After(sequence) => AttributeValue::S(sequence.clone()),
        Position::Ended => AttributeValue::S(ENDED.to_owned()),
    };
    AttributeValue::M(progress.iter().map(|(shard, position)| (shard.clone(), text(position))).collect())
}

fn progress(item: Option<&HashMap<String, AttributeValue>>) -> Progress {
    let shards = item.and_then(|item| item.get("shards")?.as_m().ok());
    let read = |(shard, position): (&String, &AttributeValue)| {
        let position = match position.as_s().ok()?.as_str() {
            ENDED => Position::Ended,
            sequence => Position::After(sequence.to_owned()),
        };
        Some((shard.clone(), position))
    };
    shards.into_iter().flatten().filter_map(read).collect()
}

#[cfg(test)]
mod tests;

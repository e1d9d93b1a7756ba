//! Messages as SQS takes them, cut into requests.
//!
//! **Guarantees.** A request has at most [`BATCH`] messages and [`BATCH_BYTES`], whatever they hold; their order stays. The
//! text of a message has no character that SQS refuses.

use super::{MAX_DELAY, Message, QueueError};
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use std::time::Duration;

/// Messages in one `SendMessageBatch`
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>).
const BATCH: usize = 10;

/// Bytes of their texts together: a quarter of what SQS takes today, and all that it took before 2025, as services that speak
/// its protocol may still do
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>). One message may be
/// longer, up to 1 MiB: it goes alone.
const BATCH_BYTES: usize = 256 * 1024;

/// The attribute of a delayed message that tells the milliseconds of its delay beyond the whole seconds that SQS delays by.
///
/// SQS itself overlooks it; the emulator's queue delays by both, so that no receiver has to wait.
pub const REST_OF_DELAY: &str = "delay-millis";

/// A message, ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    body: String,
    delay: Duration,
    group: Option<String>,
}

impl Entry {
    pub(super) fn of((message, delay): &(Message, Duration)) -> Result<Self, QueueError> {
        let body = serde_json::to_string(message).map_err(|error| QueueError(error.to_string()))?;
        Ok(Self { body: plain(body), delay: *delay, group: message.group() })
    }

    /// Delayed by whole seconds, rounded down, since the receiver waits for the rest. The rest is an attribute.
    pub(super) fn to_request(&self, id: usize) -> Result<SendMessageBatchRequestEntry, BuildError> {
        let delay = self.delay.min(MAX_DELAY);
        let seconds = i32::try_from(delay.as_secs()).unwrap_or(0);
        let mut entry = SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body(&self.body);
        if delay.subsec_millis() > 0 {
            let millis = MessageAttributeValue::builder().data_type("Number");
            let millis = millis.string_value(delay.subsec_millis().to_string()).build()?;
            entry = entry.message_attributes(REST_OF_DELAY, millis);
        }
        entry.set_message_group_id(self.group.clone()).set_delay_seconds((seconds > 0).then_some(seconds)).build()
    }
}

/// The same JSON without the two characters that SQS refuses and JSON doesn't escape; within JSON they can only be in a
/// string (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>).
fn plain(json: String) -> String {
    const REFUSED: [char; 2] = ['\u{fffe}', '\u{ffff}'];
    if json.contains(REFUSED) { json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff") } else { json }
}

/// Cuts messages into requests.
pub(super) fn batches(entries: &[Entry]) -> impl Iterator<Item = &[Entry]> {
    let mut rest = entries;
    std::iter::from_fn(move || {
        let mut bytes = 0_usize;
        let fits = |entry: &&Entry| {
            bytes = bytes.saturating_add(entry.body.len());
            bytes <= BATCH_BYTES
        };
        let fitting = rest.iter().take(BATCH).take_while(fits).count().max(1);
        let (batch, after) = rest.split_at_checked(fitting)?;
        rest = after;
        Some(batch)
    })
}

#[cfg(test)]
mod tests {
    use super::{BATCH, BATCH_BYTES, Duration, Entry, batches, plain};
    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
    use serde_json::Value;

    proptest! {
        #[test]
        fn every_message_is_in_one_request_that_is_small_enough(
            sizes in vec(proptest::prop_oneof![0..2_000_usize, 0..400_000_usize], 0..60)
        ) {
            let entry = |size: &usize| Entry { body: "x".repeat(*size), delay: Duration::ZERO, group: None };
            let entries: Vec<Entry> = sizes.iter().map(entry).collect();
            let mut given = Vec::new();
            for batch in batches(&entries) {
                let bytes: usize = batch.iter().map(|entry| entry.body.len()).sum();
                prop_assert!(!batch.is_empty() && batch.len() <= BATCH);
                prop_assert!(bytes <= BATCH_BYTES || batch.len() == 1, "{} of {bytes}", batch.len());
                given.extend(batch.iter().map(|entry| entry.body.len()));
            }
            prop_assert_eq!(given, sizes);
        }

        #[test]
        fn a_text_without_refused_characters_says_the_same(text in any::<String>(), at in any::<bool>()) {
            let value = Value::String(if at { format!("{text}\u{ffff}\\\u{fffe}{text}") } else { text });
            let sent = plain(value.to_string());
            let refused = sent.contains(['\u{fffe}', '\u{ffff}']);
            prop_assert!(!refused);
            prop_assert_eq!(serde_json::from_str::<Value>(&sent).unwrap(), value);
        }
    }
}

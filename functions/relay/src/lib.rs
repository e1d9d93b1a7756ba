//! From the stream of the table to the queue, and nothing else.
//!
//! **Cast.** A record is one change of one item; the stream's filter lets through those whose item says `owed`. The
//! item's `owes` holds the messages. **Flow.** Each record's messages are sent, ten at a time, each with the delay that
//! is left until it is due. **Guarantees.** A record is done once its messages are in the queue; if that fails, it
//! comes again, and the messages with it. No user's code runs here and nothing is called, so it can't be slow and
//! can't be poisoned: a record that does not read as one of ours is logged and passed over.

use aws_lambda_events::event::dynamodb::EventRecord;
use platform::App;
use platform::clock::until;
use platform::queue::{BATCH, Message, QueueError};
use serde_dynamo::AttributeValue;
use std::sync::Arc;
use std::time::Duration;

/// Sends what a batch of records owes.
///
/// # Errors
/// If the queue did not take it; the batch may be handled again.
pub async fn handle(app: Arc<App>, records: Vec<EventRecord>) -> Result<(), QueueError> {
    let owed = records.iter().flat_map(owed);
    let messages: Vec<(Message, Duration)> =
        owed.map(|message| (delay(&app, &message), message)).map(|(d, m)| (m, d)).collect();
    for batch in messages.chunks(BATCH) {
        app.queue.send(batch).await?;
    }
    Ok(())
}

/// The messages that a record's item owes.
fn owed(record: &EventRecord) -> Vec<Message> {
    let item = &record.change.new_image;
    match (item.get("owed"), item.get("owes")) {
        (Some(AttributeValue::Bool(true)), Some(AttributeValue::S(owes))) => {
            serde_json::from_str(owes).unwrap_or_else(|error| {
                tracing::error!(%error, keys = ?record.change.keys, "an item owes what can't be read");
                Vec::new()
            })
        }
        _ => Vec::new(),
    }
}

fn delay(app: &App, message: &Message) -> Duration {
    message.due.map_or(Duration::ZERO, |due| app.clock.on_the_wall(until(app.now(), due)))
}

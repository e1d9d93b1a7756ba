//! From the stream of the table to the queue, and nothing else.
//!
//! **Cast.** A record is one change of one item; the stream's filter lets through those whose item says `owed`. What the
//! item owes is in it: messages, or an event and so a message for each endpoint that wants it. **Flow.** The messages
//! of all records are sent, each with the delay that is left until it is due. Who subscribes is asked of
//! the table once for each customer of a batch, after the events were written: so an event reaches every endpoint that
//! was made before it. **Guarantees.** A record is done once its messages are in the queue; if that fails, it comes
//! again, and the messages with it. Nothing is called here, and the steps of filters are bounded for each customer and
//! batch ([`allowance`]); beyond, `deliver` asks them. So it can't be slow and can't be poisoned: a record that does not read as one of ours is logged and passed over.

mod allowance;
mod fan_out;

use application::App;
use aws_lambda_events::event::dynamodb::EventRecord;
use futures_util::future::BoxFuture;
use platform::clock::until;
use platform::queue::{Message, QueueError};
use platform::store::{Owes, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// Why a batch must come again.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The queue did not take it.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The table did not say who subscribes.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sends what a batch of records owes.
///
/// # Errors
/// If the table or the queue failed; the batch may be handled again.
pub fn handle(app: Arc<App>, records: Vec<EventRecord>) -> BoxFuture<'static, Result<(), RelayError>> {
    Box::pin(process(app, records))
}

async fn process(app: Arc<App>, records: Vec<EventRecord>) -> Result<(), RelayError> {
    let (mut messages, mut events) = (Vec::new(), Vec::new());
    for record in &records {
        match Owes::read(&record.change.new_image) {
            Ok(Owes::Messages(owed)) => messages.extend(owed),
            Ok(Owes::Event(event)) => events.push(*event),
            Err(error) => tracing::error!(%error, keys = ?record.change.keys, "an item owes what can't be read"),
        }
    }
    // Messages that are owed already don't wait for filters.
    send(&app, messages).await?;
    send(&app, fan_out::messages(&app, events).await?).await
}

async fn send(app: &App, messages: Vec<Message>) -> Result<(), RelayError> {
    let delayed: Vec<(Message, Duration)> =
        messages.into_iter().map(|message| (delay(app, &message), message)).map(|(d, m)| (m, d)).collect();
    if delayed.is_empty() { Ok(()) } else { Ok(app.queue.send(&delayed).await?) }
}

fn delay(app: &App, message: &Message) -> Duration {
    message.due().map_or(Duration::ZERO, |due| app.clock.on_the_wall(until(app.now(), due)))
}

#[cfg(test)]
mod tests;

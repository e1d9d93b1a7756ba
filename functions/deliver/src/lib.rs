//! Does the work that is owed: one message is one piece of it.
//!
//! **Cast.** [`runs`] makes the calls that a run owes, [`attempts`] tries a delivery to a customer's endpoint, after [`judge`]
//! has asked the endpoint's filter where `relay` has not,
//! [`announce`] publishes what we have to say ourselves, and [`recover`] takes a step of an operation. What comes before its time, because clocks differ, is [`put_off`]. **Guarantees.** The message covers the whole piece: whatever
//! dies, it comes again, and the table says what is still owed. A failed call or attempt is an outcome; an error means
//! that *we* failed, and that the message comes again.

mod announce;
mod attempts;
mod judge;
mod notices;
mod perform;
mod put_off;
mod recover;
mod room;
mod runs;
mod session;

use application::App;
use futures_util::future::BoxFuture;
use platform::clock::until;
use platform::queue::Message;
use platform::store::StoreError;
use std::sync::Arc;

/// Why a message could not be processed; it comes again.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// It is not one of ours.
    #[error("the message can't be read: {0}")]
    Message(#[from] serde_json::Error),
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A worker's message in the queue of calls: the queues were mixed up.
    #[error("the program `{0}` is run by workers, from a queue of their own")]
    Program(String),
}

/// Does all that one message owes. `received` counts how often it has come, from 1.
///
/// # Errors
/// If the message must come again.
pub fn handle(app: Arc<App>, body: String, received: u32) -> BoxFuture<'static, Result<(), DeliverError>> {
    Box::pin(process(app, body, received))
}

async fn process(app: Arc<App>, body: String, received: u32) -> Result<(), DeliverError> {
    let message: Message = serde_json::from_str(&body)?;
    if let Some(due) = message.due().filter(|due| *due > app.now()) {
        if app.clock.on_the_wall(until(app.now(), due)) > put_off::LONGEST_SLEEP {
            return Ok(put_off::until(&app, message, due).await?);
        }
        // The queue delays by whole seconds, rounded down; the rest of the last one passes here.
        app.clock.sleep_until(due).await;
    }
    app.refile_once().await;
    // Boxed, so that a message takes no more room than its own kind of work needs.
    match message {
        Message::Run(message) => Box::pin(runs::handle(&app, &message)).await?,
        Message::Deliver(message) => Box::pin(attempts::handle(&app, message, received > 1)).await?,
        Message::Judge(message) => Box::pin(judge::handle(&app, message, received > 1)).await?,
        Message::Program(message) => return Err(DeliverError::Program(message.program)),
        Message::Publish(event) => Box::pin(announce::handle(&app, *event)).await?,
        Message::Operate(message) => Box::pin(recover::handle(&app, &message)).await?,
    }
    Ok(())
}

#[cfg(test)]
mod tests;

//! The queues: one message is one piece of work that is owed.
//!
//! Calls and deliveries are in one, programs in another: those are taken by workers, on whatever machines they are.

mod batch;
mod rest;

pub use batch::REST_OF_DELAY;
pub use rest::{RECEIVE_COUNT, RECEIVES, received, rest};

use crate::dispatch::Dispatch;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::BatchResultErrorEntry;
use batch::Entry;
use domain::delivery::DeliveryId;
use domain::event::Event;
use domain::id::RunId;
use domain::operation::OperationId;
use domain::run::{JobPath, Stretch};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// The longest that SQS can delay a message: 15 minutes
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html>).
pub const MAX_DELAY: Duration = Duration::from_secs(15 * 60);

/// Work owed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub enum Message {
    /// Bring a run its next stretch.
    Run(RunMessage),
    /// Make an attempt of a delivery.
    Deliver(DeliverMessage),
    /// Ask the endpoint's filter whether it wants the event, and make the attempt if it does.
    Judge(DeliverMessage),
    /// Publish what we have to say ourselves, if anybody subscribes to it.
    Publish(Box<Event>),
    /// Take a step of an operation.
    Operate(OperateMessage),
    /// Run a program.
    Program(ProgramMessage),
}

/// Bring this run that stretch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunMessage {
    /// Which run.
    pub run: RunId,
    /// What has come for it.
    #[serde(flatten)]
    pub stretch: Stretch,
    /// Not before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// How often it has come before its time, and was put off.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub again: u32,
}

/// Make that attempt of this delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeliverMessage {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// Which attempt, from 1; it is dropped where another is owed.
    pub attempt: u32,
    /// The event, where it is small enough to travel with the message; else it is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Box<Event>>,
    /// Not before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// How often it has come before its time, and was put off.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub again: u32,
}

/// Take that step of this operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperateMessage {
    /// Which operation.
    pub operation: OperationId,
    /// Which step, from 0; it is dropped where another is owed.
    pub step: u64,
}

/// Run the program of that attempt of the run's job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramMessage {
    /// Which run.
    pub run: RunId,
    /// Which job of it.
    pub job: JobPath,
    /// Which attempt, from 1; it is dropped where another is owed.
    pub attempt: u32,
    /// Which program: what tells a worker whether this is for it.
    pub program: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl RunMessage {
    /// Brings a run a stretch, not before a time where there is one.
    pub fn new(run: RunId, stretch: Stretch, due: Option<Timestamp>) -> Self {
        Self { run, stretch, due, again: 0 }
    }
}

impl From<RunMessage> for Message {
    fn from(message: RunMessage) -> Self {
        Self::Run(message)
    }
}

impl From<DeliverMessage> for Message {
    fn from(message: DeliverMessage) -> Self {
        Self::Deliver(message)
    }
}

impl From<OperateMessage> for Message {
    fn from(message: OperateMessage) -> Self {
        Self::Operate(message)
    }
}

impl From<ProgramMessage> for Message {
    fn from(message: ProgramMessage) -> Self {
        Self::Program(message)
    }
}

impl Message {
    /// Not before this time.
    pub fn due(&self) -> Option<Timestamp> {
        match self {
            Self::Run(message) => message.due,
            Self::Deliver(message) | Self::Judge(message) => message.due,
            Self::Publish(_) | Self::Operate(_) | Self::Program(_) => None,
        }
    }

    /// Messages of one group don't delay those of others: each endpoint is one, and each program
    /// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html>).
    fn group(&self) -> Option<String> {
        match self {
            Self::Deliver(message) | Self::Judge(message) => Some(group_id(message.delivery.endpoint.as_str())),
            Self::Program(message) => Some(group_id(&message.program)),
            Self::Run(_) | Self::Publish(_) | Self::Operate(_) => None,
        }
    }
}

/// Begins the group id of a name that is none itself.
const DIGEST: &str = "sha256:";

/// The group id of a name: the name, if SQS takes that, else a digest of it. Different names have different ones.
fn group_id(name: &str) -> String {
    match is_group_id(name) && !name.starts_with(DIGEST) {
        true => name.to_owned(),
        false => format!("{DIGEST}{}", hex::encode(Sha256::digest(name))),
    }
}

/// Whether SQS takes this as a `MessageGroupId`: 1 to 128 letters, digits and punctuation marks of ASCII
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>).
pub fn is_group_id(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Why messages could not be sent. The text is for the log.
#[derive(Debug, thiserror::Error)]
#[error("the queue did not take it: {0}")]
pub struct QueueError(String);

/// The queues.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    calls: String,
    programs: String,
}

impl Queue {
    /// The queues at these URLs: of calls and deliveries, and of programs.
    pub fn new(client: Client, calls: String, programs: String) -> Self {
        Self { client, calls, programs }
    }

    /// Sends messages, each to its queue with its delay, in as many requests as they need.
    ///
    /// One that no queue would ever take is logged and passed over, so that it can't hold up the others: what makes messages
    /// keeps them far below the limit, so there is none.
    ///
    /// # Errors
    /// If one of them was not taken; all may be sent again.
    pub async fn send(&self, messages: &[(Message, Duration)]) -> Result<(), QueueError> {
        let is_program = |(message, _): &&(Message, Duration)| matches!(message, Message::Program(_));
        let (programs, calls): (Vec<_>, Vec<_>) = messages.iter().partition(is_program);
        for (url, messages) in [(&self.calls, calls), (&self.programs, programs)] {
            let entries: Vec<Entry> = messages.into_iter().map(Entry::of).collect::<Result<_, _>>()?;
            for batch in batch::batches(&entries) {
                self.send_batch(url, batch).await?;
            }
        }
        Ok(())
    }

    /// Lets a message of `deliver` rest that could not be processed, instead of for as long as it is hidden from others.
    ///
    /// # Errors
    /// If the queue didn't take it; the message comes again all the same, later.
    pub async fn leave(&self, receipt: &str, rest: Duration) -> Result<(), QueueError> {
        let seconds = i32::try_from(rest.as_secs()).unwrap_or(i32::MAX);
        let change = self.client.change_message_visibility().queue_url(&self.calls).receipt_handle(receipt);
        let changed = change.visibility_timeout(seconds).dispatch().await;
        changed.map(|_| ()).map_err(|error| QueueError(DisplayErrorContext(error).to_string()))
    }

    async fn send_batch(&self, url: &str, batch: &[Entry]) -> Result<(), QueueError> {
        let entries = batch.iter().enumerate().map(|(id, entry)| entry.to_request(id)).collect::<Result<_, _>>();
        let entries = entries.map_err(|error| QueueError(error.to_string()))?;
        let sent = self.client.send_message_batch().queue_url(url).set_entries(Some(entries)).dispatch().await;
        let failed = match sent {
            Ok(answer) => answer.failed,
            Err(error)
                if batch.len() == 1 && error.as_service_error().is_some_and(|e| e.is_batch_request_too_long()) =>
            {
                tracing::error!("a message is longer than any that the queue takes, and was not sent");
                return Ok(());
            }
            Err(error) => return Err(QueueError(DisplayErrorContext(error).to_string())),
        };
        let (never, later): (Vec<_>, Vec<_>) = failed.into_iter().partition(is_never_taken);
        for failed in never {
            tracing::error!(error = failed.code(), "a message is none that the queue takes, and was not sent");
        }
        match later.first() {
            None => Ok(()),
            Some(failed) => Err(QueueError(failed.message().unwrap_or(failed.code()).to_owned())),
        }
    }
}

/// Whether it is the message that is wrong, whatever the state of the queue.
fn is_never_taken(failed: &BatchResultErrorEntry) -> bool {
    failed.sender_fault() && matches!(failed.code(), "InvalidMessageContents" | "InvalidParameterValue")
}

#[cfg(test)]
mod tests;

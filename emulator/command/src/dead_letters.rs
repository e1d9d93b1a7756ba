//! Dead letters: messages that our own code could not process, looked at and sent back.
//!
//! ```text
//! queue ── RedrivePolicy ──► its dead letters' queue ── receive, ten at a time ─┬─► look: given back as they were
//!   ▲                                                                          └─► send, then delete
//!   └────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Nothing is lost on the way: a message is deleted once the queue has it again, so whoever dies in between leaves it in
//! both, and work that is done twice is recognised. What a message holds is never shown; only what it is about.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{DisplayErrorContext, SdkError};
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message as Received,
    MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
};
use platform::dispatch::Dispatch;
use platform::queue::Message;
use serde::Serialize;
use serde_json::Value;
use std::collections::HashSet;
use std::fmt;

/// Messages in a request
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>).
const BATCH: usize = 10;
/// Bytes of messages that are sent together: all that fit into any service's request, whatever its limit.
const BATCH_BYTES: usize = 200 * 1024;
/// Seconds for which a message that is being looked at, or sent back, is hidden from others.
const HIDDEN: i32 = 120;
/// Seconds that are waited for messages: without, not all of the service's servers are asked
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>).
const WAIT: i32 = 1;

/// A queue and its dead letters.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    client: Client,
    queue: String,
    dead: String,
    /// The name of their queue.
    pub name: String,
}

/// What one dead letter is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// `run`, `delivery`, `event`, `operation`, `program`, or `unknown` where this version can't read it.
    pub kind: &'static str,
    /// Its run, delivery, event or operation, with what else tells it apart.
    pub about: String,
    /// When it was sent first, in milliseconds since the epoch.
    pub sent_at_ms: Option<i64>,
    /// How long its body is.
    pub bytes: usize,
}

/// What became of an errand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Sent back.
    pub moved: usize,
    /// Of these, messages that this version can't read.
    pub unknown: usize,
}

impl DeadLetters {
    /// Those of the queue at that URL.
    ///
    /// # Errors
    /// In words, if it can't be asked, or has no queue for them.
    pub async fn of(client: Client, queue: &str) -> Result<Self, String> {
        let ask = client.get_queue_attributes().queue_url(queue).attribute_names(QueueAttributeName::RedrivePolicy);
        let asked = ask.dispatch().await.map_err(|error| failed(queue, error))?;
        let policy = asked.attributes().and_then(|attributes| attributes.get(&QueueAttributeName::RedrivePolicy));
        let policy = policy.and_then(|policy| serde_json::from_str::<Value>(policy).ok());
        let arn = policy.as_ref().and_then(|policy| policy.get("deadLetterTargetArn")?.as_str());
        let name = arn.and_then(|arn| arn.rsplit(':').next());
        let name = name.ok_or_else(|| format!("the queue {queue} has no queue for dead letters"))?.to_owned();
        let found = client.get_queue_url().queue_name(&name).dispatch().await.map_err(|error| failed(&name, error))?;
        let dead = found.queue_url.ok_or_else(|| format!("the queue {name} has no URL"))?;
        Ok(Self { client, queue: queue.to_owned(), dead, name })
    }

    /// How many there are, about.
    ///
    /// # Errors
    /// In words, if it can't be asked.
    pub async fn count(&self) -> Result<usize, String> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let ask = self.client.get_queue_attributes().queue_url(&self.dead).attribute_names(name.clone());
        let asked = ask.dispatch().await.map_err(|error| failed(&self.name, error))?;
        let count = asked.attributes().and_then(|attributes| attributes.get(&name)?.parse().ok());
        Ok(count.unwrap_or(0))
    }

    /// Looks at up to `max` of them, and leaves them where they are.
    ///
    /// # Errors
    /// In words, if the queue does not answer.
    pub async fn look(&self, max: usize) -> Result<Vec<Letter>, String> {
        let mut letters = Vec::new();
        let (mut receipts, mut seen) = (Vec::new(), HashSet::new());
        while letters.len() < max {
            let received = self.receive(max - letters.len()).await?;
            if received.is_empty() {
                break;
            }
            for message in received {
                receipts.extend(message.receipt_handle.clone());
                if seen.insert(message.message_id.clone()) {
                    letters.push(Letter::of(&message));
                }
            }
        }
        self.show_again(receipts).await?;
        Ok(letters)
    }

    /// Sends up to `max` of them back; `tell` hears how many went after each step.
    ///
    /// # Errors
    /// In words, with how many went before; the others are where they were.
    pub async fn send_back(&self, max: usize, tell: impl Fn(usize)) -> Result<Moved, String> {
        let mut moved = Moved::default();
        while moved.moved < max {
            let received = self.receive(max - moved.moved).await?;
            if received.is_empty() {
                break;
            }
            for batch in batches(received) {
                let unknown = batch.iter().filter(|message| Letter::of(message).kind == UNKNOWN).count();
                let count = batch.len();
                self.send(batch).await.map_err(|error| format!("{error}; {} were sent back before", moved.moved))?;
                moved.moved += count;
                moved.unknown += unknown;
                tell(moved.moved);
            }
        }
        Ok(moved)
    }

    async fn receive(&self, most: usize) -> Result<Vec<Received>, String> {
        let count = i32::try_from(most.min(BATCH)).unwrap_or(1);
        let receive = self.client.receive_message().queue_url(&self.dead).max_number_of_messages(count);
        let receive = receive.visibility_timeout(HIDDEN).wait_time_seconds(WAIT);
        let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
        let received =
            receive.message_attribute_names("All").dispatch().await.map_err(|error| failed(&self.name, error))?;
        Ok(received.messages.unwrap_or_default())
    }

    /// Sends them, and deletes those that went. The others are shown again.
    async fn send(&self, batch: Vec<Received>) -> Result<(), String> {
        let mut send = self.client.send_message_batch().queue_url(&self.queue);
        for (index, message) in batch.iter().enumerate() {
            let group =
                message.attributes.as_ref().and_then(|all| all.get(&MessageSystemAttributeName::MessageGroupId));
            let entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(message.body.clone().unwrap_or_default())
                .set_message_attributes(message.message_attributes.clone())
                .set_message_group_id(group.cloned());
            send = send.entries(entry.build().map_err(|error| error.to_string())?);
        }
        let sent = send.dispatch().await;
        let receipt = |message: &Received| message.receipt_handle.clone().unwrap_or_default();
        let sent = match sent {
            Ok(sent) => sent,
            Err(error) => {
                self.show_again(batch.iter().map(receipt).collect()).await?;
                return Err(failed(&self.queue, error));
            }
        };
        let went: HashSet<&str> = sent.successful().iter().map(|entry| entry.id()).collect();
        let (went, stayed): (Vec<_>, Vec<_>) =
            batch.iter().enumerate().partition(|(index, _)| went.contains(index.to_string().as_str()));
        self.delete(went.into_iter().map(|(_, message)| receipt(message)).collect()).await?;
        if let Some(refused) = sent.failed().first() {
            self.show_again(stayed.into_iter().map(|(_, message)| receipt(message)).collect()).await?;
            let why = refused.message().unwrap_or(refused.code());
            return Err(format!("the queue {} refused a message: {why}", self.queue));
        }
        Ok(())
    }

    async fn delete(&self, receipts: Vec<String>) -> Result<(), String> {
        if receipts.is_empty() {
            return Ok(());
        }
        let entries = receipts.into_iter().enumerate().map(|(index, receipt)| {
            DeleteMessageBatchRequestEntry::builder().id(index.to_string()).receipt_handle(receipt).build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
        let delete = self.client.delete_message_batch().queue_url(&self.dead).set_entries(Some(entries));
        delete.dispatch().await.map(|_| ()).map_err(|error| failed(&self.name, error))
    }

    async fn show_again(&self, receipts: Vec<String>) -> Result<(), String> {
        for batch in receipts.chunks(BATCH) {
            let entries = batch.iter().enumerate().map(|(index, receipt)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string());
                entry.receipt_handle(receipt).visibility_timeout(0).build()
            });
            let entries = entries.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
            let change = self.client.change_message_visibility_batch().queue_url(&self.dead);
            change.set_entries(Some(entries)).dispatch().await.map_err(|error| failed(&self.name, error))?;
        }
        Ok(())
    }
}

/// What [`Letter::kind`] says of a message that this version can't read.
const UNKNOWN: &str = "unknown";

impl Letter {
    fn of(received: &Received) -> Self {
        let body = received.body().unwrap_or_default();
        let sent = received.attributes().and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp));
        let (kind, about) = match serde_json::from_str(body) {
            Ok(Message::Run(message)) => ("run", message.run.to_string()),
            Ok(Message::Deliver(message) | Message::Judge(message)) => {
                ("delivery", format!("{}, attempt {}", message.delivery, message.attempt))
            }
            Ok(Message::Publish(event)) => ("event", event.id.to_string()),
            Ok(Message::Operate(message)) => ("operation", format!("{}, step {}", message.operation, message.step)),
            Ok(Message::Program(message)) => {
                ("program", format!("{} of {}, attempt {}", message.program, message.run, message.attempt))
            }
            Err(_) => (UNKNOWN, "this version can't read it".to_owned()),
        };
        Self { kind, about, sent_at_ms: sent.and_then(|ms| ms.parse().ok()), bytes: body.len() }
    }
}

impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sent = self.sent_at_ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        let sent = sent.map_or_else(|| "at an unknown time".to_owned(), |sent| format!("{sent:.0}"));
        write!(f, "{sent}  {:<9}  {} ({} bytes)", self.kind, self.about, self.bytes)
    }
}

/// So that each fits into a request.
fn batches(received: Vec<Received>) -> Vec<Vec<Received>> {
    let mut batches: Vec<Vec<Received>> = Vec::new();
    let mut bytes = 0;
    for message in received {
        let size = message.body().map_or(0, str::len);
        match batches.last_mut() {
            Some(last) if bytes + size <= BATCH_BYTES => {
                bytes += size;
                last.push(message);
            }
            _ => {
                bytes = size;
                batches.push(vec![message]);
            }
        }
    }
    batches
}

fn failed<E, R>(queue: &str, error: SdkError<E, R>) -> String
where
    E: std::error::Error + 'static,
    R: fmt::Debug,
{
    format!("the queue {queue} can't be used: {}", DisplayErrorContext(error))
}

#[cfg(test)]
mod tests {
    use super::{BATCH_BYTES, batches};
    use aws_sdk_sqs::types::Message;

    #[test]
    fn what_is_sent_together_fits_into_a_request() {
        let message = |bytes: usize| Message::builder().body("x".repeat(bytes)).build();
        let sizes = [1, BATCH_BYTES - 1, 1, BATCH_BYTES + 1, 5, 5];
        let batches = batches(sizes.map(message).into());
        let found: Vec<Vec<usize>> =
            batches.iter().map(|batch| batch.iter().map(|one| one.body().unwrap().len()).collect()).collect();
        assert_eq!(found, [vec![1, BATCH_BYTES - 1], vec![1], vec![BATCH_BYTES + 1], vec![5, 5]]);
    }
}

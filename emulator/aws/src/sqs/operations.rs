//! The table of operations, with the limits that SQS has.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use platform::queue::is_group_id;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::Instant;

use super::{
    Channel, Sqs,
    queue::{Delivery, Receipt},
    settle, wire,
};
use crate::{
    connector::{Answering, Backend, Reply},
    fault::Service,
};

/// Entries in a batch, and messages in a receive.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>
pub(crate) const BATCH_MAX: usize = 10;
/// Bytes of a message's body, and of a batch's bodies together: 1 MiB.
const BODY_MAX: usize = 1024 * 1024;
/// Seconds that a message can be delayed: 15 minutes.
const DELAY_MAX: u32 = 900;
/// Seconds that a receive waits at most.
const WAIT_MAX: u64 = 20;

type Answer = Result<Vec<u8>, Refusal>;

/// Error code and text.
struct Refusal(&'static str, String);

impl Backend for Sqs {
    const SERVICE: Service = Service::Sqs;

    fn call(self: &Arc<Self>, operation: &str, body: &[u8]) -> Answering {
        self.ledger.call(Service::Sqs, operation);
        if operation == "ReceiveMessage" {
            return self.receive_message(body);
        }
        Answering::Now(reply(self.answer(operation, body)))
    }
}

impl Sqs {
    fn answer(&self, operation: &str, body: &[u8]) -> Answer {
        match operation {
            "SendMessage" => self.send_message(parse(body)?),
            "SendMessageBatch" => self.send_message_batch(parse(body)?),
            "DeleteMessage" => {
                let request: wire::DeleteMessage = parse(body)?;
                let receipt = receipt(&request.receipt_handle)?;
                self.named(&request.queue_url)?.delete(&[receipt]);
                Ok(b"{}".to_vec())
            }
            "DeleteMessageBatch" => self.delete_message_batch(&parse(body)?),
            "ChangeMessageVisibility" => {
                let request: wire::ChangeMessageVisibility = parse(body)?;
                let channel = self.named(&request.queue_url)?;
                change(channel, &request.receipt_handle, request.visibility_timeout)?;
                Ok(b"{}".to_vec())
            }
            "ChangeMessageVisibilityBatch" => self.change_message_visibility_batch(&parse(body)?),
            "GetQueueUrl" => {
                let request: wire::QueueName = parse(body)?;
                let channel = self.named(&request.queue_name)?;
                serialize(&serde_json::json!({"QueueUrl": Self::url(&channel.name)}))
            }
            "GetQueueAttributes" => {
                let request: wire::QueueUrl = parse(body)?;
                self.attributes(self.named(&request.queue_url)?)
            }
            "ListQueues" => {
                let urls: Vec<String> = self.channels.keys().map(|name| Self::url(name)).collect();
                serialize(&serde_json::json!({"QueueUrls": urls}))
            }
            "PurgeQueue" => {
                let request: wire::QueueUrl = parse(body)?;
                let purged = self.named(&request.queue_url)?.lock().purge();
                settle(purged);
                Ok(b"{}".to_vec())
            }
            _ => {
                Err(Refusal("AWS.SimpleQueueService.UnsupportedOperation", format!("{operation} is not served here.")))
            }
        }
    }

    fn send_message(&self, request: wire::SendMessage) -> Answer {
        let channel = self.named(&request.queue_url)?;
        acceptable(&request)?;
        serialize(&wire::Sent { message_id: self.send(channel, request) })
    }

    fn send_message_batch(&self, request: wire::SendMessageBatch) -> Answer {
        let channel = self.named(&request.queue_url)?;
        batch_size(request.entries.len())?;
        if request.entries.iter().map(|entry| entry.message_body.len()).sum::<usize>() > BODY_MAX {
            return Err(Refusal(
                "AWS.SimpleQueueService.BatchRequestTooLong",
                "The batch is longer than 1 MiB.".to_owned(),
            ));
        }
        let mut batch = wire::Batch { successful: Vec::new(), failed: Vec::new() };
        for mut entry in request.entries {
            let id = std::mem::take(&mut entry.id);
            match acceptable(&entry) {
                Ok(()) => {
                    let message_id = self.send(channel, entry);
                    batch.successful.push(wire::SentEntry { id, message_id });
                }
                Err(refusal) => batch.failed.push(failed(id, &refusal)),
            }
        }
        serialize(&batch)
    }

    fn receive_message(self: &Arc<Self>, body: &[u8]) -> Answering {
        let request: wire::ReceiveMessage = match parse(body) {
            Ok(request) => request,
            Err(refusal) => return Answering::Now(reply(Err(refusal))),
        };
        let channel = match self.named(&request.queue_url) {
            Ok(channel) => Arc::clone(channel),
            Err(refusal) => return Answering::Now(reply(Err(refusal))),
        };
        let limit = request.max_number_of_messages.unwrap_or(1).clamp(1, BATCH_MAX);
        let visibility = request.visibility_timeout.map(Duration::from_secs);
        let wait = Duration::from_secs(request.wait_time_seconds.unwrap_or(0).min(WAIT_MAX));
        let wanted = request.message_system_attribute_names;
        let deliveries = channel.receive(limit, visibility, self.now_ms());
        if !deliveries.is_empty() || wait.is_zero() {
            return Answering::Now(reply(messages(deliveries, &wanted)));
        }
        let sqs = Arc::clone(self);
        Answering::Later(Box::pin(async move {
            let deadline = Instant::now() + wait;
            loop {
                let waited = tokio::time::timeout_at(deadline, channel.may_have_messages()).await;
                let deliveries = channel.receive(limit, visibility, sqs.now_ms());
                if !deliveries.is_empty() || waited.is_err() {
                    return reply(messages(deliveries, &wanted));
                }
            }
        }))
    }

    fn delete_message_batch(&self, request: &wire::DeleteMessageBatch) -> Answer {
        let channel = self.named(&request.queue_url)?;
        batch_size(request.entries.len())?;
        let mut batch = wire::Batch { successful: Vec::new(), failed: Vec::new() };
        for entry in &request.entries {
            match receipt(&entry.receipt_handle) {
                Ok(receipt) => {
                    channel.delete(&[receipt]);
                    batch.successful.push(wire::Done { id: entry.id.clone() });
                }
                Err(refusal) => batch.failed.push(failed(entry.id.clone(), &refusal)),
            }
        }
        serialize(&batch)
    }

    fn change_message_visibility_batch(&self, request: &wire::ChangeMessageVisibilityBatch) -> Answer {
        let channel = self.named(&request.queue_url)?;
        batch_size(request.entries.len())?;
        let mut batch = wire::Batch { successful: Vec::new(), failed: Vec::new() };
        for entry in &request.entries {
            match change(channel, &entry.receipt_handle, entry.visibility_timeout) {
                Ok(()) => batch.successful.push(wire::Done { id: entry.id.clone() }),
                Err(refusal) => batch.failed.push(failed(entry.id.clone(), &refusal)),
            }
        }
        serialize(&batch)
    }

    fn attributes(&self, channel: &Channel) -> Answer {
        let mut queue = channel.lock();
        let depth = queue.depth(Instant::now());
        let arn = |channel: &Channel| format!("arn:aws:sqs:local:000000000000:{}", channel.name);
        let mut attributes = serde_json::json!({
            "QueueArn": arn(channel),
            "ApproximateNumberOfMessages": depth.visible.to_string(),
            "ApproximateNumberOfMessagesNotVisible": depth.in_flight.to_string(),
            "ApproximateNumberOfMessagesDelayed": depth.delayed.to_string(),
            "VisibilityTimeout": queue.visibility().as_secs().to_string(),
        });
        if let (Some(dead), Some(receives), Some(attributes)) =
            (&channel.dead_letters, queue.max_receive_count(), attributes.as_object_mut())
        {
            let policy = serde_json::json!({"deadLetterTargetArn": arn(dead), "maxReceiveCount": receives});
            attributes.insert("RedrivePolicy".to_owned(), policy.to_string().into());
        }
        serialize(&serde_json::json!({"Attributes": attributes}))
    }

    fn named(&self, url: &str) -> Result<&Arc<Channel>, Refusal> {
        self.by_url(url).ok_or_else(|| {
            Refusal("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.".to_owned())
        })
    }
}

fn change(channel: &Channel, handle: &str, seconds: u64) -> Result<(), Refusal> {
    let until = Instant::now() + Duration::from_secs(seconds);
    if !channel.lock().change_visibility(receipt(handle)?, until) {
        return Err(Refusal("AWS.SimpleQueueService.MessageNotInflight", "The message is not in flight.".to_owned()));
    }
    channel.changed.notify_one();
    Ok(())
}

fn acceptable(message: &wire::SendMessage) -> Result<(), Refusal> {
    let invalid = |text: &str| Err(Refusal("InvalidParameterValue", text.to_owned()));
    if message.message_body.is_empty() {
        return Err(Refusal("MissingParameter", "The request must contain the parameter MessageBody.".to_owned()));
    }
    if message.message_body.len() > BODY_MAX {
        return invalid("The message is longer than 1 MiB.");
    }
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    let taken = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    if !message.message_body.chars().all(taken) {
        let text = "The message contains characters outside the allowed set.";
        return Err(Refusal("InvalidMessageContents", text.to_owned()));
    }
    if message.delay_seconds.is_some_and(|seconds| seconds > DELAY_MAX) {
        return invalid("DelaySeconds must be between 0 and 900.");
    }
    if message.message_group_id.as_deref().is_some_and(|group| !is_group_id(group)) {
        return invalid("MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.");
    }
    Ok(())
}

fn batch_size(entries: usize) -> Result<(), Refusal> {
    match entries {
        0 => Err(Refusal("AWS.SimpleQueueService.EmptyBatchRequest", "The batch has no entry.".to_owned())),
        1..=BATCH_MAX => Ok(()),
        _ => Err(Refusal(
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            format!("The batch has more than {BATCH_MAX} entries."),
        )),
    }
}

fn failed(id: String, refusal: &Refusal) -> wire::Failed {
    wire::Failed { id, code: refusal.0, message: refusal.1.clone(), sender_fault: true }
}

fn receipt(handle: &str) -> Result<Receipt, Refusal> {
    Receipt::parse(handle)
        .ok_or_else(|| Refusal("ReceiptHandleIsInvalid", "The receipt handle is not valid.".to_owned()))
}

/// With the system attributes that were asked for, and no others, as in SQS.
fn messages(deliveries: Vec<Delivery>, wanted: &[String]) -> Answer {
    let is_wanted = |name: &str| wanted.iter().any(|wanted| wanted == name || wanted == "All");
    let messages = deliveries
        .into_iter()
        .map(|delivery| wire::Message {
            message_id: delivery.message.id.to_string(),
            receipt_handle: delivery.receipt.to_string(),
            body: delivery.message.body.to_string(),
            attributes: delivery.attributes().filter(|(name, _)| is_wanted(name)).collect::<BTreeMap<_, _>>(),
            message_attributes: delivery.message.attributes.as_ref().clone(),
        })
        .collect();
    serialize(&wire::Messages { messages })
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal("InvalidParameterValue", error.to_string()))
}

fn serialize(response: &impl Serialize) -> Answer {
    serde_json::to_vec(response).map_err(|error| Refusal("InternalError", error.to_string()))
}

fn reply(answer: Answer) -> Reply {
    match answer {
        Ok(body) => Reply::ok(body),
        Err(Refusal(code, text)) => Reply::coded(400, code, &text),
    }
}

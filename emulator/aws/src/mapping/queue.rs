//! A queue's mapping.

use std::{collections::HashMap, fmt::Display, panic::AssertUnwindSafe, sync::Arc};

use aws_lambda_events::event::sqs::{SqsMessage, SqsMessageAttribute};
use futures_util::FutureExt;
use platform::queue::rest;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::share::{Group, Share};
use crate::{
    Aws,
    fault::Service,
    sqs::{
        BATCH_MAX, Channel, Sqs,
        queue::{Delivery, Receipt},
    },
};

/// How messages go to their handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueMapping {
    /// Messages that are handled at the same time, at least 1.
    pub concurrency: usize,
    /// Whether each message comes twice, which SQS allows itself.
    pub duplicates: Duplicates,
}

/// How often each message is handed to the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// Once, unless it fails.
    #[default]
    None,
    /// A second time after the first succeeded.
    InTurn,
    /// Twice at the same time.
    AtOnce,
}

/// There is no queue of this name.
#[derive(Debug, thiserror::Error)]
#[error("there is no queue {0:?}")]
pub struct UnknownQueue(pub String);

/// Messages that were received together and are deleted together.
struct Batch {
    running: usize,
    succeeded: Vec<Receipt>,
}

/// One message's end.
struct End {
    batch: u64,
    receipt: Receipt,
    /// How often it has been received.
    received: u32,
    group: Group,
    succeeded: bool,
}

impl Aws {
    /// Hands the messages of `queue` to `handler` until `shutdown` is cancelled.
    ///
    /// Each message group has its [`Share`] of the concurrency; what it may not have now stays in the queue, in order. A
    /// message whose handler fails or panics rests, longer each time ([`rest`]), and comes again. Faults may make any
    /// message come more often than the mapping says.
    ///
    /// # Errors
    /// There is no such queue.
    pub async fn map_queue<H, F, E>(
        &self,
        queue: &str,
        mapping: QueueMapping,
        shutdown: CancellationToken,
        handler: H,
    ) -> Result<(), UnknownQueue>
    where
        H: Fn(SqsMessage) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let channel = self.sqs.channel(queue).ok_or_else(|| UnknownQueue(queue.to_owned()))?;
        let mut poller = Poller {
            sqs: &self.sqs,
            channel,
            batches: HashMap::new(),
            next_batch: 0,
            running: JoinSet::new(),
            share: Share::of(mapping.concurrency),
        };
        let handler = Arc::new(handler);
        while !shutdown.is_cancelled() {
            poller.reap();
            let duplicates = || match &self.faults {
                Some(faults) if mapping.duplicates == Duplicates::None => faults.duplicates(),
                _ => mapping.duplicates,
            };
            if poller.receive(duplicates, &handler) {
                continue;
            }
            let Poller { share, running, .. } = &mut poller;
            let ended = tokio::select! {
                () = shutdown.cancelled() => None,
                Some(end) = running.join_next() => end.ok(),
                () = channel.may_have_messages_of(|group| share.admits(group)), if share.free() > 0 => None,
            };
            poller.ended(ended);
        }
        while let Some(end) = poller.running.join_next().await {
            poller.ended(end.ok());
        }
        Ok(())
    }
}

struct Poller<'a> {
    sqs: &'a Sqs,
    channel: &'a Arc<Channel>,
    batches: HashMap<u64, Batch>,
    next_batch: u64,
    running: JoinSet<End>,
    share: Share,
}

impl Poller<'_> {
    /// Receives what there is room for and starts its handlers; false if there was nothing.
    fn receive<H, F, E>(&mut self, duplicates: impl Fn() -> Duplicates, handler: &Arc<H>) -> bool
    where
        H: Fn(SqsMessage) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let mut deliveries = Vec::new();
        while deliveries.len() < BATCH_MAX
            && let Some(delivery) = self.channel.receive_one_of(|group| self.share.admits(group), self.sqs.now_ms())
        {
            self.share.take(&delivery.message.group);
            deliveries.push(delivery);
        }
        if deliveries.is_empty() {
            return false;
        }
        self.sqs.ledger().call(Service::Sqs, "ReceiveMessage");
        let batch = self.next_batch;
        self.next_batch += 1;
        self.batches.insert(batch, Batch { running: deliveries.len(), succeeded: Vec::new() });
        for delivery in deliveries {
            let (receipt, received, group) = (delivery.receipt, delivery.receive_count, delivery.message.group.clone());
            let message = event(&self.channel.name, &delivery);
            let (handler, duplicates) = (Arc::clone(handler), duplicates());
            self.running.spawn(async move {
                let id = message.message_id.clone().unwrap_or_default();
                let handled = AssertUnwindSafe(handle(&*handler, message, duplicates));
                let succeeded = match handled.catch_unwind().await {
                    Ok(Ok(())) => true,
                    Ok(Err(error)) => {
                        tracing::warn!(message.id = id, %error, "a message failed and will come again");
                        false
                    }
                    Err(_) => {
                        tracing::error!(message.id = id, "a message's handler panicked; it will come again");
                        false
                    }
                };
                End { batch, receipt, received, group, succeeded }
            });
        }
        true
    }

    /// Takes note of every handler that has ended by now.
    fn reap(&mut self) {
        while let Some(end) = self.running.try_join_next() {
            self.ended(end.ok());
        }
    }

    fn ended(&mut self, end: Option<End>) {
        // `None` would be a task that was aborted, which happens only when all of them are dropped.
        let Some(End { batch: id, receipt, received, group, succeeded }) = end else { return };
        self.share.give_back(&group);
        if !succeeded {
            self.sqs.ledger().call(Service::Sqs, "ChangeMessageVisibility");
            self.channel.leave(receipt, rest(received) / self.sqs.time_scale().max(1));
        }
        let Some(batch) = self.batches.get_mut(&id) else { return };
        batch.running -= 1;
        batch.succeeded.extend(succeeded.then_some(receipt));
        if batch.running > 0 {
            return;
        }
        if let Some(batch) = self.batches.remove(&id)
            && !batch.succeeded.is_empty()
        {
            self.sqs.ledger().call(Service::Sqs, "DeleteMessageBatch");
            self.channel.delete(&batch.succeeded);
        }
    }
}

async fn handle<H, F, E>(handler: &H, message: SqsMessage, duplicates: Duplicates) -> Result<(), E>
where
    H: Fn(SqsMessage) -> F,
    F: Future<Output = Result<(), E>>,
{
    match duplicates {
        Duplicates::None => handler(message).await,
        Duplicates::InTurn => {
            handler(message.clone()).await?;
            handler(once_more(message)).await
        }
        Duplicates::AtOnce => {
            let (first, second) = tokio::join!(handler(message.clone()), handler(once_more(message)));
            first.and(second)
        }
    }
}

/// A message that comes a second time says so.
fn once_more(mut message: SqsMessage) -> SqsMessage {
    let count = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1_u32);
    message.attributes.insert("ApproximateReceiveCount".to_owned(), (count + 1).to_string());
    message
}

/// The message as Lambda would hand it over.
fn event(queue: &str, delivery: &Delivery) -> SqsMessage {
    let mut message = SqsMessage::default();
    message.attributes = delivery.attributes().map(|(name, value)| (name.to_owned(), value)).collect();
    message.message_attributes = delivery
        .message
        .attributes
        .iter()
        .map(|(name, attribute)| {
            let mut given = SqsMessageAttribute::default();
            given.data_type = Some(attribute.data_type.clone());
            given.string_value.clone_from(&attribute.string_value);
            (name.clone(), given)
        })
        .collect();
    message.message_id = Some(delivery.message.id.to_string());
    message.receipt_handle = Some(delivery.receipt.to_string());
    message.body = Some(delivery.message.body.to_string());
    message.event_source = Some("aws:sqs".to_owned());
    message.event_source_arn = Some(format!("arn:aws:sqs:local:000000000000:{queue}"));
    message
}

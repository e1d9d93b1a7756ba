//! A worker: takes programs from their queue and runs them on this machine.
//!
//! **Cast.** The [`Worker`] receives messages, as many as it has room for. An [`errand`] is one of them: claimed by one
//! conditional write, run by [`execute`], kept alive by a heartbeat, and told of by one more conditional write. The
//! [`Catalogue`] knows the programs. **Flow.**
//!
//! ```text
//!  queue ─► message ─► claim ─► process ─► outcome in the table ─► message deleted
//!                        ▲         │ heartbeat: claim and message, each third of the lease
//!                        └─────────┘
//! ```
//!
//! **Guarantees.** While a worker lives and reaches the table, nobody else runs what it has claimed: a second message
//! finds the claim, and waits. When it dies, the claim and the message's visibility end by themselves within a lease,
//! and the next worker runs the program again. A worker that can't prolong its claim ends the program before the claim
//! is over. A job that was cancelled or has timed out is found out by the next heartbeat, and its program ended.
//!
//! What a worker can't take up now (it is not for it, it is full, another has the claim, the table is away) it leaves for a
//! while that grows with each receive, so that no healthy program becomes a dead letter.
//!
//! Claims are times: the clocks of the workers' machines must agree to within a fraction of the lease.

mod catalogue;
mod errand;
mod pause;

pub use catalogue::{Catalogue, InCharge};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::Message;
use domain::config::Config;
use futures_util::future::BoxFuture;
use platform::clock::Clock;
use platform::dispatch::Dispatch;
use platform::environment::Environment;
use platform::store::Store;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How long a receive waits for messages, and how many it brings at most
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>).
const WAIT: i32 = 20;
const BATCH: usize = 10;
/// How long the worker rests when the queue doesn't answer.
const REST: Duration = Duration::from_secs(2);
/// Messages that wait in one worker for a program that may not run more often at once.
const WAITING: usize = 64;
/// How often a message about a program may come, before it is a dead letter.
///
/// Each worker that dies, is full or has another file counts. SQS allows no more
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html>).
pub const RECEIVES: u32 = 1000;
/// How long a program goes on after SIGTERM before SIGKILL ends it, unless set.
pub const GRACE: Duration = Duration::from_secs(5);
/// How long a claim lasts unless it is prolonged.
pub const LEASE: Duration = Duration::from_secs(60);

/// How a worker works.
pub struct WorkerOptions {
    /// The table.
    pub store: Store,
    /// The store has keys: what it gives is opened, and a text that still looks sealed was sent like that.
    pub has_keys: bool,
    /// The queue's service, and the queue.
    pub sqs: Client,
    /// See above.
    pub queue_url: String,
    /// What it can run.
    pub catalogue: Catalogue,
    /// Only these programs; all where empty.
    pub only: Vec<String>,
    /// Programs at once, at least 1.
    pub concurrency: usize,
    /// How long a claim lasts unless it is prolonged; at least 1 s.
    pub lease: Duration,
    /// How long programs may go on when the worker is to stop; what still runs then is ended and given back.
    pub patience: Duration,
    /// How long a program goes on after SIGTERM before SIGKILL ends it.
    pub grace: Duration,
    /// The variables of this process, of which programs inherit those that they may.
    pub environment: Environment,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// A worker.
pub struct Worker {
    options: WorkerOptions,
    /// Programs at once.
    room: Arc<Semaphore>,
    /// Of those with a bound of their own.
    bounds: Mutex<HashMap<String, Arc<Semaphore>>>,
    waiting: Arc<Semaphore>,
    /// The programs under way must end.
    ending: CancellationToken,
}

impl Worker {
    /// A worker that has not begun.
    pub fn new(options: WorkerOptions) -> Arc<Self> {
        Arc::new(Self {
            room: Arc::new(Semaphore::new(options.concurrency.max(1))),
            waiting: Arc::new(Semaphore::new(WAITING)),
            bounds: Mutex::default(),
            ending: CancellationToken::new(),
            options,
        })
    }

    /// Works until `stopping` is cancelled and what is under way has ended, or its patience has.
    pub fn work(self: Arc<Self>, stopping: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(self.until(stopping))
    }

    async fn until(self: Arc<Self>, stopping: CancellationToken) {
        let mut errands = JoinSet::new();
        loop {
            let received = tokio::select! {
                () = stopping.cancelled() => break,
                received = self.receive() => received,
            };
            for (message, place) in received {
                let worker = Arc::clone(&self);
                errands.spawn(async move { worker.handle(message, place).await });
            }
            while errands.try_join_next().is_some() {}
        }
        let patience =
            tokio::time::timeout(self.options.patience, async { while errands.join_next().await.is_some() {} });
        if patience.await.is_err() {
            self.ending.cancel();
            while errands.join_next().await.is_some() {}
        }
    }

    /// As many messages as there is room for, each with its place; none if the queue doesn't answer.
    async fn receive(&self) -> Vec<(Message, OwnedSemaphorePermit)> {
        let Ok(first) = Arc::clone(&self.room).acquire_owned().await else { return Vec::new() };
        let mut places = vec![first];
        while places.len() < BATCH
            && let Ok(next) = Arc::clone(&self.room).try_acquire_owned()
        {
            places.push(next);
        }
        let count = i32::try_from(places.len()).unwrap_or(1);
        let receive = self.options.sqs.receive_message().queue_url(&self.options.queue_url);
        let receive = receive.max_number_of_messages(count).wait_time_seconds(WAIT);
        let receive = receive.message_system_attribute_names(platform::queue::RECEIVE_COUNT);
        match receive.visibility_timeout(seconds(self.options.lease)).dispatch().await {
            Ok(received) => received.messages.unwrap_or_default().into_iter().zip(places).collect(),
            Err(error) => {
                tracing::error!(error = %DisplayErrorContext(error), "the queue of programs can't be read; it is tried \
                    again");
                sleep(REST).await;
                Vec::new()
            }
        }
    }

    async fn handle(&self, message: Message, place: OwnedSemaphorePermit) {
        let receipt = message.receipt_handle.clone().unwrap_or_default();
        let (sqs, queue) = (&self.options.sqs, &self.options.queue_url);
        let failed = match self.errand(&message, place).await {
            errand::Fate::Done => {
                let delete = sqs.delete_message().queue_url(queue).receipt_handle(receipt).dispatch().await;
                delete.err().map(|error| DisplayErrorContext(error).to_string())
            }
            errand::Fate::Later(after) => self.hide(&receipt, after).await.err(),
        };
        if let Some(error) = failed {
            // It comes again, and the table says then what is still to be done.
            tracing::warn!(error, "a message could not be settled");
        }
    }

    /// Nobody sees the message for so long.
    async fn hide(&self, receipt: &str, lasting: Duration) -> Result<(), String> {
        let (sqs, queue) = (&self.options.sqs, &self.options.queue_url);
        let change = sqs.change_message_visibility().queue_url(queue).receipt_handle(receipt);
        let changed = change.visibility_timeout(seconds(lasting)).dispatch().await;
        changed.map(|_| ()).map_err(|error| DisplayErrorContext(error).to_string())
    }

    /// The places of a program that may run so often at once.
    fn places(&self, program: &str, most: u32) -> Arc<Semaphore> {
        let mut bounds = self.bounds.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(bounds.entry(program.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(most as usize))))
    }
}

/// Why a file's programs can't be run on this machine by this process, in words.
///
/// # Errors
/// The first reason.
pub fn check(config: &Config) -> Result<(), String> {
    for (name, program) in &config.programs {
        if let Some(wanted) = program.command().and_then(|command| command.user.as_ref()) {
            process::find_user(wanted).map_err(|why| format!("the program `{name}`: {why}"))?;
        }
    }
    Ok(())
}

/// Whole seconds, rounded up, as SQS takes them: 12 hours at the most
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html>).
fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(i32::MAX).min(12 * 60 * 60)
}

#[cfg(test)]
mod tests;

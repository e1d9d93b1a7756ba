//! The queue of calls, polled as Lambda's mapping would.
//!
//! ```text
//! receive, up to 10, for a lease ─► a task each ─┬─ done ───► deleted, ten at a time
//!        each third of the lease: prolonged ◄────┤
//!                                                └─ failed ─► hidden for a while, longer each time ─► … ─► dead letter
//! ```
//!
//! A message belongs to a replica as long as that prolongs it. One that dies loses it within [`LEASE`], and another
//! replica has it. On stopping nothing new is taken; what has not finished within the drain is given back at once.

use super::super::DRAIN;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message};
use futures_util::FutureExt;
use platform::dispatch::Dispatch;
use platform::queue::{RECEIVE_COUNT, received, rest};
use std::collections::{HashSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// Messages in a request
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>).
const BATCH: usize = 10;
/// Seconds that a receive waits for the first message: less than the drain, for it is waited for on stopping. A replica
/// that gets nothing makes 650,000 requests a month, for $0.26.
const WAIT: i32 = 4;
/// How long a message is hidden unless that is prolonged.
const LEASE: Duration = Duration::from_secs(60);
/// How long receipts wait for others to be deleted with.
const DELETE_AFTER: Duration = Duration::from_millis(100);
/// The pause after the queue didn't answer.
const REST: Duration = Duration::from_secs(1);

/// Polls one queue.
pub(super) struct Poller {
    sqs: Client,
    url: String,
    concurrency: usize,
}

/// What became of a message, by its receipt.
struct End {
    receipt: String,
    /// How long it is hidden, if it failed.
    again_after: Option<Duration>,
}

/// What is under way.
#[derive(Default)]
struct State {
    running: JoinSet<End>,
    /// Receipts of all that runs.
    held: HashSet<String>,
    done: VecDeque<String>,
    delete_at: Option<Instant>,
}

impl Poller {
    pub(super) fn new(sqs: Client, url: String, concurrency: usize) -> Self {
        Self { sqs, url, concurrency: concurrency.max(1) }
    }

    /// Hands each message, and how often it has come, to `handler` until `stopping` is cancelled. What it says of a failure
    /// is for the log.
    pub(super) async fn run<H, F>(self, handler: H, stopping: CancellationToken)
    where
        H: Fn(String, u32) -> F,
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let mut state = State::default();
        let mut beat = interval(LEASE / 3);
        let mut stop_at = None;
        while !stopping.is_cancelled() {
            let room = self.concurrency.saturating_sub(state.running.len());
            // Others come and go while it waits: dropped, what it gets would be hidden from everybody for a lease.
            let mut receiving = std::pin::pin!(self.receive(room.min(BATCH)));
            let messages = loop {
                let due = state.delete_at;
                tokio::select! {
                    () = stopping.cancelled(), if stop_at.is_none() => {
                        stop_at = Some(Instant::now() + DRAIN);
                        if room == 0 {
                            break Vec::new();
                        }
                    }
                    received = &mut receiving, if room > 0 => break received,
                    Some(end) = state.running.join_next() => {
                        self.ended(&mut state, end.ok()).await;
                        if room == 0 {
                            break Vec::new();
                        }
                    }
                    () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.delete(&mut state).await,
                    _ = beat.tick() => self.prolong(&state, LEASE).await,
                }
            };
            if stopping.is_cancelled() {
                self.give_back(messages).await;
                break;
            }
            for message in messages {
                state.take(message, &handler);
            }
        }
        self.finish(state, stop_at.unwrap_or_else(|| Instant::now() + DRAIN)).await;
    }

    /// What was under way may finish; the rest is given back.
    async fn finish(&self, mut state: State, until: Instant) {
        let mut beat = interval(LEASE / 3);
        loop {
            tokio::select! {
                end = state.running.join_next() => match end {
                    Some(end) => self.ended(&mut state, end.ok()).await,
                    None => break,
                },
                () = sleep_until(until) => break,
                _ = beat.tick() => self.prolong(&state, LEASE).await,
            }
        }
        self.delete(&mut state).await;
        state.running.abort_all();
        self.prolong(&state, Duration::ZERO).await;
    }

    async fn give_back(&self, messages: Vec<Message>) {
        let receipts: Vec<String> = messages.into_iter().filter_map(|message| message.receipt_handle).collect();
        if !receipts.is_empty() {
            self.hide(receipts, Duration::ZERO).await;
        }
    }

    async fn receive(&self, count: usize) -> Vec<Message> {
        let count = i32::try_from(count).unwrap_or(1);
        let receive = self.sqs.receive_message().queue_url(&self.url).max_number_of_messages(count.max(1));
        let receive = receive.wait_time_seconds(WAIT).visibility_timeout(seconds(LEASE));
        let attribute = RECEIVE_COUNT;
        match receive.message_system_attribute_names(attribute).dispatch().await {
            Ok(received) => received.messages.unwrap_or_default(),
            Err(error) => {
                tracing::error!(error = %DisplayErrorContext(error), "the queue can't be read; it is tried again");
                sleep(REST).await;
                Vec::new()
            }
        }
    }

    async fn ended(&self, state: &mut State, end: Option<End>) {
        let Some(End { receipt, again_after }) = end else { return };
        state.held.remove(&receipt);
        match again_after {
            Some(after) => self.hide(vec![receipt], after).await,
            None => {
                state.done.push_back(receipt);
                state.delete_at.get_or_insert_with(|| Instant::now() + DELETE_AFTER);
                if state.done.len() >= BATCH {
                    self.delete(state).await;
                }
            }
        }
    }

    /// One that can't be deleted comes again, and the table says then that nothing is left to do.
    async fn delete(&self, state: &mut State) {
        state.delete_at = None;
        while !state.done.is_empty() {
            let batch: Vec<String> = state.done.drain(..state.done.len().min(BATCH)).collect();
            let entries = batch.into_iter().enumerate().filter_map(|(index, receipt)| {
                DeleteMessageBatchRequestEntry::builder().id(index.to_string()).receipt_handle(receipt).build().ok()
            });
            let delete = self.sqs.delete_message_batch().queue_url(&self.url).set_entries(Some(entries.collect()));
            match delete.dispatch().await {
                Ok(answer) if answer.failed().is_empty() => {}
                Ok(answer) => tracing::warn!(failed = answer.failed().len(), "messages could not be deleted"),
                Err(error) => tracing::warn!(error = %DisplayErrorContext(error), "messages could not be deleted"),
            }
        }
    }

    /// Hides all that is held for so long from now.
    async fn prolong(&self, state: &State, lasting: Duration) {
        let held: Vec<String> = state.held.iter().cloned().collect();
        for batch in held.chunks(BATCH) {
            self.hide(batch.to_vec(), lasting).await;
        }
    }

    async fn hide(&self, receipts: Vec<String>, lasting: Duration) {
        let entries = receipts.into_iter().enumerate().filter_map(|(index, receipt)| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string());
            entry.receipt_handle(receipt).visibility_timeout(seconds(lasting)).build().ok()
        });
        let change =
            self.sqs.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries.collect()));
        match change.dispatch().await {
            Ok(answer) if answer.failed().is_empty() => {}
            Ok(answer) => tracing::warn!(failed = answer.failed().len(), "messages could not be prolonged"),
            Err(error) => tracing::warn!(error = %DisplayErrorContext(error), "messages could not be prolonged"),
        }
    }
}

impl State {
    fn take<F>(&mut self, message: Message, handler: &impl Fn(String, u32) -> F)
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let received = received(&message);
        let receipt = message.receipt_handle.unwrap_or_default();
        self.held.insert(receipt.clone());
        let id = message.message_id.unwrap_or_default();
        let handled = AssertUnwindSafe(handler(message.body.unwrap_or_default(), received));
        self.running.spawn(async move {
            let failed = match handled.catch_unwind().await {
                Ok(done) => done.err(),
                Err(_) => Some("its handler panicked".to_owned()),
            };
            let again_after = failed.map(|error| {
                tracing::error!(message.id = id, error, "a message could not be processed");
                rest(received)
            });
            End { receipt, again_after }
        });
    }
}

/// Whole seconds; 12 hours at the most
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html>).
fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX).min(12 * 60 * 60)
}

#[cfg(test)]
mod tests;

//! The stream's mapping.

use std::{fmt::Display, panic::AssertUnwindSafe, pin::Pin, sync::Arc, time::Duration};

use aws_lambda_events::event::dynamodb::EventRecord;
use futures_util::FutureExt;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::CancellationToken;

use crate::{Aws, Stream, debt::RELAYING};

/// How records go to their handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamMapping {
    /// Records handed over together at most, at least 1.
    pub batch_size: usize,
}

/// Lambda's own default.
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>
impl Default for StreamMapping {
    fn default() -> Self {
        Self { batch_size: 100 }
    }
}

/// Finished records wait this long for others, to be removed in one transaction.
const REMOVE_AFTER: Duration = Duration::from_millis(250);
/// So many finished records are removed without waiting.
const REMOVE_AT: usize = 256;
/// The pause after a batch's first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Aws {
    /// Hands the stream's records to `handler`, batch after batch, until `shutdown` is cancelled.
    ///
    /// It begins with the oldest record that is left, so whatever an earlier process didn't finish comes again. A
    /// batch whose handler fails or panics is tried again before any later one.
    ///
    /// Messages that the handler sends belong to the records it was given, as `SEQUENCE_ATTRIBUTE` tells.
    pub async fn map_stream<H, F, E>(&self, mapping: StreamMapping, shutdown: CancellationToken, handler: H)
    where
        H: Fn(Vec<EventRecord>) -> F,
        F: Future<Output = Result<(), E>>,
        E: Display,
    {
        let stream = &self.stream;
        let mut last = 0;
        let mut pause = FIRST_PAUSE;
        // One timer for the mapping's whole life: making one for each wait would wake the runtime each time.
        let mut removal = Removal { timer: Box::pin(sleep(REMOVE_AFTER)), armed: false };
        while !shutdown.is_cancelled() {
            match next(stream, last, mapping.batch_size, &handler).await {
                Batch::Relayed(sequence) => {
                    last = sequence;
                    pause = FIRST_PAUSE;
                    if stream.debts.lock().finished() >= REMOVE_AT {
                        forget(stream).await;
                    }
                    // A long backlog must not keep other tasks from their turn.
                    tokio::task::consume_budget().await;
                }
                Batch::Empty => idle(stream, &shutdown, &mut removal).await,
                Batch::Failed(error) => {
                    tracing::error!(%error, "the stream's batch failed and is tried again");
                    tokio::select! {
                        () = shutdown.cancelled() => {}
                        () = sleep(pause) => {}
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        forget(stream).await;
    }
}

/// When finished records are removed, if any wait for it.
struct Removal {
    timer: Pin<Box<Sleep>>,
    armed: bool,
}

impl Removal {
    fn arm(&mut self) {
        self.timer.as_mut().reset(Instant::now() + REMOVE_AFTER);
        self.armed = true;
    }
}

enum Batch {
    Relayed(u64),
    Empty,
    Failed(String),
}

async fn next<H, F, E>(stream: &Stream, after: u64, size: usize, handler: &H) -> Batch
where
    H: Fn(Vec<EventRecord>) -> F,
    F: Future<Output = Result<(), E>>,
    E: Display,
{
    let turn = stream.turn().await;
    let records = match stream.read_after(after, size.max(1)) {
        Ok(records) => records,
        Err(error) => return Batch::Failed(error.to_string()),
    };
    drop(turn);
    let sequences: Arc<[u64]> = records.iter().map(|record| record.sequence).collect();
    let Some(&last) = sequences.last() else { return Batch::Empty };
    let held = stream.debts.relaying(sequences);
    let records = records.into_iter().map(|record| record.record).collect();
    let handled = RELAYING.scope(held.clone(), async { handler(records).await });
    match AssertUnwindSafe(handled).catch_unwind().await {
        Ok(Ok(())) => {
            held.settle();
            Batch::Relayed(last)
        }
        Ok(Err(error)) => Batch::Failed(error.to_string()),
        Err(_) => Batch::Failed("the handler panicked".to_owned()),
    }
}

/// Waits for records, and meanwhile removes those that get done.
async fn idle(stream: &Stream, shutdown: &CancellationToken, removal: &mut Removal) {
    loop {
        let finished = stream.debts.lock().finished();
        match finished {
            0 => removal.armed = false,
            REMOVE_AT.. => forget(stream).await,
            _ if removal.armed => {}
            _ => removal.arm(),
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = stream.grown() => return,
            () = stream.debts.settled() => {}
            () = &mut removal.timer, if removal.armed => {
                removal.armed = false;
                forget(stream).await;
            }
        }
    }
}

/// Removes the finished records; one that can't be removed is only handed out again after a restart.
async fn forget(stream: &Stream) {
    let _turn = stream.turn().await;
    if let Err(error) = stream.forget_finished() {
        tracing::warn!(%error, "finished records stay in the stream");
    }
}

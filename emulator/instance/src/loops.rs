//! What AWS would call by itself: the stream's mapping, the queues' and the schedule.

use super::current::Current;
use super::rounds::round;
use super::{PROGRAMS, Pace, QUEUE, Switch};
use jiff::{SignedDuration, Timestamp};
use local_aws::Aws;
use local_aws::mapping::{QueueMapping, StreamMapping};
use platform::clock::Clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use worker::{Catalogue, Worker, WorkerOptions};

/// How long programs may go on when everything stops: the rest of [`DRAIN`](super::DRAIN) is for ending them and giving
/// them back.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often what has expired is removed; DynamoDB takes its time too, up to days
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html>).
const EXPIRE_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// How often it is looked whether runs still follow older files.
const LET_GO_EVERY: Duration = Duration::from_secs(60);

/// Starts them; each message is handled by the app in charge when it comes.
pub(super) fn start(aws: &Aws, current: &Current, stopping: &CancellationToken, pace: Pace) -> JoinSet<()> {
    let mut loops = JoinSet::new();
    let (stream_aws, stream, stop) = (aws.clone(), current.clone(), stopping.clone());
    loops.spawn(async move {
        let relay = |records| relay::handle(stream.app(), records);
        stream_aws.map_stream(StreamMapping::default(), stop, relay).await;
    });
    let (queue_aws, queue, stop) = (aws.clone(), current.clone(), stopping.clone());
    loops.spawn(async move {
        let mapping = QueueMapping { concurrency: pace.concurrency, duplicates: pace.duplicates };
        let deliver = move |message: aws_lambda_events::event::sqs::SqsMessage| {
            let received = lambda::received(&message);
            deliver::handle(queue.app(), message.body.unwrap_or_default(), received)
        };
        if let Err(error) = queue_aws.map_queue(QUEUE, mapping, stop, deliver).await {
            tracing::error!(%error, "the queue has no mapping");
        }
    });
    let (aws, current, stop) = (aws.clone(), current.clone(), stopping.clone());
    loops.spawn(async move {
        let sweeper = sweep::Sweeper::default();
        let mut expired_at = Timestamp::UNIX_EPOCH;
        while !stop.is_cancelled() {
            let work = async {
                let app = current.app();
                if let Err(error) = sweeper.sweep(&app).await {
                    tracing::error!(%error, "the timers could not be swept; they are tried again");
                }
                let now = app.now();
                if now.duration_since(expired_at) >= EXPIRE_EVERY {
                    expired_at = now;
                    if let Err(error) = aws.sweep_ttl(now.into()) {
                        tracing::error!(%error, "what has expired could not be removed; it is tried again");
                    }
                }
            };
            Box::pin(round(work, pace.sweep_every, &stop)).await;
        }
    });
    loops
}

/// Lets go what only finished runs followed.
pub(super) async fn let_go(switch: Switch, stopping: CancellationToken) {
    loop {
        tokio::select! {
            () = stopping.cancelled() => break,
            () = tokio::time::sleep(LET_GO_EVERY) => {}
        }
        match switch.let_go().await {
            Ok(0) => {}
            Ok(files) => tracing::info!(files, "no run follows them any more: older files are let go"),
            Err(error) => tracing::warn!(%error, "what runs follow could not be found out; it is tried again"),
        }
    }
}

/// The worker of a gateway, which runs programs in the same process.
pub(super) fn worker(
    aws: &Aws,
    current: &Current,
    concurrency: usize,
    lease: Duration,
    clock: Arc<dyn Clock>,
) -> Arc<Worker> {
    worker_of((aws.sqs(), aws.queue_url(PROGRAMS)), current, concurrency, lease, clock)
}

/// The same for a queue that may be anywhere.
pub(super) fn worker_of(
    (sqs, queue_url): (aws_sdk_sqs::Client, String),
    current: &Current,
    concurrency: usize,
    lease: Duration,
    clock: Arc<dyn Clock>,
) -> Arc<Worker> {
    let app = current.app();
    let current = current.clone();
    Worker::new(WorkerOptions {
        store: app.store.clone(),
        // Those of the gateway itself, which has sealed what is in the table.
        has_keys: true,
        sqs,
        queue_url,
        catalogue: Catalogue::Gateway(Box::new(move || current.app())),
        only: Vec::new(),
        concurrency,
        lease,
        environment: app.environment.clone(),
        patience: PATIENCE,
        grace: PATIENCE,
        clock,
    })
}

//! The table's stream, relayed by one replica at a time.
//!
//! ```text
//! lease ─► shards ─► a task for each that may be read ─► records that owe work ─► relay ─► how far, in the lease's item
//!            └─ a shard is read when its parent was relayed to the end, so an item's changes stay in order
//! ```
//!
//! **Guarantees.** A record is passed over only after its messages are in the queue; how far that is, is stored every ten
//! seconds, so a successor relays those seconds again. Without any note of how far, it begins with the oldest record
//! that is kept (24 hours): what is done already is recognised.

use super::super::current::Current;
use super::CloudError;
use super::lease::{LEASE, Lease, Position, Progress};
use super::record::owing;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::types::{Shard, ShardIteratorType, StreamViewType};
use futures_util::FutureExt;
use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;

/// How long nothing is asked after a shard had nothing new. A request costs $0.0000002
/// (<https://aws.amazon.com/dynamodb/pricing/on-demand/>), so a shard that is always asked costs $1.70 a month.
const IDLE: Duration = Duration::from_millis(300);
/// How often the lease is prolonged and new shards are looked for, or else whether it can be had: one write each, $0.16 a
/// month.
const BEAT: Duration = Duration::from_secs(10);
/// The pause after something didn't answer.
const REST: Duration = Duration::from_secs(1);
/// Records that are relayed together, as in infra/lib/mappings.ts.
const BATCH: usize = 100;

/// What relays the stream, while it has the lease.
pub(super) struct Relaying {
    client: Client,
    stream: String,
    lease: Lease,
}

/// One that is relaying.
struct Leading {
    relaying: Arc<Relaying>,
    current: Current,
    progress: Mutex<Progress>,
    stop: CancellationToken,
}

impl Relaying {
    /// The stream of a table, for a replica whose name nobody else has.
    ///
    /// # Errors
    /// If it has none with new images.
    pub(super) async fn open(
        aws: &SdkConfig,
        dynamodb: aws_sdk_dynamodb::Client,
        table: &str,
        holder: String,
    ) -> Result<Self, CloudError> {
        let refused = |why: String| CloudError::Stream { table: table.to_owned(), why };
        let described = dynamodb.describe_table().table_name(table).send().await;
        let described = described.map_err(|error| refused(DisplayErrorContext(error).to_string()))?;
        let stream = described.table.and_then(|table| table.latest_stream_arn);
        let stream = stream.ok_or_else(|| refused("it has none".to_owned()))?;
        let client = Client::new(aws);
        let seen = client.describe_stream().stream_arn(&stream).send().await;
        let seen = seen.map_err(|error| refused(DisplayErrorContext(error).to_string()))?;
        match seen.stream_description.and_then(|stream| stream.stream_view_type) {
            Some(StreamViewType::NewImage | StreamViewType::NewAndOldImages) => {}
            other => return Err(refused(format!("it holds {other:?}, and no new images"))),
        }
        Ok(Self { client, stream, lease: Lease::new(dynamodb, table.to_owned(), holder) })
    }

    /// Relays while it has the lease, and waits for it else, until `stopping` is cancelled.
    pub(super) async fn run(self, current: Current, stopping: CancellationToken) {
        let relaying = Arc::new(self);
        while !stopping.is_cancelled() {
            match relaying.lease.take(current.app().now()).await {
                Ok(Some(progress)) => {
                    tracing::info!("this replica relays the stream");
                    let stop = stopping.child_token();
                    let (relaying, current) = (relaying.clone(), current.clone());
                    Arc::new(Leading { relaying, current, progress: Mutex::new(progress), stop }).lead(&stopping).await;
                }
                Ok(None) => {}
                Err(error) => tracing::error!(error, "the lease of the stream can't be had; it is tried again"),
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = sleep(BEAT) => {}
            }
        }
    }

    async fn shards(&self) -> Result<Vec<Shard>, String> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let describe = self.client.describe_stream().stream_arn(&self.stream).set_exclusive_start_shard_id(after);
            let answer = describe.send().await.map_err(|error| DisplayErrorContext(error).to_string())?;
            let Some(description) = answer.stream_description else { return Ok(all) };
            all.extend(description.shards.unwrap_or_default());
            after = description.last_evaluated_shard_id;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// Where to go on; from the oldest record where there is no position, or its record is no longer kept.
    async fn iterator(&self, shard: &str, after: Option<&str>) -> Result<String, String> {
        let ask = self.client.get_shard_iterator().stream_arn(&self.stream).shard_id(shard);
        let asked = match after {
            Some(sequence) => {
                let kind = ShardIteratorType::AfterSequenceNumber;
                ask.clone().shard_iterator_type(kind).sequence_number(sequence).send().await
            }
            None => ask.clone().shard_iterator_type(ShardIteratorType::TrimHorizon).send().await,
        };
        let answer = match asked {
            Err(error) if error.as_service_error().is_some_and(|e| e.is_trimmed_data_access_exception()) => {
                ask.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await
            }
            other => other,
        };
        let answer = answer.map_err(|error| DisplayErrorContext(error).to_string())?;
        answer.shard_iterator.ok_or_else(|| "the stream gave no iterator".to_owned())
    }
}

impl Leading {
    /// Until the lease is lost, or everything is to stop.
    async fn lead(self: Arc<Self>, stopping: &CancellationToken) {
        let mut reading: JoinSet<String> = JoinSet::new();
        let mut known = HashSet::new();
        let mut beat = interval(BEAT);
        let mut sure_until = self.current.app().now().checked_add(LEASE).unwrap_or_default();
        loop {
            tokio::select! {
                () = stopping.cancelled() => break,
                _ = beat.tick() => {
                    let now = self.current.app().now();
                    match self.relaying.lease.keep(now, &self.progress()).await {
                        Ok(true) => sure_until = now.checked_add(LEASE).unwrap_or(now),
                        Ok(false) => break tracing::warn!("another replica relays the stream now"),
                        Err(error) if now >= sure_until => break tracing::error!(error, "the lease could not be kept"),
                        Err(error) => tracing::warn!(error, "the lease could not be prolonged; it is tried again"),
                    }
                    self.read_more(&mut reading, &mut known).await;
                }
                // The children of a shard that has ended may be read; one that broke is read again.
                Some(shard) = reading.join_next() => {
                    if let Ok(shard) = shard {
                        known.remove(&shard);
                    }
                    self.read_more(&mut reading, &mut known).await;
                }
            }
        }
        self.stop.cancel();
        while reading.join_next().await.is_some() {}
        let now = self.current.app().now();
        if let Err(error) = self.relaying.lease.give_up(now, &self.progress()).await {
            tracing::warn!(error, "the lease could not be given up; it ends by itself");
        }
    }

    fn progress(&self) -> Progress {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, shard: &str, position: Position) {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).insert(shard.to_owned(), position);
    }

    /// Begins with the shards that may be read and are not, and forgets those that are gone.
    async fn read_more(self: &Arc<Self>, reading: &mut JoinSet<String>, known: &mut HashSet<String>) {
        let shards = match self.relaying.shards().await {
            Ok(shards) => shards,
            Err(error) => return tracing::error!(error, "the stream's shards can't be listed; it is tried again"),
        };
        let listed: HashSet<&str> = shards.iter().filter_map(Shard::shard_id).collect();
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).retain(|shard, _| listed.contains(shard.as_str()));
        let progress = self.progress();
        let has_ended = |shard: &str| progress.get(shard) == Some(&Position::Ended);
        for shard in &shards {
            let Some(id) = shard.shard_id() else { continue };
            let may = shard.parent_shard_id().is_none_or(|parent| !listed.contains(parent) || has_ended(parent));
            if may && !has_ended(id) && known.insert(id.to_owned()) {
                let (leading, id) = (self.clone(), id.to_owned());
                reading.spawn(async move {
                    if AssertUnwindSafe(leading.read(&id)).catch_unwind().await.is_err() {
                        tracing::error!(shard = id, "relaying panicked; the shard is read again");
                        leading.pause(REST).await;
                    }
                    id
                });
            }
        }
    }

    /// Relays a shard to its end.
    async fn read(&self, shard: &str) {
        let mut after = match self.progress().remove(shard) {
            Some(Position::After(sequence)) => Some(sequence),
            Some(Position::Ended) => return,
            None => None,
        };
        let mut iterator = None;
        while !self.stop.is_cancelled() {
            let at = match iterator.take() {
                Some(iterator) => iterator,
                None => match self.relaying.iterator(shard, after.as_deref()).await {
                    Ok(iterator) => iterator,
                    Err(error) => {
                        tracing::error!(error, shard, "the stream can't be read; it is tried again");
                        self.pause(REST).await;
                        continue;
                    }
                },
            };
            let records = match self.relaying.client.get_records().shard_iterator(at).send().await {
                Ok(records) => records,
                Err(error) => {
                    // An iterator is good for 15 minutes; a new one begins where we are.
                    if !error.as_service_error().is_some_and(|e| e.is_expired_iterator_exception()) {
                        tracing::error!(error = %DisplayErrorContext(error), shard, "the stream can't be read; it is \
                            tried again");
                    }
                    self.pause(REST).await;
                    continue;
                }
            };
            let (next, records) = (records.next_shard_iterator, records.records.unwrap_or_default());
            let is_empty = records.is_empty();
            let last = records.last().and_then(|record| record.dynamodb()?.sequence_number().map(str::to_owned));
            let owing: Vec<_> = records.into_iter().filter_map(owing).collect();
            for batch in owing.chunks(BATCH) {
                if !self.relay(batch).await {
                    return;
                }
            }
            if let Some(last) = last {
                self.note(shard, Position::After(last.clone()));
                after = Some(last);
            }
            match next {
                None => return self.note(shard, Position::Ended),
                next => iterator = next,
            }
            if is_empty {
                self.pause(IDLE).await;
            }
        }
    }

    /// Until the queue has it. False if everything is to stop.
    async fn relay(&self, batch: &[aws_lambda_events::event::dynamodb::EventRecord]) -> bool {
        while let Err(error) = relay::handle(self.current.app(), batch.to_vec()).await {
            tracing::error!(%error, "stream records could not be relayed");
            self.pause(REST).await;
            if self.stop.is_cancelled() {
                return false;
            }
        }
        true
    }

    async fn pause(&self, lasting: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = sleep(lasting) => {}
        }
    }
}

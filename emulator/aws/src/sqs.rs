//! SQS: queues in memory, behind a table of operations.
//!
//! ```text
//! SendMessage ─► Channel ─► Queue (pure) ─► Notify ─► mapping, or a receive that waits
//! ```
//!
//! The queues are empty after a restart; the stream relays again what was in them.

mod line;
mod operations;
pub(super) mod queue;
pub(super) mod wire;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, UNIX_EPOCH},
};

use platform::queue::REST_OF_DELAY;
use tokio::{sync::Notify, time::Instant};

pub(super) use self::operations::BATCH_MAX;
use self::queue::{Delivery, Outgoing, Queue, Receipt, Received};
use super::{Clock, QueueOptions, debt::Debt, fault::Faults, ledger::Ledger};

/// Suffix of a queue's dead-letter queue.
const DEAD_SUFFIX: &str = "-dead";
/// What comes before a queue's name in its URL.
const URL_PREFIX: &str = "http://sqs.local/000000000000/";

/// All queues.
pub(super) struct Sqs {
    channels: BTreeMap<String, Arc<Channel>>,
    ledger: Arc<Ledger>,
    clock: Clock,
    pace: Pace,
    next_id: AtomicU64,
}

/// How fast time passes for messages, and how straight they go.
pub(super) struct Pace {
    /// Divides delays: an hour may pass in a second. Visibility time-outs guard real work and stay, until it has failed.
    pub(super) time_scale: u32,
    /// Whoever makes them take detours.
    pub(super) faults: Option<Arc<dyn Faults>>,
}

/// One queue with those who wait at it.
pub(super) struct Channel {
    pub(super) name: String,
    queue: Mutex<Queue>,
    /// Told when a message was added or gets visible sooner.
    changed: Notify,
    dead_letters: Option<Arc<Channel>>,
}

impl Channel {
    fn new(name: String, queue: Queue, dead_letters: Option<Arc<Self>>) -> Arc<Self> {
        Arc::new(Self { name, queue: Mutex::new(queue), changed: Notify::new(), dead_letters })
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, message: Outgoing, delay: Duration) {
        let now = Instant::now();
        self.lock().send(message, now + delay, now);
        self.changed.notify_one();
    }

    /// Receives what is visible now. A message that was received too often goes to the dead letters, is logged,
    /// and owes nothing more.
    pub(super) fn receive(&self, limit: usize, visibility: Option<Duration>, now_ms: u128) -> Vec<Delivery> {
        let received = self.lock().receive(limit, visibility, Instant::now(), now_ms);
        self.handed_out(received)
    }

    /// Receives one message that is visible now, of the groups that `admits` names.
    pub(super) fn receive_one_of(&self, admits: impl Fn(Option<&str>) -> bool, now_ms: u128) -> Option<Delivery> {
        let received = self.lock().receive_of(admits, 1, None, Instant::now(), now_ms);
        self.handed_out(received).pop()
    }

    fn handed_out(&self, Received { deliveries, dead }: Received) -> Vec<Delivery> {
        for mut message in dead {
            tracing::error!(
                queue.name = self.name,
                message.id = &*message.id,
                "a message was received too often and is a dead letter now"
            );
            if let Some(debt) = message.debt.take() {
                debt.settle();
            }
            if let Some(dead_letters) = &self.dead_letters {
                dead_letters.send(message, Duration::ZERO);
            }
        }
        deliveries
    }

    /// Deletes messages; what they owed is settled.
    pub(super) fn delete(&self, receipts: &[Receipt]) {
        let mut queue = self.lock();
        let deleted: Vec<Outgoing> = receipts.iter().filter_map(|receipt| queue.delete(*receipt)).collect();
        drop(queue);
        settle(deleted);
    }

    /// Work on a message has failed: it comes again after so long.
    pub(super) fn leave(&self, receipt: Receipt, rest: Duration) {
        self.lock().change_visibility(receipt, Instant::now() + rest);
        self.changed.notify_one();
    }

    /// Resolves when a receive may bring something: a message came, or a hidden one gets visible.
    pub(super) async fn may_have_messages(&self) {
        self.may_have_messages_of(|_| true).await;
    }

    /// Resolves when a receive of the groups that `admits` names may bring something.
    pub(super) async fn may_have_messages_of(&self, admits: impl Fn(Option<&str>) -> bool) {
        let changed = self.changed.notified();
        let next = {
            let mut queue = self.lock();
            if queue.has_visible(admits, Instant::now()) {
                return;
            }
            queue.next_visible_at()
        };
        match next {
            Some(at) => tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(at) => {}
            },
            None => changed.await,
        }
    }
}

fn settle(messages: Vec<Outgoing>) {
    for debt in messages.into_iter().filter_map(|message| message.debt) {
        debt.settle();
    }
}

/// How long a message is delayed: to the millisecond where its sender says that too, which SQS overlooks.
fn delay(draft: &wire::SendMessage) -> Duration {
    let whole = Duration::from_secs(u64::from(draft.delay_seconds.unwrap_or_default()));
    let millis = draft.message_attributes.get(REST_OF_DELAY).and_then(|attribute| attribute.string_value.as_deref());
    let rest = millis.and_then(|millis| millis.parse().ok()).filter(|millis| *millis < 1_000).unwrap_or(0);
    whole + Duration::from_millis(rest)
}

impl Sqs {
    pub(super) fn new(queues: &[QueueOptions], ledger: Arc<Ledger>, clock: Clock, pace: Pace) -> Self {
        let mut channels = BTreeMap::new();
        for options in queues {
            let dead_name = format!("{}{DEAD_SUFFIX}", options.name);
            let dead = Channel::new(dead_name.clone(), Queue::new(options.visibility_timeout, None), None);
            let queue = Queue::new(options.visibility_timeout, Some(options.max_receive_count));
            let channel = Channel::new(options.name.clone(), queue, Some(Arc::clone(&dead)));
            channels.insert(dead_name, dead);
            channels.insert(options.name.clone(), channel);
        }
        Self { channels, ledger, clock, pace, next_id: AtomicU64::new(0) }
    }

    /// The address by which the SDK names a queue.
    pub(super) fn url(name: &str) -> String {
        format!("{URL_PREFIX}{name}")
    }

    pub(super) fn channel(&self, name: &str) -> Option<&Arc<Channel>> {
        self.channels.get(name)
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What message delays are divided by.
    pub(super) fn time_scale(&self) -> u32 {
        self.pace.time_scale
    }

    /// Milliseconds since the epoch.
    pub(super) fn now_ms(&self) -> u128 {
        (self.clock)().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
    }

    fn by_url(&self, url: &str) -> Option<&Arc<Channel>> {
        self.channels.get(url.rsplit('/').next()?)
    }

    fn send(&self, channel: &Channel, draft: wire::SendMessage) -> String {
        // Unique in this process, which is as long as the queues live.
        let id = format!("00000000-0000-4000-8000-{:012x}", self.next_id.fetch_add(1, Relaxed));
        let sequence = draft
            .message_attributes
            .get(super::debt::SEQUENCE_ATTRIBUTE)
            .and_then(|attribute| attribute.string_value.as_deref());
        let debt = Debt::of_message(sequence);
        let delay = delay(&draft);
        let message = Outgoing {
            id: id.as_str().into(),
            body: draft.message_body.into(),
            attributes: Arc::new(draft.message_attributes),
            group: draft.message_group_id.map(Into::into),
            sent_at_ms: self.now_ms(),
            debt,
        };
        let detour = self.pace.faults.as_ref().map_or(Duration::ZERO, |faults| faults.detour());
        channel.send(message, delay / self.pace.time_scale + detour);
        id
    }
}

//! A tiny AWS inside one process: a table with its stream, queues, and the event source mappings between them
//! and the handlers.
//!
//! ```text
//!  handlers ──SDK──► connector ──► DynamoDB (dynoxide on SQLite) ──trigger──► outbox = the stream
//!     ▲                │                                                        │
//!     │                └─────────► SQS (queues in memory) ◄──SDK── relay ◄── stream mapping
//!     └───────────── queue mapping ◄──┘
//! ```
//!
//! The clients are the real AWS SDK's; only its HTTP client is ours, and it opens no socket. Conditions, batches,
//! delays, visibility time-outs and dead letters are those of the services.
//!
//! Guarantees:
//! - a write that was answered is on disk with its stream record, whatever ends the process next;
//! - a stream record is handed out, in order, until the work that came of it is done; after a restart the ones
//!   that are left are handed out again;
//! - a message is delivered at least once, then deleted or, after too many tries, put with the dead letters;
//! - nothing polls: a write wakes the stream, a message wakes its queue, a timer wakes what was delayed.

pub mod lock;
mod database;
mod connector;
mod client;
mod dynamodb;
mod capacity;
mod sqs;
mod stream;
mod debt;
mod expiry;
pub mod format;
pub mod private;
mod group_commit;
mod server;
pub mod checkpoint;
pub mod fault;
pub mod ledger;
pub mod mapping;
pub mod weather;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use self::{connector::InProcess, database::Database, dynamodb::DynamoDb, fault::Faults, ledger::Ledger, sqs::Sqs};
pub use self::{
    debt::SEQUENCE_ATTRIBUTE,
    stream::{Stream, StreamError, StreamRecord},
};

/// Tells the time of day; delays and time-outs run on tokio's clock.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What the little AWS consists of.
#[derive(Clone)]
pub struct AwsOptions {
    /// Directory of the durable state, made where it is missing; `None` keeps everything in memory.
    pub data: Option<PathBuf>,
    /// Name of the table: 3 to 255 letters, digits, `_`, `-` and `.`.
    pub table: String,
    /// The queues; each gets a dead-letter queue, `<name>-dead`.
    pub queues: Vec<QueueOptions>,
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// Makes calls fail, and messages come twice or out of order.
    pub faults: Option<Arc<dyn Faults>>,
    /// Divides the delays of messages, and how long one stays hidden whose handler has failed: at 3600 an hour passes in a
    /// second. What is hidden while it is worked on stays so for as long as ever, for work takes its time.
    pub time_scale: u32,
    /// Time of day, for message attributes.
    pub clock: Clock,
}

/// One queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueOptions {
    /// Its name.
    pub name: String,
    /// How long a received message is hidden from other receivers.
    pub visibility_timeout: Duration,
    /// Receives after which a message is a dead letter, at least 1.
    pub max_receive_count: u32,
}

/// What an acknowledged write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The death of the process at any moment, `kill -9` included: a write has reached the operating system when it
    /// is answered. Power loss may take the last writes, though it leaves the file sound
    /// (<https://www.sqlite.org/pragma.html#pragma_synchronous>, NORMAL in WAL mode).
    #[default]
    Process,
    /// Power loss too: a write has reached the disk when it is answered, which takes about 0.3 ms more.
    Power,
}

/// The little AWS couldn't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process works on this directory.
    #[error(
        "{} is in use by another emulator{}: stop it, or choose another --data directory",
        path.display(),
        pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    InUse {
        /// The data directory.
        path: PathBuf,
        /// The other process, if it has said so.
        pid: Option<u32>,
    },
    /// A version that is not there yet made it.
    #[error(
        "the data directory {} has the format {found}, and this version knows those up to {known}: a newer version made it. \
         Run that one, or choose another --data directory", path.display()
    )]
    Newer {
        /// The data directory.
        path: PathBuf,
        /// Its format.
        found: String,
        /// The newest that this version knows.
        known: u32,
    },
    /// Something else has its name.
    #[error("the data directory can't be used: {} is a file, not a directory", path.display())]
    NotADirectory {
        /// What should be the data directory.
        path: PathBuf,
    },
    /// The directory can't be made or written.
    #[error("the data directory can't be used: {}: {source}", path.display())]
    Directory {
        /// The data directory, or a file in it.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database file is damaged, is of a newer version, or the disk failed.
    #[error("the database in the data directory can't be opened: {0}")]
    Database(#[from] dynoxide::DynoxideError),
    /// As [`OpenError::Database`], found by `SQLite` itself.
    #[error("the database in the data directory can't be prepared: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The table's description isn't one that DynamoDB knows.
    #[error("the table can't be described")]
    Description(#[from] serde_json::Error),
}

/// The services, their clients and their stream. Cheap to clone.
#[derive(Clone)]
pub struct Aws {
    database: Arc<Database>,
    dynamodb: Arc<DynamoDb>,
    sqs: Arc<Sqs>,
    stream: Stream,
    ledger: Arc<Ledger>,
    faults: Option<Arc<dyn Faults>>,
    dynamodb_client: aws_sdk_dynamodb::Client,
    sqs_client: aws_sdk_sqs::Client,
}

impl AwsOptions {
    /// A table and nothing else, in memory.
    pub fn in_memory(table: impl Into<String>) -> Self {
        Self {
            data: None,
            table: table.into(),
            queues: Vec::new(),
            durability: Durability::default(),
            faults: None,
            time_scale: 1,
            clock: Arc::new(system_time),
        }
    }
}

impl Aws {
    /// Opens the state in the data directory, or an empty one in memory, and makes what is missing.
    ///
    /// # Errors
    /// [`OpenError::InUse`] where another process holds the directory; the others where it can't be used.
    pub fn open(options: AwsOptions) -> Result<Self, OpenError> {
        let ledger = Arc::new(Ledger::default());
        let database = Database::open(options.data.as_deref(), &options.table, options.durability)?;
        let database = Arc::new(database);
        let dynamodb = Arc::new(DynamoDb::new(Arc::clone(&database), Arc::clone(&ledger)));
        let faults = options.faults;
        let pace = sqs::Pace { time_scale: options.time_scale.max(1), faults: faults.clone() };
        let sqs = Arc::new(Sqs::new(&options.queues, Arc::clone(&ledger), options.clock, pace));
        Ok(Self {
            stream: Stream::new(Arc::clone(&database)),
            dynamodb_client: client::dynamodb(InProcess::new(Arc::clone(&dynamodb), faults.clone())),
            sqs_client: client::sqs(InProcess::new(Arc::clone(&sqs), faults.clone())),
            faults,
            database,
            dynamodb,
            sqs,
            ledger,
        })
    }

    /// Whether the table held nothing when it was opened.
    pub fn table_was_empty(&self) -> bool {
        self.database.was_empty()
    }

    /// The SDK's client of the table.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.dynamodb_client.clone()
    }

    /// The SDK's client of the queues.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        self.sqs_client.clone()
    }

    /// The address by which the SDK names a queue.
    pub fn queue_url(&self, queue: &str) -> String {
        Sqs::url(queue)
    }

    /// The table's stream.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// What all calls would have been billed for.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

#[expect(clippy::disallowed_methods, reason = "the one default clock; callers may give another")]
fn system_time() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests;

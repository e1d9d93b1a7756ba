//! The table: every state there is, and each change of it one conditional write.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | run | `run#<id>` | `run` |
//! | what a run has no room for | `run#<id>` | `result#<digest of job and attempt>` |
//! | wait | `wait#<route>#<key>` | `wait` |
//! | callback for the next job under the key | `wait#<route>#<key>` | `next#<identity>` |
//! | event | `event#<customer>#<id>` | `event` |
//! | delivery of it | `event#<customer>#<id>` | `delivery#<endpoint>` |
//! | endpoint | `customer#<customer>` | `endpoint#<id>` |
//! | whose it is | `endpoint#<id>` | `customer` |
//! | how it fails | `customer#<customer>` | `health#<id>` |
//! | its next free slot, if it has a rate limit | `customer#<customer>` | `slots#<id>` |
//! | operation | `operation#<id>` | `operation` |
//! | API token of a customer | `token#<SHA-256>` | `token` |
//! | runtime configuration | `config` | `source#<name>`, `program#<name>`, `learned#<name>` |
//! | its history | `config` | `history#<time>#<kind>#<name>#<version>` |
//! | a source's requests in a period | `rate#source#<name>` | `<period>#<number>` |
//! | timer | `timer#<shard>` | `<due>#<what>` |
//! | how far the timers were swept | `sweep` | `cursor` |
//! | who relays, and how far, where no function does | `relay` | `lease` |
//!
//! An item that owes work says so: `owed` is true, and `owes` holds the messages. The table's stream brings exactly
//! those items to `relay`. A lost condition is an answer in the domain's words, never an error.

mod codec;
mod item;
mod adopt;
mod arrive;
mod config;
mod cursor;
mod definition;
mod delivery;
mod endpoint;
mod event;
mod health;
mod kept;
mod known;
mod list;
mod moot;
mod new_run;
mod operation;
mod owed;
mod rate;
mod remind;
mod run;
mod reseal;
mod resume;
mod slot;
mod token;
mod vault;
mod versioned;
mod wait;
mod timer;

pub use adopt::Unclaimed;
pub use codec::MAX_BLOB;
pub use codec::{pack_text, unpack_text};
pub use config::{ConfigChange, ConfigEntry, ConfigKind};
pub use cursor::Cursor;
pub use definition::StoredDefinition;
pub use delivery::{DeliveryPlace, StoredDelivery};
pub use endpoint::StoredEndpoint;
pub use event::NewEvent;
pub use health::StoredHealth;
pub use known::Known;
pub use new_run::NewRun;
pub use operation::StoredOperation;
pub use owed::Owes;
pub use rate::Counted;
pub use run::{Saved, Stored};
pub use slot::CLOCKS_DIFFER;
pub use timer::{Deadline, Placed, Timer, TimerPage, after_timer};
pub use token::StoredToken;

use crate::secret::KeyRing;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use domain::redact::KnownSecrets;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use vault::Vault;

/// Why the table could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It would not fit into one item.
    #[error("{size} bytes do not fit into one item of the table")]
    TooLarge {
        /// Bytes after compression.
        size: usize,
        /// The most that may remain.
        limit: usize,
    },
    /// The table did not answer, or not as it should; trying again may help.
    #[error("the table is unavailable: {0}")]
    Unavailable(String),
    /// An item does not read as what it should be.
    #[error("the item {0} is damaged")]
    Damaged(String),
}

/// The table.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
    shards: u8,
    retention: Duration,
    vault: Vault,
    cursor_reads: cursor::SharedReads,
}

impl Store {
    /// The table of this name.
    pub fn new(client: Client, table: String, shards: u8, retention: Duration) -> Self {
        Self {
            client,
            table,
            shards: shards.max(1),
            retention,
            vault: Vault::default(),
            cursor_reads: Default::default(),
        }
    }

    /// The same table, with the secrets inside of its items sealed with these keys: texts under secret names, and `known`
    /// ones wherever they stand. Without keys they are stored as they are, and what is sealed stays so.
    #[must_use]
    pub fn sealing(self, keys: Arc<KeyRing>, known: KnownSecrets) -> Self {
        Self { vault: Vault::new(keys, known), ..self }
    }

    /// Whether the table answers.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.cursors().await.map(|_| ())
    }

    fn shard(&self, of: &str) -> u8 {
        // FNV-1a: any spread will do, as long as it stays the same.
        let hash = of
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        u8::try_from(hash % u64::from(self.shards)).unwrap_or(0)
    }
}

fn unavailable<E, R>(error: SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: fmt::Debug,
{
    StoreError::Unavailable(DisplayErrorContext(error).to_string())
}

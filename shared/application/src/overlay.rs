//! What the API put on top of the file: read from the table, remembered for seconds.
//!
//! ```text
//! store::config ─► entries of one kind ─ read ─► the things themselves ─► remembered for REMEMBERED
//! ```
//!
//! A change is seen everywhere within [`REMEMBERED`], and at once in the process where it is made ([`Overlay::forget`]).
//! An entry that can't be read is not skipped: what it stands over may be what its author wanted gone.

use jiff::{SignedDuration, Timestamp};
use platform::store::{ConfigEntry, ConfigKind, Store, StoreError};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// How long what was read is good enough.
pub const REMEMBERED: SignedDuration = SignedDuration::from_secs(3);

/// Makes a thing of its entry; the error is for the log.
type Read<T> = Box<dyn Fn(&ConfigEntry) -> Result<T, String> + Send + Sync>;

/// Everything of one kind, as it was at a time.
pub struct Entries<T> {
    read_at: Timestamp,
    all: BTreeMap<String, Layered<T>>,
}

/// An entry, and the thing that it configures; absent where it can't be read.
pub struct Layered<T> {
    /// As it stands in the table.
    pub entry: ConfigEntry,
    /// What it configures.
    pub thing: Option<Arc<T>>,
}

impl<T> Entries<T> {
    /// The entry of a name.
    pub fn get(&self, name: &str) -> Option<&Layered<T>> {
        self.all.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Layered<T>> {
        self.all.values()
    }
}

/// What the API put on top of the file, of one kind.
pub struct Overlay<T> {
    kind: ConfigKind,
    read: Read<T>,
    remembered: Mutex<Option<Arc<Entries<T>>>>,
}

impl<T> Overlay<T> {
    /// An overlay that makes each thing of its entry so.
    pub fn new(kind: ConfigKind, read: impl Fn(&ConfigEntry) -> Result<T, String> + Send + Sync + 'static) -> Self {
        Self { kind, read: Box::new(read), remembered: Mutex::default() }
    }

    /// As the table had it within [`REMEMBERED`].
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn recent(&self, store: &Store, now: Timestamp) -> Result<Arc<Entries<T>>, StoreError> {
        let known = self.remembered.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known.filter(|known| now.duration_since(known.read_at).abs() < REMEMBERED) {
            Some(known) => Ok(known),
            None => self.fresh(store, now).await,
        }
    }

    /// As the table has it now.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn fresh(&self, store: &Store, now: Timestamp) -> Result<Arc<Entries<T>>, StoreError> {
        let entries = store.configs(self.kind).await?.into_iter().map(|entry| {
            let thing = (self.read)(&entry).map_err(|error| {
                tracing::error!(kind = self.kind.as_str(), name = entry.name, error, "a stored entry can't be used");
            });
            (entry.name.clone(), Layered { entry, thing: thing.ok().map(Arc::new) })
        });
        let entries = Arc::new(Entries { read_at: now, all: entries.collect() });
        *self.remembered.lock().unwrap_or_else(PoisonError::into_inner) = Some(entries.clone());
        Ok(entries)
    }

    /// Something has changed.
    pub fn forget(&self) {
        *self.remembered.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl<T> fmt::Debug for Overlay<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overlay").field("kind", &self.kind).finish_non_exhaustive()
    }
}

//! The database file: DynamoDB's tables, and the outbox that stands for the table's stream.
//!
//! `dynoxide` keeps items in `SQLite`. Its own stream support copies every change and looks for the
//! highest sequence number at each write, so it is left off. Instead a trigger on the item table
//! copies the new image of an item that owes work, without what no relay reads, into `outbox`, in the same transaction
//! as the write:
//!
//! ```text
//! PutItem ─► BEGIN ─► item row ──trigger──► outbox row (only where "owed" is true) ─► COMMIT ─► Notify
//! ```
//!
//! Guarantees: an acknowledged write and its outbox row are both there after `kill -9`, for they are one
//! transaction that has reached the operating system. What power loss may take with it is told at
//! [`Durability`].

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
};

use dynoxide::{
    actions::{create_table, update_time_to_live},
    storage::Storage,
};
use futures_util::FutureExt;
use rusqlite::{
    functions::FunctionFlags,
    hooks::{Action, AuthContext},
};
use tokio::sync::Notify;

use super::{Durability, OpenError, format, group_commit::authorize, lock::DirectoryLock, private};

/// File name of the database inside the data directory.
const DATABASE_FILE: &str = "table.db";
/// Table that holds what the stream mapping has still to relay.
const OUTBOX: &str = "outbox";
/// Attributes that no relay reads, and that may be large: they are left out of the stream's images.
const NOT_RELAYED: [&str; 8] = ["run", "request", "result", "progress", "delivery", "endpoint", "health", "operation"];
/// How many statements stay compiled: all of ours and of dynoxide's cached ones.
const STATEMENT_CACHE: usize = 64;

/// A turn at the connection.
pub(super) type Turn<'a> = tokio::sync::MutexGuard<'a, ()>;

/// The one `SQLite` connection, and the news about its outbox.
pub(super) struct Database {
    storage: Mutex<Storage>,
    /// Whose turn it is; see [`Database::turn`].
    turns: tokio::sync::Mutex<()>,
    /// Sequence of the newest outbox row, as the update hook saw it.
    newest: Arc<AtomicU64>,
    /// Told after each commit that added to the outbox.
    grew: Notify,
    /// Whether requests share a transaction now.
    pub(super) joined: Arc<AtomicBool>,
    table: String,
    /// The table held nothing when it was opened.
    was_empty: bool,
    _lock: Option<DirectoryLock>,
}

impl Database {
    /// Opens the file in `directory`, or a database in memory, and makes the table where it is missing.
    pub(super) fn open(directory: Option<&Path>, table: &str, durability: Durability) -> Result<Self, OpenError> {
        let (storage, lock) = match directory {
            None => (Storage::memory()?, None),
            Some(directory) => {
                format::check(directory)?;
                let unusable = |source| OpenError::Directory { path: directory.to_owned(), source };
                let lock = DirectoryLock::acquire(directory).map_err(unusable)?.ok_or_else(|| OpenError::InUse {
                    path: directory.to_owned(),
                    pid: DirectoryLock::holder(directory),
                })?;
                let file = directory.join(DATABASE_FILE);
                // SQLite gives what it writes beside the file the file's own permissions; where it can't be made, it says so.
                let _ = private::file(&file);
                ["-wal", "-shm"]
                    .iter()
                    .for_each(|end| private::close(&directory.join(format!("{DATABASE_FILE}{end}"))));
                (Storage::new(&file.to_string_lossy())?, Some(lock))
            }
        };
        tune(&storage, durability)?;
        let joined = Arc::new(AtomicBool::new(false));
        let of_hook = Arc::clone(&joined);
        storage.conn().authorizer(Some(move |context: AuthContext<'_>| authorize(&of_hook, &context)));
        directory.map_or(Ok(()), format::note)?;
        if !storage.table_exists(table)? {
            create(&storage, table)?;
        }
        let held = format!(r#"SELECT NOT EXISTS (SELECT 1 FROM "{}")"#, table.replace('"', "\"\""));
        let was_empty = storage.conn().query_row(&held, [], |row| row.get(0))?;
        storage.conn().execute_batch(OUTBOX_TABLE)?;
        let newest = storage
            .conn()
            .query_row("SELECT coalesce(max(sequence), 0) FROM outbox", [], |row| row.get::<_, i64>(0))?;
        let newest_before = newest.unsigned_abs();
        let newest = Arc::new(AtomicU64::new(newest_before));
        watch(&storage, Arc::clone(&newest));
        number(&storage, newest_before)?;
        storage.conn().execute_batch(&outbox_trigger(table))?;
        Ok(Self {
            storage: Mutex::new(storage),
            turns: tokio::sync::Mutex::new(()),
            newest,
            grew: Notify::new(),
            joined,
            table: table.to_owned(),
            was_empty,
            _lock: lock,
        })
    }

    /// Name of the table.
    pub(super) fn table(&self) -> &str {
        &self.table
    }

    /// Whether the table held nothing when it was opened.
    pub(super) fn was_empty(&self) -> bool {
        self.was_empty
    }

    /// Sequence of the newest outbox row there ever was.
    pub(super) fn newest(&self) -> u64 {
        self.newest.load(Ordering::Relaxed)
    }

    /// Resolves when the outbox has grown since the last call.
    pub(super) async fn grown(&self) {
        self.grew.notified().await;
    }

    /// Waits for a turn at the connection. Whoever calls [`with`](Self::with) without one may block its thread, and
    /// the tasks there with it, until another thread is done; that costs both a switch by the kernel.
    pub(super) async fn turn(&self) -> Turn<'_> {
        self.turns.lock().await
    }

    /// A turn, if nobody else has one.
    pub(super) fn turn_now(&self) -> Option<Turn<'_>> {
        self.turns.try_lock().ok()
    }

    /// Runs `work` with the connection to itself, then wakes the stream if the outbox grew.
    ///
    /// `work` blocks its thread for tens of microseconds: less than handing it to another would cost.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Storage) -> T) -> T {
        let storage = self.lock();
        let before = self.newest.load(Ordering::Relaxed);
        let answer = work(&storage);
        let grew = self.newest.load(Ordering::Relaxed) != before;
        drop(storage);
        if grew {
            self.grew.notify_one();
        }
        answer
    }

    fn lock(&self) -> MutexGuard<'_, Storage> {
        self.storage.lock().unwrap_or_else(|poisoned| {
            // Whoever panicked may have left a transaction open: it was never acknowledged.
            let storage = PoisonError::into_inner(poisoned);
            if storage.rollback().is_ok() {
                tracing::error!("a write that panicked was rolled back");
            }
            self.storage.clear_poison();
            storage
        })
    }
}

/// Drives a dynoxide action: over `SQLite` it never waits, so one poll finishes it.
pub(super) fn run<T>(action: impl Future<Output = dynoxide::Result<T>>) -> Result<T, dynoxide::DynoxideError> {
    action
        .now_or_never()
        .unwrap_or_else(|| Err(dynoxide::DynoxideError::InternalServerError("the storage did not answer".to_owned())))
}

fn tune(storage: &Storage, durability: Durability) -> Result<(), OpenError> {
    let synchronous = match durability {
        Durability::Process => "NORMAL",
        Durability::Power => "FULL",
    };
    let connection = storage.conn();
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // One process owns the directory, so locks taken for each transaction would be system calls for
    // nothing; other programs can read the file once the emulator has stopped. The log is copied back every 4,000 pages (16 MB) instead of every 1,000.
    connection.execute_batch(&format!(
        "PRAGMA synchronous = {synchronous};
         PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA cache_size = -8000;
         PRAGMA temp_store = MEMORY;"
    ))?;
    Ok(())
}

/// The table as infra/ makes it: `pk` and `sk`, the sparse index `list`, expiry at `expires`.
fn create(storage: &Storage, table: &str) -> Result<(), OpenError> {
    let request: create_table::CreateTableRequest = serde_json::from_value(serde_json::json!({
        "TableName": table,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
            {"AttributeName": "list", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": "list",
            "KeySchema": [
                {"AttributeName": "list", "KeyType": "HASH"},
                {"AttributeName": "at", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }],
    }))?;
    run(create_table::execute(storage, request))?;
    let request: update_time_to_live::UpdateTimeToLiveRequest = serde_json::from_value(serde_json::json!({
        "TableName": table,
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": true},
    }))?;
    run(update_time_to_live::execute(storage, request))?;
    Ok(())
}

/// The outbox.
const OUTBOX_TABLE: &str = "CREATE TABLE IF NOT EXISTS outbox (
    sequence INTEGER PRIMARY KEY,
    event TEXT NOT NULL,
    image TEXT NOT NULL
)";

/// What fills the outbox. It lives as long as the connection, so it is always this program's; one that an earlier program
/// left in the file goes.
///
/// dynoxide writes compact JSON and escapes quotes inside text, so the text search misses no item that owes; a nested
/// attribute of the same name is sorted out by the reader.
fn outbox_trigger(table: &str) -> String {
    let table = table.replace('"', "\"\"");
    let bulky = NOT_RELAYED.map(|name| format!(", '$.{name}'")).concat();
    format!(
        r#"DROP TRIGGER IF EXISTS main.{OUTBOX}_owed;
           CREATE TEMP TRIGGER {OUTBOX}_owed BEFORE INSERT ON main."{table}"
           WHEN instr(NEW.item_json, '"owed":{{"BOOL":true}}') > 0
           BEGIN
               INSERT INTO {OUTBOX} (sequence, event, image) VALUES (
                   next_sequence(),
                   iif(EXISTS (SELECT 1 FROM "{table}" WHERE pk = NEW.pk AND sk = NEW.sk),
                       'MODIFY', 'INSERT'),
                   json_remove(NEW.item_json{bulky}));
           END;"#
    )
}

/// Numbers the outbox's rows: no number comes twice while the process lives, even after everything was trimmed. `SQLite`
/// would do the same with `AUTOINCREMENT`, and write one more page for each row.
fn number(storage: &Storage, newest: u64) -> rusqlite::Result<()> {
    let last = AtomicI64::new(bound(newest));
    storage.conn().create_scalar_function("next_sequence", 0, FunctionFlags::SQLITE_UTF8, move |_| {
        Ok(last.fetch_add(1, Ordering::Relaxed).saturating_add(1))
    })
}

/// `SQLite` counts rows in signed numbers.
pub(super) fn bound(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

fn watch(storage: &Storage, newest: Arc<AtomicU64>) {
    storage.conn().update_hook(Some(move |action: Action, _: &str, table: &str, row: i64| {
        if action == Action::SQLITE_INSERT && table == OUTBOX {
            newest.store(row.unsigned_abs(), Ordering::Relaxed);
        }
    }));
}

//! The table's stream: the changes that owe work, in the order in which they were committed.
//!
//! It reads the [outbox](super::database) and hands out records in the form in which Lambda gets them, so the
//! relay's code is the same in both places. What DynamoDB does with an event filter is done at the source: a
//! change is here only if its new image has the attribute `owed` with the value true. The bulky attributes that no
//! relay reads are left out of the image.
//!
//! A record stays until it is removed; removing those that are done is what a checkpoint would do, but for each
//! record by itself, so one message that waits for its time keeps no other record from being forgotten.

use std::sync::Arc;

use aws_lambda_events::event::dynamodb::{EventRecord, StreamRecord as Change, StreamViewType};
use rusqlite::{Connection, params};
use serde_dynamo::{AttributeValue, Item};

use super::{
    database::{Database, Turn, bound},
    debt::Debts,
};

/// Reads and trims the table's stream. Cheap to clone.
#[derive(Clone)]
pub struct Stream {
    database: Arc<Database>,
    pub(super) debts: Debts,
}

/// One change that owes work.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRecord {
    /// Place in the stream; grows with every record and is not used twice by one process.
    pub sequence: u64,
    /// The change as Lambda would hand it over.
    pub record: EventRecord,
}

/// The stream couldn't be read or trimmed.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The database refused.
    #[error("the stream's database failed")]
    Database(#[from] rusqlite::Error),
    /// A stored image isn't DynamoDB's JSON.
    #[error("record {sequence} of the stream can't be read")]
    Image {
        /// The record.
        sequence: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

struct Row {
    sequence: u64,
    event: String,
    image: String,
}

impl Stream {
    pub(super) fn new(database: Arc<Database>) -> Self {
        Self { database, debts: Debts::default() }
    }

    /// A turn at the database, so that what follows blocks nobody's thread.
    pub(super) async fn turn(&self) -> Turn<'_> {
        self.database.turn().await
    }

    /// At most `limit` records after `sequence`, oldest first. From 0 it reads all that is left.
    ///
    /// # Errors
    /// The database failed, or holds an image that can't be read.
    pub fn read_after(&self, sequence: u64, limit: usize) -> Result<Vec<StreamRecord>, StreamError> {
        let mut after = sequence;
        while after < self.database.newest() {
            let rows = self.database.with(|storage| rows_after(storage.conn(), after, limit))?;
            let Some(last) = rows.last() else { return Ok(Vec::new()) };
            after = last.sequence;
            let mut records = Vec::with_capacity(rows.len());
            let mut strays = Vec::new();
            for row in rows {
                match self.materialise(&row)? {
                    Some(record) => records.push(record),
                    None => strays.push(row.sequence),
                }
            }
            if !strays.is_empty() {
                self.remove(&strays)?;
            }
            if !records.is_empty() {
                return Ok(records);
            }
        }
        Ok(Vec::new())
    }

    /// Forgets every record up to and including `sequence`.
    ///
    /// # Errors
    /// The database failed.
    pub fn trim(&self, sequence: u64) -> Result<(), StreamError> {
        self.database.with(|storage| {
            storage.conn().prepare_cached("DELETE FROM outbox WHERE sequence <= ?1")?.execute(params![bound(sequence)])
        })?;
        Ok(())
    }

    /// Forgets these records, all at once or not at all.
    ///
    /// # Errors
    /// The database failed.
    pub fn remove(&self, sequences: &[u64]) -> Result<(), StreamError> {
        self.database.with(|storage| {
            let transaction = storage.conn().unchecked_transaction()?;
            let mut delete = transaction.prepare_cached("DELETE FROM outbox WHERE sequence = ?1")?;
            for sequence in sequences {
                delete.execute(params![bound(*sequence)])?;
            }
            drop(delete);
            transaction.commit()
        })?;
        Ok(())
    }

    /// Forgets the records whose work got done in this process. The mapping does so as it goes; after the queues'
    /// mappings have drained, once more saves a restart from repeating their last messages.
    ///
    /// # Errors
    /// The database failed; the records will be handed out again after a restart.
    pub fn forget_finished(&self) -> Result<(), StreamError> {
        let finished = self.debts.lock().take_finished();
        if finished.is_empty() { Ok(()) } else { self.remove(&finished) }
    }

    /// How far the work that came of the stream is done, in this process: everything relayed at or below it.
    pub fn checkpoint(&self) -> u64 {
        self.debts.lock().safe()
    }

    /// Resolves when there may be records that weren't there before.
    pub(super) async fn grown(&self) {
        self.database.grown().await;
    }

    /// The record, unless only something inside the item matched the filter.
    fn materialise(&self, row: &Row) -> Result<Option<StreamRecord>, StreamError> {
        let image: Item =
            serde_json::from_str(&row.image).map_err(|source| StreamError::Image { sequence: row.sequence, source })?;
        if image.get("owed") != Some(&AttributeValue::Bool(true)) {
            return Ok(None);
        }
        let keys = ["pk", "sk"]
            .into_iter()
            .filter_map(|key| Some((key.to_owned(), image.get(key)?.clone())))
            .collect::<std::collections::HashMap<_, _>>();
        let mut change = Change::default();
        change.keys = Item::from(keys);
        change.new_image = image;
        change.sequence_number = Some(row.sequence.to_string());
        change.size_bytes = i64::try_from(row.image.len()).unwrap_or(i64::MAX);
        change.stream_view_type = Some(StreamViewType::NewImage);
        let mut record = EventRecord::default();
        record.change = change;
        record.event_id = row.sequence.to_string();
        record.event_name.clone_from(&row.event);
        record.event_source = Some("aws:dynamodb".to_owned());
        record.table_name = Some(self.database.table().to_owned());
        Ok(Some(StreamRecord { sequence: row.sequence, record }))
    }
}

fn rows_after(connection: &Connection, sequence: u64, limit: usize) -> rusqlite::Result<Vec<Row>> {
    connection
        .prepare_cached("SELECT sequence, event, image FROM outbox WHERE sequence > ?1 ORDER BY sequence LIMIT ?2")?
        .query_map(params![bound(sequence), i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            Ok(Row { sequence: row.get::<_, i64>(0)?.unsigned_abs(), event: row.get(1)?, image: row.get(2)? })
        })?
        .collect()
}

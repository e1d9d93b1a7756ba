//! Runtime configuration in the table: what the API put on top of the file, and what it changed when.
//!
//! All of it is below one partition key, so that one query reads everything of a kind. A change and its line in the
//! history are one transaction: there is no change without its line, and no line without its change.

use super::item::{Item, b, bytes, damaged, expiry, n, number, s, sortable, text};
use super::{Saved, Store, StoreError, codec, unavailable};
use crate::dispatch::Dispatch;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

const PK: &str = "config";
/// How long the history keeps a line: 400 days, so that a yearly look at it finds last year's.
const HISTORY: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// What can be configured while everything runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfigKind {
    /// A provider that calls us.
    Source,
    /// A program that rules start.
    Program,
    /// The secret that a source's provider has sent itself.
    Learned,
}

impl ConfigKind {
    /// Its word, in keys and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Program => "program",
            Self::Learned => "learned",
        }
    }
}

/// A thing's configuration as it stands in the table.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigEntry {
    /// Its name, unique among its kind.
    pub name: String,
    /// Its fields as the API took them, without secrets.
    pub content: Value,
    /// Secrets by field, each sealed for [`ConfigEntry::seal_name`].
    pub secrets: BTreeMap<String, Vec<String>>,
    /// Counts the writes, from 1; the next one must name it.
    pub version: u64,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl ConfigEntry {
    /// What a thing's secrets are sealed for: `config/source/github/secret`.
    pub fn seal_name(kind: ConfigKind, name: &str, field: &str) -> String {
        format!("config/{}/{name}/{field}", kind.as_str())
    }
}

/// A line of the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfigChange {
    /// When.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: ConfigKind,
    /// Which.
    pub name: String,
    /// `created`, `replaced` or `deleted`.
    pub action: String,
    /// Whose request it was: the kind of its token, never the token.
    pub by: String,
    /// Names of the fields that differ from before; never their values.
    pub fields: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Packed {
    content: Value,
    #[serde(default)]
    secrets: BTreeMap<String, Vec<String>>,
}

fn sk(kind: ConfigKind, name: &str) -> String {
    format!("{}#{name}", kind.as_str())
}

impl Store {
    /// Stores a thing over the version that it was read at, 0 for one that wasn't there, and the change's line in the
    /// history. The entry's own version doesn't matter.
    ///
    /// # Errors
    /// If it is too large, or the table is unavailable.
    pub async fn save_config(
        &self,
        entry: &ConfigEntry,
        version: u64,
        change: &ConfigChange,
    ) -> Result<Saved, StoreError> {
        let next = version + 1;
        let packed = Packed { content: entry.content.clone(), secrets: entry.secrets.clone() };
        let owner = seal_owner(change.kind, &entry.name);
        let packed = Packed { content: self.vault.sealed_field(packed.content, &owner, "env"), ..packed };
        let put = Put::builder()
            .table_name(&self.table)
            .item("pk", s(PK))
            .item("sk", s(sk(change.kind, &entry.name)))
            .item("v", n(next))
            .item("updated_at", s(entry.updated_at.to_string()))
            .item("config", b(codec::pack_plain(&packed)?));
        let put = match version {
            0 => put.condition_expression("attribute_not_exists(pk)"),
            _ => put.condition_expression("v = :v").expression_attribute_values(":v", n(version)),
        };
        let write = TransactWriteItem::builder().put(put.build().map_err(|error| unbuilt(&error))?).build();
        Ok(if self.change_config(write, change, &next.to_string()).await? {
            Saved::Written(next)
        } else {
            Saved::Conflict
        })
    }

    /// Takes a thing away at the version that it was read at, and stores the change's line in the history. False if
    /// somebody else changed it in between.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn delete_config(&self, version: u64, change: &ConfigChange) -> Result<bool, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("pk", s(PK))
            .key("sk", s(sk(change.kind, &change.name)))
            .condition_expression("v = :v")
            .expression_attribute_values(":v", n(version));
        let write = TransactWriteItem::builder().delete(delete.build().map_err(|error| unbuilt(&error))?).build();
        self.change_config(write, change, &format!("{version}-deleted")).await
    }

    /// `version` tells changes of one moment apart.
    async fn change_config(
        &self,
        write: TransactWriteItem,
        change: &ConfigChange,
        version: &str,
    ) -> Result<bool, StoreError> {
        let place = format!("history#{}#{}#{version}", sortable(change.at), sk(change.kind, &change.name));
        let line = Put::builder()
            .table_name(&self.table)
            .item("pk", s(PK))
            .item("sk", s(place))
            .item("change", b(codec::pack_plain(change)?))
            .item("expires", expiry(change.at, HISTORY));
        let line = TransactWriteItem::builder().put(line.build().map_err(|error| unbuilt(&error))?).build();
        match self.client.transact_write_items().transact_items(write).transact_items(line).dispatch().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if lost(error.err()) => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Everything of a kind, by name, with all writes that were answered before.
    ///
    /// # Errors
    /// If the table is unavailable, or an item is damaged.
    pub async fn configs(&self, kind: ConfigKind) -> Result<Vec<ConfigEntry>, StoreError> {
        let (mut entries, mut start) = (Vec::new(), None);
        loop {
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("pk = :pk AND begins_with(sk, :of)")
                .expression_attribute_values(":pk", s(PK))
                .expression_attribute_values(":of", s(sk(kind, "")))
                .set_exclusive_start_key(start);
            let page = query.dispatch().await.map_err(unavailable)?;
            for item in page.items() {
                entries.push(self.read_config(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(entries);
            }
        }
    }

    /// One thing, with all writes that were answered before.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn config(&self, kind: ConfigKind, name: &str) -> Result<Option<ConfigEntry>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("pk", s(PK)).key("sk", s(sk(kind, name)));
        get.dispatch().await.map_err(unavailable)?.item.map(|item| self.read_config(&item)).transpose()
    }

    /// The newest lines of the history before a cursor, newest first, and the cursor for those before them.
    ///
    /// # Errors
    /// If the table is unavailable, or an item is damaged.
    pub async fn config_history(
        &self,
        before: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<ConfigChange>, Option<String>), StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", s(PK))
            .expression_attribute_values(":first", s("history#"))
            .expression_attribute_values(":last", s(format!("history#{}", before.unwrap_or("~"))))
            .scan_index_forward(false)
            // The cursor is the place before: `BETWEEN` takes its ends in.
            .limit(i32::try_from(limit + 2).unwrap_or(i32::MAX));
        let page = query.dispatch().await.map_err(unavailable)?;
        let place = |item: &Item| text(item, "sk").and_then(|sk| sk.strip_prefix("history#")).map(str::to_owned);
        let mut items: Vec<&Item> = page.items().iter().filter(|item| place(item).as_deref() != before).collect();
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).and_then(|item| place(item));
        let line = |item: &&Item| codec::unpack_plain(bytes(item, "change").ok_or_else(|| damaged(item))?, PK);
        Ok((items.iter().map(line).collect::<Result<_, _>>()?, next))
    }
}

/// The owner that an entry's secrets are sealed for: its item is one of many below the partition key.
fn seal_owner(kind: ConfigKind, name: &str) -> String {
    format!("{PK}/{}", sk(kind, name))
}

impl Store {
    fn read_config(&self, item: &Item) -> Result<ConfigEntry, StoreError> {
        let field = |name: &str| text(item, name).ok_or_else(|| damaged(item));
        let packed = bytes(item, "config").ok_or_else(|| damaged(item))?;
        let Packed { mut content, secrets } = codec::unpack_plain(packed, field("sk")?)?;
        self.vault.open(&mut content, &format!("{PK}/{}", field("sk")?));
        Ok(ConfigEntry {
            name: field("sk")?.split_once('#').map(|(_, name)| name.to_owned()).ok_or_else(|| damaged(item))?,
            content,
            secrets,
            version: number(item, "v").ok_or_else(|| damaged(item))?,
            updated_at: field("updated_at")?.parse().map_err(|_| damaged(item))?,
        })
    }
}

/// Whether a condition was lost, or another transaction was at the same item
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>).
pub(super) fn lost(error: &TransactWriteItemsError) -> bool {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else { return false };
    let lost = |code: Option<&str>| matches!(code, Some("ConditionalCheckFailed" | "TransactionConflict"));
    cancelled.cancellation_reasons().iter().any(|reason| lost(reason.code()))
}

pub(super) fn unbuilt(error: &aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

//! Files that runs began under, in the table: each once, by the digest of its text, sealed, for a file may hold secrets.
//!
//! All are below one partition key. A file never changes, so writing it again does no harm.

use super::item::{Item, damaged, s, text, yes};
use super::{Store, StoreError, unavailable};
use crate::dispatch::Dispatch;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use domain::id::DefinitionId;
use jiff::Timestamp;

const PK: &str = "definition";

/// A file as it stands in the table.
#[derive(Debug, Clone)]
pub struct StoredDefinition {
    /// The digest of its text.
    pub id: DefinitionId,
    /// Its text, compressed and sealed.
    pub sealed: String,
    /// When it was put in charge last.
    pub at: Timestamp,
    /// No run follows it any more, unless it was put in charge again since.
    pub over: bool,
}

impl Store {
    /// Stores the file in charge.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn put_definition(&self, id: &DefinitionId, sealed: &str, at: Timestamp) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.table);
        let put = put.item("pk", s(PK)).item("sk", s(id.as_str())).item("file", s(sealed));
        let put = put.item("at", s(at.to_string()));
        put.dispatch().await.map_err(unavailable).map(|_| ())
    }

    /// A file by the digest of its text.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn definition(&self, id: &DefinitionId) -> Result<Option<StoredDefinition>, StoreError> {
        let query = self.query_definitions("pk = :pk AND sk = :sk").expression_attribute_values(":sk", s(id.as_str()));
        query.dispatch().await.map_err(unavailable)?.items().first().map(read).transpose()
    }

    /// All files, the one that was put in charge last at the end.
    ///
    /// # Errors
    /// If the table is unavailable, or an item is damaged.
    pub async fn definitions(&self) -> Result<Vec<StoredDefinition>, StoreError> {
        let (mut definitions, mut start) = (Vec::<StoredDefinition>::new(), None);
        loop {
            let query = self.query_definitions("pk = :pk").set_exclusive_start_key(start);
            let page = query.dispatch().await.map_err(unavailable)?;
            for item in page.items() {
                definitions.push(read(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                definitions.sort_unstable_by_key(|definition| definition.at);
                return Ok(definitions);
            }
        }
    }

    /// Notes that no run follows a file any more.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn end_definition(&self, id: &DefinitionId) -> Result<(), StoreError> {
        let update = self.client.update_item().table_name(&self.table).key("pk", s(PK)).key("sk", s(id.as_str()));
        let update = update.update_expression("SET ended = :yes").expression_attribute_values(":yes", yes());
        update.dispatch().await.map_err(unavailable).map(|_| ())
    }

    /// Puts the same file, sealed anew, in the place of what was read.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn reseal_definition(&self, id: &DefinitionId, sealed: &str) -> Result<(), StoreError> {
        let update = self.client.update_item().table_name(&self.table).key("pk", s(PK)).key("sk", s(id.as_str()));
        let update = update.update_expression("SET #f = :file").expression_attribute_names("#f", "file");
        update.expression_attribute_values(":file", s(sealed)).dispatch().await.map_err(unavailable).map(|_| ())
    }

    fn query_definitions(&self, condition: &str) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        query.key_condition_expression(condition).expression_attribute_values(":pk", s(PK))
    }
}

fn read(item: &Item) -> Result<StoredDefinition, StoreError> {
    let field = |name: &str| text(item, name).ok_or_else(|| damaged(item));
    let id = DefinitionId::stored(field("sk")?);
    let at = field("at")?.parse().map_err(|_| damaged(item))?;
    Ok(StoredDefinition { id, sealed: field("file")?.to_owned(), at, over: item.contains_key("ended") })
}

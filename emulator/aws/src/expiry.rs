//! Items whose time to live is over: DynamoDB deletes them within days, we when asked.

use std::time::SystemTime;

use dynoxide::{actions::delete_item, storage::Storage};
use rusqlite::params;

use super::{Aws, database::run};

/// Rows looked at under one hold of the database, so that requests get in between.
const PAGE: i64 = 500;

/// A row that is past its time.
struct Expired {
    pk: String,
    sk: String,
}

impl Aws {
    /// Deletes the items whose attribute `expires` (seconds since the epoch) is at or before `now`; answers how many.
    ///
    /// # Errors
    /// The database failed.
    pub fn sweep_ttl(&self, now: SystemTime) -> Result<usize, dynoxide::DynoxideError> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let table = self.database.table();
        let (mut after, end) = (0, self.database.with(|storage| newest_row(storage, table))?);
        let mut deleted = 0;
        while after < end {
            deleted += self.database.with(|storage| {
                let (expired, last) = page(storage, table, after, now)?;
                after = last.unwrap_or(end);
                for item in &expired {
                    delete(storage, table, item)?;
                }
                Ok::<_, dynoxide::DynoxideError>(expired.len())
            })?;
        }
        Ok(deleted)
    }
}

fn newest_row(storage: &Storage, table: &str) -> rusqlite::Result<i64> {
    let sql = format!("SELECT coalesce(max(rowid), 0) FROM \"{}\"", table.replace('"', "\"\""));
    storage.conn().query_row(&sql, [], |row| row.get(0))
}

/// The expired rows of the next page, and the page's last row.
fn page(storage: &Storage, table: &str, after: i64, now: u64) -> rusqlite::Result<(Vec<Expired>, Option<i64>)> {
    let sql = format!(
        "SELECT rowid, json_extract(item_json, '$.pk.S'), json_extract(item_json, '$.sk.S'), \
         json_extract(item_json, '$.expires.N') + 0 <= ?2 FROM \
         (SELECT rowid, item_json FROM \"{}\" WHERE rowid > ?1 ORDER BY rowid LIMIT {PAGE})",
        table.replace('"', "\"\"")
    );
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let mut expired = Vec::new();
    let mut last = None;
    let mut statement = storage.conn().prepare_cached(&sql)?;
    let mut rows = statement.query(params![after, now])?;
    while let Some(row) = rows.next()? {
        last = Some(row.get(0)?);
        if row.get::<_, Option<bool>>(3)? == Some(true) {
            expired.push(Expired { pk: row.get(1)?, sk: row.get(2)? });
        }
    }
    Ok((expired, last))
}

fn delete(storage: &Storage, table: &str, item: &Expired) -> dynoxide::Result<()> {
    let key = [("pk", &item.pk), ("sk", &item.sk)]
        .map(|(name, value)| (name.to_owned(), dynoxide::AttributeValue::S(value.clone())));
    let request =
        delete_item::DeleteItemRequest { table_name: table.to_owned(), key: key.into(), ..Default::default() };
    run(delete_item::execute(storage, request)).map(drop)
}

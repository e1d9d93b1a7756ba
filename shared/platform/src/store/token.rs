//! API tokens of customers. Only their digests are stored.

use super::item::{Item, damaged, s, sortable, text};
use super::{Store, StoreError, unavailable};
use crate::dispatch::Dispatch;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::event::CustomerId;
use jiff::Timestamp;

/// A token that sees one customer only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// SHA-256 of the token, in hexadecimal; its name in the API.
    pub digest: String,
    /// What it sees.
    pub customer: CustomerId,
    /// For people.
    pub name: String,
    /// Its holder may publish events of the customer. False for a token that was stored before this was asked.
    pub may_publish: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

fn pk(digest: &str) -> String {
    format!("token#{digest}")
}

impl Store {
    /// Stores a token.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn add_token(&self, token: &StoredToken) -> Result<(), StoreError> {
        let at = format!("{}#{}", sortable(token.created_at), token.digest);
        let put = self.client.put_item().table_name(&self.table);
        let put = put.item("pk", s(pk(&token.digest))).item("sk", s("token"));
        let put = put.item("customer", s(token.customer.as_str())).item("name", s(&token.name));
        let put = put.item("publish", AttributeValue::Bool(token.may_publish));
        let put = put.item("created_at", s(token.created_at.to_string()));
        let put = put.item("list", s(self.list_shard("tokens", &token.digest))).item("at", s(at));
        put.dispatch().await.map(|_| ()).map_err(unavailable)
    }

    /// The token of that digest.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn token(&self, digest: &str) -> Result<Option<StoredToken>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).key("pk", s(pk(digest))).key("sk", s("token"));
        get.dispatch().await.map_err(unavailable)?.item.map(|item| read(&item)).transpose()
    }

    /// All tokens of customers, newest first; at most `limit`.
    ///
    /// # Errors
    /// If the table is unavailable, or an item is damaged.
    pub async fn tokens(&self, limit: usize) -> Result<Vec<StoredToken>, StoreError> {
        let places = self.places("tokens", None, None, limit).await?;
        let mut tokens: Vec<StoredToken> = self.items_at(&places).await?.iter().map(read).collect::<Result<_, _>>()?;
        tokens.sort_unstable_by(|a, b| (b.created_at, &b.digest).cmp(&(a.created_at, &a.digest)));
        Ok(tokens)
    }

    /// Takes a token away. Repeating it is safe.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn delete_token(&self, digest: &str) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.table).key("pk", s(pk(digest))).key("sk", s("token"));
        delete.dispatch().await.map(|_| ()).map_err(unavailable)
    }
}

fn read(item: &Item) -> Result<StoredToken, StoreError> {
    let field = |name: &str| text(item, name).ok_or_else(|| damaged(item));
    Ok(StoredToken {
        digest: field("pk")?.trim_start_matches("token#").to_owned(),
        customer: CustomerId::parse(field("customer")?).map_err(|_| damaged(item))?,
        name: field("name")?.to_owned(),
        may_publish: item.get("publish").and_then(|value| value.as_bool().ok()).copied().unwrap_or(false),
        created_at: field("created_at")?.parse().map_err(|_| damaged(item))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stored_before_the_right_to_publish_was_asked_is_read_and_may_not() {
        let attributes = [
            ("pk", s(pk("00ff"))),
            ("customer", s("acme")),
            ("name", s("")),
            ("created_at", s("2026-01-26T08:00:00Z")),
        ];
        let mut item: Item = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert!(!read(&item).unwrap().may_publish);
        for may_publish in [true, false] {
            item.insert("publish".to_owned(), AttributeValue::Bool(may_publish));
            assert_eq!(read(&item).unwrap().may_publish, may_publish);
        }
    }
}

//! Endpoints in the table: a customer's are side by side, so that one query finds who wants an event.

use super::item::{Item, b, bytes, damaged, n, number, s, sortable, text};
use super::versioned::put_over;
use super::{Saved, Store, StoreError, codec, config, unavailable};
use crate::dispatch::Dispatch;
use crate::queue::Message;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use domain::endpoint::Endpoint;
use domain::event::{CustomerId, EndpointId};

/// An endpoint as it stands in the table.
#[derive(Debug, Clone)]
pub struct StoredEndpoint {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Counts the writes, from 1; the next one must name it.
    pub version: u64,
}

pub(super) fn customer_pk(customer: &CustomerId) -> String {
    format!("customer#{customer}")
}

fn sk(id: &EndpointId) -> String {
    format!("endpoint#{id}")
}

impl Store {
    /// Stores an endpoint over the version that it was read at, 0 for one that wasn't there, with the messages that it owes.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn save_endpoint(
        &self,
        endpoint: &Endpoint,
        version: u64,
        owes: &[Message],
    ) -> Result<Saved, StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(self.endpoint_item(endpoint)?));
        put_over(put, version, owes).await
    }

    /// Stores an endpoint over the version that it was read at, and forgets how it has been failing: both or neither.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn revive_endpoint(&self, endpoint: &Endpoint, version: u64) -> Result<Saved, StoreError> {
        let next = version + 1;
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(self.endpoint_item(endpoint)?))
            .item("v", n(next))
            .condition_expression("v = :v")
            .expression_attribute_values(":v", n(version));
        let put = put.build().map_err(|error| config::unbuilt(&error))?;
        let forget = Delete::builder()
            .table_name(&self.table)
            .key("pk", s(customer_pk(&endpoint.customer)))
            .key("sk", s(super::health::sk(&endpoint.id)));
        let forget = forget.build().map_err(|error| config::unbuilt(&error))?;
        let both = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(put).build())
            .transact_items(TransactWriteItem::builder().delete(forget).build());
        match both.dispatch().await {
            Ok(_) => Ok(Saved::Written(next)),
            Err(SdkError::ServiceError(error)) if config::lost(error.err()) => Ok(Saved::Conflict),
            Err(error) => Err(unavailable(error)),
        }
    }

    fn endpoint_item(&self, endpoint: &Endpoint) -> Result<Item, StoreError> {
        let attributes = [
            ("pk", s(customer_pk(&endpoint.customer))),
            ("sk", s(sk(&endpoint.id))),
            ("endpoint", b(codec::pack_plain(&self.sealed_endpoint(endpoint))?)),
            ("list", s(self.list_shard("endpoints", endpoint.id.as_str()))),
            ("at", s(format!("{}#{}", sortable(endpoint.created_at), endpoint.id))),
        ];
        Ok(attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Reads an endpoint, with all writes that were answered before.
    ///
    /// # Errors
    /// If the table is unavailable, or the item is damaged.
    pub async fn endpoint(&self, customer: &CustomerId, id: &EndpointId) -> Result<Option<StoredEndpoint>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("pk", s(customer_pk(customer))).key("sk", s(sk(id)));
        get.dispatch().await.map_err(unavailable)?.item.map(|item| self.stored_endpoint(&item)).transpose()
    }

    /// Stores whose an endpoint is, so that its id alone finds it. Written before the endpoint: one that points at
    /// nothing does no harm.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn save_owner(&self, id: &EndpointId, customer: &CustomerId) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.table).item("pk", s(format!("endpoint#{id}")));
        let put = put.item("sk", s("customer")).item("customer", s(customer.as_str()));
        put.dispatch().await.map(|_| ()).map_err(unavailable)
    }

    /// Whose an endpoint is, or was.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn owner(&self, id: &EndpointId) -> Result<Option<CustomerId>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("pk", s(format!("endpoint#{id}"))).key("sk", s("customer"));
        let item = get.dispatch().await.map_err(unavailable)?.item;
        Ok(item.as_ref().and_then(|item| CustomerId::parse(text(item, "customer")?).ok()))
    }

    /// Takes an endpoint away, and what is known of its health. False if it wasn't there.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn delete_endpoint(&self, customer: &CustomerId, id: &EndpointId) -> Result<bool, StoreError> {
        let delete = self.client.delete_item().table_name(&self.table).key("pk", s(customer_pk(customer)));
        let delete = delete.key("sk", s(sk(id))).return_values(aws_sdk_dynamodb::types::ReturnValue::AllOld);
        let before = delete.dispatch().await.map_err(unavailable)?.attributes;
        self.forget_health(customer, id).await?;
        Ok(before.is_some())
    }

    /// All endpoints, whose ever they are, newest first; the cursor is the place of the last.
    ///
    /// # Errors
    /// If the table is unavailable, or an item is damaged.
    pub async fn list_endpoints(
        &self,
        before: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<StoredEndpoint>, Option<String>), StoreError> {
        let mut places = self.places("endpoints", before, None, limit + 1).await?;
        let more = places.len() > limit;
        places.truncate(limit);
        let cursor = places.last().filter(|_| more).map(|place| place.at.clone());
        let mut endpoints: Vec<StoredEndpoint> =
            self.items_at(&places).await?.iter().map(|item| self.stored_endpoint(item)).collect::<Result<_, _>>()?;
        endpoints.sort_unstable_by(|a, b| {
            (b.endpoint.created_at, &b.endpoint.id).cmp(&(a.endpoint.created_at, &a.endpoint.id))
        });
        Ok((endpoints, cursor))
    }

    /// Everything below a customer whose sort key begins so.
    pub(super) async fn below_customer(&self, customer: &CustomerId) -> Result<Vec<Item>, StoreError> {
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                // Endpoints and their health, and not what is counted for them: `endpoint#` to `health#~`.
                .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
                .expression_attribute_values(":pk", s(customer_pk(customer)))
                .expression_attribute_values(":first", s("endpoint#"))
                .expression_attribute_values(":last", s("health#~"))
                .set_exclusive_start_key(start);
            let page = query.dispatch().await.map_err(unavailable)?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}

pub(super) fn is_endpoint(item: &Item) -> bool {
    text(item, "sk").is_some_and(|sk| sk.starts_with("endpoint#"))
}

impl Store {
    /// The values of its headers sealed: whatever they are called, they may be credentials.
    fn sealed_endpoint(&self, endpoint: &Endpoint) -> Endpoint {
        let mut sealed = endpoint.clone();
        let pk = customer_pk(&endpoint.customer);
        sealed.settings.headers.iter_mut().for_each(|(_, value)| self.vault.seal_text(value, &pk));
        sealed
    }

    pub(super) fn stored_endpoint(&self, item: &Item) -> Result<StoredEndpoint, StoreError> {
        let pk = text(item, "pk").unwrap_or_default();
        let packed = bytes(item, "endpoint").ok_or_else(|| damaged(item))?;
        let mut endpoint: Endpoint = codec::unpack_plain(packed, pk)?;
        endpoint.settings.headers.iter_mut().for_each(|(_, value)| self.vault.open_text(value, pk));
        Ok(StoredEndpoint { endpoint, version: number(item, "v").ok_or_else(|| damaged(item))? })
    }
}

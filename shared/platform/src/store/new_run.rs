//! New runs in the table: one conditional write, by an id that is made of the request's identity.
//!
//! A request that comes again after its window, or because its run failed, starts another run. The run that stands under the
//! identity's own id counts those (`later`): the next one's id is made of that number, and both are written in one
//! transaction, so that of several such requests at the same time one starts a run and the others find it.

use super::item::{Item, b, expiry, n, s, text, yes};
use super::known::Known;
use super::run::{owes_value, too_large_or_unavailable};
use super::vault::Besides;
use super::{Store, StoreError, codec, config, unavailable};
use crate::chance::Chance;
use crate::dispatch::Dispatch;
use crate::queue::RunMessage;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use domain::run::{Run, Stretch};
use jiff::Timestamp;
use serde_json::Value;

/// The largest new run, with the request that started it: there is room for some of what it will do, and at least for
/// why it failed.
const MAX_NEW: usize = codec::MAX_BLOB - 16 * 1024;

/// Outcome of storing a new run.
#[derive(Debug, Clone)]
pub enum NewRun {
    /// The run is stored.
    Accepted,
    /// A run of this id was there before: this one, where the table has told.
    Duplicate(Option<Box<Known>>),
}

impl Store {
    /// Stores a run that has not begun, and with it the promise to start it.
    ///
    /// # Errors
    /// If it is too large, or the table is unavailable.
    pub async fn add_run(&self, run: &Run, request: Option<&Value>) -> Result<NewRun, StoreError> {
        // The SDK repeats a write whose answer got lost; the write then finds its own item there.
        let nonce = hex::encode(Chance::default().bytes::<8>());
        let mut item = self.new_item(run, request)?;
        item.insert("nonce".to_owned(), s(&nonce));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.dispatch().await {
            Ok(_) => Ok(NewRun::Accepted),
            Err(SdkError::ServiceError(error))
                if matches!(error.err(), PutItemError::ConditionalCheckFailedException(_)) =>
            {
                let PutItemError::ConditionalCheckFailedException(refused) = error.into_err() else {
                    return Ok(NewRun::Duplicate(None));
                };
                Ok(match refused.item {
                    Some(item) if text(&item, "nonce") == Some(nonce.as_str()) => NewRun::Accepted,
                    item => NewRun::Duplicate(item.and_then(|item| self.known(item).ok()).map(Box::new)),
                })
            }
            Err(error) => Err(too_large_or_unavailable(error)),
        }
    }

    /// Stores a run as [`Store::add_run`] does, as the next one of the identity whose first run is `first`; `false` if another
    /// request was quicker, and nothing has happened then. One transaction of two writes.
    ///
    /// # Errors
    /// If the run is too large, or the table is unavailable.
    pub async fn add_later_run(
        &self,
        first: &Known,
        run: &Run,
        request: &Value,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(self.new_item(run, Some(request))?))
            .condition_expression("attribute_not_exists(pk)");
        let mut count = Update::builder()
            .table_name(&self.table)
            .key("pk", s(format!("run#{}", first.id)))
            .key("sk", s("run"))
            .condition_expression(match first.later {
                0 => "attribute_exists(pk) AND attribute_not_exists(later)",
                _ => "later = :known",
            })
            .expression_attribute_values(":next", n(first.later.saturating_add(1)));
        if first.later > 0 {
            count = count.expression_attribute_values(":known", n(first.later));
        }
        // The stream has brought what the item owes by the write that made it owe that; this write must not bring it again.
        if first.has_ended() {
            // The count has to outlast the later run, which is kept as long from its own end on.
            let expires = expiry(now, self.retention.saturating_mul(2));
            count = count.expression_attribute_values(":expires", expires);
            count = count.update_expression("SET later = :next, expires = :expires REMOVE owed, owes");
        } else {
            count = count.update_expression("SET later = :next REMOVE owed, owes");
        }
        let put = put.build().map_err(|error| config::unbuilt(&error))?;
        let count = count.build().map_err(|error| config::unbuilt(&error))?;
        let both = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(put).build())
            .transact_items(TransactWriteItem::builder().update(count).build());
        match both.dispatch().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if config::lost(error.err()) => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// The item of a run that has not begun. A request that makes it too large is kept only as it was parsed: it can't be sent
    /// again as it was received then; the run is what matters.
    fn new_item(&self, run: &Run, request: Option<&Value>) -> Result<Item, StoreError> {
        let owes = [RunMessage::new(run.id.clone(), Stretch::Start, None).into()];
        let pk = format!("run#{}", run.id);
        let packed = self.vault.pack(run, &pk)?;
        // `raw` is a copy of the request as it was received: it says a secret of its body too, and in another form.
        let besides = Besides { about: Some(&run.input), copy: Some("raw") };
        let pack = |request: &Value| self.vault.pack_besides(request, &pk, besides);
        let (mut request, whole) = (request.map(pack).transpose(), request);
        let size = |request: &Result<Option<Vec<u8>>, StoreError>| match request {
            Ok(request) => packed.len() + request.as_ref().map_or(0, Vec::len),
            Err(_) => usize::MAX,
        };
        if size(&request) > MAX_NEW
            && let Some(Value::Object(mut parsed)) = whole.cloned()
            && parsed.remove("raw").is_some()
        {
            request = pack(&Value::Object(parsed)).map(Some);
        }
        let size = size(&request);
        let request = request?;
        if size > MAX_NEW {
            return Err(StoreError::TooLarge { size, limit: MAX_NEW });
        }
        let mut item = Item::from([
            ("pk".to_owned(), s(&pk)),
            ("sk".to_owned(), s("run")),
            ("v".to_owned(), n(1)),
            ("st".to_owned(), s(run.status().as_str())),
            ("run".to_owned(), b(packed)),
            ("owed".to_owned(), yes()),
            ("owes".to_owned(), owes_value(&owes)?),
            ("list".to_owned(), s(self.list_shard("runs", run.id.as_str()))),
            ("at".to_owned(), s(Self::run_place(run))),
        ]);
        if let Some(request) = request {
            item.insert("request".to_owned(), b(request));
        }
        Ok(item)
    }
}

//! DynamoDB: dynoxide's actions behind a table of operations.
//!
//! ```text
//! JSON ─► request ─► action over the one connection ─► ledger ─► JSON, or the error as DynamoDB words it
//! ```

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use dynoxide::{DynoxideError, actions, storage::Storage};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    capacity::{self, Capacity, Detail},
    connector::{Answering, Backend, Reply},
    database::{Database, run},
    fault::Service,
    group_commit::Waiters,
    ledger::Ledger,
};

/// How many transactions' answers are kept for a repeated `ClientRequestToken`. DynamoDB keeps them for ten
/// minutes; a client repeats within seconds.
const TOKENS_KEPT: usize = 1024;

/// The table's service.
pub(super) struct DynamoDb {
    database: Arc<Database>,
    ledger: Arc<Ledger>,
    tokens: Mutex<Tokens>,
    waiters: Waiters,
}

#[derive(Default)]
struct Tokens {
    answers: HashMap<String, (Vec<u8>, Vec<u8>)>,
    order: VecDeque<String>,
}

impl DynamoDb {
    pub(super) fn new(database: Arc<Database>, ledger: Arc<Ledger>) -> Self {
        Self { database, ledger, tokens: Mutex::default(), waiters: Waiters::default() }
    }
}

impl Backend for DynamoDb {
    const SERVICE: Service = Service::DynamoDb;

    fn call(self: &Arc<Self>, operation: &str, body: &[u8]) -> Answering {
        self.ledger.call(Service::DynamoDb, operation);
        if let Some(_turn) = self.database.turn_now() {
            return Answering::Now(self.alone(operation, body));
        }
        let (service, mut answered) = (Arc::clone(self), self.waiters.join(operation, body));
        Answering::Later(Box::pin(async move {
            tokio::select! {
                biased;
                Ok(reply) = &mut answered => return reply,
                _turn = service.database.turn() => service.work_off(),
            }
            answered.await.unwrap_or_else(|_| unanswered())
        }))
    }
}

/// Runs one metered action: `metered!(self, storage, body, put_item::PutItemRequest, wrote, |request| items)`.
macro_rules! metered {
    ($self:ident, $storage:ident, $body:ident, $action:ident::$request:ident, $entry:ident, $items:expr) => {{
        let mut request: actions::$action::$request = parse($body)?;
        let detail = Detail::replace(&mut request.return_consumed_capacity);
        let items: u64 = $items(&request);
        let outcome = run(actions::$action::execute($storage, request));
        let mut response = outcome?;
        $self.ledger.$entry(items, response.consumed_capacity.usage());
        response.consumed_capacity.show(detail);
        serialize(&response)
    }};
}

/// As [`metered!`], for a single write that may lose its condition, which costs units all the same.
macro_rules! conditional {
    ($self:ident, $storage:ident, $body:ident, $action:ident::$request:ident, $offered:expr) => {{
        let mut request: actions::$action::$request = parse($body)?;
        let detail = Detail::replace(&mut request.return_consumed_capacity);
        let offered: Option<usize> = $offered(&request);
        match run(actions::$action::execute($storage, request)) {
            Ok(mut response) => {
                $self.ledger.wrote(1, response.consumed_capacity.usage());
                response.consumed_capacity.show(detail);
                serialize(&response)
            }
            Err(error) => {
                if let DynoxideError::ConditionalCheckFailedException(_, found) = &error {
                    $self.ledger.wrote(1, capacity::failed_write(found.as_ref(), offered));
                }
                Err(error)
            }
        }
    }};
}

impl DynamoDb {
    fn alone(&self, operation: &str, body: &[u8]) -> Reply {
        let reply = self.database.with(|storage| self.reply(storage, operation, body));
        reply.unwrap_or_else(|refusal| refusal)
    }

    /// Answers everybody who waits.
    fn work_off(&self) {
        loop {
            let mut group = self.waiters.next();
            let one = match group.len() {
                0 => return,
                1 => group.pop(),
                _ => None,
            };
            if let Some(one) = one {
                let reply = self.alone(&one.operation, &one.body);
                one.answer(reply);
                continue;
            }
            let replies = self.database.together(&group, |storage, one| self.reply(storage, &one.operation, &one.body));
            match replies {
                Ok(replies) => group.into_iter().zip(replies).for_each(|(one, reply)| one.answer(reply)),
                Err(error) => {
                    tracing::error!(%error, requests = group.len(), "a transaction failed");
                    group.into_iter().for_each(|one| one.answer(unanswered()));
                }
            }
        }
    }

    /// `Err` is a refusal, or a failure: nothing of it stays.
    fn reply(&self, storage: &Storage, operation: &str, body: &[u8]) -> Result<Reply, Reply> {
        self.answer(storage, operation, body).map(Reply::ok).map_err(|error| {
            if error.status_code() >= 500 {
                tracing::error!(operation, %error, "the table failed");
            }
            Reply::error(error.status_code(), error.to_json())
        })
    }

    fn answer(&self, storage: &Storage, operation: &str, body: &[u8]) -> dynoxide::Result<Vec<u8>> {
        match operation {
            "PutItem" => {
                conditional!(
                    self,
                    storage,
                    body,
                    put_item::PutItemRequest,
                    |request: &actions::put_item::PutItemRequest| {
                        request.condition_expression.as_ref().map(|_| dynoxide::types::item_size(&request.item))
                    }
                )
            }
            "UpdateItem" => conditional!(self, storage, body, update_item::UpdateItemRequest, |_: &_| None),
            "DeleteItem" => conditional!(self, storage, body, delete_item::DeleteItemRequest, |_: &_| None),
            "GetItem" => metered!(self, storage, body, get_item::GetItemRequest, read, |_: &_| 1),
            "Query" => metered!(self, storage, body, query::QueryRequest, read, |_: &_| 1),
            "Scan" => metered!(self, storage, body, scan::ScanRequest, read, |_: &_| 1),
            "BatchGetItem" => metered!(
                self,
                storage,
                body,
                batch_get_item::BatchGetItemRequest,
                read,
                |request: &actions::batch_get_item::BatchGetItemRequest| {
                    request.request_items.values().map(|table| table.keys.len() as u64).sum()
                }
            ),
            "BatchWriteItem" => metered!(
                self,
                storage,
                body,
                batch_write_item::BatchWriteItemRequest,
                wrote,
                |request: &actions::batch_write_item::BatchWriteItemRequest| {
                    request.request_items.values().map(|writes| writes.len() as u64).sum()
                }
            ),
            "TransactGetItems" => metered!(
                self,
                storage,
                body,
                transact_get_items::TransactGetItemsRequest,
                read,
                |request: &actions::transact_get_items::TransactGetItemsRequest| {
                    request.transact_items.len() as u64
                }
            ),
            "TransactWriteItems" => self.transact(storage, body),
            _ => administer(storage, operation, body),
        }
    }

    /// Repeating a `ClientRequestToken` answers as the first time, without writing again.
    fn transact(&self, storage: &Storage, body: &[u8]) -> dynoxide::Result<Vec<u8>> {
        let mut request: actions::transact_write_items::TransactWriteItemsRequest = parse(body)?;
        let token = request.client_request_token.clone();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((before, answer)) = token.as_ref().and_then(|token| tokens.answers.get(token)) {
            return if same(before, body) {
                Ok(answer.clone())
            } else {
                Err(DynoxideError::IdempotentParameterMismatchException(
                    "The request token was used with other parameters".to_owned(),
                ))
            };
        }
        let detail = Detail::replace(&mut request.return_consumed_capacity);
        let items = request.transact_items.len() as u64;
        let outcome = run(actions::transact_write_items::execute(storage, request));
        let answer = match outcome {
            Ok(mut response) => {
                self.ledger.wrote(items, response.consumed_capacity.usage());
                response.consumed_capacity.show(detail);
                serialize(&response)?
            }
            Err(error) => {
                if matches!(error, DynoxideError::TransactionCanceledException(..)) {
                    // Each action costs at least two units, whoever failed.
                    let mut usage = capacity::failed_write(None, None);
                    usage.table_half_units *= 2 * items;
                    self.ledger.wrote(items, usage);
                }
                return Err(error);
            }
        };
        if let Some(token) = token {
            tokens.keep(token, body.to_vec(), answer.clone());
        }
        Ok(answer)
    }
}

impl Tokens {
    fn keep(&mut self, token: String, request: Vec<u8>, answer: Vec<u8>) {
        if self.order.len() >= TOKENS_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.answers.remove(&oldest);
        }
        self.order.push_back(token.clone());
        self.answers.insert(token, (request, answer));
    }
}

/// Whether two requests mean the same: the SDK writes maps in any order.
fn same(before: &[u8], body: &[u8]) -> bool {
    let value = |bytes| serde_json::from_slice::<serde_json::Value>(bytes).ok();
    before == body || value(before) == value(body)
}

/// Operations on tables and their streams rather than items; they cost no units.
fn administer(storage: &Storage, operation: &str, body: &[u8]) -> dynoxide::Result<Vec<u8>> {
    let lifecycle = actions::vector_lifecycle::VectorIndexLifecycle::default();
    match operation {
        "CreateTable" => serialize(&run(actions::create_table::execute(storage, parse(body)?))?),
        "DeleteTable" => serialize(&run(actions::delete_table::execute(storage, parse(body)?, &lifecycle))?),
        "DescribeTable" => serialize(&run(actions::describe_table::execute(storage, parse(body)?, &lifecycle))?),
        "ListTables" => serialize(&run(actions::list_tables::execute(storage, parse(body)?))?),
        "UpdateTimeToLive" => serialize(&run(actions::update_time_to_live::execute(storage, parse(body)?))?),
        "DescribeTimeToLive" => serialize(&run(actions::describe_time_to_live::execute(storage, parse(body)?))?),
        "DescribeStream" => serialize(&run(actions::describe_stream::execute(storage, parse(body)?))?),
        "GetShardIterator" => serialize(&run(actions::get_shard_iterator::execute(storage, parse(body)?))?),
        "GetRecords" => serialize(&run(actions::get_records::execute(storage, parse(body)?))?),
        _ => Err(DynoxideError::UnsupportedCapability(operation.to_owned())),
    }
}

fn serialize(response: &impl Serialize) -> dynoxide::Result<Vec<u8>> {
    serde_json::to_vec(response).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// Reads a request. dynoxide's own checks report through the parser's message, marked with the error's class.
fn parse<T: DeserializeOwned>(body: &[u8]) -> dynoxide::Result<T> {
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        if let Some(words) = text.strip_prefix("VALIDATION_REQUEST:") {
            return DynoxideError::ValidationException(format!("1 validation error detected: {words}"));
        }
        if let Some(words) = text.strip_prefix("SERIALIZATION:") {
            return DynoxideError::SerializationException(words.to_owned());
        }
        let words = text.strip_prefix("VALIDATION:").unwrap_or(text);
        DynoxideError::ValidationException(words.to_owned())
    })
}

/// The table failed before it could say how; the SDK tries again.
fn unanswered() -> Reply {
    Reply::coded(500, "InternalServerError", "The table did not answer.")
}

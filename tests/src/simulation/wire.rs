//! Between the SDK and its services: where a call stops, is throttled, fails before or after its effect, and is seen.
//!
//! The table's calls go on to the emulator's own service; the queue's end here, in virtual time.

use super::executor::Gate;
use super::state::{Shared, State};
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::{AsyncSleep, RuntimeComponents, SharedAsyncSleep, SharedHttpClient, Sleep};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::time::Duration;

/// The clients of a scenario.
pub(super) fn clients(aws: &local_aws::Aws, shared: &Shared) -> (aws_sdk_dynamodb::Client, aws_sdk_sqs::Client) {
    let tries = shared.lock().weather.tries;
    let retries = || RetryConfig::standard().with_max_attempts(tries);
    // Of its own, and with tokens without end: what one scenario used up would be missing in the next.
    let partition = || RetryPartition::custom("simulation").token_bucket(TokenBucket::unlimited()).build();
    let table = aws.dynamodb();
    let inner = table.config().http_client().expect("a client");
    let table = table.config().to_builder().http_client(Wire { shared: shared.clone(), inner: Some(inner) });
    let table = table.retry_config(retries()).retry_partition(partition()).sleep_impl(NoSleep);
    let queue = aws.sqs();
    let queue = queue.config().to_builder().http_client(Wire { shared: shared.clone(), inner: None });
    let queue = queue.retry_config(retries()).retry_partition(partition()).sleep_impl(NoSleep);
    (aws_sdk_dynamodb::Client::from_conf(table.build()), aws_sdk_sqs::Client::from_conf(queue.build()))
}

/// Pauses between the SDK's own tries take no time.
#[derive(Debug)]
struct NoSleep;

impl AsyncSleep for NoSleep {
    fn sleep(&self, _: Duration) -> Sleep {
        Sleep::new(Gate::default())
    }
}

impl From<NoSleep> for SharedAsyncSleep {
    fn from(none: NoSleep) -> Self {
        Self::new(none)
    }
}

#[derive(Debug, Clone)]
struct Wire {
    shared: Shared,
    /// The table's service; none for the queue.
    inner: Option<SharedHttpClient>,
}

/// A wire for one call.
#[derive(Debug)]
struct Line {
    shared: Shared,
    inner: Option<SharedHttpConnector>,
}

impl HttpClient for Wire {
    fn http_connector(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.as_ref().map(|inner| inner.http_connector(settings, parts));
        SharedHttpConnector::new(Line { shared: self.shared.clone(), inner })
    }
}

impl HttpConnector for Line {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (shared, inner) = (self.shared.clone(), self.inner.clone());
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        HttpConnectorFuture::new(async move {
            // Here the process may die before the call.
            Gate::default().await;
            let Some(fails_after) = fate(&mut shared.lock(), &operation, inner.is_some()) else {
                return Ok(refusal(&shared, inner.is_some()));
            };
            let body = request.body().bytes().map(<[u8]>::to_vec).unwrap_or_default();
            let writes = inner.is_some() && !matches!(&*operation, "GetItem" | "Query" | "BatchGetItem" | "Scan");
            let answer = match inner {
                Some(inner) => inner.call(request).await?,
                None => taken(&mut shared.lock(), &body),
            };
            if writes {
                shared.lock().wrote(&operation, &body, answer.status().as_u16() == 200);
                // And here after its effect, before anybody knows.
                Gate::default().await;
            }
            Ok(if fails_after { refusal(&shared, true) } else { answer })
        })
    }
}

/// `None`: nothing happens, and the caller is told so. Else whether the caller is told so all the same.
fn fate(state: &mut State, operation: &str, table: bool) -> Option<bool> {
    let (before, after) = (state.weather.fails_before, state.weather.fails_after);
    state.tally.count(if table { "calls to the table" } else { "calls to the queue" });
    if state.strikes(before) {
        state.tally.count("calls that failed before their effect");
        state.note(format_args!("{operation} fails before its effect"));
        return None;
    }
    let fails_after = state.strikes(after);
    if fails_after {
        state.tally.count("calls that failed after their effect");
        state.note(format_args!("{operation} fails after its effect"));
    }
    Some(fails_after)
}

/// Throttled, or an internal error: the SDK tries both again.
fn refusal(shared: &Shared, table: bool) -> HttpResponse {
    let throttled = shared.lock().dice.happens(0.5);
    let (status, code) = match (throttled, table) {
        (true, true) => (400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"),
        (true, false) => (400, "com.amazonaws.sqs#RequestThrottled"),
        (false, true) => (500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
        (false, false) => (500, "com.amazonaws.sqs#InternalError"),
    };
    response(status, &json!({"__type": code, "message": "bad weather"}))
}

/// The queue's only operation that handlers use: `SendMessageBatch`. Some entries may not be taken.
fn taken(state: &mut State, body: &[u8]) -> HttpResponse {
    let request: Value = serde_json::from_slice(body).expect("JSON");
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    let batch = state.current;
    for entry in request["Entries"].as_array().expect("entries") {
        let id = &entry["Id"];
        let probability = state.weather.fails_before / 2.0;
        if state.strikes(probability) {
            failed.push(json!({"Id": id, "Code": "InternalError", "SenderFault": false}));
            continue;
        }
        let delay = SignedDuration::from_secs(entry["DelaySeconds"].as_i64().unwrap_or(0));
        let visible_at = state.now + delay;
        let message = state.queue.send(entry["MessageBody"].as_str().expect("a body").to_owned(), batch, visible_at);
        state.note(format_args!("message {message} is sent: {}", entry["MessageBody"]));
        successful.push(json!({"Id": id, "MessageId": message.to_string()}));
    }
    response(200, &json!({"Successful": successful, "Failed": failed}))
}

fn response(status: u16, body: &Value) -> HttpResponse {
    HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body.to_string()))
}

//! Handlers in AWS Lambda: thin adapters around the same functions that the emulator calls.

mod answer;
mod aws;
mod environment;
mod parameters;

use crate::app::{App, Outside};
use crate::clock::SystemClock;
use crate::functions::Functions;
use crate::queue::{Queue, rest};
use crate::secret::KeyRing;
use crate::sender::Sender;
use crate::settings::{Settings, variable};
use crate::store::Store;
use crate::telemetry::{self, LevelFilter};
use aws_lambda_events::event::dynamodb::{Event as StreamEvent, EventRecord};
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use domain::address::Guard;
use domain::config::EnvReference;
use domain::run::Surroundings;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Map, Value};
use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Serves HTTP.
///
/// # Errors
/// If the runtime's interface does not answer.
pub async fn http(router: axum::Router) -> Result<(), Error> {
    lambda_http::run(tower::util::MapResponse::new(router, answer::Answer)).await
}

/// Handles SQS messages one by one; those that fail come again after a [`rest`], the others don't.
///
/// # Errors
/// If the runtime's interface does not answer.
pub async fn queue<F, Fut, E>(app: Arc<App>, handle: F) -> Result<(), Error>
where
    F: Fn(Arc<App>, String, u32) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Display,
{
    let handle = &handle;
    lambda_runtime::run(service_fn(|event: LambdaEvent<SqsEvent>| {
        let app = app.clone();
        async move {
            let each = event.payload.records.into_iter().map(|message| {
                let app = app.clone();
                async move {
                    let body = message.body.clone().unwrap_or_default();
                    match handle(app.clone(), body, received(&message)).await {
                        Ok(()) => None,
                        Err(error) => Some(failed(&app.queue, message, error).await),
                    }
                }
            });
            let mut response = SqsBatchResponse::default();
            response.batch_item_failures = futures_util::future::join_all(each).await.into_iter().flatten().collect();
            Ok::<_, Error>(response)
        }
    }))
    .await
}

/// Lets a message rest that could not be processed, and says that it is to come again.
pub async fn failed(queue: &Queue, message: SqsMessage, error: impl Display) -> BatchItemFailure {
    let rest = rest(received(&message));
    let (id, receipt) = (message.message_id.unwrap_or_default(), message.receipt_handle.unwrap_or_default());
    tracing::error!(message.id = id, %error, "a message could not be processed");
    if let Err(error) = queue.leave(&receipt, rest).await {
        tracing::warn!(message.id = id, %error, "a message rests longer than it would have to");
    }
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = id;
    failure
}

/// How often a message has come, from 1
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>).
pub fn received(message: &SqsMessage) -> u32 {
    message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// Handles a batch of stream records in order; the first that fails comes again, with all after it.
///
/// # Errors
/// If the runtime's interface does not answer.
pub async fn stream<F, Fut, E>(app: Arc<App>, handle: F) -> Result<(), Error>
where
    F: Fn(Arc<App>, Vec<EventRecord>) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Display,
{
    let handle = &handle;
    lambda_runtime::run(service_fn(|event: LambdaEvent<StreamEvent>| {
        let app = app.clone();
        async move {
            let first = event.payload.records.first().and_then(|record| record.change.sequence_number.clone());
            let mut response = DynamoDbEventResponse::default();
            if let Err(error) = handle(app, event.payload.records).await {
                tracing::error!(%error, "stream records could not be relayed");
                let mut failure = DynamoDbBatchItemFailure::default();
                failure.item_identifier = first;
                response.batch_item_failures.push(failure);
            }
            Ok::<_, Error>(response)
        }
    }))
    .await
}

/// Handles each tick of a schedule.
///
/// # Errors
/// If the runtime's interface does not answer.
pub async fn schedule<F, Fut, E>(app: Arc<App>, handle: F) -> Result<(), Error>
where
    F: Fn(Arc<App>) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Display,
{
    let handle = &handle;
    lambda_runtime::run(service_fn(|_: LambdaEvent<Value>| {
        let app = app.clone();
        async move { handle(app).await.map_err(|error| Error::from(error.to_string())) }
    }))
    .await
}

/// What a function is given in AWS.
///
/// The file is `RINGBACK_CONFIG` (`ringback.yml` beside the function unless set), and every `${gateway:…}` and
/// `${listener.url}` is below `RINGBACK_PUBLIC_URL`. The keys of secrets are in `RINGBACK_KEY`, or in the SSM parameter that
/// `RINGBACK_KEY_PARAMETER` names. What the file reads as `${env.X}` is the function's variable `X`, or else the SSM
/// parameter `X` below the path `RINGBACK_ENV_PATH`.
///
/// # Errors
/// If a setting is missing, or the file can't be used.
pub async fn app() -> Result<Arc<App>, Error> {
    let aws = aws::config(variable);
    let keys = keys(&aws).await?;
    start(&aws, Some(keys)).await
}

/// The same for a function that renders no template and opens no secret, and so needs no right to read any.
///
/// It is given no listeners and sources: their secrets are in the environment that it doesn't have.
///
/// # Errors
/// As [`app`].
pub async fn app_without_secrets() -> Result<Arc<App>, Error> {
    let aws = aws::config(variable);
    start(&aws, None).await
}

async fn start(aws: &aws_config::SdkConfig, keys: Option<KeyRing>) -> Result<Arc<App>, Error> {
    // Each line is paid for: a request that is taken leaves none.
    telemetry::start(true, LevelFilter::WARN);
    let settings = Settings::from_env()?;
    let path = variable("RINGBACK_CONFIG").unwrap_or_else(|| "ringback.yml".to_owned());
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let loaded = domain::config::load(&text, &path);
    let refusal = loaded.diagnostics.iter().find(|diagnostic| diagnostic.code.refuses_start());
    let mut config = match (loaded.config, refusal) {
        (Some(config), None) => config,
        (_, Some(diagnostic)) => return Err(diagnostic.to_string().into()),
        (None, None) => return Err(format!("{path}: nothing in it").into()),
    };
    let needs_workers = config.programs.values().any(|program| program.command().is_some());
    if (needs_workers || settings.runtime_programs) && settings.programs_queue_url.is_empty() {
        return Err(format!("{path} has programs: RINGBACK_PROGRAMS_QUEUE_URL must be set").into());
    }
    let path = variable("RINGBACK_ENV_PATH").filter(|_| keys.is_some());
    let has_secrets = keys.is_some();
    if !has_secrets {
        config.listeners.clear();
        config.sources.clear();
    }
    let env = environment::environment(aws, &loaded.env, path.as_deref(), &variable).await?;
    let public_url = variable("RINGBACK_PUBLIC_URL").unwrap_or_default();
    // The API is where the sources are, and a provider may know it by a name of its own.
    let (api, own) = (config.controller.port, config.controller.public_url.clone());
    let url_of_port = |port: u16| own.clone().filter(|_| port == api).or_else(|| Some(public_url.clone()));
    let surroundings = Surroundings::of(&config, env, url_of_port);
    let (dynamodb, sqs) = (aws_sdk_dynamodb::Client::new(aws), aws_sdk_sqs::Client::new(aws));
    let guard = Guard::allowing(config.delivery.allow_private.iter().copied()).guarding_machine();
    let keys = Arc::new(keys.unwrap_or_else(KeyRing::generate));
    let surroundings = surroundings.with_capabilities(&config, keys.derive("callback tokens"));
    let store = Store::new(dynamodb, settings.table.clone(), settings.shards, settings.retention);
    let outside = Outside {
        store: store.clone(),
        queue: Queue::new(sqs, settings.queue_url.clone(), settings.programs_queue_url.clone()),
        functions: Some(Functions::new(aws.clone(), settings.max_response)),
        sender: Sender::new(settings.max_response, guard)?,
        keys,
        clock: Arc::new(SystemClock),
        chance: Default::default(),
        settings,
    };
    let app = App::new(outside, Arc::new(config), surroundings)?;
    // Without the keys there is nothing to seal with: what is sealed in the table stays so.
    let app = if has_secrets { app } else { App { store, ..app } };
    // A function without secrets starts no run and follows none.
    let definition = if has_secrets { app.keep_definition(&text, true).await? } else { None };
    Ok(Arc::new(app.with_definition(definition)))
}

/// What a file reads as `${env.X}`: each the variable of that name, or else the SSM parameter of that name below the path
/// `RINGBACK_ENV_PATH`, where that is set.
///
/// # Errors
/// If the path is set and a variable without a default is neither, or the parameters can't be read.
pub async fn env(aws: &aws_config::SdkConfig, reads: &[EnvReference]) -> Result<Map<String, Value>, Error> {
    environment::environment(aws, reads, variable("RINGBACK_ENV_PATH").as_deref(), &variable).await
}

/// The keys of secrets.
///
/// `RINGBACK_KEY`, or the SSM parameter that `RINGBACK_KEY_PARAMETER` names. They are read once, when a
/// function starts: after a rotation, functions that run already don't know the new key until they start anew, so the new key
/// is first added behind the current one, and moved in front later.
///
/// # Errors
/// In words, if there are none, or they can't be read.
pub async fn keys(aws: &aws_config::SdkConfig) -> Result<KeyRing, Error> {
    if let Some(text) = variable("RINGBACK_KEY").map(Zeroizing::new) {
        return KeyRing::parse(&text).map_err(|error| format!("RINGBACK_KEY: {error}").into());
    }
    let Some(name) = variable("RINGBACK_KEY_PARAMETER") else {
        return Err("RINGBACK_KEY or RINGBACK_KEY_PARAMETER must be set: the keys of secrets".into());
    };
    let text = parameters::parameters(aws, std::slice::from_ref(&name)).await?.remove(&name).unwrap_or_default();
    KeyRing::parse(&text).map_err(|error| format!("the SSM parameter {name}: {error}").into())
}

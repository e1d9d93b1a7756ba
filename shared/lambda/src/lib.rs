//! Handlers in AWS Lambda: thin adapters around the same functions that the emulator calls.

mod answer;
mod aws;

use application::app::{App, Outside};
use aws_lambda_events::event::dynamodb::{Event as StreamEvent, EventRecord};
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use domain::address::Guard;
use domain::run::Surroundings;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use platform::environment::{Environment, keys, of_file};
use platform::functions::Functions;
use platform::queue::{Queue, rest};
use platform::secret::KeyRing;
use platform::sender::Sender;
use platform::settings::Settings;
use platform::signed::Signed;
use platform::telemetry::{self, LevelFilter};
use serde_json::Value;
use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;

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
    let environment = Environment::of_process();
    let aws = aws::config(&environment);
    let signed = Signed::new(aws.clone());
    let keys = keys(&environment, &signed).await?;
    start(environment, &aws, signed, Some(keys)).await
}

/// The same for a function that renders no template and opens no secret, and so needs no right to read any.
///
/// It is given no listeners and sources: their secrets are in the environment that it doesn't have.
///
/// # Errors
/// As [`app`].
pub async fn app_without_secrets() -> Result<Arc<App>, Error> {
    let environment = Environment::of_process();
    let aws = aws::config(&environment);
    let signed = Signed::new(aws.clone());
    start(environment, &aws, signed, None).await
}

async fn start(
    environment: Environment,
    aws: &aws_config::SdkConfig,
    signed: Signed,
    keys: Option<KeyRing>,
) -> Result<Arc<App>, Error> {
    // Each line is paid for: a request that is taken leaves none.
    telemetry::start(&environment, true, LevelFilter::WARN);
    let settings = Settings::read(&environment)?;
    let path = environment.text("RINGBACK_CONFIG").unwrap_or_else(|| "ringback.yml".to_owned());
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
    let has_secrets = keys.is_some();
    let path = environment.get("RINGBACK_ENV_PATH").filter(|_| has_secrets);
    if !has_secrets {
        config.listeners.clear();
        config.sources.clear();
    }
    let env = of_file(&environment, &signed, &loaded.env, path).await?;
    let public_url = environment.text("RINGBACK_PUBLIC_URL").unwrap_or_default();
    // The API is where the sources are, and a provider may know it by a name of its own.
    let (api, own) = (config.controller.port, config.controller.public_url.clone());
    let url_of_port = |port: u16| own.clone().filter(|_| port == api).or_else(|| Some(public_url.clone()));
    let surroundings = Surroundings::of(&config, env, url_of_port);
    let surroundings = match &keys {
        Some(keys) => surroundings.with_capabilities(&config, keys.derive("callback tokens")),
        None => surroundings,
    };
    let (dynamodb, sqs) = (aws_sdk_dynamodb::Client::new(aws), aws_sdk_sqs::Client::new(aws));
    let guard = Guard::allowing(config.delivery.allow_private.iter().copied()).guarding_machine();
    let sender = Sender::new(settings.max_response, guard)?;
    let functions = Some(Functions::new(signed, settings.max_response));
    let outside = Outside::through(dynamodb, sqs, settings, sender, keys.map(Arc::new));
    let app = App::new(Outside { functions, environment, ..outside }, Arc::new(config), surroundings)?;
    // A function without secrets starts no run and follows none.
    let definition = if has_secrets { app.keep_definition(&text, true).await? } else { None };
    Ok(Arc::new(app.with_definition(definition)))
}

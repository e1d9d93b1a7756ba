//! The table and the queues, made where they are missing: as infra/ makes them, for an AWS without `CloudFormation`.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
};
use aws_sdk_sqs::Client as Sqs;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;
use std::fmt::Debug;
use std::time::Duration;

/// How long a table may take to be made.
const PATIENCE: Duration = Duration::from_secs(120);
/// Seconds that a queue keeps a message: 14 days, as infra/lib/queues.ts says.
const KEPT: &str = "1209600";

/// What to look for, and to make where it is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The table.
    pub table: String,
    /// The queue of calls; its dead letters' is `<name>-dead`.
    pub calls: String,
    /// The queue of programs, likewise.
    pub programs: String,
}

/// Where the queues are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The queue of calls.
    pub queue_url: String,
    /// The queue of programs.
    pub programs_queue_url: String,
}

impl Names {
    /// The table's name, and before those of the queues.
    pub fn of(table: &str) -> Self {
        Self { table: table.to_owned(), calls: format!("{table}-calls"), programs: format!("{table}-programs") }
    }
}

/// Makes what is missing. What is there stays as it is; repeating this changes nothing.
///
/// # Errors
/// In words, if something can't be made.
pub async fn provision(aws: &SdkConfig, names: &Names) -> Result<Places, String> {
    let (dynamodb, sqs) = (DynamoDb::new(aws), Sqs::new(aws));
    table(&dynamodb, &names.table).await?;
    let calls = queue(&sqs, &names.calls, super::super::CALL_RECEIVES).await?;
    let programs = queue(&sqs, &names.programs, worker::RECEIVES).await?;
    Ok(Places { queue_url: calls, programs_queue_url: programs })
}

async fn table(client: &DynamoDb, name: &str) -> Result<(), String> {
    match client.describe_table().table_name(name).send().await {
        Ok(_) => return Ok(()),
        Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {}
        Err(error) => return Err(failed("the table", name, error)),
    }
    let wrong = |error: aws_sdk_dynamodb::error::BuildError| error.to_string();
    let mut create = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for attribute in ["pk", "sk", "list", "at"] {
        let attribute = AttributeDefinition::builder().attribute_name(attribute).attribute_type(ScalarAttributeType::S);
        create = create.attribute_definitions(attribute.build().map_err(wrong)?);
    }
    let key = |hash: &str, range: &str| {
        let element = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
        Ok::<_, String>(vec![
            element(hash, KeyType::Hash).map_err(wrong)?,
            element(range, KeyType::Range).map_err(wrong)?,
        ])
    };
    let keys_alone = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let index = GlobalSecondaryIndex::builder().index_name("list").set_key_schema(Some(key("list", "at")?));
    let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewImage);
    let create = create
        .set_key_schema(Some(key("pk", "sk")?))
        .global_secondary_indexes(index.projection(keys_alone).build().map_err(wrong)?)
        .stream_specification(stream.build().map_err(wrong)?);
    match create.send().await {
        Ok(_) => {}
        // Another replica was quicker.
        Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => {}
        Err(error) => return Err(failed("the table", name, error)),
    }
    let waited = client.wait_until_table_exists().table_name(name).wait(PATIENCE).await;
    waited.map_err(|error| format!("the table `{name}` does not get ready: {error}"))?;
    let expiry = TimeToLiveSpecification::builder().attribute_name("expires").enabled(true).build().map_err(wrong)?;
    let expiring = client.update_time_to_live().table_name(name).time_to_live_specification(expiry).send().await;
    if let Err(error) = expiring {
        // Also where another replica has done so.
        tracing::warn!(error = %DisplayErrorContext(error), "what has expired may stay in the table");
    }
    Ok(())
}

/// The URL of a queue; it and its dead letters' are made if there is none.
async fn queue(client: &Sqs, name: &str, receives: u32) -> Result<String, String> {
    match client.get_queue_url().queue_name(name).send().await {
        Ok(found) => return found.queue_url.ok_or_else(|| format!("the queue `{name}` has no URL")),
        Err(error) if error.as_service_error().is_some_and(|e| e.is_queue_does_not_exist()) => {}
        Err(error) => return Err(failed("the queue", name, error)),
    }
    let dead = format!("{name}-dead");
    let create = client.create_queue().queue_name(&dead).attributes(QueueAttributeName::MessageRetentionPeriod, KEPT);
    let dead_url =
        create.send().await.map_err(|error| failed("the queue", &dead, error))?.queue_url.unwrap_or_default();
    let asked = client.get_queue_attributes().queue_url(&dead_url).attribute_names(QueueAttributeName::QueueArn);
    let asked = asked.send().await.map_err(|error| failed("the queue", &dead, error))?;
    let arn = asked.attributes().and_then(|attributes| attributes.get(&QueueAttributeName::QueueArn));
    let arn = arn.ok_or_else(|| format!("the queue `{dead}` has no ARN"))?;
    let redrive = json!({"deadLetterTargetArn": arn, "maxReceiveCount": receives}).to_string();
    let visibility = super::super::VISIBILITY.as_secs().to_string();
    let create = client
        .create_queue()
        .queue_name(name)
        .attributes(QueueAttributeName::MessageRetentionPeriod, KEPT)
        .attributes(QueueAttributeName::VisibilityTimeout, visibility)
        .attributes(QueueAttributeName::RedrivePolicy, redrive);
    let created = create.send().await.map_err(|error| failed("the queue", name, error))?;
    created.queue_url.ok_or_else(|| format!("the queue `{name}` has no URL"))
}

fn failed<E, R>(what: &str, name: &str, error: SdkError<E, R>) -> String
where
    E: std::error::Error + 'static,
    R: Debug,
{
    format!("{what} `{name}`: {}", DisplayErrorContext(error))
}

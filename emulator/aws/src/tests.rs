//! The services through their SDK clients.

mod dynamodb;
mod shares;
mod sqs;
mod stream;
mod mapping;
mod durability;
mod group_commit;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Aws, AwsOptions, QueueOptions};

const TABLE: &str = "ringback";

fn options() -> AwsOptions {
    let queue =
        QueueOptions { name: "work".to_owned(), visibility_timeout: Duration::from_secs(30), max_receive_count: 3 };
    AwsOptions { queues: vec![queue], ..AwsOptions::in_memory(TABLE) }
}

fn aws() -> Aws {
    Aws::open(options()).unwrap()
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// Puts `run#<id>` unless it is there.
fn put(aws: &Aws, id: &str, owed: bool) -> aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder {
    aws.dynamodb()
        .put_item()
        .table_name(TABLE)
        .item("pk", text(&format!("run#{id}")))
        .item("sk", text("run"))
        .item("owed", AttributeValue::Bool(owed))
        .condition_expression("attribute_not_exists(pk)")
}

//! Sends what the AWS SDK's builders ask for.
//!
//! The body of an async function is compiled in each crate that awaits it, with the bodies of all that it awaits, and what the SDK
//! does to send a request is large. A boxed future that a plain function returns is compiled once: here.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use futures_util::future::BoxFuture;

/// What becomes of a request: an answer, or why there is none.
pub type Dispatched<A, R> = BoxFuture<'static, Result<A, SdkError<R, HttpResponse>>>;

/// A request to AWS that can be sent.
pub trait Dispatch {
    /// The answer.
    type Answer;
    /// The error of the service.
    type Refusal;

    /// Sends it, with the SDK's retries and time-outs.
    fn dispatch(self) -> Dispatched<Self::Answer, Self::Refusal>;
}

macro_rules! dispatched {
    ($sdk:ident::$operation:ident, $builder:ident, $answer:ident, $refusal:ident) => {
        impl Dispatch for $sdk::operation::$operation::builders::$builder {
            type Answer = $sdk::operation::$operation::$answer;
            type Refusal = $sdk::operation::$operation::$refusal;

            fn dispatch(self) -> Dispatched<Self::Answer, Self::Refusal> {
                Box::pin(self.send())
            }
        }
    };
}

dispatched!(aws_sdk_dynamodb::batch_get_item, BatchGetItemFluentBuilder, BatchGetItemOutput, BatchGetItemError);
dispatched!(aws_sdk_dynamodb::batch_write_item, BatchWriteItemFluentBuilder, BatchWriteItemOutput, BatchWriteItemError);
dispatched!(aws_sdk_dynamodb::delete_item, DeleteItemFluentBuilder, DeleteItemOutput, DeleteItemError);
dispatched!(aws_sdk_dynamodb::get_item, GetItemFluentBuilder, GetItemOutput, GetItemError);
dispatched!(aws_sdk_dynamodb::put_item, PutItemFluentBuilder, PutItemOutput, PutItemError);
dispatched!(aws_sdk_dynamodb::query, QueryFluentBuilder, QueryOutput, QueryError);
dispatched!(aws_sdk_dynamodb::scan, ScanFluentBuilder, ScanOutput, ScanError);
dispatched!(
    aws_sdk_dynamodb::transact_write_items,
    TransactWriteItemsFluentBuilder,
    TransactWriteItemsOutput,
    TransactWriteItemsError
);
dispatched!(aws_sdk_dynamodb::update_item, UpdateItemFluentBuilder, UpdateItemOutput, UpdateItemError);
dispatched!(
    aws_sdk_sqs::change_message_visibility,
    ChangeMessageVisibilityFluentBuilder,
    ChangeMessageVisibilityOutput,
    ChangeMessageVisibilityError
);
dispatched!(
    aws_sdk_sqs::change_message_visibility_batch,
    ChangeMessageVisibilityBatchFluentBuilder,
    ChangeMessageVisibilityBatchOutput,
    ChangeMessageVisibilityBatchError
);
dispatched!(aws_sdk_sqs::delete_message, DeleteMessageFluentBuilder, DeleteMessageOutput, DeleteMessageError);
dispatched!(
    aws_sdk_sqs::delete_message_batch,
    DeleteMessageBatchFluentBuilder,
    DeleteMessageBatchOutput,
    DeleteMessageBatchError
);
dispatched!(
    aws_sdk_sqs::get_queue_attributes,
    GetQueueAttributesFluentBuilder,
    GetQueueAttributesOutput,
    GetQueueAttributesError
);
dispatched!(aws_sdk_sqs::get_queue_url, GetQueueUrlFluentBuilder, GetQueueUrlOutput, GetQueueUrlError);
dispatched!(aws_sdk_sqs::receive_message, ReceiveMessageFluentBuilder, ReceiveMessageOutput, ReceiveMessageError);
dispatched!(
    aws_sdk_sqs::send_message_batch,
    SendMessageBatchFluentBuilder,
    SendMessageBatchOutput,
    SendMessageBatchError
);

use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use super::*;
use crate::fault::{Answer, Call, Fault, Faults, Service};

#[tokio::test]
async fn a_lost_condition_is_the_modelled_error_and_brings_the_item() {
    let aws = aws();
    put(&aws, "1", false).item("by", text("first")).send().await.unwrap();
    let error = put(&aws, "1", false)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(lost) = error else {
        panic!("{error:?}")
    };
    assert_eq!(lost.item().unwrap()["by"], text("first"));
}

#[tokio::test]
async fn an_update_answers_with_the_item_as_it_became() {
    let aws = aws();
    put(&aws, "1", false).send().await.unwrap();
    let updated = aws
        .dynamodb()
        .update_item()
        .table_name(TABLE)
        .key("pk", text("run#1"))
        .key("sk", text("run"))
        .update_expression("SET tries = if_not_exists(tries, :none) + :one")
        .expression_attribute_values(":none", AttributeValue::N("0".to_owned()))
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
        .return_values(ReturnValue::AllNew)
        .send()
        .await
        .unwrap();
    assert_eq!(updated.attributes().unwrap()["tries"], AttributeValue::N("1".to_owned()));
}

#[tokio::test]
async fn the_list_index_is_sparse_and_ordered() {
    let aws = aws();
    for (id, at) in [("a", "2026-02"), ("b", "2026-01")] {
        put(&aws, id, false).item("list", text("runs")).item("at", text(at)).send().await.unwrap();
    }
    put(&aws, "unlisted", false).send().await.unwrap();
    let page = aws
        .dynamodb()
        .query()
        .table_name(TABLE)
        .index_name("list")
        .key_condition_expression("#list = :list")
        .expression_attribute_names("#list", "list")
        .expression_attribute_values(":list", text("runs"))
        .send()
        .await
        .unwrap();
    let keys: Vec<_> = page.items().iter().map(|item| item["pk"].clone()).collect();
    assert_eq!(keys, [text("run#b"), text("run#a")]);
}

#[tokio::test]
async fn other_errors_are_the_modelled_ones_too() {
    let aws = aws();
    let missing = aws
        .dynamodb()
        .get_item()
        .table_name("nowhere")
        .key("pk", text("x"))
        .key("sk", text("x"))
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(missing.is_resource_not_found_exception(), "{missing:?}");
    let invalid = aws
        .dynamodb()
        .put_item()
        .table_name(TABLE)
        .item("pk", text("only half a key"))
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert_eq!(invalid.meta().code(), Some("ValidationException"));
    let large = put(&aws, "1", false)
        .item("body", text(&"x".repeat(500 * 1024)))
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert_eq!(large.meta().code(), Some("ValidationException"));
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing_and_its_token_answers_again() {
    let aws = aws();
    put(&aws, "taken", false).send().await.unwrap();
    let action = |id: &str| {
        let put = Put::builder()
            .table_name(TABLE)
            .item("pk", text(&format!("run#{id}")))
            .item("sk", text("run"))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    let transact = |ids: [&str; 2]| {
        aws.dynamodb()
            .transact_write_items()
            .set_transact_items(Some(ids.into_iter().map(action).collect()))
            .client_request_token("token")
            .send()
    };
    let cancelled = transact(["new", "taken"]).await.unwrap_err().into_service_error();
    assert!(cancelled.is_transaction_canceled_exception(), "{cancelled:?}");
    transact(["new", "newer"]).await.unwrap();
    transact(["new", "newer"]).await.unwrap();
    let other = transact(["other", "another"]).await.unwrap_err().into_service_error();
    assert!(other.is_idempotent_parameter_mismatch_exception(), "{other:?}");
}

#[tokio::test]
async fn the_ledger_counts_as_aws_bills() {
    let aws = aws();
    let spent = async |id: &str, bytes: usize, listed: bool| {
        let before = aws.ledger().snapshot();
        let mut put = put(&aws, id, false).item("body", text(&"x".repeat(bytes)));
        if listed {
            put = put.item("list", text("runs")).item("at", text("now"));
        }
        // One of them loses its condition, and costs all the same.
        drop(put.send().await);
        &aws.ledger().snapshot() - &before
    };
    let small = spent("a", 600, false).await;
    assert_eq!((small.writes, small.write_units, small.index_write_units), (1, 1, 0));
    let large = spent("b", 2500, true).await;
    assert_eq!((large.writes, large.write_units, large.index_write_units), (1, 3, 1));
    let lost = spent("b", 2500, true).await;
    assert_eq!((lost.writes, lost.write_units, lost.index_write_units), (1, 3, 0));
    assert_eq!(lost.calls_of("PutItem"), 1);

    for (consistent, units) in [(false, 0.5), (true, 1.0)] {
        let before = aws.ledger().snapshot();
        let found = aws
            .dynamodb()
            .get_item()
            .table_name(TABLE)
            .key("pk", text("run#a"))
            .key("sk", text("run"))
            .consistent_read(consistent)
            .send()
            .await
            .unwrap();
        assert!(found.consumed_capacity().is_none());
        let read = &aws.ledger().snapshot() - &before;
        assert_eq!((read.reads, read.read_units, read.writes), (1, units, 0));
    }
}

/// Strikes the first call of an operation.
#[derive(Debug)]
struct Once(&'static str, Fault, AtomicU32);

impl Faults for Once {
    fn strike(&self, call: Call<'_>) -> Option<Fault> {
        let Self(operation, fault, calls) = self;
        assert_eq!(call.service, Service::DynamoDb);
        (call.operation == *operation && calls.fetch_add(1, Ordering::Relaxed) == 0).then_some(*fault)
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_write_is_tried_again_by_the_sdk() {
    let weather = Once("PutItem", Fault::Before(Answer::Throttled), AtomicU32::new(0));
    let aws = Aws::open(AwsOptions { faults: Some(std::sync::Arc::new(weather)), ..options() }).unwrap();
    put(&aws, "1", false).send().await.unwrap();
    assert_eq!(aws.ledger().snapshot().writes, 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_meets_itself_when_it_is_tried_again() {
    let weather = Once("PutItem", Fault::After(Answer::Internal), AtomicU32::new(0));
    let aws = Aws::open(AwsOptions { faults: Some(std::sync::Arc::new(weather)), ..options() }).unwrap();
    let error = put(&aws, "1", false).send().await.unwrap_err().into_service_error();
    assert!(error.is_conditional_check_failed_exception(), "{error:?}");
    assert_eq!(aws.ledger().snapshot().writes, 2);
}

#[tokio::test]
async fn expired_items_go_when_swept_and_not_before() {
    let aws = aws();
    for (id, expires) in [("old", "1000"), ("young", "2000")] {
        put(&aws, id, false)
            .item("expires", AttributeValue::N(expires.to_owned()))
            .item("list", text("runs"))
            .item("at", text(id))
            .send()
            .await
            .unwrap();
    }
    put(&aws, "eternal", false).send().await.unwrap();
    let at = |seconds| std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    assert_eq!(aws.sweep_ttl(at(999)).unwrap(), 0);
    assert_eq!(aws.sweep_ttl(at(1000)).unwrap(), 1);
    assert_eq!(aws.sweep_ttl(at(1000)).unwrap(), 0);
    let left = aws.dynamodb().scan().table_name(TABLE).send().await.unwrap();
    assert_eq!(left.count(), 2);
}

#[tokio::test]
async fn a_request_that_finds_the_table_busy_leaves_its_thread_to_others() {
    let aws = aws();
    let turn = aws.database.turn().await;
    let mut write = Box::pin(put(&aws, "a", true).send());
    assert!(futures_util::poll!(&mut write).is_pending());
    assert_eq!(aws.stream().read_after(0, 1).unwrap(), []);
    drop(turn);
    write.await.unwrap();
    assert_eq!(aws.stream().read_after(0, 1).unwrap().len(), 1);
}

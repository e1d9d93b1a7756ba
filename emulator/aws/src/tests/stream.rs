use serde_dynamo::AttributeValue as Image;

use super::*;

fn ids(records: &[crate::StreamRecord]) -> Vec<String> {
    let id = |record: &crate::StreamRecord| {
        let Image::S(pk) = &record.record.change.new_image["pk"] else { panic!("{record:?}") };
        pk.trim_start_matches("run#").to_owned()
    };
    records.iter().map(id).collect()
}

#[tokio::test]
async fn records_come_in_order_and_only_those_that_owe() {
    let aws = aws();
    for (id, owed) in [("a", true), ("b", false), ("c", true), ("d", true)] {
        put(&aws, id, owed).send().await.unwrap();
    }
    let records = aws.stream().read_after(0, 10).unwrap();
    assert_eq!(ids(&records), ["a", "c", "d"]);
    assert!(records.is_sorted_by_key(|record| record.sequence));
    let rest = aws.stream().read_after(records[0].sequence, 1).unwrap();
    assert_eq!(ids(&rest), ["c"]);
    assert_eq!(rest[0].record.event_name, "INSERT");
    assert_eq!(rest[0].record.change.keys.len(), 2);
}

#[tokio::test]
async fn an_update_is_a_record_if_its_outcome_owes() {
    let aws = aws();
    put(&aws, "a", false).send().await.unwrap();
    for owed in [true, false] {
        aws.dynamodb()
            .update_item()
            .table_name(TABLE)
            .key("pk", text("run#a"))
            .key("sk", text("run"))
            .update_expression("SET #flag = :owed")
            .expression_attribute_names("#flag", "owed")
            .expression_attribute_values(":owed", AttributeValue::Bool(owed))
            .send()
            .await
            .unwrap();
    }
    let records = aws.stream().read_after(0, 10).unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].record.event_name, "MODIFY");
}

#[tokio::test]
async fn a_failed_condition_leaves_no_record() {
    let aws = aws();
    put(&aws, "a", true).send().await.unwrap();
    put(&aws, "a", true).send().await.unwrap_err();
    assert_eq!(aws.stream().read_after(0, 10).unwrap().len(), 1);
}

#[tokio::test]
async fn text_and_nested_attributes_do_not_pass_the_filter() {
    let aws = aws();
    let nested = AttributeValue::M([("owed".to_owned(), AttributeValue::Bool(true))].into());
    put(&aws, "text", false).item("body", text(r#"{"owed":{"BOOL":true}}"#)).send().await.unwrap();
    put(&aws, "nested", false).item("body", nested).send().await.unwrap();
    put(&aws, "real", true).send().await.unwrap();
    assert_eq!(ids(&aws.stream().read_after(0, 1).unwrap()), ["real"]);
}

#[tokio::test]
async fn an_image_leaves_out_what_no_relay_reads() {
    let aws = aws();
    let mut large = put(&aws, "a", true).item("owes", text("[]")).item("data", text("kept"));
    for name in ["run", "request", "result", "progress"] {
        large = large.item(name, text(&"x".repeat(1000)));
    }
    large.send().await.unwrap();
    let record = &aws.stream().read_after(0, 1).unwrap()[0].record;
    let mut names: Vec<&str> = record.change.new_image.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["data", "owed", "owes", "pk", "sk"]);
    assert_eq!(record.change.new_image["data"], Image::S("kept".to_owned()));
}

#[tokio::test]
async fn removed_records_are_gone_and_their_numbers_are_not_used_again() {
    let aws = aws();
    put(&aws, "a", true).send().await.unwrap();
    put(&aws, "b", true).send().await.unwrap();
    let records = aws.stream().read_after(0, 10).unwrap();
    aws.stream().remove(&[records[0].sequence]).unwrap();
    assert_eq!(ids(&aws.stream().read_after(0, 10).unwrap()), ["b"]);
    aws.stream().trim(records[1].sequence).unwrap();
    assert_eq!(aws.stream().read_after(0, 10).unwrap(), []);
    put(&aws, "c", true).send().await.unwrap();
    let later = aws.stream().read_after(records[1].sequence, 10).unwrap();
    assert_eq!(ids(&later), ["c"]);
}

#[tokio::test]
async fn batches_and_transactions_are_in_the_stream_too() {
    use aws_sdk_dynamodb::types::{Put, PutRequest, TransactWriteItem, WriteRequest};
    let aws = aws();
    let item = |id: &str| {
        let owed = AttributeValue::Bool(true);
        [("pk", text(&format!("run#{id}"))), ("sk", text("run")), ("owed", owed)]
            .map(|(name, value)| (name.to_owned(), value))
    };
    let put = |id| PutRequest::builder().set_item(Some(item(id).into())).build().unwrap();
    let writes = ["a", "b"].map(|id| WriteRequest::builder().put_request(put(id)).build());
    aws.dynamodb().batch_write_item().request_items(TABLE, writes.into()).send().await.unwrap();
    let put = |id| Put::builder().table_name(TABLE).set_item(Some(item(id).into())).build().unwrap();
    let actions = ["c", "d"].map(|id| TransactWriteItem::builder().put(put(id)).build());
    aws.dynamodb().transact_write_items().set_transact_items(Some(actions.into())).send().await.unwrap();
    assert_eq!(ids(&aws.stream().read_after(0, 10).unwrap()), ["a", "b", "c", "d"]);
    assert_eq!(aws.ledger().snapshot().writes, 4);
    assert_eq!(aws.ledger().snapshot().write_units, 6);
}

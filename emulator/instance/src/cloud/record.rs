//! Records of the stream, in the form in which Lambda hands them to `relay`.

use aws_lambda_events::event::dynamodb::{EventRecord, StreamRecord};
use aws_sdk_dynamodbstreams::types::{AttributeValue, OperationType, Record};
use serde_dynamo::Item;
use std::collections::HashMap;

/// The record, if its item owes work: what the mapping's filter does in Lambda.
pub(super) fn owing(record: Record) -> Option<EventRecord> {
    if record.event_name == Some(OperationType::Remove) {
        return None;
    }
    let change = record.dynamodb?;
    let image = change.new_image?;
    if image.get("owed") != Some(&AttributeValue::Bool(true)) {
        return None;
    }
    let item = |attributes: HashMap<String, AttributeValue>| Item::from(attributes);
    let mut given = StreamRecord::default();
    given.keys = item(change.keys.unwrap_or_default());
    given.new_image = item(image);
    given.sequence_number = change.sequence_number;
    let mut owing = EventRecord::default();
    owing.change = given;
    owing.event_id = record.event_id.unwrap_or_default();
    owing.event_name = record.event_name.map(|name| name.as_str().to_owned()).unwrap_or_default();
    Some(owing)
}

#[cfg(test)]
mod tests {
    use super::owing;
    use aws_sdk_dynamodbstreams::primitives::Blob;
    use aws_sdk_dynamodbstreams::types::{AttributeValue, OperationType, Record, StreamRecord};
    use platform::store::Owes;

    fn record(name: OperationType, owed: Option<AttributeValue>) -> Record {
        let image = StreamRecord::builder()
            .sequence_number("7")
            .keys("pk", AttributeValue::S("run#a".into()))
            .new_image("run", AttributeValue::B(Blob::new([0, 1])))
            .new_image("owes", AttributeValue::S(r#"[{"work":"operate","operation":"o","step":1}]"#.into()));
        let image = match owed {
            Some(owed) => image.new_image("owed", owed),
            None => image,
        };
        Record::builder().event_name(name).dynamodb(image.build()).build()
    }

    #[test]
    fn only_what_owes_work_is_relayed_and_reads_as_in_lambda() {
        let owed = || Some(AttributeValue::Bool(true));
        for name in [OperationType::Insert, OperationType::Modify] {
            let given = owing(record(name, owed())).expect("it owes");
            assert_eq!(given.change.sequence_number.as_deref(), Some("7"));
            assert!(matches!(Owes::read(&given.change.new_image), Ok(Owes::Messages(owed)) if owed.len() == 1));
        }
        assert!(owing(record(OperationType::Remove, owed())).is_none());
        assert!(owing(record(OperationType::Insert, None)).is_none());
        assert!(owing(record(OperationType::Insert, Some(AttributeValue::Bool(false)))).is_none());
        assert!(owing(Record::builder().build()).is_none());
    }
}

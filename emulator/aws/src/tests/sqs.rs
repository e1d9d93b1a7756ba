use aws_lambda_events::event::sqs::SqsMessage;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use platform::queue::REST_OF_DELAY;
use tokio::time::Instant;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_delayed_message_ends_a_long_poll_when_its_time_has_come() {
    let aws = aws();
    let url = aws.queue_url("work");
    aws.sqs().send_message().queue_url(&url).message_body("later").delay_seconds(7).send().await.unwrap();
    let started = Instant::now();
    let received = aws.sqs().receive_message().queue_url(&url).wait_time_seconds(20).send().await.unwrap();
    assert_eq!(received.messages()[0].body(), Some("later"));
    assert_eq!(started.elapsed().as_secs(), 7);
    let none = aws.sqs().receive_message().queue_url(&url).wait_time_seconds(2).send().await.unwrap();
    assert!(none.messages().is_empty());
    assert_eq!(started.elapsed().as_secs(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_message_comes_again_until_it_is_a_dead_letter() {
    let aws = aws();
    let url = aws.queue_url("work");
    aws.sqs().send_message().queue_url(&url).message_body("poison").send().await.unwrap();
    for _ in 0..3 {
        let received = aws.sqs().receive_message().queue_url(&url).wait_time_seconds(20).send().await.unwrap();
        assert_eq!(received.messages().len(), 1);
        tokio::time::advance(Duration::from_secs(30)).await;
    }
    let received = aws.sqs().receive_message().queue_url(&url).send().await.unwrap();
    assert!(received.messages().is_empty());
    let dead = aws.queue_url("work-dead");
    let received = aws.sqs().receive_message().queue_url(&dead).send().await.unwrap();
    assert_eq!(received.messages()[0].body(), Some("poison"));
}

#[tokio::test(start_paused = true)]
async fn time_scale_shortens_delays() {
    let aws = Aws::open(AwsOptions { time_scale: 60, ..options() }).unwrap();
    let url = aws.queue_url("work");
    aws.sqs().send_message().queue_url(&url).message_body("later").delay_seconds(900).send().await.unwrap();
    let started = Instant::now();
    aws.sqs().receive_message().queue_url(&url).wait_time_seconds(20).send().await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 15);
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_exact_to_the_millisecond_where_the_sender_says_so() {
    for (time_scale, millis, rest) in [(1, 2_250, "250"), (10, 225, "250"), (1, 2_000, "1000"), (1, 2_000, "soon")] {
        let aws = Aws::open(AwsOptions { time_scale, ..options() }).unwrap();
        let url = aws.queue_url("work");
        let rest = MessageAttributeValue::builder().data_type("Number").string_value(rest).build().unwrap();
        let send = aws.sqs().send_message().queue_url(&url).message_body("later").delay_seconds(2);
        send.message_attributes(REST_OF_DELAY, rest).send().await.unwrap();
        let started = Instant::now();
        aws.sqs().receive_message().queue_url(&url).wait_time_seconds(20).send().await.unwrap();
        assert_eq!(started.elapsed().as_millis(), millis);
    }
}

#[tokio::test]
async fn a_batch_tells_what_became_of_each_entry() {
    let aws = aws();
    let entry = |id: &str, delay: i32| {
        SendMessageBatchRequestEntry::builder().id(id).message_body(id).delay_seconds(delay).build().unwrap()
    };
    let send = |entries: Vec<_>| {
        aws.sqs().send_message_batch().queue_url(aws.queue_url("work")).set_entries(Some(entries)).send()
    };
    let sent = send(vec![entry("good", 0), entry("late", 901)]).await.unwrap();
    assert_eq!(sent.successful()[0].id(), "good");
    assert_eq!(sent.failed()[0].id(), "late");
    let many = (0..11).map(|n| entry(&n.to_string(), 0)).collect();
    let refused = send(many).await.unwrap_err().into_service_error();
    assert!(refused.is_too_many_entries_in_batch_request(), "{refused:?}");
}

#[tokio::test]
async fn a_group_is_named_as_sqs_takes_it() {
    let aws = aws();
    let url = aws.queue_url("work");
    let entry = |id: &str, group: &str| {
        SendMessageBatchRequestEntry::builder().id(id).message_body(id).message_group_id(group).build().unwrap()
    };
    let (longest, longer) = ("x".repeat(128), "x".repeat(129));
    let groups = ["a!~", &longest, "", "a b", "배포", &longer];
    let entries = groups.iter().enumerate().map(|(n, group)| entry(&n.to_string(), group)).collect();
    let sent = aws.sqs().send_message_batch().queue_url(&url).set_entries(Some(entries)).send().await.unwrap();
    assert_eq!(sent.successful().iter().map(|one| one.id()).collect::<Vec<_>>(), ["0", "1"]);
    let failed: Vec<_> = sent.failed().iter().map(|one| (one.id(), one.code(), one.sender_fault())).collect();
    assert_eq!(failed, ["2", "3", "4", "5"].map(|id| (id, "InvalidParameterValue", true)));
    let alone = aws.sqs().send_message().queue_url(&url).message_body("x").message_group_id("배포").send().await;
    let refused = alone.unwrap_err().into_service_error();
    assert_eq!(refused.meta().code(), Some("InvalidParameterValue"), "{refused:?}");
}

#[tokio::test]
async fn errors_are_the_modelled_ones() {
    let aws = aws();
    let missing = aws
        .sqs()
        .send_message()
        .queue_url(aws.queue_url("nowhere"))
        .message_body("x")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(missing.is_queue_does_not_exist(), "{missing:?}");
    let invalid = aws
        .sqs()
        .delete_message()
        .queue_url(aws.queue_url("work"))
        .receipt_handle("nonsense")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(invalid.is_receipt_handle_is_invalid(), "{invalid:?}");
}

#[tokio::test]
async fn a_message_keeps_its_attributes_and_can_be_deleted() {
    let aws = aws();
    let url = aws.queue_url("work");
    let attribute = MessageAttributeValue::builder().data_type("String").string_value("17").build().unwrap();
    aws.sqs()
        .send_message()
        .queue_url(&url)
        .message_body("x")
        .message_group_id("endpoint")
        .message_attributes("sequence", attribute.clone())
        .send()
        .await
        .unwrap();
    let receive = aws.sqs().receive_message().queue_url(&url);
    let asked = ["ApproximateReceiveCount".into(), "MessageGroupId".into()];
    let receive = receive.set_message_system_attribute_names(Some(asked.to_vec()));
    let received = receive.send().await.unwrap();
    let message = &received.messages()[0];
    assert_eq!(message.message_attributes().unwrap()["sequence"], attribute);
    let system = message.attributes().unwrap();
    assert_eq!(system[&"ApproximateReceiveCount".into()], "1");
    assert_eq!(system[&"MessageGroupId".into()], "endpoint");
    assert_eq!(system.len(), 2, "what nobody asked for is not told: {system:?}");
    let handle = message.receipt_handle().unwrap();
    aws.sqs().delete_message().queue_url(&url).receipt_handle(handle).send().await.unwrap();
    let depth = aws.sqs().get_queue_attributes().queue_url(&url).send().await.unwrap();
    let depth = depth.attributes().unwrap();
    assert_eq!(depth[&"ApproximateNumberOfMessagesNotVisible".into()], "0");
}

/// What a function in Lambda does with a message that it could not process; by itself, it would be hidden for 30 s here.
#[tokio::test(start_paused = true)]
async fn a_function_lets_a_failed_message_rest_for_a_while_only() {
    let aws = aws();
    let (url, started) = (aws.queue_url("work"), Instant::now());
    aws.sqs().send_message().queue_url(&url).message_body("m").send().await.unwrap();
    let receive = || aws.sqs().receive_message().queue_url(&url).wait_time_seconds(20).send();
    let received = receive().await.unwrap().messages.unwrap().remove(0);
    let mut message = SqsMessage::default();
    (message.message_id, message.receipt_handle) = (received.message_id, received.receipt_handle);
    let queue = platform::queue::Queue::new(aws.sqs(), url.clone(), String::new());
    let id = message.message_id.clone().unwrap();
    assert_eq!(lambda::failed(&queue, message, "a test's failure").await.item_identifier, id);
    assert_eq!(receive().await.unwrap().messages().len(), 1);
    assert_eq!(started.elapsed().as_secs(), 5);
}

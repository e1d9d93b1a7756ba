use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_lambda_events::event::{dynamodb::EventRecord, sqs::SqsMessage};
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    SEQUENCE_ATTRIBUTE,
    mapping::{Duplicates, QueueMapping, StreamMapping},
};

const ONE: QueueMapping = QueueMapping { concurrency: 4, duplicates: Duplicates::None };

/// The mappings under test, and what their handlers saw.
struct Running {
    aws: Aws,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
    seen: mpsc::UnboundedReceiver<String>,
    saw: mpsc::UnboundedSender<String>,
}

impl Running {
    fn new(aws: Aws) -> Self {
        let (saw, seen) = mpsc::unbounded_channel();
        Self { aws, shutdown: CancellationToken::new(), tasks: JoinSet::new(), seen, saw }
    }

    /// Sends one message for each record, named after it, as a relay does.
    fn relay(&mut self, fail_first: usize) -> &mut Self {
        let (aws, shutdown) = (self.aws.clone(), self.shutdown.clone());
        let failures = AtomicUsize::new(0);
        self.tasks.spawn(async move {
            let relay = |records: Vec<EventRecord>| {
                let fail = failures.fetch_add(1, Ordering::Relaxed) < fail_first;
                let sending = send(&aws, records);
                async move {
                    sending.await;
                    if fail { Err("relay failed") } else { Ok(()) }
                }
            };
            aws.map_stream(StreamMapping { batch_size: 10 }, shutdown, relay).await;
        });
        self
    }

    /// Handles messages; the first `fail_first` tries of each fail.
    fn work(&mut self, mapping: QueueMapping, fail_first: u32) -> &mut Self {
        let (aws, shutdown, saw) = (self.aws.clone(), self.shutdown.clone(), self.saw.clone());
        self.tasks.spawn(async move {
            let work = move |message: SqsMessage| {
                let tries: u32 = message.attributes["ApproximateReceiveCount"].parse().unwrap();
                saw.send(message.body.unwrap()).unwrap();
                async move { if tries <= fail_first { Err("not yet") } else { Ok(()) } }
            };
            aws.map_queue("work", mapping, shutdown, work).await.unwrap();
        });
        self
    }

    async fn seen(&mut self) -> String {
        self.seen.recv().await.unwrap()
    }

    async fn stop(mut self) -> Aws {
        self.shutdown.cancel();
        while let Some(task) = self.tasks.join_next().await {
            task.unwrap();
        }
        self.aws
    }
}

fn send(aws: &Aws, records: Vec<EventRecord>) -> impl Future<Output = ()> + use<> {
    let entries = records.into_iter().map(|record| {
        let sequence = record.change.sequence_number.unwrap();
        let attribute = MessageAttributeValue::builder().data_type("Number").string_value(&sequence);
        let Some(serde_dynamo::AttributeValue::S(pk)) = record.change.new_image.get("pk") else {
            panic!("a record without a key")
        };
        SendMessageBatchRequestEntry::builder()
            .id(sequence)
            .message_body(pk.as_str())
            .message_attributes(SEQUENCE_ATTRIBUTE, attribute.build().unwrap())
            .build()
            .unwrap()
    });
    let batch = aws.sqs().send_message_batch().queue_url(aws.queue_url("work")).set_entries(Some(entries.collect()));
    async move {
        batch.send().await.unwrap();
    }
}

#[tokio::test]
async fn a_write_becomes_a_message_and_is_forgotten_when_it_was_handled() {
    let mut running = Running::new(aws());
    running.relay(0).work(ONE, 0);
    put(&running.aws, "a", true).send().await.unwrap();
    assert_eq!(running.seen().await, "run#a");
    put(&running.aws, "b", true).send().await.unwrap();
    assert_eq!(running.seen().await, "run#b");
    let aws = running.stop().await;
    aws.stream().forget_finished().unwrap();
    assert_eq!(aws.stream().read_after(0, 10).unwrap(), []);
    assert_eq!(aws.stream().checkpoint(), 2);
}

#[tokio::test]
async fn what_was_left_by_an_earlier_process_is_relayed_first() {
    let aws = aws();
    for id in ["a", "b"] {
        put(&aws, id, true).send().await.unwrap();
    }
    let mut running = Running::new(aws);
    running.relay(0).work(QueueMapping { concurrency: 1, ..ONE }, 0);
    assert_eq!([running.seen().await, running.seen().await], ["run#a", "run#b"]);
    running.stop().await;
}

#[tokio::test]
async fn a_message_in_the_queue_keeps_its_record_and_no_other() {
    let mut running = Running::new(aws());
    for id in ["late", "soon"] {
        put(&running.aws, id, true).send().await.unwrap();
    }
    running.work(ONE, 0);
    let (aws, shutdown, sent) = (running.aws.clone(), CancellationToken::new(), running.shutdown.clone());
    let relay = |records: Vec<EventRecord>| {
        shutdown.cancel();
        let aws = aws.clone();
        async move {
            for record in records {
                let sequence = record.change.sequence_number.unwrap();
                let delay = if sequence == "1" { 900 } else { 0 };
                let attribute =
                    MessageAttributeValue::builder().data_type("Number").string_value(&sequence).build().unwrap();
                aws.sqs()
                    .send_message()
                    .queue_url(aws.queue_url("work"))
                    .message_body(sequence)
                    .delay_seconds(delay)
                    .message_attributes(SEQUENCE_ATTRIBUTE, attribute)
                    .send()
                    .await
                    .unwrap();
            }
            Ok::<_, Infallible>(())
        }
    };
    aws.map_stream(StreamMapping::default(), shutdown.clone(), relay).await;
    assert_eq!(running.seen().await, "2");
    drop(sent);
    let aws = running.stop().await;
    aws.stream().forget_finished().unwrap();
    let left = aws.stream().read_after(0, 10).unwrap();
    assert_eq!(left.iter().map(|record| record.sequence).collect::<Vec<_>>(), [1]);
    assert_eq!(aws.stream().checkpoint(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failed_batch_is_relayed_again() {
    let mut running = Running::new(aws());
    running.relay(2).work(QueueMapping { concurrency: 1, ..ONE }, 0);
    put(&running.aws, "a", true).send().await.unwrap();
    for _ in 0..3 {
        assert_eq!(running.seen().await, "run#a");
    }
    let aws = running.stop().await;
    aws.stream().forget_finished().unwrap();
    assert_eq!(aws.stream().read_after(0, 10).unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_failed_message_comes_again_after_a_rest() {
    let mut running = Running::new(aws());
    running.relay(0).work(ONE, 1);
    put(&running.aws, "a", true).send().await.unwrap();
    let started = tokio::time::Instant::now();
    for _ in 0..2 {
        assert_eq!(running.seen().await, "run#a");
    }
    assert_eq!(started.elapsed().as_secs(), 5);
    let aws = running.stop().await;
    assert_eq!(aws.stream().checkpoint(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_owes_nothing_more() {
    let mut running = Running::new(aws());
    running.relay(0).work(ONE, u32::MAX);
    put(&running.aws, "poison", true).send().await.unwrap();
    for _ in 0..3 {
        assert_eq!(running.seen().await, "run#poison");
    }
    let dead = running.aws.queue_url("work-dead");
    for attempt in 0.. {
        let received = running.aws.sqs().receive_message().queue_url(&dead).wait_time_seconds(20).send().await.unwrap();
        if !received.messages().is_empty() {
            break;
        }
        assert!(attempt < 5, "it never became a dead letter");
    }
    let aws = running.stop().await;
    assert_eq!(aws.stream().checkpoint(), 1);
}

#[tokio::test]
async fn duplicates_come_when_asked_for() {
    for duplicates in [Duplicates::InTurn, Duplicates::AtOnce] {
        let mut running = Running::new(aws());
        running.relay(0).work(QueueMapping { duplicates, ..ONE }, 0);
        put(&running.aws, "a", true).send().await.unwrap();
        assert_eq!([running.seen().await, running.seen().await], ["run#a", "run#a"]);
        running.stop().await;
    }
}

#[tokio::test]
async fn a_burst_is_handled_and_forgotten() {
    let aws = aws();
    for id in 0..300 {
        put(&aws, &id.to_string(), true).send().await.unwrap();
    }
    let mut running = Running::new(aws);
    running.relay(0).work(QueueMapping { concurrency: 16, ..ONE }, 0);
    for _ in 0..300 {
        running.seen().await;
    }
    let aws = running.stop().await;
    aws.stream().forget_finished().unwrap();
    assert_eq!(aws.stream().read_after(0, 10).unwrap(), []);
}

#[tokio::test]
async fn ten_messages_take_three_requests() {
    let aws = aws();
    for id in 0..10 {
        put(&aws, &id.to_string(), true).send().await.unwrap();
    }
    let mut running = Running::new(aws);
    running.relay(0).work(QueueMapping { concurrency: 10, ..ONE }, 0);
    for _ in 0..10 {
        running.seen().await;
    }
    let ledger = running.stop().await.ledger().snapshot();
    assert_eq!(ledger.sqs_requests, 3, "{ledger:?}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_does_not_stop_its_mapping() {
    let aws = aws();
    let (saw, mut seen) = mpsc::unbounded_channel();
    let shutdown = CancellationToken::new();
    let mapped = {
        let (aws, shutdown) = (aws.clone(), shutdown.clone());
        async move {
            let handler = move |message: SqsMessage| {
                saw.send(()).unwrap();
                async move {
                    assert!(message.attributes["ApproximateReceiveCount"] != "1", "the first try panics");
                    Ok::<_, Infallible>(())
                }
            };
            aws.map_queue("work", ONE, shutdown, handler).await
        }
    };
    let url = aws.queue_url("work");
    aws.sqs().send_message().queue_url(url).message_body("x").send().await.unwrap();
    let watched = async {
        seen.recv().await.unwrap();
        seen.recv().await.unwrap();
        shutdown.cancel();
    };
    let (mapped, ()) = tokio::join!(mapped, watched);
    mapped.unwrap();
}

#[tokio::test]
async fn an_unknown_queue_is_refused() {
    let handler = |_: SqsMessage| async { Ok::<_, Infallible>(()) };
    let refused = aws().map_queue("nowhere", ONE, CancellationToken::new(), handler).await;
    assert_eq!(refused.unwrap_err().to_string(), r#"there is no queue "nowhere""#);
}

#[tokio::test]
async fn shutdown_lets_running_handlers_finish() {
    let aws = aws();
    let url = aws.queue_url("work");
    aws.sqs().send_message().queue_url(&url).message_body("x").send().await.unwrap();
    let finished = Arc::new(AtomicUsize::new(0));
    let shutdown = CancellationToken::new();
    let handler = {
        let (finished, shutdown) = (Arc::clone(&finished), shutdown.clone());
        move |_: SqsMessage| {
            let (finished, shutdown) = (Arc::clone(&finished), shutdown.clone());
            async move {
                shutdown.cancel();
                tokio::task::yield_now().await;
                finished.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Infallible>(())
            }
        }
    };
    aws.map_queue("work", ONE, shutdown, handler).await.unwrap();
    assert_eq!(finished.load(Ordering::Relaxed), 1);
    let depth = aws.sqs().get_queue_attributes().queue_url(&url).send().await.unwrap();
    let in_flight = &depth.attributes().unwrap()[&"ApproximateNumberOfMessagesNotVisible".into()];
    assert_eq!(in_flight, "0");
}

//! A worker at the embedded queue, in virtual time.

use super::*;
use domain::id::RunId;
use domain::run::JobPath;
use local_aws::{Aws, AwsOptions, QueueOptions};
use platform::clock::SystemClock;
use platform::queue::{Message as Work, ProgramMessage};
use serde_json::Value;

const TABLE: &str = "ringback";

/// With one program of another worker in a queue that takes so many receives.
async fn queue(max_receive_count: u32) -> Aws {
    let queue = QueueOptions { name: "programs".to_owned(), visibility_timeout: LEASE, max_receive_count };
    let aws = Aws::open(AwsOptions { queues: vec![queue], ..AwsOptions::in_memory(TABLE) }).unwrap();
    let (run, job) = (RunId::keyed("test", "one"), serde_json::from_value(Value::from("job")).unwrap());
    let job: JobPath = job;
    let body = Work::from(ProgramMessage { run, job, attempt: 1, program: "theirs".to_owned() });
    let body = serde_json::to_string(&body).unwrap();
    aws.sqs().send_message().queue_url(aws.queue_url("programs")).message_body(body).send().await.unwrap();
    aws
}

fn worker(aws: &Aws, only: &[&str]) -> Arc<Worker> {
    let store = Store::new(aws.dynamodb().clone(), TABLE.to_owned(), 1, Duration::from_secs(3600));
    let config = domain::config::load("programs: {ours: {command: [echo]}}", "ringback.yml").config.unwrap();
    Worker::new(WorkerOptions {
        store: store.clone(),
        has_keys: false,
        sqs: aws.sqs().clone(),
        queue_url: aws.queue_url("programs"),
        catalogue: Catalogue::File { config: Arc::new(config), env: Value::Null, overlay: None, store },
        only: only.iter().map(|name| (*name).to_owned()).collect(),
        concurrency: 1,
        lease: LEASE,
        patience: GRACE,
        grace: GRACE,
        environment: Default::default(),
        clock: Arc::new(SystemClock),
    })
}

async fn works_for(worker: Arc<Worker>, lasting: Duration) {
    let stopping = CancellationToken::new();
    let ending = stopping.clone();
    let stop = async move {
        sleep(lasting).await;
        ending.cancel();
    };
    tokio::join!(worker.work(stopping), stop);
}

async fn dead(aws: &Aws) -> String {
    let asked = aws.sqs().get_queue_attributes().queue_url(aws.queue_url("programs-dead")).send().await.unwrap();
    asked.attributes().unwrap()[&"ApproximateNumberOfMessages".into()].clone()
}

#[tokio::test(start_paused = true)]
async fn what_is_left_to_others_is_left_for_longer_each_time() {
    // By `--only`, or because the worker's file has no such program.
    for only in [&["ours"][..], &[]] {
        let aws = queue(20).await;
        // At 5 s each time, the 20 receives would be over after 100 s; they take 150.
        works_for(worker(&aws, only), Duration::from_secs(140)).await;
        assert_eq!(dead(&aws).await, "0", "{only:?}");
        works_for(worker(&aws, only), Duration::from_secs(60)).await;
        assert_eq!(dead(&aws).await, "1", "{only:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_away_makes_no_dead_letters() {
    let aws = queue(30).await;
    aws.dynamodb().delete_table().table_name(TABLE).send().await.unwrap();
    // At 1 s each time, the 30 receives would be over after 30 s; they take 70.
    works_for(worker(&aws, &["theirs"]), Duration::from_secs(60)).await;
    assert_eq!(dead(&aws).await, "0");
}

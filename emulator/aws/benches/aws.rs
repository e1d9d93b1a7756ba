//! What the operations of the little AWS cost, in CPU time of the whole process, kernel included.
//!
//! `cargo bench -p local-aws [-- NAME]` prints a line for each operation. Items have 600 bytes, one index
//! entry and the table's stream; the files are in the system's directory for temporary files.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a program for its authors"
)]

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use aws_lambda_events::event::{dynamodb::EventRecord, sqs::SqsMessage};
use aws_sdk_dynamodb::types::AttributeValue;
use local_aws::{
    Aws, AwsOptions, QueueOptions,
    mapping::{Duplicates, QueueMapping, StreamMapping},
};
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TABLE: &str = "ringback";
const OPERATIONS: u64 = 20_000;

#[tokio::main]
async fn main() {
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    println!("{:<34} {:>10} {:>10} {:>10} {:>10} {:>10}", "µs", "CPU", "wall", "p50", "p99", "p99.9");
    for durable in [false, true] {
        let place = if durable { "file" } else { "memory" };
        for owed in [false, true] {
            let name = format!("{place} put{}", if owed { " owed" } else { "" });
            if wanted(&name) {
                let (aws, _directory) = open(durable);
                measure(&name, OPERATIONS, async |n| put(&aws, n, owed).await).await;
            }
            let name = format!("{place} update{}", if owed { " owed" } else { "" });
            if wanted(&name) {
                let (aws, _directory) = open(durable);
                for n in 0..1000 {
                    put(&aws, n, owed).await;
                }
                measure(&name, OPERATIONS, async |n| update(&aws, n % 1000).await).await;
            }
        }
        let name = format!("{place} lost condition");
        if wanted(&name) {
            let (aws, _directory) = open(durable);
            put(&aws, 0, false).await;
            measure(&name, OPERATIONS, async |_| lose(&aws).await).await;
        }
        let name = format!("{place} get");
        if wanted(&name) {
            let (aws, _directory) = open(durable);
            put(&aws, 0, false).await;
            measure(&name, OPERATIONS, async |_| get(&aws).await).await;
        }
        let name = format!("{place} put, relay, handle");
        if wanted(&name) {
            trip(&name, open(durable).0, 1).await;
        }
        let name = format!("{place} 32 put, relay, handle");
        if wanted(&name) {
            trip(&name, open(durable).0, 32).await;
        }
    }
    if wanted("send") {
        let (aws, _directory) = open(false);
        measure("send", OPERATIONS, async |_| send(&aws, "body".repeat(50)).await).await;
    }
}

fn open(durable: bool) -> (Aws, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let queue =
        QueueOptions { name: "work".to_owned(), visibility_timeout: Duration::from_secs(30), max_receive_count: 3 };
    let options = AwsOptions {
        data: durable.then(|| directory.path().to_owned()),
        queues: vec![queue],
        ..AwsOptions::in_memory(TABLE)
    };
    (Aws::open(options).unwrap(), directory)
}

async fn measure(name: &str, operations: u64, mut operation: impl AsyncFnMut(u64)) {
    for n in 0..1000 {
        operation(u64::MAX - n).await;
    }
    let mut walls = Vec::new();
    let cpu = cpu_time();
    for n in 0..operations {
        let started = Instant::now();
        operation(1000 + n).await;
        walls.push(started.elapsed());
    }
    report(name, cpu_time() - cpu, walls);
}

fn report(name: &str, cpu: Duration, mut walls: Vec<Duration>) {
    walls.sort_unstable();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let at = |share: usize| micros(walls[walls.len() * share / 1000]);
    println!(
        "{name:<34} {:>10.1} {:>10.1} {:>10.1} {:>10.1} {:>10.1}",
        micros(cpu / u32::try_from(walls.len()).unwrap()),
        micros(walls.iter().sum::<Duration>() / u32::try_from(walls.len()).unwrap()),
        at(500),
        at(990),
        at(999),
    );
}

fn cpu_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap()
}

async fn put(aws: &Aws, n: u64, owed: bool) {
    aws.dynamodb()
        .put_item()
        .table_name(TABLE)
        .item("pk", AttributeValue::S(format!("run#{n:020}")))
        .item("sk", AttributeValue::S("run".to_owned()))
        .item("list", AttributeValue::S("runs".to_owned()))
        .item("at", AttributeValue::S(format!("2026-11-22T00:00:00.{n:020}Z")))
        .item("owed", AttributeValue::Bool(owed))
        .item("version", AttributeValue::N("1".to_owned()))
        .item("status", AttributeValue::S("running".to_owned()))
        .item("body", AttributeValue::S("x".repeat(450)))
        .condition_expression("attribute_not_exists(pk)")
        .send()
        .await
        .unwrap();
}

async fn update(aws: &Aws, n: u64) {
    aws.dynamodb()
        .update_item()
        .table_name(TABLE)
        .key("pk", AttributeValue::S(format!("run#{:020}", n % 1000)))
        .key("sk", AttributeValue::S("run".to_owned()))
        .update_expression("SET #status = :status, body = :body ADD version :one")
        .condition_expression("attribute_exists(pk) AND version >= :one")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":status", AttributeValue::S("completed".to_owned()))
        .expression_attribute_values(":body", AttributeValue::S("y".repeat(450)))
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
        .send()
        .await
        .unwrap();
}

async fn lose(aws: &Aws) {
    aws.dynamodb()
        .put_item()
        .table_name(TABLE)
        .item("pk", AttributeValue::S(format!("run#{:020}", 0)))
        .item("sk", AttributeValue::S("run".to_owned()))
        .condition_expression("attribute_not_exists(pk)")
        .send()
        .await
        .unwrap_err();
}

async fn get(aws: &Aws) {
    aws.dynamodb()
        .get_item()
        .table_name(TABLE)
        .key("pk", AttributeValue::S(format!("run#{:020}", 0)))
        .key("sk", AttributeValue::S("run".to_owned()))
        .send()
        .await
        .unwrap();
}

async fn send(aws: &Aws, body: String) {
    aws.sqs().send_message().queue_url(aws.queue_url("work")).message_body(body).send().await.unwrap();
}

/// A write that owes, its message, its handler: with `abreast` of them under way at a time.
async fn trip(name: &str, aws: Aws, abreast: usize) {
    let shutdown = CancellationToken::new();
    let room = Arc::new(Semaphore::new(abreast));
    let mut mappings = tokio::task::JoinSet::new();
    mappings.spawn({
        let (aws, shutdown) = (aws.clone(), shutdown.clone());
        async move {
            let relay = |records: Vec<EventRecord>| {
                let aws = aws.clone();
                async move {
                    for record in records {
                        send(&aws, record.event_id).await;
                    }
                    Ok::<_, Infallible>(())
                }
            };
            aws.map_stream(StreamMapping::default(), shutdown, relay).await;
        }
    });
    mappings.spawn({
        let (aws, shutdown, room) = (aws.clone(), shutdown.clone(), Arc::clone(&room));
        async move {
            let mapping = QueueMapping { concurrency: 16, duplicates: Duplicates::None };
            let work = move |_: SqsMessage| {
                room.add_permits(1);
                async { Ok::<_, Infallible>(()) }
            };
            aws.map_queue("work", mapping, shutdown, work).await.unwrap();
        }
    });
    measure(name, OPERATIONS, async |n| {
        room.acquire().await.unwrap().forget();
        put(&aws, n, true).await;
    })
    .await;
    shutdown.cancel();
    mappings.join_all().await;
}

//! How fast events reach a customer's endpoint: `cargo bench -p emulator --bench deliveries`.
//!
//! The gateway runs as a process of its own (this program, started again), durable on disk; publisher and endpoint run
//! here. Bodies have 1 KiB. Printed are messages a second, the time from the publisher's request to the arrival, the CPU
//! time of the gateway's process for each message, and how many of the acknowledged messages were lost when the process
//! was killed in the middle. Arguments: how many messages of each kind (10,000, 2,000 and 10,000 unless given).
//!
//! `… --bench deliveries -- burst COUNT AT_ONCE ENDPOINTS RATE` plays one burst alone: 5,000 events, 64 requests at once, 1
//! endpoint, as fast as it goes, unless given. It prints how late events arrive and by how many places they overtake others.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement that can't be made ends here, and one that was made is printed"
)]

#[path = "../main_job/load.rs"]
#[expect(dead_code, reason = "shared with the other benchmark")]
mod load;
#[path = "../main_job/process.rs"]
#[expect(dead_code, reason = "shared with the other benchmark")]
mod process;
mod burst;
mod customer;

use burst::Burst;
use customer::Customer;
use load::Latencies;
use process::{Gateway, machine};
use reqwest::Client;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// As in the emulator's own binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FILE: &str = "delivery: {allow_private: [127.0.0.0/8]}";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.first().is_some_and(|first| first == "up") {
        process::serve();
    }
    let count = |index: usize, default| arguments.get(index).and_then(|text| text.parse().ok()).unwrap_or(default);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        println!("{}", machine());
        if let Some((first, rest)) = arguments.split_first()
            && first == "burst"
        {
            return Burst::read(rest).play().await;
        }
        throughput(count(0, 10_000)).await;
        latency(count(1, 2_000), 200).await;
        killed(count(2, 10_000)).await;
    });
}

/// As many as it can, 64 at once.
async fn throughput(count: usize) {
    let gateway = Gateway::start(FILE).await;
    let customer = Customer::subscribe(&gateway).await;
    let publisher = Publisher::new(&gateway);
    publisher.publish_all(&customer, "warm", 500, 16).await;
    customer.all(500).await;
    gateway.settled(0).await;
    let (cpu, began) = (gateway.cpu(), Instant::now());
    publisher.publish_all(&customer, "full", count, 64).await;
    let accepted = began.elapsed();
    customer.all(500 + count).await;
    let took = began.elapsed();
    gateway.settled(0).await;
    let each = (gateway.cpu() - cpu).as_secs_f64() * 1000.0 / count as f64;
    let rate = |took: Duration| count as f64 / took.as_secs_f64();
    println!(
        "64 at once: {:.0}/s accepted, {:.0}/s delivered, gateway CPU {each:.3} ms each, {:.0} MB at the highest",
        rate(accepted),
        rate(took),
        gateway.highest_mb()
    );
}

/// At a steady rate.
async fn latency(count: usize, rate: u64) {
    let gateway = Gateway::start(FILE).await;
    let customer = Customer::subscribe(&gateway).await;
    let publisher = Publisher::new(&gateway);
    publisher.publish_all(&customer, "warm", 200, 4).await;
    customer.all(200).await;
    let cpu = gateway.cpu();
    let mut beat = tokio::time::interval(Duration::from_micros(1_000_000 / rate));
    let mut sending = tokio::task::JoinSet::new();
    for n in 0..count {
        beat.tick().await;
        let (publisher, customer) = (publisher.clone(), customer.clone());
        sending.spawn(async move { publisher.publish(&customer, format!("slow-{n}")).await });
    }
    sending.join_all().await;
    customer.all(200 + count).await;
    let latencies = Latencies::new(customer.latencies("slow-"));
    let each = (gateway.cpu() - cpu).as_secs_f64() * 1000.0 / count as f64;
    println!(
        "{rate}/s: p50 {:.2} ms, p99 {:.2} ms from request to arrival, gateway CPU {each:.3} ms each",
        latencies.percentile(50).as_secs_f64() * 1000.0,
        latencies.percentile(99).as_secs_f64() * 1000.0,
    );
}

/// SIGKILL in the middle, and a start on the same directory.
async fn killed(count: usize) {
    let mut gateway = Gateway::start(FILE).await;
    let customer = Customer::subscribe(&gateway).await;
    let publisher = Publisher::new(&gateway);
    let publishing = {
        let (publisher, customer) = (publisher.clone(), customer.clone());
        tokio::spawn(async move { publisher.publish_all(&customer, "kill", count, 64).await })
    };
    while customer.arrived() < count / 3 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    gateway.kill();
    let acknowledged = publishing.await.expect("no panic");
    let unseen = customer.missing(&acknowledged).len();
    gateway.restart();
    let began = Instant::now();
    while !customer.missing(&acknowledged).is_empty() && began.elapsed() < Duration::from_secs(60) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!(
        "kill -9: {} of {count} acknowledged, {unseen} of them not delivered yet; after the restart {} lost, {} twice",
        acknowledged.len(),
        customer.missing(&acknowledged).len(),
        customer.repeated(),
    );
}

/// Publishes events.
#[derive(Clone)]
struct Publisher {
    client: Client,
    url: Arc<str>,
    token: Arc<str>,
}

impl Publisher {
    fn new(gateway: &Gateway) -> Self {
        let client = platform::tls::client().no_proxy().build().expect("a client");
        Self { client, url: format!("{}/api/events", gateway.api()).into(), token: gateway.token().into() }
    }

    /// Whether it was acknowledged.
    async fn publish(&self, customer: &Customer, id: String) -> bool {
        customer.sent(&id);
        let body = json!({"event": "job.completed", "id": &id, "data": {"text": "x".repeat(900)}});
        let request = self.client.post(&*self.url).bearer_auth(&self.token).json(&body);
        let acknowledged = match request.send().await {
            Ok(answer) => answer.status().is_success() && answer.bytes().await.is_ok(),
            Err(_) => false,
        };
        if acknowledged {
            customer.acknowledged(&id);
        }
        acknowledged
    }

    /// The ids of those that were acknowledged.
    async fn publish_all(&self, customer: &Customer, name: &str, count: usize, at_once: usize) -> Vec<String> {
        self.publish_paced(customer, name, count, at_once, None).await
    }

    /// The same, with a pause from one to the next.
    async fn publish_paced(
        &self,
        customer: &Customer,
        name: &str,
        count: usize,
        at_once: usize,
        pause: Option<Duration>,
    ) -> Vec<String> {
        let places = Arc::new(Semaphore::new(at_once));
        let mut sending = tokio::task::JoinSet::new();
        let mut beat = pause.map(tokio::time::interval);
        for n in 0..count {
            if let Some(beat) = &mut beat {
                beat.tick().await;
            }
            let place = places.clone().acquire_owned().await.expect("a place");
            let (publisher, customer, id) = (self.clone(), customer.clone(), format!("{name}-{n}"));
            sending.spawn(async move {
                let acknowledged = publisher.publish(&customer, id.clone()).await;
                drop(place);
                acknowledged.then_some(id)
            });
        }
        sending.join_all().await.into_iter().flatten().collect()
    }
}

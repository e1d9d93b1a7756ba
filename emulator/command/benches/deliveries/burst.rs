//! A burst of events to a few quick endpoints: how fast, how late and in which order they arrive.

use crate::customer::Customer;
use crate::load::Latencies;
use crate::process::Gateway;
use crate::{FILE, Publisher};
use std::time::{Duration, Instant};

/// What is published, and how fast.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Burst {
    /// Events of 1 KiB.
    pub(crate) count: usize,
    /// Requests under way at once.
    pub(crate) at_once: usize,
    /// Endpoints; each is an HTTP server of its own and gets every event.
    pub(crate) endpoints: usize,
    /// Requests a second, if the publisher paces itself.
    pub(crate) rate: Option<usize>,
}

impl Burst {
    /// Reads `COUNT AT_ONCE ENDPOINTS RATE`; each may be left out.
    pub(crate) fn read(arguments: &[String]) -> Self {
        let number = |index: usize| arguments.get(index).and_then(|text| text.parse().ok());
        Self {
            count: number(0).unwrap_or(5_000),
            at_once: number(1).unwrap_or(64),
            endpoints: number(2).unwrap_or(1),
            rate: number(3),
        }
    }

    /// Plays it against a new gateway and prints one line for all endpoints together.
    pub(crate) async fn play(self) {
        let Self { count, at_once, endpoints, rate } = self;
        let gateway = Gateway::start(FILE).await;
        let mut customers = Vec::new();
        for _ in 0..endpoints {
            customers.push(Customer::subscribe(&gateway).await);
        }
        let publisher = Publisher::new(&gateway);
        let clock = Customer::default();
        publisher.publish_all(&clock, "warm", 200, 16).await;
        for customer in &customers {
            customer.all(200).await;
        }
        gateway.settled(0).await;
        let (cpu, began) = (gateway.cpu(), Instant::now());
        let pace = rate.map(|rate| Duration::from_micros(1_000_000 / rate as u64));
        let acknowledged = publisher.publish_paced(&clock, "burst", count, at_once, pace).await.len();
        let accepted = began.elapsed();
        for customer in &customers {
            customer.all(200 + acknowledged).await;
        }
        let took = began.elapsed();
        gateway.settled(0).await;
        let latencies = customers.iter().flat_map(|customer| customer.latencies_of(&clock, "burst-")).collect();
        let latencies = Latencies::new(latencies);
        let seconds = |percent| latencies.percentile(percent).as_secs_f64();
        let early = customers.iter().map(|customer| customer.most_early("burst-")).max().unwrap_or(0);
        let overtaken = customers.iter().map(|customer| customer.most_overtaken(&clock, "burst-")).max().unwrap_or(0);
        let repeated: usize = customers.iter().map(Customer::repeated).sum();
        println!(
            "{count} events, {at_once} at once, {} to {endpoints} endpoints: {:.0}/s accepted, {:.0}/s delivered to each; \
             p50 {:.3} s, p99 {:.3} s, last {:.3} s from request to arrival; {early} places early at the most, \
             and {overtaken} overtaken that were acknowledged before; {} refused, {repeated} twice; gateway CPU {:.3} ms each",
            rate.map_or("as fast as it goes".to_owned(), |rate| format!("{rate}/s")),
            count as f64 / accepted.as_secs_f64(),
            acknowledged as f64 / took.as_secs_f64(),
            seconds(50),
            seconds(99),
            seconds(100),
            count - acknowledged,
            (gateway.cpu() - cpu).as_secs_f64() * 1000.0 / count as f64,
        );
    }
}

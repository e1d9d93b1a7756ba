//! A customer's endpoint: answers at once, and notes what came and when.

use crate::process::Gateway;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Seen {
    sent: HashMap<String, Instant>,
    acknowledged: HashMap<String, Instant>,
    arrived: HashMap<String, Instant>,
    /// Ids in the order in which they arrived first.
    order: Vec<String>,
    repeated: usize,
}

#[derive(Clone, Default)]
pub(crate) struct Customer(Arc<Mutex<Seen>>);

impl Customer {
    /// One that gets every event.
    pub(crate) async fn subscribe(gateway: &Gateway) -> Self {
        let customer = Self::default();
        let router = Router::new().route("/hook", post(arrive)).with_state(customer.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await.expect("a server") });
        let client = platform::tls::client().no_proxy().build().expect("a client");
        let request = client.post(format!("{}/api/webhooks", gateway.api())).bearer_auth(gateway.token());
        let answer = request.json(&json!({"url": url, "events": ["*"]})).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.text().await.expect("a body"));
        customer
    }

    pub(crate) fn sent(&self, id: &str) {
        self.0.lock().expect("a lock").sent.insert(id.to_owned(), Instant::now());
    }

    pub(crate) fn acknowledged(&self, id: &str) {
        self.0.lock().expect("a lock").acknowledged.insert(id.to_owned(), Instant::now());
    }

    pub(crate) fn arrived(&self) -> usize {
        self.0.lock().expect("a lock").arrived.len()
    }

    pub(crate) fn repeated(&self) -> usize {
        self.0.lock().expect("a lock").repeated
    }

    /// Until so many have arrived.
    pub(crate) async fn all(&self, count: usize) {
        while self.arrived() < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub(crate) fn missing(&self, ids: &[String]) -> Vec<String> {
        let seen = self.0.lock().expect("a lock");
        ids.iter().filter(|id| !seen.arrived.contains_key(*id)).cloned().collect()
    }

    /// From sending to arrival, of those whose id begins so.
    pub(crate) fn latencies(&self, beginning: &str) -> Vec<Duration> {
        self.latencies_of(self, beginning)
    }

    /// The same where another customer has noted when each was sent.
    pub(crate) fn latencies_of(&self, sender: &Self, beginning: &str) -> Vec<Duration> {
        let sent = sender.0.lock().expect("a lock").sent.clone();
        let seen = self.0.lock().expect("a lock");
        let ours = seen.arrived.iter().filter(|(id, _)| id.starts_with(beginning));
        ours.filter_map(|(id, at)| Some(at.duration_since(*sent.get(id)?))).collect()
    }

    /// By how many places an event arrived early at the most: its number after `beginning` (from 0, in the order of sending)
    /// less its place among the arrivals. Requests under way at once are accepted in any order, which counts here too.
    pub(crate) fn most_early(&self, beginning: &str) -> usize {
        let seen = self.0.lock().expect("a lock");
        let numbers = seen.order.iter().filter_map(|id| id.strip_prefix(beginning)?.parse::<usize>().ok());
        numbers.enumerate().map(|(place, number)| number.saturating_sub(place)).max().unwrap_or(0)
    }

    /// The most events that one event overtook: events that were acknowledged before it was sent, and arrived after it.
    pub(crate) fn most_overtaken(&self, sender: &Self, beginning: &str) -> usize {
        let sender = sender.0.lock().expect("a lock");
        let seen = self.0.lock().expect("a lock");
        let ours = seen.order.iter().filter(|id| id.starts_with(beginning));
        let times: Vec<(Instant, Instant)> =
            ours.filter_map(|id| Some((*sender.sent.get(id)?, *sender.acknowledged.get(id)?))).collect();
        let overtaken_by =
            |place: usize, sent| times.iter().skip(place + 1).filter(|(_, acknowledged)| *acknowledged < sent).count();
        times.iter().enumerate().map(|(place, (sent, _))| overtaken_by(place, *sent)).max().unwrap_or(0)
    }
}

async fn arrive(State(customer): State<Customer>, headers: HeaderMap, body: axum::body::Bytes) {
    drop(body);
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let mut seen = customer.0.lock().expect("a lock");
    match seen.arrived.insert(id.clone(), Instant::now()) {
        None => seen.order.push(id),
        Some(_) => seen.repeated += 1,
    }
}

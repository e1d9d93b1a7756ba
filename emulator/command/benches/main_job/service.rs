//! A slow service: answers at once, and calls back after a while.

use crate::load::Latencies;
use crate::process::Gateway;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use reqwest::Client;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc};

pub(crate) struct Service {
    pub(crate) url: String,
    shared: Arc<Shared>,
    ended: tokio::sync::Mutex<mpsc::UnboundedReceiver<(String, Instant)>>,
}

struct Shared {
    slow: Duration,
    client: Client,
    calls: Mutex<usize>,
    ended: mpsc::UnboundedSender<(String, Instant)>,
}

impl Service {
    pub(crate) async fn start(slow: Duration) -> Self {
        let (sender, ended) = mpsc::unbounded_channel();
        let client = platform::tls::client().no_proxy().build().expect("a client");
        let shared = Arc::new(Shared { slow, client, calls: Mutex::new(0), ended: sender });
        let router = Router::new().route("/generate", post(generate)).route("/optimize", post(optimize));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = router.with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.expect("a server") });
        Self { url, shared, ended: tokio::sync::Mutex::new(ended) }
    }

    pub(crate) fn calls(&self) -> usize {
        *self.shared.calls.lock().expect("a lock")
    }

    /// Triggers, each until its second call has come; latencies are from the trigger's sending to that call. No two requests may be
    /// alike, or the second would be a repetition: `named` tells those of several calls apart.
    pub(crate) async fn round_trips(
        &self,
        gateway: &Gateway,
        named: &str,
        count: usize,
        at_once: usize,
    ) -> (Latencies, Duration) {
        let (client, places) =
            (platform::tls::client().no_proxy().build().expect("a client"), Arc::new(Semaphore::new(at_once)));
        let address = format!("{}/images", gateway.listener("image"));
        let sent = Arc::new(Mutex::new(HashMap::new()));
        let began = Instant::now();
        let sending = {
            let (places, sent, named) = (places.clone(), sent.clone(), named.to_owned());
            tokio::spawn(async move {
                for n in 0..count {
                    places.acquire().await.expect("a place").forget();
                    let (client, address, sent) = (client.clone(), address.clone(), sent.clone());
                    let prompt = format!("{named} {n:0500}");
                    tokio::spawn(async move {
                        let at = Instant::now();
                        let request = client.post(address).json(&json!({"prompt": prompt}));
                        let answer: Value = request.send().await.expect("an answer").json().await.expect("json");
                        let id = answer["task_id"].as_str().expect("an id").to_owned();
                        sent.lock().expect("a lock").insert(id, at);
                    });
                }
            })
        };
        let mut ended = HashMap::new();
        let mut receiver = self.ended.lock().await;
        while ended.len() < count {
            let (id, at) = receiver.recv().await.expect("a call");
            if ended.insert(id, at).is_none() {
                places.add_permits(1);
            }
        }
        sending.await.expect("all sent");
        let took = began.elapsed();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let sent = sent.lock().expect("a lock");
        let all = ended.iter().map(|(id, at)| at.duration_since(sent[id])).collect();
        (Latencies::new(all), took)
    }
}

async fn generate(State(shared): State<Arc<Shared>>, Json(body): Json<Value>) -> Json<Value> {
    *shared.calls.lock().expect("a lock") += 1;
    let task_id = body["task_id"].clone();
    let answer = json!({"task_id": task_id, "status": "queued"});
    tokio::spawn(async move {
        tokio::time::sleep(shared.slow).await;
        let callback = json!({"task_id": task_id, "status": "completed", "url": "https://images.example/1.png"});
        let url = body["callback_url"].as_str().expect("a callback_url");
        let answer = shared.client.post(url).json(&callback).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
    });
    Json(answer)
}

async fn optimize(State(shared): State<Arc<Shared>>, Json(body): Json<Value>) -> Json<Value> {
    *shared.calls.lock().expect("a lock") += 1;
    let id = body["task_id"].as_str().expect("an id").to_owned();
    let _ = shared.ended.send((id, Instant::now()));
    Json(json!({"url": body["url"]}))
}

//! Requests from here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// So many requests to one address.
pub(crate) struct Load {
    pub(crate) url: String,
    pub(crate) path: &'static str,
    pub(crate) count: usize,
    pub(crate) at_once: usize,
}

/// How long each took.
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn new(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        Self(all)
    }

    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        self.0[(self.0.len() - 1) * percent / 100]
    }
}

impl Load {
    /// Sends them; each must be answered with a 2xx.
    pub(crate) async fn run(&self, body: impl Fn(usize) -> String + Send + Sync + 'static) -> (Latencies, Duration) {
        let (client, next, body) = (
            platform::tls::client().no_proxy().build().expect("a client"),
            Arc::new(AtomicUsize::new(0)),
            Arc::new(body),
        );
        let address = Arc::new(format!("{}{}", self.url, self.path));
        let began = Instant::now();
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..self.at_once {
            let (client, next, body, address, count) =
                (client.clone(), next.clone(), body.clone(), address.clone(), self.count);
            workers.spawn(async move {
                let mut took = Vec::new();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        return took;
                    }
                    let sent = Instant::now();
                    let request = client.post(address.as_str()).header("content-type", "application/json");
                    let answer = request.body(body(n)).send().await.expect("an answer");
                    assert!(answer.status().is_success(), "{}", answer.status());
                    answer.bytes().await.expect("a body");
                    took.push(sent.elapsed());
                }
            });
        }
        let all = workers.join_all().await.into_iter().flatten().collect();
        (Latencies::new(all), began.elapsed())
    }
}

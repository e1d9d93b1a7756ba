//! You: what a client of the gateway does, by HTTP alone.

use super::exchange::{Answer, client, send};
use super::place::Ports;
use super::{STEP, Unmet};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How often a task is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// An HTTP client that knows the gateway's addresses.
pub(super) struct Visitor {
    client: reqwest::Client,
    trigger: String,
    api: String,
    token: String,
}

impl Visitor {
    pub(super) fn new(ports: Ports) -> Result<Self, reqwest::Error> {
        let trigger = format!("http://127.0.0.1:{}/images", ports.trigger);
        let api = format!("http://127.0.0.1:{}/api/tasks", ports.api);
        Ok(Self { client: client()?, trigger, api, token: String::new() })
    }

    /// The gateway's token, told at its start.
    pub(super) fn use_token(&mut self, token: String) {
        self.token = token;
    }

    /// Asks for an image.
    pub(super) async fn ask_for(&self, prompt: &str) -> Result<Answer, String> {
        send(self.client.post(&self.trigger).json(&json!({"prompt": prompt}))).await
    }

    /// All tasks.
    pub(super) async fn tasks(&self) -> Result<Answer, String> {
        send(self.client.get(&self.api).bearer_auth(&self.token)).await
    }

    /// A task, as soon as it has one of these statuses.
    pub(super) async fn task_when(&self, id: &str, statuses: &[&str]) -> Result<Value, Unmet> {
        let expected = || format!("the task is {} within {} s", statuses.join(" or "), STEP.as_secs());
        let began = Instant::now();
        loop {
            let asked = send(self.client.get(format!("{}/{id}", self.api)).bearer_auth(&self.token)).await;
            let answer = asked.map_err(|reason| Unmet::new(expected(), reason))?;
            if statuses.contains(&answer.word()) {
                return Ok(answer.body);
            }
            if !answer.is_ok() || began.elapsed() > STEP {
                return Err(Unmet::new(expected(), answer));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

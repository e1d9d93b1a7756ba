use futures_util::future::BoxFuture;
use platform::sender::{Failure, Transport};
use reqwest::{Request, Response};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// The outside service: it answers every call alike, and remembers what was asked. Clones are the same.
#[derive(Debug, Clone)]
pub struct Service {
    status: u16,
    answer: Value,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Service {
    /// A service that answers with this status and body.
    pub fn answering(status: u16, answer: Value) -> Self {
        Self { status, answer, asked: Arc::default() }
    }

    /// Method and URL of each call, in their order.
    pub fn asked(&self) -> Vec<(String, String)> {
        self.asked.lock().unwrap().clone()
    }
}

impl Transport for Service {
    fn carry(&self, request: Request) -> BoxFuture<'_, Result<Response, Failure>> {
        self.asked.lock().unwrap().push((request.method().to_string(), request.url().to_string()));
        let answer = http::Response::builder().status(self.status).header("content-type", "application/json");
        let answer = answer.body(self.answer.to_string()).unwrap();
        Box::pin(async move { Ok(answer.into()) })
    }
}

//! A customer: an endpoint of theirs, and what they get.

use crate::service::Request;
use crate::{Answer, Caller, Service, send};
use reqwest::Method;
use serde_json::{Map, Value, json};

/// A file with nothing in it but leave to deliver to this machine.
pub const TO_THIS_MACHINE: &str = "delivery: {allow_private: [127.0.0.0/8]}";

/// An endpoint at a service.
#[derive(Debug)]
pub struct Subscriber {
    /// The endpoint's id.
    pub id: String,
    /// What it is signed with.
    pub secret: String,
    /// Who answers there.
    pub service: Service,
}

impl Subscriber {
    /// Subscribes a service to all events, with more fields.
    ///
    /// # Panics
    /// If the endpoint is refused.
    pub async fn new(gateway: &Caller, service: Service, more: Value) -> Self {
        let mut fields = json!({"name": "a test", "url": format!("{}/hook", service.url), "events": ["*"]});
        let all: &mut Map<String, Value> = fields.as_object_mut().expect("an object");
        all.extend(more.as_object().cloned().unwrap_or_default());
        let answer = create(gateway, &fields).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let text = |name: &str| answer.body[name].as_str().unwrap_or_default().to_owned();
        Self { id: text("webhook_id"), secret: text("secret"), service }
    }

    /// The requests of one event, in the order in which they came.
    pub fn requests(&self, event: &str) -> Vec<Request> {
        self.service.requests().into_iter().filter(|request| request.header("webhook-id") == event).collect()
    }
}

/// Asks for an endpoint.
pub async fn create(gateway: &Caller, fields: &Value) -> Answer {
    send(gateway.api(Method::POST, "/api/webhooks").json(fields)).await
}

/// Publishes an event; gives its id.
///
/// # Panics
/// If it is refused.
pub async fn publish(gateway: &Caller, event: &Value) -> String {
    let answer = send(gateway.api(Method::POST, "/api/events").json(event)).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer.body["event_id"].as_str().expect("an id").to_owned()
}

//! Everyone who calls Ringback, and what they were promised.

use super::ask::{Refused, What};
use super::file::{API_TOKEN, TRIGGER_TOKEN};
use super::state::State;
use axum::body::Body;
use domain::endpoint::Settings;
use http::Request;
use http::request::Builder;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Which of its doors a request goes to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Door {
    Triggers,
    Callbacks,
    Api,
}

/// What was answered with a 2xx.
#[derive(Debug, Default)]
pub(super) struct Promises {
    /// When each run was acknowledged first.
    pub(super) runs: BTreeMap<String, Timestamp>,
    /// Runs that somebody wanted to end, and whether that was acknowledged.
    pub(super) cancels: BTreeMap<String, bool>,
    pub(super) events: Vec<EventPromise>,
    /// By receiver.
    pub(super) endpoints: BTreeMap<usize, EndpointPromise>,
    /// What the answers may not show.
    pub(super) secrets: Vec<String>,
    /// What repetitions were answered before.
    pub(super) alike: BTreeMap<String, String>,
}

/// An event that must reach who subscribes.
#[derive(Debug, Clone)]
pub(super) struct EventPromise {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) customer: String,
    /// It was not stored before.
    pub(super) began: Timestamp,
}

#[derive(Debug)]
pub(super) struct EndpointPromise {
    pub(super) id: String,
    pub(super) acked_at: Timestamp,
    pub(super) customer: String,
    pub(super) events: Vec<String>,
    pub(super) settings: Settings,
    /// Somebody wants it gone.
    pub(super) ended: bool,
}

impl State {
    /// What an ask says on the wire; `None` where there is nothing to say any more.
    pub(super) fn request(&mut self, ask: usize) -> Option<(Door, Request<Body>)> {
        let mut what = self.asks[ask].what.clone();
        if let What::Cancel { run: run @ None } | What::Rerun { run: run @ None, .. } = &mut what {
            let known: Vec<String> = self.promises.runs.keys().cloned().collect();
            if known.is_empty() {
                return None;
            }
            *run = Some(self.dice.pick(&known));
            self.asks[ask].what = what.clone();
        }
        Some(match what {
            What::Trigger { path, body, key } => {
                let request = post(path);
                let request = if path == "/signed" { bearer(request, TRIGGER_TOKEN) } else { request };
                let request = if let Some(key) = key { request.header("idempotency-key", key) } else { request };
                (Door::Triggers, json_body(request, &body))
            }
            What::Start { workflow, key } => {
                let request = api(&format!("/api/workflows/{workflow}/runs")).header("idempotency-key", key);
                (Door::Api, json_body(request, &json!({"input": {"n": 0}})))
            }
            What::Rerun { run, key } => {
                let request = api(&format!("/api/tasks/{}/rerun", run?)).header("idempotency-key", key);
                (Door::Api, json_body(request, &Value::Null))
            }
            What::Cancel { run } => {
                let run = run?;
                self.promises.cancels.entry(run.clone()).or_default();
                (Door::Api, json_body(api(&format!("/api/tasks/{run}/cancel")), &Value::Null))
            }
            What::Publish { id, kind, customer } => {
                let event = json!({"event": kind, "id": id, "data": {"id": id}, "customer_id": customer});
                (Door::Api, json_body(api("/api/events"), &event))
            }
            What::Subscribe { receiver, fields } => {
                let request = api("/api/webhooks").header("idempotency-key", format!("receiver-{receiver}"));
                (Door::Api, json_body(request, &fields))
            }
            What::Unsubscribe { receiver } => {
                let endpoint = self.promises.endpoints.get_mut(&receiver)?;
                endpoint.ended = true;
                let request = Request::delete(format!("/api/webhooks/{}", endpoint.id));
                (Door::Api, bearer(request, API_TOKEN).body(Body::empty()).expect("a request"))
            }
            What::CallBack { callback } => {
                let callback = &mut self.service.callbacks[callback];
                callback.sent = true;
                let (path, body) = callback.request();
                (Door::Callbacks, json_body(post(&path), &body))
            }
            What::Stray { key } => (Door::Callbacks, json_body(post("/done"), &json!({"key": key, "status": "done"}))),
            What::Refused(refused) => refused_request(refused),
        })
    }
}

fn refused_request(refused: Refused) -> (Door, Request<Body>) {
    let empty = json!({});
    match refused {
        Refused::NotJson => {
            let request = post("/image").header("content-type", "application/json").body(Body::from("{\"n\": "));
            (Door::Triggers, request.expect("a request"))
        }
        Refused::NoToken => (Door::Triggers, json_body(post("/signed"), &empty)),
        Refused::WrongToken => (Door::Triggers, json_body(bearer(post("/signed"), "not-the-token"), &empty)),
        Refused::WrongMethod => (Door::Triggers, json_body(Request::put("/image"), &empty)),
        Refused::UnknownPath => (Door::Triggers, json_body(post("/nowhere"), &empty)),
        Refused::NoKey => (Door::Callbacks, json_body(post("/done"), &json!({"status": "done"}))),
        Refused::ApiWithoutToken => (Door::Api, json_body(post("/api/events"), &json!({"event": "order.paid"}))),
        Refused::BadEvent => (Door::Api, json_body(api("/api/events"), &json!({"event": "not a name"}))),
        Refused::PrivateUrl => {
            let fields = json!({"url": "http://127.0.0.1/hook", "events": ["*"]});
            (Door::Api, json_body(api("/api/webhooks"), &fields))
        }
        Refused::UnknownTask => {
            let path = format!("/api/tasks/run_{}/cancel", "0".repeat(32));
            (Door::Api, json_body(api(&path), &Value::Null))
        }
    }
}

fn post(path: &str) -> Builder {
    Request::post(path)
}

fn api(path: &str) -> Builder {
    bearer(post(path), API_TOKEN)
}

fn bearer(request: Builder, token: &str) -> Builder {
    request.header("authorization", format!("Bearer {token}"))
}

fn json_body(request: Builder, body: &Value) -> Request<Body> {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    request.header("content-type", "application/json").body(body).expect("a request")
}

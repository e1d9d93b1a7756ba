//! An app over the little AWS in the test's own process, for the tests beside each function's code: no socket, no loop and no
//! thread. The test hands over each request, record and message itself, and turns the clock.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "for tests alone: a panic fails the test"
)]

mod hands;
mod service;

pub use hands::Hands;
pub use service::Service;

use application::App;
use application::app::Outside;
use aws_lambda_events::event::dynamodb::EventRecord;
use axum::Router;
use axum::body::Body;
use domain::config::load;
use domain::run::Surroundings;
use http::{Request, StatusCode};
use local_aws::{Aws, AwsOptions, QueueOptions};
use platform::secret::KeyRing;
use platform::sender::Sender;
use platform::settings::Settings;
use platform::store::Owes;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::ServiceExt;

/// The bearer token of the operator.
pub const TOKEN: &str = "a token for tests";

/// An app, and what is under it.
pub struct Rehearsal {
    /// What handlers are given.
    pub app: Arc<App>,
    /// The table, its stream and the queue `calls`.
    pub aws: Aws,
    /// The app's clock.
    pub clock: Hands,
    relayed: Mutex<u64>,
}

impl Rehearsal {
    /// An app that follows this file and whose calls are answered by that service.
    pub fn of(file: &str, service: &Service) -> Self {
        let queue = QueueOptions {
            name: "calls".to_owned(),
            visibility_timeout: Duration::from_secs(900),
            max_receive_count: 1000,
        };
        let aws = Aws::open(AwsOptions { queues: vec![queue], ..AwsOptions::in_memory("ringback") }).unwrap();
        let loaded = load(file, "ringback.yml");
        let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        let (clock, queue_url) = (Hands::default(), aws.queue_url("calls"));
        let token_digests = vec![Sha256::digest(TOKEN).into()];
        let settings = Settings { shards: 1, queue_url, token_digests, ..Settings::default() };
        let sender = Sender::new(settings.max_response, Default::default()).expect("TLS");
        let sender = sender.carried_by(Arc::new(service.clone()));
        let keys = Some(Arc::new(KeyRing::generate()));
        let outside = Outside {
            clock: Arc::new(clock.clone()),
            ..Outside::through(aws.dynamodb(), aws.sqs(), settings, sender, keys)
        };
        let surroundings = Surroundings::of(&config, Map::new(), |_| None);
        let app = App::new(outside, Arc::new(config), surroundings).expect("no secret is missing");
        Self { app: Arc::new(app), aws, clock, relayed: Mutex::new(0) }
    }

    /// The records of the stream that have come since the last time: what `relay` is given.
    pub fn records(&self) -> Vec<EventRecord> {
        let mut relayed = self.relayed.lock().unwrap();
        let records = self.aws.stream().read_after(*relayed, 1000).unwrap();
        *relayed = records.last().map_or(*relayed, |last| last.sequence);
        records.into_iter().map(|record| record.record).collect()
    }

    /// The messages that those records owe, as `relay` would send them: for the tests of what comes after it.
    pub fn owed(&self) -> Vec<String> {
        let mut messages = Vec::new();
        for record in self.records() {
            if let Owes::Messages(owed) = Owes::read(&record.change.new_image).unwrap() {
                messages.extend(owed.iter().map(|message| serde_json::to_string(message).unwrap()));
            }
        }
        messages
    }

    /// The messages that are in the queue now, taken from it: what `deliver` is given.
    pub async fn messages(&self) -> Vec<String> {
        let (sqs, url) = (self.aws.sqs(), self.aws.queue_url("calls"));
        let receive = sqs.receive_message().queue_url(&url).max_number_of_messages(10).wait_time_seconds(0);
        let mut bodies = Vec::new();
        for message in receive.send().await.unwrap().messages.unwrap_or_default() {
            let receipt = message.receipt_handle.unwrap();
            sqs.delete_message().queue_url(&url).receipt_handle(receipt).send().await.unwrap();
            bodies.push(message.body.unwrap());
        }
        bodies
    }
}

/// A request as a router's answer: the status, and the body where it is JSON.
pub async fn ask(router: Router, request: Request<Body>) -> (StatusCode, Value) {
    let answer = router.oneshot(request).await.unwrap_or_else(|never| match never {});
    let status = answer.status();
    let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

/// A request of the operator's with this body; without one where it is null.
pub fn request(method: &str, path: &str, body: &Value) -> Request<Body> {
    let body = if body.is_null() { Body::empty() } else { body.to_string().into() };
    let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {TOKEN}"));
    request.header("content-type", "application/json").body(body).unwrap()
}

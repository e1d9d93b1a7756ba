//! The image service's door: it answers at once that it has begun, and calls back when it is done.
//!
//! ```text
//! POST /v1/generate       202 {"task_id", "status": "processing"}, and later a callback if it was given a callback_url
//! GET  /v1/tasks/{id}     {"task_id", "status": "processing" or "completed", "output"}
//! POST /optimize          200 {"url", "original_size", "compressed_size"}
//! ```

use super::exchange::client;
use super::studio::{Habits, Manner, Order, Seen, Studio, What, image_url, sizes};
use crate::command::Failure;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// The service, while it runs; dropping it stops it.
pub(super) struct ImageService {
    url: String,
    studio: Arc<Studio>,
    seen: mpsc::UnboundedReceiver<Seen>,
    _tasks: JoinSet<()>,
}

type Desk = (Arc<Studio>, mpsc::UnboundedSender<Order>);

impl ImageService {
    /// Starts it; port 0 is any.
    pub(super) async fn start(port: u16, habits: Habits) -> Result<Self, Failure> {
        let taken = |error| format!("the image service can't listen on port {port}: {error}");
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(taken)?;
        let url = format!("http://{}", listener.local_addr()?);
        let (see, seen) = mpsc::unbounded_channel();
        let (order, orders) = mpsc::unbounded_channel();
        let studio = Arc::new(Studio::new(habits, see, client()?));
        let router = Router::new()
            .route("/v1/generate", post(generate))
            .route("/v1/tasks/{id}", get(task))
            .route("/optimize", post(optimize))
            .with_state((studio.clone(), order));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // It ends with the process.
            let _ = axum::serve(listener, router).await;
        });
        tasks.spawn(work(studio.clone(), orders));
        Ok(Self { url, studio, seen, _tasks: tasks })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// What it saw next.
    pub(super) async fn next_seen(&mut self) -> Option<Seen> {
        self.seen.recv().await
    }

    /// What it has seen and nobody has heard yet.
    pub(super) fn seen_meanwhile(&mut self) -> Vec<Seen> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }

    pub(super) fn behave(&self, manner: Manner) {
        self.studio.behave(manner);
    }

    /// The image in work may be done.
    pub(super) fn cue(&self) {
        self.studio.cue();
    }
}

/// All orders are worked on side by side.
async fn work(studio: Arc<Studio>, mut orders: mpsc::UnboundedReceiver<Order>) {
    let mut under_way = JoinSet::new();
    while let Some(order) = orders.recv().await {
        let studio = studio.clone();
        under_way.spawn(async move { studio.fulfil(&order).await });
        while under_way.try_join_next().is_some() {}
    }
}

async fn generate(State((studio, orders)): State<Desk>, headers: HeaderMap, Json(request): Json<Value>) -> Response {
    let (image, again) = studio.begin(key(&headers));
    studio.see(&image, What::Called { again });
    let callback_url = request.get("callback_url").and_then(Value::as_str).filter(|_| !again);
    if let Some(callback_url) = callback_url {
        let order = Order { image: image.clone(), callback_url: callback_url.to_owned() };
        if studio.manner() == Manner::Impatient {
            studio.call_back(&order).await;
            studio.see(&image, What::Answered);
        } else {
            // The worker lives as long as this door.
            let _ = orders.send(order);
        }
    }
    (StatusCode::ACCEPTED, Json(json!({"task_id": image, "status": "processing"}))).into_response()
}

async fn task(State((studio, _)): State<Desk>, Path(id): Path<String>) -> Response {
    match studio.is_done(&id) {
        None => (StatusCode::NOT_FOUND, Json(json!({"error": "no such task"}))).into_response(),
        Some(false) => Json(json!({"task_id": id, "status": "processing"})).into_response(),
        Some(true) => {
            let output = json!({"url": image_url(&id), "width": 1024, "height": 1024});
            Json(json!({"task_id": id, "status": "completed", "output": output})).into_response()
        }
    }
}

async fn optimize(State((studio, _)): State<Desk>, headers: HeaderMap, Json(request): Json<Value>) -> Response {
    let url = request.get("url").and_then(Value::as_str).unwrap_or_default();
    let name = url.rsplit('/').next().and_then(|name| name.split_once('.'));
    let Some((image, _)) = name else {
        let error = json!({"error": "`url` must name an image file"});
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(error)).into_response();
    };
    let again = studio.knows(key(&headers), image);
    studio.see(image, What::Optimized { again });
    let (original, compressed) = sizes(image);
    let smaller = format!("https://images.example/{image}.min.webp");
    Json(json!({"url": smaller, "original_size": original, "compressed_size": compressed})).into_response()
}

/// Every call that Ringback makes has one, the same for each try.
fn key(headers: &HeaderMap) -> Option<&str> {
    headers.get("idempotency-key").and_then(|value| value.to_str().ok())
}

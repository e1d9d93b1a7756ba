//! What the sockets serve for an app.

use super::current::Serving;
use super::retired::{self, Retired};
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use domain::config::{Listener, Routes};
use platform::App;
use platform::problem::Problem;
use platform::request::receive;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How many requests listeners answer at once (`max_concurrent_count`), by listener and limit: what is under way under the
/// file before counts under the next one too.
#[derive(Default)]
pub(super) struct Limits(HashMap<(String, u32), Arc<Semaphore>>);

impl Limits {
    fn of(&mut self, listener: &Listener, limit: u32) -> Arc<Semaphore> {
        let new = || Arc::new(Semaphore::new(limit.max(1) as usize));
        self.0.entry((listener.id.clone(), limit)).or_insert_with(new).clone()
    }
}

/// The API with the sources, and each listener port's routes, with those of older files behind them.
pub(super) fn serving(app: Arc<App>, retired: &[Retired], limits: &mut Limits) -> Serving {
    let api = api::router(&app).merge(trigger::sources(&app).reset_fallback());
    let mut listeners = BTreeMap::new();
    for listener in &app.config.listeners {
        let router = listener_router(&app, listener, limits);
        let merged = match listeners.remove(&listener.port) {
            None => router,
            // Each has the same answer for what it doesn't know; only one can be kept.
            Some(before) => Router::merge(before, router.reset_fallback()),
        };
        listeners.insert(listener.port, merged);
    }
    for (port, older) in retired::routers(&app, retired) {
        let router = match listeners.remove(&port) {
            Some(router) => Router::fallback_service(router, older),
            None => older,
        };
        listeners.insert(port, router);
    }
    Serving { app, api, listeners }
}

fn listener_router(app: &Arc<App>, listener: &Listener, limits: &mut Limits) -> Router {
    let router = match listener.routes {
        Routes::Triggers(_) => trigger::router(app, [listener]),
        Routes::Callbacks(_) => callback::router(app, [listener]),
    };
    match listener.max_concurrent_count {
        Some(limit) => {
            let slots = Slots { free: limits.of(listener, limit), max_body: app.settings.max_body };
            router.route_layer(from_fn_with_state(slots, take_slot))
        }
        None => router,
    }
}

/// The requests that a listener may answer at once.
#[derive(Clone)]
struct Slots {
    free: Arc<Semaphore>,
    max_body: usize,
}

/// Answers a request once there is a slot for it. A body has come whole before that: a caller who sends slowly, or nothing,
/// keeps no slot from the others.
async fn take_slot(State(slots): State<Slots>, request: Request, next: Next) -> Result<Response, Problem> {
    let request = receive(request, slots.max_body).await?;
    let _slot = slots.free.acquire().await;
    Ok(next.run(request).await)
}

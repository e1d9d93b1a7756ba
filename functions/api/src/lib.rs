//! The API: tasks (runs, as callers see them) and what they wait for, workflows to start, the log of deliveries and what can be done about it,
//! health.
//!
//! Everything under `/api` needs the bearer token; a request without it learns nothing, not even what exists.

mod body;
mod endpoints;
mod events;
mod sources;
mod token;
mod tokens;
mod name;
mod moment;
mod programs;
mod task;
mod tasks;
mod workflows;
mod walk;
mod filter;
mod gateways;
mod delivery;
mod deliveries;
mod tally;
mod dashboard;
mod diagnose;
mod trial;
mod operations;
mod replay;
mod waits;
mod requests;
mod room;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post};
use platform::App;
use platform::problem::Problem;
use serde_json::{Value, json};
use std::sync::Arc;

/// The API's routes.
pub fn router(app: &Arc<App>) -> Router {
    let everything = Router::new()
        .route("/api/tasks", get(tasks::list))
        .route("/api/tasks/{id}", get(tasks::show))
        .route("/api/tasks/{id}/cancel", post(tasks::cancel))
        .route("/api/tasks/{id}/result", get(tasks::result))
        .route("/api/tasks/{id}/rerun", post(tasks::rerun))
        .route("/api/gateways", get(gateways::list))
        .route("/api/tasks/{id}/replay", post(replay::replay))
        .route("/api/waits", get(waits::list))
        .route("/api/waits/adopt", post(waits::adopt))
        .route("/api/requests", get(requests::list))
        .route("/api/workflows", get(workflows::list))
        .route("/api/workflows/{id}/runs", post(workflows::start))
        .route("/api/config/programs", get(programs::list).post(programs::put))
        .route("/api/config/programs/{name}", get(programs::show).delete(programs::delete))
        .route("/api/tokens", get(tokens::list).post(tokens::create))
        .route("/api/tokens/{id}", delete(tokens::delete))
        .route("/api/config/webhooks", get(sources::list).post(sources::put))
        .route("/api/config/webhooks/{id}", get(sources::show).delete(sources::delete))
        .route("/api/config/history", get(sources::history))
        .layer(from_fn(token::require_all));
    let guarded = Router::new()
        .route("/api/deliveries", get(deliveries::list))
        .route("/api/deliveries/{id}", get(deliveries::show))
        .route("/api/deliveries/{id}/retry", post(deliveries::retry))
        .route("/api/webhooks/deliveries", get(deliveries::list))
        .route("/api/webhooks/endpoints", get(dashboard::endpoints))
        .route("/api/webhooks/stats", get(dashboard::stats))
        .route("/api/webhooks/{id}/diagnose", get(diagnose::diagnose))
        .route("/api/webhooks/{id}/recover", post(operations::recover))
        .route("/api/webhooks/{id}/test", post(trial::test))
        .route("/api/operations/{id}", get(operations::show))
        .route("/api/webhooks", get(endpoints::list).post(endpoints::create))
        .route("/api/webhooks/{id}", get(endpoints::show).patch(endpoints::change).delete(endpoints::delete))
        .route("/api/webhooks/{id}/rotate-secret", post(endpoints::rotate))
        .route("/api/events", post(events::publish))
        .route("/api/events/{id}", get(events::show))
        .route("/api/event-types", get(events::types))
        .merge(everything)
        .route("/api/{*rest}", axum::routing::any(async || Problem::not_found()))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(from_fn_with_state(app.clone(), token::require))
        .layer(from_fn(room::bounded));
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .merge(guarded)
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .with_state(app.clone())
}

/// The process answers.
async fn health() -> axum::Json<Value> {
    axum::Json(json!({"status": "ok"}))
}

/// The table answers too.
async fn ready(axum::extract::State(app): axum::extract::State<Arc<App>>) -> Result<axum::Json<Value>, Problem> {
    app.store.ready().await?;
    Ok(axum::Json(json!({"status": "ready"})))
}

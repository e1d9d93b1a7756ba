//! Inbound requests that start runs.
//!
//! A request is read, mapped to the workflow's input and stored as a queued run: one conditional write, then the
//! answer. That the run starts is the table's promise from then on, not this function's. Where the route (or the source)
//! says what must hold of a request, that is judged first, over the raw bytes.

mod accept;
mod dedupe;
mod sources;

pub use sources::{source_routes, sources};

use application::App;
use application::request::Raw;
use application::verification::{Judged, Passed, Seen, judge_route};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::routing::on;
use domain::config::{Listener, Routes, Trigger};
use edge::handshake::answer;
use edge::head;
use edge::problem::Problem;
use edge::route::filter;
use std::sync::Arc;

/// The trigger routes of some listeners, and an answer to every other request.
pub fn router<'a>(app: &Arc<App>, listeners: impl IntoIterator<Item = &'a Listener>) -> Router {
    let router = routes(app, listeners);
    router.fallback(async || Problem::not_found()).method_not_allowed_fallback(head::not_allowed)
}

/// The trigger routes of some listeners alone, to be merged with others of the same port: a router has one answer for what it
/// doesn't know, so whoever merges them gives it.
pub fn routes<'a>(app: &Arc<App>, listeners: impl IntoIterator<Item = &'a Listener>) -> Router {
    let mut router = Router::new();
    for listener in listeners {
        let Routes::Triggers(triggers) = &listener.routes else { continue };
        for trigger in triggers {
            let state = (app.clone(), Arc::new(trigger.clone()), listener.port);
            router = router.route(&trigger.route.path, on(filter(trigger.route.method), handle).with_state(state));
        }
    }
    router
}

async fn handle(
    State((app, trigger, port)): State<(Arc<App>, Arc<Trigger>, u16)>,
    request: Request,
) -> Result<Response, Problem> {
    if request.method() == Method::HEAD {
        return Ok(head::answer());
    }
    let raw = edge::request::read(request, app.settings.max_body).await?;
    let room = app.memory.bodies.admit(&raw.bytes).await?;
    room.drive(Box::pin(judge_and_accept(&app, &trigger, port, raw))).await
}

async fn judge_and_accept(app: &App, trigger: &Trigger, port: u16, raw: Raw) -> Result<Response, Problem> {
    let passed = match judge_route(app, trigger.verify.as_ref(), (&trigger.route.id, port), &raw).await? {
        None => None,
        Some(Judged::Passed(passed)) => Some(passed),
        Some(Judged::Answered(reply)) => return Ok(answer(&reply)),
    };
    let kept = raw.kept(passed.as_ref().map(|passed| passed.hidden.as_slice()));
    let identity = {
        let open = Passed::default();
        passed.as_ref().unwrap_or(&open).identity(&Seen::new(app, &raw, port, None), None)
    };
    let mut incoming = raw.parse().await?;
    incoming.kept = kept;
    if let Some(passed) = &passed {
        incoming.hidden.clone_from(&passed.hidden);
        incoming.conceal(&passed.secrets);
    }
    let preset = passed.and_then(|passed| passed.preset);
    accept::accept(app, trigger, &incoming, (identity, preset)).await.map(IntoResponse::into_response)
}

#[cfg(test)]
mod tests;

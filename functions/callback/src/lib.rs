//! Inbound requests that complete waits.
//!
//! A callback is read, its key and its verdict are taken from it, and its half of the wait is stored: one conditional
//! write, then the answer. Whether somebody waits already is for that write to say; if so, the table owes the run its
//! message from then on. A repetition is known by the provider's delivery id, or else by the body's bytes. Where the route says what must hold of a request, that is judged first, over the raw bytes.

mod receive;

use application::App;
use application::request::Raw;
use application::verification::{Judged, judge_route};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::routing::on;
use domain::config::{Callback, Listener, Routes};
use domain::run::CALLBACK_TOKEN;
use domain::signature::Verified;
use domain::wait::ArrivalId;
use edge::handshake::answer;
use edge::head;
use edge::problem::Problem;
use edge::route::filter;
use serde_json::Value;
use std::sync::Arc;

/// The callback routes of some listeners, and an answer to every other request.
pub fn router<'a>(app: &Arc<App>, listeners: impl IntoIterator<Item = &'a Listener>) -> Router {
    let router = routes(app, listeners);
    router.fallback(async || Problem::not_found()).method_not_allowed_fallback(head::not_allowed)
}

/// The callback routes of some listeners alone, to be merged with others of the same port: a router has one answer for what it
/// doesn't know, so whoever merges them gives it.
pub fn routes<'a>(app: &Arc<App>, listeners: impl IntoIterator<Item = &'a Listener>) -> Router {
    let mut router = Router::new();
    for listener in listeners {
        let Routes::Callbacks(callbacks) = &listener.routes else { continue };
        for callback in callbacks {
            let state = (app.clone(), Arc::new(callback.clone()), listener.port);
            router = router.route(&callback.route.path, on(filter(callback.route.method), handle).with_state(state));
        }
    }
    router
}

async fn handle(
    State((app, callback, port)): State<(Arc<App>, Arc<Callback>, u16)>,
    request: Request,
) -> Result<Response, Problem> {
    if request.method() == Method::HEAD {
        return Ok(head::answer());
    }
    let raw = edge::request::read(request, app.settings.max_body).await?;
    let room = app.memory.bodies.admit(&raw.bytes).await?;
    room.drive(Box::pin(judge_and_receive(&app, &callback, port, raw))).await
}

async fn judge_and_receive(app: &App, callback: &Callback, port: u16, raw: Raw) -> Result<Response, Problem> {
    let passed = match judge_route(app, callback.verify.as_ref(), (&callback.route.id, port), &raw).await? {
        Some(Judged::Answered(reply)) => return Ok(answer(&reply)),
        Some(Judged::Passed(passed)) => Some(passed),
        None => None,
    };
    let id = identity(&raw, passed.as_ref().map(|passed| &passed.verified));
    let mut incoming = raw.parse().await?;
    if let Some(passed) = passed {
        let token = incoming.query.get(CALLBACK_TOKEN).cloned();
        incoming.conceal(&passed.secrets);
        // A callback token says which job the callback is for.
        if let (Some(token), Value::Object(query)) = (token, &mut incoming.query) {
            query.insert(CALLBACK_TOKEN.to_owned(), token);
        }
    }
    receive::receive(app, callback, &incoming, &id).await.map(IntoResponse::into_response)
}

/// Names the callback: the same for each repetition of the request.
fn identity(raw: &Raw, verified: Option<&Verified>) -> ArrivalId {
    let (headers, url) = (raw.headers(), raw.url(""));
    let request = domain::signature::Request {
        method: raw.method(),
        url: &url,
        headers: &headers,
        body: &raw.bytes,
        client_ip: None,
    };
    ArrivalId::of(verified, &request)
}

#[cfg(test)]
mod tests;

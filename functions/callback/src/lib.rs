//! Inbound requests that complete waits.
//!
//! A callback is read, its key and its verdict are taken from it, and its half of the wait is stored: one conditional
//! write, then the answer. Whether somebody waits already is for that write to say; if so, the table owes the run its
//! message from then on. Where the route says what must hold of a request, that is judged first, over the raw bytes.

mod receive;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use domain::config::{Callback, Listener, Routes};
use domain::run::CALLBACK_TOKEN;
use platform::App;
use platform::head;
use platform::problem::Problem;
use platform::request::Raw;
use platform::verification::{Judged, judge_route};
use serde_json::Value;
use std::sync::Arc;

/// The callback routes of some listeners.
pub fn router<'a>(app: &Arc<App>, listeners: impl IntoIterator<Item = &'a Listener>) -> Router {
    let mut router = Router::new();
    for listener in listeners {
        let Routes::Callbacks(callbacks) = &listener.routes else { continue };
        for callback in callbacks {
            let Ok(method) = callback.route.method.parse::<Method>() else { continue };
            let Ok(filter) = MethodFilter::try_from(method) else { continue };
            let state = (app.clone(), Arc::new(callback.clone()), listener.port);
            router = router.route(&callback.route.path, on(filter, handle).with_state(state));
        }
    }
    router.fallback(async || Problem::not_found()).method_not_allowed_fallback(head::not_allowed)
}

async fn handle(
    State((app, callback, port)): State<(Arc<App>, Arc<Callback>, u16)>,
    request: Request,
) -> Result<Response, Problem> {
    if request.method() == Method::HEAD {
        return Ok(head::answer());
    }
    let raw = Raw::read(request, app.settings.max_body).await?;
    let passed = match judge_route(&app, callback.verify.as_ref(), (&callback.route.id, port), &raw).await? {
        None => None,
        Some(Judged::Passed(passed)) => Some(passed),
        Some(Judged::Answered(response)) => return Ok(response),
    };
    let mut incoming = raw.parse().await?;
    if let Some(passed) = passed {
        let token = incoming.query.get(CALLBACK_TOKEN).cloned();
        incoming.conceal(&passed.secrets);
        // A callback token says which job the callback is for.
        if let (Some(token), Value::Object(query)) = (token, &mut incoming.query) {
            query.insert(CALLBACK_TOKEN.to_owned(), token);
        }
    }
    receive::receive(&app, &callback, &incoming).await.map(IntoResponse::into_response)
}

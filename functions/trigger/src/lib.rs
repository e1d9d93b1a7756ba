//! Inbound requests that start runs.
//!
//! A request is read, mapped to the workflow's input and stored as a queued run: one conditional write, then the
//! answer. That the run starts is the table's promise from then on, not this function's.

mod accept;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use domain::config::{Listener, Routes, Trigger};
use platform::App;
use platform::problem::Problem;
use platform::request::Incoming;
use std::sync::Arc;

/// The trigger routes of some listeners.
pub fn router<'a>(app: &Arc<App>, listeners: impl IntoIterator<Item = &'a Listener>) -> Router {
    let mut router = Router::new();
    for listener in listeners {
        let Routes::Triggers(triggers) = &listener.routes else { continue };
        for trigger in triggers {
            let Ok(method) = trigger.route.method.parse::<axum::http::Method>() else { continue };
            let Ok(filter) = MethodFilter::try_from(method) else { continue };
            let state = (app.clone(), Arc::new(trigger.clone()));
            router = router.route(&trigger.route.path, on(filter, handle).with_state(state));
        }
    }
    router.fallback(async || Problem::not_found()).method_not_allowed_fallback(async || Problem::method_not_allowed())
}

async fn handle(State((app, trigger)): State<(Arc<App>, Arc<Trigger>)>, request: Request) -> Response {
    match Incoming::read(request, app.settings.max_body).await {
        Ok(incoming) => accept::accept(&app, &trigger, &incoming).await.into_response(),
        Err(problem) => problem.into_response(),
    }
}

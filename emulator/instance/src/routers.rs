//! What the sockets serve for an app.

use super::current::Serving;
use super::retired::{self, Retired};
use application::App;
use application::sources::Found;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use domain::config::{Listener, Routes};
use edge::head;
use edge::problem::Problem;
use edge::request::receive;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tower::ServiceExt;

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
    let sources = trigger::source_routes(&app, app.config.controller.port, "");
    let api = api::router(&app).merge(sources).method_not_allowed_fallback(async || Problem::method_not_allowed());
    let mut routes: BTreeMap<u16, Router> = BTreeMap::new();
    for listener in &app.config.listeners {
        let merged = routes.remove(&listener.port).unwrap_or_default().merge(routes_of(&app, listener, limits));
        routes.insert(listener.port, merged);
    }
    let mut older = retired::routers(&app, retired);
    let with_older = |(port, routes)| (port, before(routes, older.remove(&port)));
    let mut listeners: BTreeMap<u16, Router> = routes.into_iter().map(with_older).collect();
    listeners.extend(older);
    Serving { app, api, listeners }
}

/// The routes of a listener, which share its limit. They have no answer to other requests, so that routers of one port can
/// be merged; what can't be is no good file (`domain::config`, `resolve/routes.rs`).
fn routes_of(app: &Arc<App>, listener: &Listener, limits: &mut Limits) -> Router {
    let routes = match &listener.routes {
        Routes::Triggers(_) => trigger::routes(app, [listener]),
        Routes::Callbacks(_) => callback::routes(app, [listener]),
        Routes::Sources(sources) => trigger::source_routes(app, listener.port, &sources.base_path),
    };
    match listener.max_concurrent_count {
        Some(limit) => {
            let are_of_sources = matches!(listener.routes, Routes::Sources(_));
            let slots = Slots { free: limits.of(listener, limit), app: app.clone(), are_of_sources };
            routes.route_layer(from_fn_with_state(slots, take_slot))
        }
        None => routes,
    }
}

/// The requests that a listener may answer at once.
#[derive(Clone)]
struct Slots {
    free: Arc<Semaphore>,
    app: Arc<App>,
    /// The last part of each path is a source's name.
    are_of_sources: bool,
}

impl Slots {
    /// The largest body that the handler takes, in bytes.
    async fn max_body(&self, name: Option<&str>) -> Result<usize, Problem> {
        let app = &self.app;
        let Some(name) = name.filter(|_| self.are_of_sources) else { return Ok(app.settings.max_body) };
        Ok(match app.sources.find(&app.store, name, app.now()).await? {
            Found::Source(source) => source.source.max_body.unwrap_or(app.settings.max_body),
            Found::Unusable | Found::Nobody => app.settings.max_body,
        })
    }
}

/// Answers a request once there is a slot for it. A body has come whole before that: a caller who sends slowly, or nothing,
/// keeps no slot from the others.
async fn take_slot(
    State(slots): State<Slots>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let max_body = slots.max_body(name.ok().as_ref().map(|Path(name)| name.as_str())).await?;
    let request = receive(request, max_body).await?;
    let _slot = slots.free.acquire().await;
    Ok(next.run(request).await)
}

/// Routes with an answer to every other request: that of the router behind them, or else 404 and 405. The one behind is also
/// asked where a path is known here, but not for the request's method.
pub(super) fn before(routes: Router, behind: Option<Router>) -> Router {
    let Some(behind) = behind else {
        return routes.fallback(async || Problem::not_found()).method_not_allowed_fallback(head::not_allowed);
    };
    let other_methods = behind.clone();
    let ask = move |request: Request| {
        let behind = other_methods.clone();
        async move {
            if request.method() == Method::HEAD {
                return head::answer();
            }
            let answer = behind.oneshot(request).await.unwrap_or_else(|never| match never {});
            match answer.status() {
                StatusCode::NOT_FOUND => Problem::method_not_allowed().into_response(),
                _ => answer,
            }
        }
    };
    routes.fallback_service(behind).method_not_allowed_fallback(ask)
}

#[cfg(test)]
mod tests;

//! What is in charge: the app by which everything is handled now, and the routers made for it.
//!
//! ```text
//!  socket ── door ──┐
//!  stream, queue, ──┼──► Current ──► the app in charge, for this one request or message
//!  sweep, worker  ──┘       ▲
//!                           └── replaced by another, in one step
//! ```
//!
//! An [`App`] never changes. Sockets and loops outlive it: each asks for the one in charge whenever a request or a message
//! comes, and whoever has begun with one goes on with it to the end. So nothing is dropped when another takes over.

use application::App;
use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::Request;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use tower::{Service, service_fn};

/// An app, and what its sockets serve.
pub(super) struct Serving {
    /// What handlers are given.
    pub(super) app: Arc<App>,
    /// Where the API is.
    pub(super) api: Router,
    /// What the listeners serve, by the file's port.
    pub(super) listeners: BTreeMap<u16, Router>,
}

/// What is in charge. Clones are the same.
#[derive(Clone)]
pub struct Current(Arc<ArcSwap<Serving>>);

/// What a socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// The API.
    Api,
    /// The listeners of one port of the file.
    Listeners(u16),
}

impl Current {
    pub(super) fn new(serving: Serving) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(serving)))
    }

    /// The app in charge.
    pub fn app(&self) -> Arc<App> {
        self.0.load().app.clone()
    }

    pub(super) fn serving(&self) -> Arc<Serving> {
        self.0.load_full()
    }

    /// Puts another in charge, from the next request and the next message on.
    pub(super) fn replace(&self, serving: Serving) {
        self.0.store(Arc::new(serving));
    }

    /// What a socket serves: for each request, the router that is in charge then.
    pub(super) fn behind(&self, door: Door) -> Router {
        let current = self.clone();
        let ask = move |request: Request| {
            let mut router = current.router(door);
            async move { Ok::<_, Infallible>(router.call(request).await.unwrap_or_else(|never| match never {})) }
        };
        Router::new().fallback_service(service_fn(ask))
    }

    fn router(&self, door: Door) -> Router {
        let serving = self.0.load();
        match door {
            Door::Api => serving.api.clone(),
            // A port that has gone is closed at once; what comes in between is answered like an unknown path.
            Door::Listeners(port) => serving.listeners.get(&port).cloned().unwrap_or_default(),
        }
    }
}

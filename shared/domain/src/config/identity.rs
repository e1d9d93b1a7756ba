//! The identity of a route: its HTTP method and its public path.
//!
//! Waits, the ids of runs and stored requests name a route by its [`RouteId`]. It holds neither the port, nor the name or
//! the place of the listener, so all of these can be edited while runs wait.
//!
//! Version 0.1 named routes `<listener>:<METHOD>:<path>`. Waits and callbacks that are stored under such a *former* id are
//! found through [`RouteId::present`] and [`Config::former_ids`].

use super::{Callback, Config, Listener, Routes};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Names one route: `<METHOD> <path>`, the path with the listener's `base_path`, its parameters without their names
/// (`POST /done/{}`). Holds no `#`, which separates it from keys in the table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RouteId(pub String);

impl RouteId {
    /// The id of the route with this method and whole path.
    pub fn new(method: impl fmt::Display, path: &str) -> Self {
        Self(format!("{method} {}", unnamed(path)))
    }

    /// The id that a text names: the id itself, with or without names of parameters, or one that version 0.1 gave.
    pub fn named(text: &str) -> Self {
        let given = Self(text.to_owned());
        let whole = || text.split_once(' ').map(|(method, path)| Self::new(method, path));
        given.present().or_else(whole).unwrap_or(given)
    }

    /// The id that version 0.1 gave a route: it began with the listener's id.
    pub fn former(listener: &str, method: impl fmt::Display, path: &str) -> Self {
        Self(format!("{listener}:{method}:{path}"))
    }

    /// The present id of the route that this former id names; `None` for a present id.
    pub fn present(&self) -> Option<Self> {
        // Neither an id of a listener nor a method has a colon; a path may.
        let (_, rest) = self.0.split_once(':')?;
        let (method, path) = rest.split_once(':')?;
        let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
        (is_method && path.starts_with('/') && !self.0.contains(" /")).then(|| Self::new(method, path))
    }
}

/// A path whose parameters have no names: two that differ in these match the same requests.
fn unnamed(path: &str) -> String {
    let mut shown = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, name)) = rest.split_once('{') {
        shown.push_str(before);
        let (name, after) = name.split_once('}').unwrap_or((name, ""));
        shown.push_str(if name.starts_with('*') { "{*}" } else { "{}" });
        rest = after;
    }
    shown.push_str(rest);
    shown
}

impl fmt::Display for RouteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Listener {
    /// Its callback routes; none where it has routes of another kind.
    pub fn callbacks(&self) -> &[Callback] {
        match &self.routes {
            Routes::Callbacks(callbacks) => callbacks,
            Routes::Triggers(_) | Routes::Sources(_) => &[],
        }
    }
}

impl Config {
    /// The callback routes of all listeners, in file order.
    pub fn callbacks(&self) -> impl Iterator<Item = &Callback> {
        self.listeners.iter().flat_map(Listener::callbacks)
    }

    /// The ids that version 0.1 gave to the callback routes of this file with that identity: one, unless several ports
    /// have the route.
    pub fn former_ids(&self, id: &RouteId) -> Vec<RouteId> {
        let listeners = self.listeners.iter().flat_map(|listener| {
            listener
                .callbacks()
                .iter()
                .filter(|callback| callback.route.id == *id)
                .map(|one| (&listener.id, &one.route))
        });
        listeners.map(|(listener, route)| RouteId::former(listener, route.method, &route.path)).collect()
    }
}

#[cfg(test)]
mod tests;

//! The addresses of routes and sources, ready to be given to those who call them.

use domain::config::{Config, Listener, Routes};
use instance::ListenerAddress;
use serde::Serialize;
use std::fmt::Write;
use tunnels::PublicUrl;

/// The address of a route, or of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Address {
    /// The listener's id; absent where the API's port serves a source.
    listener: Option<String>,
    method: String,
    /// On this machine.
    url: String,
    /// For the internet; absent where nothing leads to the port from there.
    public_url: Option<String>,
    /// The effect of a request.
    does: String,
}

/// All of them, in the file's order. `listeners` are those that have a socket, `api` is the API's address; `public_of_port`
/// knows where the internet reaches a port.
pub(super) fn addresses(
    config: &Config,
    listeners: &[ListenerAddress],
    api: &str,
    public_of_port: impl Fn(u16) -> Option<String>,
) -> Vec<Address> {
    let mut all = Vec::new();
    for listener in &config.listeners {
        let served = listeners.iter().find(|address| address.id == listener.id);
        let is_of_sources = matches!(listener.routes, Routes::Sources(_));
        let (port, base) = match served {
            Some(address) => (listener.port, address.url.as_str()),
            None if is_of_sources => (config.controller.port, api),
            None => continue,
        };
        let public = public_of_port(port).filter(|public| public != base);
        all.extend(routes(config, listener).into_iter().map(|(method, path, does)| Address {
            listener: served.map(|address| address.id.clone()),
            method,
            url: format!("{base}{path}"),
            public_url: public.as_ref().map(|public| format!("{public}{path}")),
            does,
        }));
    }
    all
}

/// Method, path and effect of each route.
fn routes(config: &Config, listener: &Listener) -> Vec<(String, String, String)> {
    match &listener.routes {
        Routes::Triggers(all) => {
            let each = all.iter().map(|one| (&one.route, format!("starts {}", one.workflow)));
            each.map(|(route, does)| (route.method.to_string(), route.path.clone(), does)).collect()
        }
        Routes::Callbacks(all) => {
            let each = all.iter().map(|one| (one.route.method.to_string(), one.route.path.clone()));
            each.map(|(method, path)| (method, path, "completes a wait".to_owned())).collect()
        }
        Routes::Sources(routes) => {
            let each = config.sources.keys();
            each.map(|name| ("POST".to_owned(), routes.path_of(name), format!("the source {name}"))).collect()
        }
    }
}

/// The lines of this machine's addresses; names are `widest` wide.
pub(super) fn local_lines(all: &[Address], widest: usize) -> String {
    let mut text = String::new();
    for Address { listener, method, url, does, .. } in all {
        let listener = listener.as_deref().unwrap_or("API");
        let _ = writeln!(text, "  {listener:<widest$}  {method} {url}  ({does})");
    }
    text
}

/// The lines of what the internet reaches: the gateways, then each address. Empty where there is nothing.
pub(super) fn public_lines(gateways: &[PublicUrl], all: &[Address], widest: usize) -> String {
    let mut text = String::new();
    let widest = gateways.iter().map(|entry| entry.id.chars().count()).max().unwrap_or(0).max(widest);
    for PublicUrl { id, public_url, port, driver, .. } in gateways {
        let _ = writeln!(text, "  {id:<widest$}  {public_url}  (port {port}, through {driver})");
    }
    let mut public = all.iter().filter_map(|one| Some((one, one.public_url.as_ref()?))).peekable();
    if public.peek().is_some() && !text.is_empty() {
        text.push('\n');
    }
    for (Address { method, does, .. }, url) in public {
        let _ = writeln!(text, "  {method} {url}  ({does})");
    }
    text
}

#[cfg(test)]
mod tests;

//! The routes of a file as one HTTP API has them, and which of them it can't have.

use domain::config::{Code, Config, Diagnostic, Route, RouteReference, Routes};
use serde::Serialize;
use std::collections::HashMap;

/// The function that serves a trigger route.
pub(super) const TRIGGER: &str = "trigger";
/// The function that serves a callback route.
pub(super) const CALLBACK: &str = "callback";

/// What is Ringback's own; `/api` with all that is below it.
const OWN: &[&str] = &["/health", "/ready", "/metrics", "/openapi.json", "/console"];

/// A route of the API.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) function: &'static str,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) listener: String,
    /// Where its path stands in the file, from 1.
    pub(super) line: usize,
}

/// Which function serves these.
pub(super) fn function(routes: &Routes) -> &'static str {
    match routes {
        Routes::Triggers(_) => TRIGGER,
        Routes::Callbacks(_) => CALLBACK,
    }
}

fn each(config: &Config) -> impl Iterator<Item = (&'static str, &str, &Route)> {
    config.listeners.iter().flat_map(|listener| {
        let routes: Vec<&Route> = match &listener.routes {
            Routes::Triggers(all) => all.iter().map(|trigger| &trigger.route).collect(),
            Routes::Callbacks(all) => all.iter().map(|callback| &callback.route).collect(),
        };
        routes.into_iter().map(|route| (function(&listener.routes), listener.id.as_str(), route))
    })
}

/// The routes, in file order.
pub(super) fn of(config: &Config, places: &[RouteReference]) -> Vec<Planned> {
    let line = |route: &Route| places.iter().find(|place| place.id == route.id).map_or(0, |place| place.line);
    let planned = |(function, listener, route): (&'static str, &str, &Route)| Planned {
        function,
        method: route.method.clone(),
        path: route.path.clone(),
        listener: listener.to_owned(),
        line: line(route),
    };
    each(config).map(planned).collect()
}

/// What the API can't have, each with its place.
pub(super) fn refusals(config: &Config, places: &[RouteReference], file: &str) -> Vec<Diagnostic> {
    let mut seen: HashMap<String, Vec<(&str, &Route)>> = HashMap::new();
    let mut refusals = Vec::new();
    for (_, listener, route) in each(config) {
        let alike = seen.entry(shape(&route.path)).or_default();
        let refusal = not_expressible(&route.path)
            .map(|message| (Code::BadPath, message))
            .or_else(|| own(&route.path).map(|message| (Code::RouteConflict, message)))
            .or_else(|| alike.iter().find_map(|other| collision(other, route)).map(|m| (Code::RouteConflict, m)));
        if let (Some((code, message)), Some(place)) = (refusal, places.iter().find(|place| place.id == route.id)) {
            let RouteReference { span, line, column, .. } = *place;
            let (severity, file) = (code.severity(), file.to_owned());
            refusals.push(Diagnostic { severity, code, message, span, line, column, suggestion: None, file });
        }
        alike.push((listener, route));
    }
    refusals
}

/// The path with its parameters unnamed.
fn shape(path: &str) -> String {
    let unnamed = |segment: &str| if segment.starts_with('{') { "{}".to_owned() } else { segment.to_owned() };
    path.split('/').map(unnamed).collect::<Vec<_>>().join("/")
}

/// What API Gateway makes of percent-encoding, of other characters than those of a path (RFC 3986 section 3.3) and of a `/`
/// at the end isn't documented, so such paths are kept away from it
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>).
fn not_expressible(path: &str) -> Option<String> {
    let odd = |c: &char| !(c.is_ascii_alphanumeric() || "/{}-._~!$&'()*+,;=:@".contains(*c));
    if let Some(c) = path.chars().find(odd) {
        return Some(format!("`{path}`: a path in the cloud can't have `{c}`"));
    }
    (path.len() > 1 && path.ends_with('/')).then(|| format!("`{path}`: a path in the cloud can't end with `/`"))
}

fn own(path: &str) -> Option<String> {
    let taken = path == "/api" || path.starts_with("/api/") || OWN.contains(&path) || path.starts_with("/console/");
    taken.then(|| format!("`{path}` is Ringback's own address where all listeners share one: choose another path"))
}

fn collision((listener, other): &(&str, &Route), route: &Route) -> Option<String> {
    if other.path != route.path {
        Some(format!(
            "`{}` and `{}` (listener `{listener}`) match the same requests: name the parameters alike",
            route.path, other.path
        ))
    } else if other.method == route.method {
        let Route { method, path, .. } = route;
        Some(format!(
            "{method} {path} is also a route of the listener `{listener}`, and in the cloud they share one address"
        ))
    } else {
        None
    }
}

//! The routes of a file as one HTTP API has them, and which of them it can't have.

use super::own;
use super::place::Place;
use domain::config::{Code, Config, Diagnostic, Route, RouteReference, Routes};
use serde::Serialize;
use std::collections::HashMap;

/// The function that serves a trigger route.
pub(super) const TRIGGER: &str = "trigger";
/// The function that serves a callback route.
pub(super) const CALLBACK: &str = "callback";

/// Routes that one API may have unless AWS was asked for more
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>).
pub(super) const QUOTA: usize = 300;
/// Of those, Ringback's own (`OWN` in infra/lib/api.ts).
const OWN_ROUTES: usize = 8;

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
        Routes::Triggers(_) | Routes::Sources(_) => TRIGGER,
        Routes::Callbacks(_) => CALLBACK,
    }
}

fn each(config: &Config) -> impl Iterator<Item = (&'static str, &str, &Route)> {
    config.listeners.iter().flat_map(|listener| {
        let routes: Vec<&Route> = match &listener.routes {
            Routes::Triggers(all) => all.iter().map(|trigger| &trigger.route).collect(),
            Routes::Callbacks(all) => all.iter().map(|callback| &callback.route).collect(),
            // The API has its own for the sources.
            Routes::Sources(_) => Vec::new(),
        };
        routes.into_iter().map(|route| (function(&listener.routes), listener.id.as_str(), route))
    })
}

/// The routes, in file order; `places` are theirs, as the loader gives them in the same order.
pub(super) fn of(config: &Config, places: &[RouteReference]) -> Vec<Planned> {
    let planned = |((function, listener, route), place): ((&'static str, &str, &Route), &RouteReference)| Planned {
        function,
        method: route.method.to_string(),
        path: route.path.clone(),
        listener: listener.to_owned(),
        line: place.line,
    };
    each(config).zip(places).map(planned).collect()
}

/// What the API can't have, each with its place; `quota` is of all its routes.
pub(super) fn refusals(config: &Config, places: &[RouteReference], quota: usize, file: &str) -> Vec<Diagnostic> {
    let room = quota.saturating_sub(OWN_ROUTES);
    let mut seen: HashMap<String, Vec<(&str, &Route)>> = HashMap::new();
    let mut refusals = Vec::new();
    for (count, ((_, listener, route), place)) in each(config).zip(places).enumerate() {
        let alike = seen.entry(shape(&route.path)).or_default();
        let refusal = not_expressible(&route.path)
            .map(|message| (Code::BadPath, message))
            .or_else(|| own::taken(route.method.as_str(), &route.path).map(|message| (Code::RouteConflict, message)))
            .or_else(|| alike.iter().find_map(|other| collision(other, route)).map(|m| (Code::RouteConflict, m)))
            .or_else(|| (count == room).then(|| (Code::TooLarge, too_many(each(config).count(), room, quota))));
        if let Some((code, message)) = refusal {
            let RouteReference { span, line, column, .. } = *place;
            refusals.push(Place { span, line, column }.refuse(code, message, file));
        }
        alike.push((listener, route));
    }
    refusals
}

fn too_many(all: usize, room: usize, quota: usize) -> String {
    format!(
        "the file has {all} routes, and an API in the cloud has room for {room} of {quota}: this is the first too many. AWS \
         raises that number on request; say with --route-quota what yours is"
    )
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

fn collision((listener, other): &(&str, &Route), route: &Route) -> Option<String> {
    if other.path != route.path {
        Some(format!(
            "`{}` and `{}` (listener `{listener}`) differ only in the names of parameters: name these alike",
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

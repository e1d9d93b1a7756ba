//! Ringback's own addresses, and which routes of a file would take them.
//!
//! API Gateway prefers a route that matches a request fully over one with a greedy variable
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>), and all of the API but one
//! route is behind `ANY /api/{proxy+}` (infra/lib/api.ts): so `POST /{tenant}/{hook}` would get its `POST /api/events`.

/// What is Ringback's own; `/api` and `/console` with all that is below them. They are routes of their own, and such a one
/// comes before a route with a variable in its place: `/{tenant}` doesn't take `/health`.
const EXACT: &[&str] = &["/health", "/ready", "/metrics", "/openapi.json", "/console"];

/// The API's paths as functions/api has them, each with its methods, and the one route of sources (functions/trigger).
const API: &[(&str, &str)] = &[
    ("GET", "/api/tasks"),
    ("GET", "/api/tasks/{}"),
    ("POST", "/api/tasks/{}/cancel"),
    ("GET", "/api/tasks/{}/result"),
    ("POST", "/api/tasks/{}/rerun"),
    ("GET", "/api/gateways"),
    ("POST", "/api/tasks/{}/replay"),
    ("GET", "/api/waits"),
    ("POST", "/api/waits/adopt"),
    ("GET", "/api/requests"),
    ("GET", "/api/workflows"),
    ("POST", "/api/workflows/{}/runs"),
    ("GET POST", "/api/config/programs"),
    ("GET DELETE", "/api/config/programs/{}"),
    ("GET POST", "/api/tokens"),
    ("DELETE", "/api/tokens/{}"),
    ("GET POST", "/api/config/webhooks"),
    ("GET DELETE", "/api/config/webhooks/{}"),
    ("GET", "/api/config/history"),
    ("GET", "/api/deliveries"),
    ("GET", "/api/deliveries/{}"),
    ("POST", "/api/deliveries/{}/retry"),
    ("GET", "/api/webhooks/deliveries"),
    ("GET", "/api/webhooks/endpoints"),
    ("GET", "/api/webhooks/stats"),
    ("GET", "/api/webhooks/{}/diagnose"),
    ("POST", "/api/webhooks/{}/recover"),
    ("POST", "/api/webhooks/{}/test"),
    ("GET", "/api/operations/{}"),
    ("GET POST", "/api/webhooks"),
    ("GET PATCH DELETE", "/api/webhooks/{}"),
    ("POST", "/api/webhooks/{}/rotate-secret"),
    ("POST", "/api/events"),
    ("GET", "/api/events/{}"),
    ("GET", "/api/event-types"),
    ("POST", "/api/webhooks/{}"),
];

/// Why a route of the file can't have this address.
pub(super) fn taken(method: &str, path: &str) -> Option<String> {
    let below = |own: &str| path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if EXACT.contains(&path) || below("/api") || below("/console") {
        return Some(format!("`{path}` is Ringback's own address where all listeners share one: choose another path"));
    }
    // The function of the triggers has the sources' paths too, and its router one name for a parameter in one place.
    if path.strip_prefix("/hooks/").is_some_and(|rest| rest.starts_with('{') && !rest.contains('/')) {
        return Some(format!("`{path}` is where the sources are: choose another path"));
    }
    let (_, own) = API.iter().find(|(methods, own)| methods.split(' ').any(|m| m == method) && meet(path, own))?;
    Some(format!(
        "`{path}` also matches `{method} {own}`, Ringback's own, where all listeners share one address: begin the path \
         with a word"
    ))
}

/// Whether a request can match both.
fn meet(path: &str, own: &str) -> bool {
    let (one, other): (Vec<&str>, Vec<&str>) = (path.split('/').collect(), own.split('/').collect());
    let alike = |(a, b): (&&str, &&str)| a == b || a.starts_with('{') || b.starts_with('{');
    one.len() == other.len() && one.iter().zip(&other).all(alike)
}

#[cfg(test)]
mod tests;

//! Ringback's own addresses, and which routes of a file would take them.
//!
//! API Gateway prefers a route that matches a request fully over one with a greedy variable
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>), and all of the API but one
//! route is behind `ANY /api/{proxy+}` (infra/lib/api.ts): so `POST /{tenant}/{hook}` would get its `POST /api/events`.

use contract::{Access, Operation};

/// Ringback's own addresses beside the operations of its API; `/api` and `/console` with all that is below them. They are routes of
/// their own, and such a one comes before a route with a variable in its place: `/{tenant}` doesn't take `/health`.
const EXACT: &[&str] = &["/metrics", "/console"];

/// Why a route of the file can't have this address.
pub(super) fn taken(method: &str, path: &str) -> Option<String> {
    let below = |own: &str| path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_public = |operation: &Operation| operation.access() == Access::Public && operation.path() == path;
    if EXACT.contains(&path) || Operation::ALL.iter().any(is_public) || below("/api") || below("/console") {
        return Some(format!("`{path}` is Ringback's own address where all listeners share one: choose another path"));
    }
    // The function of the triggers has the sources' paths too, and its router one name for a parameter in one place.
    if path.strip_prefix("/hooks/").is_some_and(|rest| rest.starts_with('{') && !rest.contains('/')) {
        return Some(format!("`{path}` is where the sources are: choose another path"));
    }
    let mut api = Operation::ALL.iter().filter(|operation| operation.path().starts_with("/api/"));
    let own = api.find(|operation| operation.method().as_str() == method && meet(path, operation.path()))?.path();
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

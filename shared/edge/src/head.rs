//! HEAD requests: they ask whether a place is there, and never have an effect (RFC 9110, sections 9.2.1 and 9.3.2).
//!
//! axum hands a HEAD request to the handler of GET, which would start a run or complete a wait by it. Link checkers and
//! previews of mail programs send them; Trello asks so before it makes a webhook, and wants 200
//! (<https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/>).

use crate::problem::Problem;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

/// The answer to HEAD at a place that is there: 200 without a body, whichever method the place takes.
pub fn answer() -> Response {
    StatusCode::OK.into_response()
}

/// The answer to a method that a place doesn't take: 405, but to HEAD as [`answer`].
pub async fn not_allowed(method: Method) -> Response {
    if method == Method::HEAD { answer() } else { Problem::method_not_allowed().into_response() }
}

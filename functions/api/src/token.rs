//! The bearer token.

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use platform::App;
use platform::problem::Problem;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use subtle::{Choice, ConstantTimeEq};

/// Lets a request through that carries a token we know (RFC 6750 section 2.1). Digests are compared, all of them and
/// in constant time, so that the time taken tells nothing.
pub(crate) async fn require(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        header.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let digest: [u8; 32] = Sha256::digest(token.map_or("", |(_, token)| token.trim())).into();
    let known = app.settings.token_digests.iter().fold(Choice::from(0), |known, one| known | one.ct_eq(&digest));
    if token.is_some() && bool::from(known) { next.run(request).await } else { Problem::unauthorized().into_response() }
}

//! What stands in the address.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use edge::problem::Problem;

/// The one parameter of the path. One that is not text names nothing.
#[derive(Debug)]
pub(crate) struct Name(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        name.map(|Path(name)| Self(name)).map_err(|_| Problem::not_found())
    }
}

//! The query of a request, read strictly: what an operation doesn't know is refused (`contract`).

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use contract::{Cursor, List, Operation, Parameters, QueryError};
use domain::spelling::nearest;
use edge::problem::{Code, Problem};
use serde::de::DeserializeOwned;

/// The parameters of the operation.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: Parameters + DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        contract::read(parts.uri.query().unwrap_or_default()).map(Self).map_err(unusable)
    }
}

/// The place that a cursor names.
///
/// # Errors
/// 400 `bad_cursor` if it is none of that list.
pub(crate) fn place(cursor: Option<&Cursor>, list: List, name: &str) -> Result<Option<String>, Problem> {
    let bad = |_| Problem::new(Code::BadCursor, format!("`{name}` must be the `next` of a page of this list"));
    cursor.map(|cursor| cursor.place(list).map_err(bad)).transpose()
}

/// Refuses parameters that the operation doesn't have, also where it reads none.
pub(crate) async fn require_known(operation: Operation, request: Request, next: Next) -> Response {
    match contract::refuse_unknown(operation.parameters(), request.uri().query().unwrap_or_default()) {
        Ok(()) => next.run(request).await,
        Err(error) => unusable(error).into_response(),
    }
}

fn unusable(error: QueryError) -> Problem {
    let detail = match error {
        QueryError::Unusable(words) => words,
        QueryError::Unknown { name, known } => {
            let meant = nearest(&name, known).map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
            format!("there is no parameter `{}`{meant}", name.escape_debug())
        }
    };
    Problem::new(Code::UnusableRequest, detail)
}

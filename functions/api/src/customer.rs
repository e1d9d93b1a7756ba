//! The customer that a query names.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use platform::problem::{Code, Problem};
use serde::Deserialize;

/// `?customer_id=`; nothing else may stand there.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    customer_id: Option<String>,
}

impl Named {
    /// As it is written.
    pub(crate) fn customer(&self) -> Option<&str> {
        self.customer_id.as_deref()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<Self>::from_request_parts(parts, state).await;
        query.map(|Query(named)| named).map_err(|error| Problem::new(Code::UnusableRequest, error.body_text()))
    }
}

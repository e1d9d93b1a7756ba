//! The bearer token, and what it lets its holder see.

use application::App;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::event::CustomerId;
use edge::problem::{Code, Problem};
use platform::store::StoreError;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use subtle::{Choice, ConstantTimeEq};

/// How a customer's token begins: anything else is not looked up.
pub(crate) const CUSTOMER_TOKEN: &str = "rbc_";

/// The holder of a request's token.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// The operator, who may see and do everything.
    Operator,
    /// The holder of a customer's token.
    Customer {
        /// The one customer that the token shows.
        id: CustomerId,
        /// The token was made with the right to publish events.
        may_publish: bool,
    },
}

impl Caller {
    /// The one customer that the caller may see; `None` for the operator.
    pub(crate) fn customer(&self) -> Option<&CustomerId> {
        match self {
            Self::Operator => None,
            Self::Customer { id, .. } => Some(id),
        }
    }

    /// Lets through a caller who may publish events: an event is signed in the operator's name, and a customer's receivers
    /// believe it.
    ///
    /// # Errors
    /// 403 `publishing_not_allowed` for a customer's token that was made without that right.
    pub(crate) fn require_publishing(&self) -> Result<(), Problem> {
        match self {
            Self::Operator | Self::Customer { may_publish: true, .. } => Ok(()),
            Self::Customer { may_publish: false, .. } => {
                let detail = "this token may not publish events; the operator makes one that may with `publish: true`";
                Err(Problem::new(Code::PublishingNotAllowed, detail))
            }
        }
    }

    /// The customer that a request is about: the one that it names, if its caller may see it.
    ///
    /// # Errors
    /// If the caller may see another customer only.
    pub(crate) fn about(&self, named: Option<CustomerId>) -> Result<Option<CustomerId>, Problem> {
        match (self.customer(), named) {
            (None, named) => Ok(named),
            (Some(own), None) => Ok(Some(own.clone())),
            (Some(own), Some(named)) if *own == named => Ok(Some(named)),
            (Some(_), Some(_)) => Err(Problem::new(Code::Forbidden, "this token sees another customer only")),
        }
    }

    /// Whether the caller may see what belongs to that customer.
    pub(crate) fn sees(&self, customer: &CustomerId) -> bool {
        self.customer().is_none_or(|own| own == customer)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::unauthorized)
    }
}

/// Lets a request through that carries a token we know (RFC 6750 section 2.1).
pub(crate) async fn require(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    match caller(&app, request.headers()).await {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Ok(None) => Problem::unauthorized().into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Only for callers that may see everything.
pub(crate) async fn require_all(caller: Caller, request: Request, next: Next) -> Response {
    match caller {
        Caller::Operator => next.run(request).await,
        Caller::Customer { .. } => {
            Problem::new(Code::Forbidden, "this token sees one customer's webhooks only").into_response()
        }
    }
}

/// Digests are compared, all of them and in constant time, so that the time taken tells nothing.
async fn caller(app: &App, headers: &HeaderMap) -> Result<Option<Caller>, StoreError> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        header.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let text = token.map_or("", |(_, token)| token.trim());
    let digest: [u8; 32] = Sha256::digest(text).into();
    let known = app.settings.token_digests.iter().fold(Choice::from(0), |known, one| known | one.ct_eq(&digest));
    if token.is_some() && bool::from(known) {
        return Ok(Some(Caller::Operator));
    }
    if !text.starts_with(CUSTOMER_TOKEN) {
        return Ok(None);
    }
    let stored = app.store.token(&hex::encode(digest)).await?;
    Ok(stored.map(|token| Caller::Customer { id: token.customer, may_publish: token.may_publish }))
}

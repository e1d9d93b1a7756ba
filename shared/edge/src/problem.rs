//! Errors as answers: RFC 9457 problems with a stable `code`.
//!
//! A problem says what the caller can act on. What went wrong inside goes to the log, once, where the problem is made.

use application::bulk::Unusable;
use application::request::Malformed;
use application::verification::Refused;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::event::PublishError;
use domain::event::catalogue::Refusal;
use platform::contention::Contended;
use platform::memory::NotAdmitted;
use platform::store::StoreError;
use serde_json::json;

pub use contract::Code;

/// Seconds after which there may be memory again: a body has 30 s to come, and most take less than one.
const RETRY_OVERLOADED: u64 = 2;

/// An error as its caller sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind.
    pub code: Code,
    /// In words, with what to do about it.
    pub detail: String,
    /// Seconds after which trying again may help, where that is known.
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_after: None }
    }

    /// What is answered beyond a rate limit, with the seconds until more is taken.
    pub fn too_many_requests(retry_after: u64) -> Self {
        let detail = "more requests came than the rate limit allows; nothing has happened, try again later";
        Self { retry_after: Some(retry_after), ..Self::new(Code::TooManyRequests, detail) }
    }

    /// What is answered where other requests have all the memory that bodies may take.
    pub fn overloaded() -> Self {
        Self { retry_after: Some(RETRY_OVERLOADED), ..Self::new(Code::Overloaded, NotAdmitted::Full.to_string()) }
    }

    /// The one answer to every failed authentication.
    pub fn unauthorized() -> Self {
        Self::new(Code::Unauthorized, "the request could not be authenticated")
    }

    /// What is answered where the address takes other methods; axum adds the `Allow` header.
    pub fn method_not_allowed() -> Self {
        Self::new(Code::MethodNotAllowed, "this address takes other methods: see the Allow header")
    }

    /// The one answer to every unknown address.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "nothing has this address")
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooLarge { size, limit } => Self::new(
                Code::BodyTooLarge,
                format!("{size} bytes remain after compression; at most {limit} can be stored"),
            ),
            StoreError::Unavailable(_) | StoreError::Damaged(_) => {
                tracing::error!(error = %error, "the table could not be read or written");
                Self::new(Code::Unavailable, "the table can't be reached now; nothing has changed, try again")
            }
        }
    }
}

impl From<Contended> for Problem {
    fn from(contended: Contended) -> Self {
        Self::new(Code::Conflict, contended.to_string())
    }
}

impl From<NotAdmitted> for Problem {
    fn from(why: NotAdmitted) -> Self {
        match why {
            NotAdmitted::TooHeavy { .. } => Self::new(Code::BodyTooLarge, why.to_string()),
            NotAdmitted::Full => Self::overloaded(),
        }
    }
}

impl From<Malformed> for Problem {
    fn from(Malformed(why): Malformed) -> Self {
        Self::new(Code::MalformedBody, why)
    }
}

impl From<Unusable> for Problem {
    fn from(why: Unusable) -> Self {
        let code = match why {
            Unusable::TooMany(_) => Code::BodyTooLarge,
            Unusable::Value(_) => Code::UnusableRequest,
        };
        Self::new(code, why.to_string())
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotProven => Self::unauthorized(),
            Refused::AddressNotAllowed => Self::new(Code::AddressNotAllowed, refused.to_string()),
            Refused::Unavailable(_) => Self::new(Code::Unavailable, refused.to_string()),
            Refused::Store(error) => error.into(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::UnknownType { .. } | Refusal::MatchesNothing { .. } => Code::UnknownEventType,
            Refusal::Violates { .. } => Code::SchemaViolation,
        };
        Self::new(code, refusal.to_string())
    }
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        let code = match error {
            PublishError::ReservedType(_) | PublishError::ReservedSource => Code::ReservedEvent,
            PublishError::Name(_)
            | PublishError::Missing(_)
            | PublishError::Wrong(..)
            | PublishError::Unknown(_)
            | PublishError::SpecVersion(_)
            | PublishError::Attribute(_) => Code::UnusableRequest,
        };
        Self::new(code, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({
            // RFC 9457 section 4.2.1: no more than the status says; `code` is what tells them apart.
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "code": self.code.as_str(),
            "detail": self.detail,
        });
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self.code {
            Code::Unauthorized => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Code::Unavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

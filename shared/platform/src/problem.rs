//! Errors as answers: RFC 9457 problems with a stable `code`.
//!
//! A problem says what the caller can act on. What went wrong inside goes to the log, once, where the problem is made.

use crate::store::StoreError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::event::PublishError;
use domain::event::catalogue::Refusal;
use serde_json::json;

/// Seconds after which there may be memory again: a body has 30 s to come, and most take less than one.
const RETRY_OVERLOADED: u64 = 2;

/// Every code there is; docs/errors.md has a paragraph for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The request, or what it makes us store, is too large.
    BodyTooLarge,
    /// The request's body did not come in time.
    RequestTimeout,
    /// A content type that we don't read.
    UnsupportedMediaType,
    /// A content encoding that we don't undo.
    UnsupportedEncoding,
    /// The body is not what its content type says.
    MalformedBody,
    /// The body is fine, but the route's templates find nothing to work with in it.
    UnusableRequest,
    /// The cursor of a page is none of ours.
    BadCursor,
    /// No or a wrong bearer token.
    Unauthorized,
    /// The token does not reach so far.
    Forbidden,
    /// The token was made without the right to publish events.
    PublishingNotAllowed,
    /// The event has a type or source that Ringback alone may use.
    ReservedEvent,
    /// Programs can't be defined while everything runs, unless the operator allows it.
    RuntimeProgramsOff,
    /// A URL that may not be called.
    ForbiddenUrl,
    /// The sender's address is not on the list.
    AddressNotAllowed,
    /// More than the rate limit allows.
    TooManyRequests,
    /// Nothing has this address.
    NotFound,
    /// The address takes other methods.
    MethodNotAllowed,
    /// The task is in a state that doesn't allow it.
    Conflict,
    /// The endpoint gets nothing as long as it is disabled.
    EndpointDisabled,
    /// The `Idempotency-Key` came before, with another body.
    KeyReused,
    /// Only the catalogue's event types can be published, and this is none, or matches none.
    UnknownEventType,
    /// The event's data is not what its type's schema asks for.
    SchemaViolation,
    /// What was asked for is more than an answer can hold.
    AnswerTooLarge,
    /// The table, or something else that the answer needs, could not be reached; nothing has changed.
    Unavailable,
    /// Other requests have all the memory that bodies may take.
    Overloaded,
}

impl Code {
    /// All, for the test that compares them with their documentation.
    pub const ALL: [Self; 25] = [
        Self::BodyTooLarge,
        Self::RequestTimeout,
        Self::UnsupportedMediaType,
        Self::UnsupportedEncoding,
        Self::MalformedBody,
        Self::UnusableRequest,
        Self::BadCursor,
        Self::Unauthorized,
        Self::Forbidden,
        Self::PublishingNotAllowed,
        Self::ReservedEvent,
        Self::RuntimeProgramsOff,
        Self::ForbiddenUrl,
        Self::AddressNotAllowed,
        Self::TooManyRequests,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::EndpointDisabled,
        Self::KeyReused,
        Self::UnknownEventType,
        Self::SchemaViolation,
        Self::AnswerTooLarge,
        Self::Unavailable,
        Self::Overloaded,
    ];

    /// The word in the answer.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BodyTooLarge => "body_too_large",
            Self::RequestTimeout => "request_timeout",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::UnsupportedEncoding => "unsupported_encoding",
            Self::MalformedBody => "malformed_body",
            Self::UnusableRequest => "unusable_request",
            Self::BadCursor => "bad_cursor",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::PublishingNotAllowed => "publishing_not_allowed",
            Self::ReservedEvent => "reserved_event",
            Self::RuntimeProgramsOff => "runtime_programs_off",
            Self::ForbiddenUrl => "forbidden_url",
            Self::AddressNotAllowed => "address_not_allowed",
            Self::TooManyRequests => "too_many_requests",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Conflict => "conflict",
            Self::EndpointDisabled => "endpoint_disabled",
            Self::KeyReused => "key_reused",
            Self::UnknownEventType => "unknown_event_type",
            Self::SchemaViolation => "schema_violation",
            Self::AnswerTooLarge => "answer_too_large",
            Self::Unavailable => "unavailable",
            Self::Overloaded => "overloaded",
        }
    }

    /// The answer's status.
    pub fn status(self) -> StatusCode {
        match self {
            Self::BodyTooLarge | Self::AnswerTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::UnsupportedMediaType | Self::UnsupportedEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::MalformedBody | Self::UnusableRequest | Self::BadCursor | Self::ForbiddenUrl => {
                StatusCode::BAD_REQUEST
            }
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::PublishingNotAllowed | Self::AddressNotAllowed | Self::RuntimeProgramsOff => {
                StatusCode::FORBIDDEN
            }
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict | Self::EndpointDisabled => StatusCode::CONFLICT,
            Self::ReservedEvent | Self::KeyReused | Self::UnknownEventType | Self::SchemaViolation => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Unavailable | Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

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
        let detail = "the memory for request bodies is full; nothing has happened, try again";
        Self { retry_after: Some(RETRY_OVERLOADED), ..Self::new(Code::Overloaded, detail) }
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
        let status = self.code.status();
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

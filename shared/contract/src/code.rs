//! The codes of problems, and which of them each operation answers with.

use crate::operation::{Access, Operation};

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
    /// The answer would be larger than an answer can be.
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
    pub fn status(self) -> u16 {
        match self {
            Self::BodyTooLarge | Self::AnswerTooLarge => 413,
            Self::RequestTimeout => 408,
            Self::UnsupportedMediaType | Self::UnsupportedEncoding => 415,
            Self::MalformedBody | Self::UnusableRequest | Self::BadCursor | Self::ForbiddenUrl => 400,
            Self::Unauthorized => 401,
            Self::Forbidden | Self::PublishingNotAllowed | Self::AddressNotAllowed | Self::RuntimeProgramsOff => 403,
            Self::TooManyRequests => 429,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict | Self::EndpointDisabled => 409,
            Self::ReservedEvent | Self::KeyReused | Self::UnknownEventType | Self::SchemaViolation => 422,
            Self::Unavailable | Self::Overloaded => 503,
        }
    }
}

impl Operation {
    /// The codes of the problems that it may answer with.
    pub fn codes(self) -> Vec<Code> {
        let mut codes = vec![Code::Unavailable];
        if self.access() == Access::Public && self != Self::ReceiveWebhook {
            return codes;
        }
        // What any request may meet: a parameter that isn't known, an answer that can't be sent.
        codes.extend([Code::UnusableRequest, Code::AnswerTooLarge, Code::Unauthorized]);
        if self.access() != Access::Public {
            codes.push(Code::Forbidden);
        }
        if self.path().contains('{') {
            codes.push(Code::NotFound);
        }
        if self.parameters().iter().any(|parameter| parameter.form == crate::query::Form::Cursor) {
            codes.push(Code::BadCursor);
        }
        if self.takes_body() {
            codes.extend([Code::MalformedBody, Code::BodyTooLarge, Code::RequestTimeout, Code::Overloaded]);
        }
        codes.extend(self.own_codes());
        codes
    }

    /// Codes that only some operations have.
    fn own_codes(self) -> &'static [Code] {
        match self {
            Self::CancelTask => &[Code::Conflict],
            Self::RerunTask | Self::StartWorkflow => &[Code::KeyReused],
            Self::ReplayTask => &[Code::Conflict, Code::KeyReused],
            Self::AdoptCallback => &[Code::NotFound, Code::Conflict],
            Self::PutProgram | Self::DeleteProgram => &[Code::RuntimeProgramsOff, Code::Conflict],
            Self::PutSource | Self::DeleteSource => &[Code::Conflict],
            Self::ListDeliveries | Self::ListWebhookDeliveries | Self::ListEndpointStats | Self::ShowStats => {
                &[Code::NotFound]
            }
            Self::RetryDelivery => &[Code::Conflict, Code::EndpointDisabled],
            Self::RecoverEndpoint => &[Code::Conflict, Code::EndpointDisabled],
            Self::CreateEndpoint | Self::ChangeEndpoint => {
                &[Code::ForbiddenUrl, Code::UnknownEventType, Code::Conflict]
            }
            Self::RotateSecret => &[Code::Conflict],
            Self::TestEndpoint => &[Code::PublishingNotAllowed, Code::ReservedEvent],
            Self::PublishEvent => &[
                Code::PublishingNotAllowed,
                Code::ReservedEvent,
                Code::UnknownEventType,
                Code::SchemaViolation,
                Code::UnsupportedMediaType,
                Code::Conflict,
            ],
            Self::ReceiveWebhook => &[
                Code::AddressNotAllowed,
                Code::TooManyRequests,
                Code::MethodNotAllowed,
                Code::UnsupportedMediaType,
                Code::UnsupportedEncoding,
            ],
            Self::Health
            | Self::ShowDocument
            | Self::Ready
            | Self::ListTasks
            | Self::ShowTask
            | Self::ShowResult
            | Self::ListGateways
            | Self::ListWaits
            | Self::ListRequests
            | Self::ListWorkflows
            | Self::ListPrograms
            | Self::ShowProgram
            | Self::ListSources
            | Self::ShowSource
            | Self::ListHistory
            | Self::ListTokens
            | Self::CreateToken
            | Self::DeleteToken
            | Self::ShowDelivery
            | Self::ListEndpoints
            | Self::ShowEndpoint
            | Self::DeleteEndpoint
            | Self::DiagnoseEndpoint
            | Self::ShowOperation
            | Self::ShowEvent
            | Self::ListEventTypes => &[],
        }
    }
}

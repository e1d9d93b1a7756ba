//! Why there is no answer: classes that can be counted, stored and decided by.

use super::resolver::LookUpError;
use domain::address::{Reach, Refusal, Target};
use domain::delivery::ErrorClass;
use std::error::Error;
use std::io::{self, ErrorKind};

/// A call without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure.
    pub class: ErrorClass,
    /// For people; names nothing that the URL's author doesn't know.
    pub message: String,
}

impl Failure {
    /// A failure in words.
    pub(super) fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }

    /// What the client says, by class: its own words may name internals.
    pub(super) fn from_client(error: &reqwest::Error) -> Self {
        let connecting = error.is_connect();
        let mut class = match (connecting, error.is_timeout()) {
            _ if error.is_dns() => ErrorClass::Dns,
            (true, true) => ErrorClass::ConnectTimeout,
            (true, false) => ErrorClass::Connect,
            (false, true) => ErrorClass::Timeout,
            (false, false) if error.is_builder() => ErrorClass::BadUrl,
            (false, false) => ErrorClass::Protocol,
        };
        let mut source = error.source();
        while let Some(cause) = source {
            if let Some(error) = cause.downcast_ref::<LookUpError>() {
                return error.clone().into();
            }
            class = told_by(cause, connecting).unwrap_or(class);
            source = cause.source();
        }
        Self::new(class, class.in_words())
    }
}

/// What one error of a chain tells.
fn told_by(cause: &(dyn Error + 'static), connecting: bool) -> Option<ErrorClass> {
    if cause.is::<rustls::Error>() {
        return Some(ErrorClass::Tls);
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        let ended = error.is_incomplete_message() || error.is_canceled() || error.is_closed();
        return ended.then_some(ErrorClass::Reset);
    }
    let error = cause.downcast_ref::<io::Error>()?;
    // `source` of an I/O error skips the error that it holds.
    if let Some(told) = error.get_ref().and_then(|inner| told_by(inner, connecting)) {
        return Some(told);
    }
    let broken = matches!(
        error.kind(),
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::NotConnected
            | ErrorKind::UnexpectedEof
    );
    (broken && !connecting).then_some(ErrorClass::Reset)
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let class = if refusal.is_of_the_url() { ErrorClass::BadUrl } else { ErrorClass::ForbiddenAddress };
        Self::new(class, refusal.to_string())
    }
}

/// What went wrong on the way to a judged target.
pub(super) fn on_the_way(error: &reqwest::Error, target: &Target) -> Failure {
    match (Failure::from_client(error), &target.reach) {
        // The resolver knows only that it may not be; the target knows why.
        (Failure { class: ErrorClass::ForbiddenAddress, .. }, Reach::AllowedOnly(refusal)) => refusal.clone().into(),
        (failure, _) => failure,
    }
}

//! Why there is no answer: classes that can be counted, stored and decided by.

use super::resolver::LookUpError;
use domain::address::{Reach, Refusal, Target};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

/// A call without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure.
    pub class: FailureClass,
    /// For people; names nothing that the URL's author doesn't know.
    pub message: String,
}

/// A kind of failure. Its code is stable: it is stored with attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FailureClass {
    /// The URL can't be read, or isn't one that is called.
    #[serde(rename = "bad_url")]
    BadUrl,
    /// A header's name or value can't be sent.
    #[serde(rename = "bad_header")]
    BadHeader,
    /// The guard refuses the host or port.
    #[serde(rename = "forbidden_address")]
    ForbiddenAddress,
    /// The name has no address, or none in time.
    #[serde(rename = "dns")]
    Dns,
    /// Nobody listens, or there is no way there.
    #[serde(rename = "connect")]
    Connect,
    /// No connection within [`CONNECT_TIMEOUT`](super::CONNECT_TIMEOUT).
    #[serde(rename = "timeout_connect")]
    ConnectTimeout,
    /// TLS could not be agreed on: a certificate, most often.
    #[serde(rename = "tls")]
    Tls,
    /// No status within the call's time.
    #[serde(rename = "timeout")]
    Timeout,
    /// The connection ended before the status.
    #[serde(rename = "reset")]
    Reset,
    /// What came is not HTTP.
    #[serde(rename = "protocol")]
    Protocol,
}

impl FailureClass {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::BadUrl,
        Self::BadHeader,
        Self::ForbiddenAddress,
        Self::Dns,
        Self::Connect,
        Self::ConnectTimeout,
        Self::Tls,
        Self::Timeout,
        Self::Reset,
        Self::Protocol,
    ];

    /// The stable code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadUrl => "bad_url",
            Self::BadHeader => "bad_header",
            Self::ForbiddenAddress => "forbidden_address",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::ConnectTimeout => "timeout_connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Protocol => "protocol",
        }
    }

    /// Trying again can't help: nothing was sent, and the same would be refused again.
    pub fn is_permanent(self) -> bool {
        matches!(self, Self::BadUrl | Self::BadHeader | Self::ForbiddenAddress)
    }

    fn words(self) -> &'static str {
        match self {
            Self::BadUrl => "the URL can't be called",
            Self::BadHeader => "a header can't be sent",
            Self::ForbiddenAddress => "the address may not be called",
            Self::Dns => "the name could not be resolved",
            Self::Connect => "no connection could be made",
            Self::ConnectTimeout => "no connection could be made in time",
            Self::Tls => "no secure connection could be made",
            Self::Timeout => "it did not answer in time",
            Self::Reset => "the connection broke",
            Self::Protocol => "what it answered is not HTTP",
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Failure {
    /// A failure in words.
    pub(super) fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }

    /// What the client says, by class: its own words may name internals.
    pub(super) fn from_client(error: &reqwest::Error) -> Self {
        let connecting = error.is_connect();
        let mut class = match (connecting, error.is_timeout()) {
            _ if error.is_dns() => FailureClass::Dns,
            (true, true) => FailureClass::ConnectTimeout,
            (true, false) => FailureClass::Connect,
            (false, true) => FailureClass::Timeout,
            (false, false) if error.is_builder() => FailureClass::BadUrl,
            (false, false) => FailureClass::Protocol,
        };
        let mut source = error.source();
        while let Some(cause) = source {
            if let Some(error) = cause.downcast_ref::<LookUpError>() {
                return error.clone().into();
            }
            class = told_by(cause, connecting).unwrap_or(class);
            source = cause.source();
        }
        Self::new(class, class.words())
    }
}

/// What one error of a chain tells.
fn told_by(cause: &(dyn Error + 'static), connecting: bool) -> Option<FailureClass> {
    if cause.is::<rustls::Error>() {
        return Some(FailureClass::Tls);
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        let ended = error.is_incomplete_message() || error.is_canceled() || error.is_closed();
        return ended.then_some(FailureClass::Reset);
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
    (broken && !connecting).then_some(FailureClass::Reset)
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let class = if refusal.is_of_the_url() { FailureClass::BadUrl } else { FailureClass::ForbiddenAddress };
        Self::new(class, refusal.to_string())
    }
}

/// What went wrong on the way to a judged target.
pub(super) fn on_the_way(error: &reqwest::Error, target: &Target) -> Failure {
    match (Failure::from_client(error), &target.reach) {
        // The resolver knows only that it may not be; the target knows why.
        (Failure { class: FailureClass::ForbiddenAddress, .. }, Reach::AllowedOnly(refusal)) => refusal.clone().into(),
        (failure, _) => failure,
    }
}

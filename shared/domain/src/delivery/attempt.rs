//! One try of a delivery, and what came of it. A failed try is data.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One try.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The HTTP status, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there was none, or none that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorClass>,
    /// Seconds that the answer asked us to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The headers that were sent; secrets are masked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_headers: Vec<(String, String)>,
    /// The answer's body as text, up to 16 KiB of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub response_body: String,
    /// The answer had more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// Why an attempt had no usable answer. No more than this is told: the words of a resolver or a library may name internals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The name could not be resolved.
    Dns,
    /// No connection could be made.
    Connect,
    /// No connection was made in time.
    #[serde(rename = "timeout_connect")]
    ConnectTimeout,
    /// No secure connection could be made.
    Tls,
    /// No whole answer came in time.
    Timeout,
    /// The connection broke before there was an answer.
    Reset,
    /// What came was not HTTP.
    Protocol,
    /// The address is not one that we may call.
    ForbiddenAddress,
    /// The URL is none that can be called.
    BadUrl,
    /// A header can't be sent.
    BadHeader,
    /// The endpoint's secret can't be opened or can't sign.
    BadSecret,
}

impl ErrorClass {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Dns,
        Self::Connect,
        Self::ConnectTimeout,
        Self::Tls,
        Self::Timeout,
        Self::Reset,
        Self::Protocol,
        Self::ForbiddenAddress,
        Self::BadUrl,
        Self::BadHeader,
        Self::BadSecret,
    ];

    /// The word in answers and filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::ConnectTimeout => "timeout_connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Protocol => "protocol",
            Self::ForbiddenAddress => "forbidden_address",
            Self::BadUrl => "bad_url",
            Self::BadHeader => "bad_header",
            Self::BadSecret => "bad_secret",
        }
    }

    /// In words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Dns => "its name could not be resolved",
            Self::Connect => "no connection could be made",
            Self::ConnectTimeout => "no connection was made in time",
            Self::Tls => "no secure connection could be made",
            Self::Timeout => "it did not answer in time",
            Self::Reset => "the connection broke",
            Self::Protocol => "what it answered is not HTTP",
            Self::ForbiddenAddress => "its address may not be called",
            Self::BadUrl => "its URL can't be called",
            Self::BadHeader => "a header can't be sent",
            Self::BadSecret => "its secret can't be used to sign",
        }
    }

    /// Whether trying again can't help.
    pub fn is_permanent(self) -> bool {
        matches!(self, Self::ForbiddenAddress | Self::BadUrl | Self::BadHeader | Self::BadSecret)
    }
}

impl Attempt {
    /// Whether it was answered with a 2xx (RFC 9110 section 15.3).
    pub fn succeeded(&self) -> bool {
        self.error.is_none() && self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether its failure speaks of the endpoint as a whole, and not of this one event: no answer, 408, 429 or 5xx.
    pub fn speaks_of_the_endpoint(&self) -> bool {
        self.error.is_some() || self.status.is_some_and(|status| matches!(status, 408 | 429 | 500..))
    }

    /// Why it failed, in words; `None` if it didn't.
    pub fn failure(&self) -> Option<String> {
        match (self.error, self.status) {
            _ if self.succeeded() => None,
            (Some(error), _) => Some(error.in_words().to_owned()),
            (None, Some(status)) => Some(format!("it answered {status}")),
            (None, None) => Some("it did not answer".to_owned()),
        }
    }

    /// Drops what takes room.
    pub(super) fn shorten(&mut self) {
        self.truncated |= !self.response_body.is_empty();
        self.response_body.clear();
        self.request_headers.clear();
    }
}

//! Why a request was refused: exact for the person who set it up, one fixed text for whoever sent it.

use std::fmt;
use std::net::IpAddr;
use thiserror::Error;

/// Why a request was refused. No variant holds a secret or an expected signature.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Something that the scheme needs is not there.
    #[error("{what} is missing")]
    Missing {
        /// What.
        what: String,
    },
    /// Something is there, but not in the form that the scheme gives it.
    #[error("{what} is malformed: {why}")]
    Malformed {
        /// What.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A header is there twice that may be there once.
    #[error("the header {name} is there more than once")]
    DuplicateHeader {
        /// Its name.
        name: String,
    },
    /// There is a signature, but none of a version that is known.
    #[error("{what} has no signature of the version `{expected}`")]
    UnknownVersion {
        /// Where it was looked for.
        what: String,
        /// The version that is understood.
        expected: String,
    },
    /// The signature is another than that of this content with this secret.
    #[error("the signature in {what} does not match: the secret is another, or what was signed was changed")]
    Mismatch {
        /// Where the signature is.
        what: String,
    },
    /// The token or password is another.
    #[error("the value in {what} is not the configured one")]
    WrongToken {
        /// Where it is.
        what: String,
    },
    /// Signed too long ago.
    #[error("it was signed {} ago, which is more than {}", Seconds(*age), Seconds(*tolerance))]
    TooOld {
        /// Whole seconds since it was signed.
        age: i64,
        /// Seconds that are allowed.
        tolerance: i64,
    },
    /// Signed in the future.
    #[error("it was signed {} in the future, which is more than {}", Seconds(*ahead), Seconds(*tolerance))]
    TooNew {
        /// Whole seconds until the moment at which it says it was signed.
        ahead: i64,
        /// Seconds that are allowed.
        tolerance: i64,
    },
    /// The address from which the request came is not on the list.
    #[error("the address {ip} is not on the list of allowed addresses")]
    AddressNotAllowed {
        /// The address.
        ip: IpAddr,
    },
    /// There is a list of addresses, but nobody knows where the request came from.
    #[error("the sender's address is unknown, and there is a list of allowed addresses")]
    AddressUnknown,
    /// The key is to be fetched from where only the provider can put it, and this place is another.
    #[error("{what} names a place that is not the provider's: {why}")]
    UntrustedKeyUrl {
        /// Where the address was found.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The verifier has no key yet: see [`Verifier::key_to_fetch`](super::Verifier::key_to_fetch).
    #[error("the provider's key has not been fetched yet")]
    KeyNeeded,
}

impl Refusal {
    /// All that a sender is told.
    pub const PUBLIC: &'static str = "the request could not be authenticated";

    /// The HTTP status for the sender: 403 for an address that isn't allowed, else 401.
    pub fn status(&self) -> u16 {
        match self {
            Self::AddressNotAllowed { .. } | Self::AddressUnknown => 403,
            _ => 401,
        }
    }

    /// A stable name for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing",
            Self::Malformed { .. } => "malformed",
            Self::DuplicateHeader { .. } => "duplicate_header",
            Self::UnknownVersion { .. } => "unknown_version",
            Self::Mismatch { .. } => "mismatch",
            Self::WrongToken { .. } => "wrong_token",
            Self::TooOld { .. } => "too_old",
            Self::TooNew { .. } => "too_new",
            Self::AddressNotAllowed { .. } => "address_not_allowed",
            Self::AddressUnknown => "address_unknown",
            Self::UntrustedKeyUrl { .. } => "untrusted_key_url",
            Self::KeyNeeded => "key_needed",
        }
    }

    pub(super) fn missing(what: impl Into<String>) -> Self {
        Self::Missing { what: what.into() }
    }

    pub(super) fn malformed(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Malformed { what: what.into(), why: why.into() }
    }
}

/// A number of seconds in words.
struct Seconds(i64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self.0 {
            seconds if seconds < 120 => (seconds, "second"),
            seconds if seconds < 2 * 3_600 => (seconds / 60, "minute"),
            seconds if seconds < 2 * 86_400 => (seconds / 3_600, "hour"),
            seconds => (seconds / 86_400, "day"),
        };
        write!(f, "{number} {unit}{}", if number == 1 { "" } else { "s" })
    }
}

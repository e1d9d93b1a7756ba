//! What each kind of failure is called, and what its endpoint's owner can do about it. Nothing here comes from a resolver
//! or a library, whose words may name internals.

use domain::delivery::{Attempt, ErrorClass, GaveUp};

/// Why an endpoint does not take what it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It answers with this status.
    Status(u16),
    /// It does not answer.
    Class(ErrorClass),
}

/// Why a filter keeps events from being delivered, in words, and what to do about it.
pub(super) const FILTER_FAULTS: [(GaveUp, &str, &str); 2] = [
    (
        GaveUp::FilterFailed,
        "the filter could not be evaluated on the event's data",
        "Correct the webhook's filter so that it fits every event that it subscribes to (a conversion or a comparison of \
         different types fails), then recover what was not delivered.",
    ),
    (
        GaveUp::FilterTooCostly,
        "the filter takes too many steps on the event's data",
        "Simplify the webhook's filter: fewer conversions `as json`, no `[*]` over long lists, shorter patterns. Then recover \
         what was not delivered.",
    ),
];

/// What an attempt failed by; `None` if it didn't.
pub(super) fn fault_of(attempt: &Attempt) -> Option<Fault> {
    match (attempt.error, attempt.status) {
        _ if attempt.succeeded() => None,
        (Some(class), _) => Some(Fault::Class(class)),
        (None, status) => status.map(Fault::Status),
    }
}

impl Fault {
    fn key(self) -> (u16, &'static str) {
        match self {
            Self::Status(status) => (status, ""),
            Self::Class(class) => (0, class.as_str()),
        }
    }

    /// What is wrong.
    pub(super) fn issue(self) -> String {
        match self {
            Self::Status(status) => format!("it answered {status}"),
            Self::Class(class) => class.in_words().to_owned(),
        }
    }

    /// What to do about it.
    pub(super) fn recommendation(self) -> &'static str {
        match self {
            Self::Status(status) => for_status(status),
            Self::Class(class) => for_class(class),
        }
    }
}

impl PartialOrd for Fault {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fault {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

fn for_status(status: u16) -> &'static str {
    match status {
        300..=399 => "Redirects are not followed: set the webhook's URL to the final address.",
        400 | 422 => "It rejects the request: see the response body of an attempt, and the format that it expects.",
        401 | 403 => {
            "It refuses us: check how it verifies the signature (the secret, the raw body, the clock), or the \
             credentials among the webhook's headers."
        }
        404 => "Nothing is at that path: check the path of the webhook's URL.",
        405 => "It does not take POST there: check the path of the webhook's URL and the receiver's routes.",
        408 => "It gave up waiting for the request: check the proxies in front of it.",
        410 => "It says that it is gone for good, which disables it: enable it again if that was a mistake.",
        413 => "It takes no bodies of this size: raise its limit, or publish less with each event.",
        415 => "It does not read this content type: choose another format for the webhook, or read JSON.",
        429 => "It limits the rate: set the webhook's rate_limit to what it allows.",
        500..=599 => "It fails inside: see its logs at the time of the attempts, and what stands in front of it.",
        _ => "See the response body of an attempt, and the receiver's logs.",
    }
}

fn for_class(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Dns => "Check the host name in the webhook's URL, and its DNS records.",
        ErrorClass::Connect => {
            "Check that the receiver runs and listens on that port, and that its firewall lets it be reached."
        }
        ErrorClass::ConnectTimeout => {
            "Check that a firewall does not drop connections to it, and that it has not run out of connections."
        }
        ErrorClass::Tls => {
            "Check its certificate: not expired, for this host name, with all intermediate certificates; TLS 1.2 or \
             1.3."
        }
        ErrorClass::Timeout => {
            "Answer 2xx at once and do the work afterwards; or raise the webhook's timeout (30 s at most)."
        }
        ErrorClass::Reset => "It closes connections before it answers: see its logs, and what stands in front of it.",
        ErrorClass::Protocol => "What answers there does not speak HTTP: check scheme and port of the webhook's URL.",
        ErrorClass::ForbiddenAddress => {
            "Its name or address is not public: use a public address. For development, the file can allow ranges under \
             delivery.allow_private."
        }
        ErrorClass::BadUrl => "Correct the webhook's URL: http or https, a host, and no user name in it.",
        ErrorClass::BadHeader => "Correct the webhook's headers: one has characters that can't be sent.",
        ErrorClass::BadSecret => "Rotate the webhook's secret: the one that is stored can't be used to sign.",
    }
}

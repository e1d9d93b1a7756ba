use super::{AddressKind, MAX_URL};
use std::fmt;
use url::ParseError;

/// Why an address may not be called. Its `Display` is for whoever wrote the URL: it names nothing that they don't know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Longer than [`MAX_URL`].
    TooLong,
    /// Not a URL; why.
    Unreadable(&'static str),
    /// Neither http nor https.
    Scheme,
    /// `user:password@`: it would be sent as credentials, and hides the host from readers.
    UserInfo,
    /// There is no host in it.
    NoHost,
    /// A name of this machine or of a network inside.
    InternalName,
    /// A port that webhooks aren't received at.
    Port(u16),
    /// It leads to an address that isn't public.
    Address(AddressKind),
}

impl Refusal {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "url_too_long",
            Self::Unreadable(_) => "url_unreadable",
            Self::Scheme => "url_scheme",
            Self::UserInfo => "url_user_info",
            Self::NoHost => "url_without_host",
            Self::InternalName => "internal_name",
            Self::Port(_) => "forbidden_port",
            Self::Address(_) => "forbidden_address",
        }
    }

    /// The URL itself is wrong, wherever it may lead.
    pub fn is_of_the_url(&self) -> bool {
        matches!(self, Self::TooLong | Self::Unreadable(_) | Self::Scheme | Self::UserInfo | Self::NoHost)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the URL is longer than {MAX_URL} characters"),
            Self::Unreadable(why) => write!(f, "the URL can't be read: {why}"),
            Self::Scheme => f.write_str("only http and https are called"),
            Self::UserInfo => f.write_str("a URL with a user or password in it is not called; use a header"),
            Self::NoHost => f.write_str("the URL has no host"),
            Self::InternalName => f.write_str("the host is a name for internal use, not one of the public internet"),
            Self::Port(port) => write!(f, "port {port} is not called: webhooks go to 80, 443, or one from 1024 on"),
            Self::Address(kind) => write!(f, "the host leads to {kind}, not to one of the public internet"),
        }
    }
}

impl std::error::Error for Refusal {}

/// The parser's errors in our words.
pub(super) fn unreadable(error: ParseError, text: &str) -> Refusal {
    match error {
        ParseError::EmptyHost => Refusal::NoHost,
        ParseError::RelativeUrlWithoutBase if text.is_empty() => Refusal::Unreadable("it is empty"),
        ParseError::RelativeUrlWithoutBase => Refusal::Unreadable("it doesn't begin with https:// or http://"),
        ParseError::InvalidPort => Refusal::Unreadable("its port is not one from 0 to 65535"),
        ParseError::InvalidIpv4Address => Refusal::Unreadable("its host is a number but no IPv4 address"),
        ParseError::InvalidIpv6Address => Refusal::Unreadable("its host is not an IPv6 address; zones are not called"),
        ParseError::IdnaError | ParseError::InvalidDomainCharacter => Refusal::Unreadable("its host is not a name"),
        _ => Refusal::Unreadable("it is not written as one"),
    }
}

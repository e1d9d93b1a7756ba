//! Headers that can be sent.

use super::failure::Failure;
use domain::delivery::ErrorClass;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// Headers that frame the message or speak to the next hop, and are the client's alone (RFC 9110, section 7.6.1, and
/// RFC 9112): with them one request could be made two, or sent to another host's name.
const OF_THE_CLIENT: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The headers of a parcel, in order, each as often as it stands there.
///
/// A name must be a token (RFC 9110, section 5.6.2) that isn't the client's own, a value visible ASCII, blanks and tabs; the
/// error names the header and never the value.
pub(super) fn headers(pairs: &[(String, String)]) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::with_capacity(pairs.len() + 1);
    for (name, value) in pairs {
        let (name, value) = parse(name, value)?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn parse(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    let bad = |why: &str| Failure::new(ErrorClass::BadHeader, format!("the header {name:?} can't be sent: {why}"));
    let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("that is not a name of a header"))?;
    if OF_THE_CLIENT.contains(&key.as_str()) {
        return Err(bad("it belongs to the connection"));
    }
    let visible = value.chars().all(|c| matches!(c, ' '..='~' | '\t'));
    let value = HeaderValue::from_str(value).ok().filter(|_| visible);
    let value = value.ok_or_else(|| bad("its value has characters other than visible ASCII"))?;
    Ok((key, value))
}

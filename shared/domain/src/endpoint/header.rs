//! Headers that a customer wants sent along.

/// Headers that are ours, or the connection's: a customer's may not replace them. Connection headers: RFC 9110 section
/// 7.6.1 and RFC 9112.
const RESERVED: [&str; 18] = [
    "host",
    "content-length",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "accept-encoding",
    "user-agent",
    "cookie",
    "idempotency-key",
    "date",
];
/// What begins like this is ours.
const RESERVED_PREFIXES: [&str; 4] = ["webhook-", "x-webhook-", "svix-", "sec-"];
/// The longest value, in bytes.
const MAX_VALUE: usize = 4096;

/// Why a header can't be sent along.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// RFC 9110 section 5.1: a token.
    #[error("`{0}` is no header's name")]
    Name(String),
    /// It is ours.
    #[error("the header `{0}` is reserved")]
    Reserved(String),
    /// RFC 9110 section 5.5: no control characters, CR, LF and NUL above all.
    #[error(
        "the header `{0}` has a value with characters that can't be sent: visible ASCII and single spaces or tabs can"
    )]
    Value(String),
    /// More than 4,096 bytes.
    #[error("the header `{0}` has a value of more than {MAX_VALUE} bytes")]
    TooLong(String),
}

/// Whether a header may be sent along.
///
/// # Errors
/// In words; the value, which may be secret, is not quoted.
pub fn check_header(name: &str, value: &str) -> Result<(), HeaderError> {
    let shown = || name.chars().filter(|c| !c.is_control()).take(80).collect::<String>();
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > 128 || !name.bytes().all(is_token) {
        return Err(HeaderError::Name(shown()));
    }
    let lower = name.to_ascii_lowercase();
    if RESERVED.contains(&lower.as_str()) || RESERVED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix)) {
        return Err(HeaderError::Reserved(shown()));
    }
    if value.len() > MAX_VALUE {
        return Err(HeaderError::TooLong(shown()));
    }
    let visible = value.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    if !visible || value.trim() != value {
        return Err(HeaderError::Value(shown()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{HeaderError, check_header};

    #[test]
    fn headers_of_ours_and_of_the_connection_stay_ours() {
        for name in ["Host", "webhook-signature", "X-Webhook-Anything", "Transfer-Encoding", "Content-Type"] {
            assert!(matches!(check_header(name, "x"), Err(HeaderError::Reserved(_))), "{name}");
        }
        for name in ["Authorization", "X-Tenant", "x_y"] {
            assert_eq!(check_header(name, "Bearer a\tb"), Ok(()), "{name}");
        }
    }

    #[test]
    fn no_value_ends_its_line() {
        for value in ["a\r\nb: c", "a\nb", "a\0", "\u{7f}", "é", " a", "a "] {
            assert!(matches!(check_header("x-a", value), Err(HeaderError::Value(_))), "{value:?}");
        }
        for name in ["", "a b", "a:b", "a\r\nb", "ü"] {
            assert!(matches!(check_header(name, "x"), Err(HeaderError::Name(_))), "{name:?}");
        }
        assert!(matches!(check_header("x-a", &"y".repeat(5000)), Err(HeaderError::TooLong(_))));
    }
}

//! The header `Retry-After`, in both of its forms (RFC 9110 section 10.2.3).

use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// Seconds to wait from now, 0 for a date that has passed; `None` if the text is neither seconds nor a date.
pub fn retry_after(text: &str, now: Timestamp) -> Option<u64> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds is a very long time.
        return Some(text.parse().unwrap_or(u64::MAX));
    }
    // An HTTP date is an RFC 5322 date whose zone is always GMT.
    let at = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(u64::try_from(at.duration_since(now).as_secs()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::retry_after;
    use jiff::Timestamp;

    #[test]
    fn both_forms_are_read_and_rubbish_is_not() {
        let now: Timestamp = "2015-10-21T07:27:00Z".parse().unwrap();
        assert_eq!(retry_after(" 120 ", now), Some(120));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(60));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:20:00 GMT", now), Some(0));
        assert_eq!(retry_after("99999999999999999999999", now), Some(u64::MAX));
        for rubbish in ["", "-5", "1.5", "soon", "2015-10-21", "Wed, 21 Oct"] {
            assert_eq!(retry_after(rubbish, now), None, "{rubbish}");
        }
    }
}

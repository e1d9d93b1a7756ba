//! A point in time, as a request writes it: RFC 3339, or Unix seconds.

use jiff::Timestamp;
use platform::problem::{Code, Problem};
use serde_json::Value;

/// From a query's text.
///
/// # Errors
/// 400 if it is neither.
pub(crate) fn from_text(text: &str, name: &str) -> Result<Timestamp, Problem> {
    let seconds = || text.parse::<f64>().ok().filter(|seconds| seconds.is_finite());
    let since = || jiff::SignedDuration::try_from_secs_f64(seconds()?).ok();
    let unix = || Timestamp::UNIX_EPOCH.checked_add(since()?).ok();
    text.parse().ok().or_else(unix).filter(|time| *time >= Timestamp::UNIX_EPOCH).ok_or_else(|| wrong(name))
}

/// From a field of a body.
///
/// # Errors
/// 400 if it is neither.
pub(crate) fn from_value(value: &Value, name: &str) -> Result<Timestamp, Problem> {
    match value {
        Value::String(text) => from_text(text, name),
        Value::Number(number) => from_text(&number.to_string(), name),
        _ => Err(wrong(name)),
    }
}

fn wrong(name: &str) -> Problem {
    Problem::new(Code::UnusableRequest, format!("`{name}` must be an RFC 3339 time, or Unix seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_forms_are_read_and_nothing_else() {
        let time: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        for good in [
            json!("2026-01-02T03:04:05Z"),
            json!("2026-01-02T04:04:05+01:00"),
            json!(1_767_323_045),
            json!("1767323045"),
        ] {
            assert_eq!(from_value(&good, "since").unwrap(), time, "{good}");
        }
        for bad in
            [json!(""), json!("yesterday"), json!("NaN"), json!("inf"), json!(1e300), json!(-1), json!(null), json!([])]
        {
            assert_eq!(from_value(&bad, "since").unwrap_err().code, Code::UnusableRequest, "{bad}");
        }
    }
}

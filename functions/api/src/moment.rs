//! A point in time, as a body writes it: RFC 3339, or Unix seconds.

use contract::Time;
use edge::problem::{Code, Problem};
use jiff::Timestamp;
use serde_json::Value;

/// From a field of a body.
///
/// # Errors
/// 400 if it is neither.
pub(crate) fn from_value(value: &Value, name: &str) -> Result<Timestamp, Problem> {
    let time = match value {
        Value::String(text) => Time::parse(text),
        Value::Number(number) => Time::parse(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let wrong = || Problem::new(Code::UnusableRequest, format!("`{name}` must be {}", Time::EXPECTED));
    time.map(Time::get).ok_or_else(wrong)
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

//! Durations as people write them: `250ms`, `30s`, `5m`, `2h`, `3d`.

use serde_json::Value;
use std::time::Duration;

/// The longest duration that is taken for one: a year.
pub const MAX: Duration = Duration::from_hours(365 * 24);

/// Milliseconds in each unit, longest suffix first so that `ms` isn't read as `s`.
const UNITS: [(&str, u32); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads a duration: a number of milliseconds, or a number with a unit (`ms`, `s`, `m`, `h`, `d`); fractions are allowed.
///
/// # Errors
/// In words, if it is not one, is negative, or is longer than [`MAX`].
pub fn from_json(value: &Value) -> Result<Duration, String> {
    match value {
        Value::Number(number) => parse(&number.to_string()),
        Value::String(text) => parse(text),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(not_one(&value.to_string())),
    }
}

/// Reads a duration from text; see [`from_json`].
///
/// # Errors
/// As [`from_json`].
pub fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let unit = UNITS.iter().find_map(|(suffix, scale)| Some((text.strip_suffix(suffix)?, *scale)));
    let (number, scale) = unit.unwrap_or((text, 1));
    let number = number.trim_end();
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    if number.starts_with('-') {
        return Err(format!("a duration can't be negative: `{text}`"));
    }
    if !digits(whole) || !digits(part) {
        return Err(not_one(text));
    }
    let seconds = number.parse::<f64>().map_err(|_| not_one(text))? * f64::from(scale) / 1_000.0;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| *duration <= MAX)
        .ok_or_else(|| format!("a duration may be 365d at most, not `{text}`"))
}

/// The shortest way to write a duration in whole units.
pub fn print(duration: Duration) -> String {
    let millis = duration.as_millis();
    let fits = |scale: u32| millis > 0 && millis.is_multiple_of(u128::from(scale));
    // A day is written as hours: "24h" is how deadlines are spoken of.
    let unit = UNITS.iter().rev().skip(1).find(|(_, scale)| fits(*scale));
    let (suffix, scale) = unit.copied().unwrap_or(("ms", 1));
    format!("{}{suffix}", millis / u128::from(scale))
}

fn not_one(text: &str) -> String {
    format!(
        "`{text}` is not a duration; write \"250ms\", \"30s\", \"5m\", \"2h\" or \"3d\", or a number of milliseconds"
    )
}

#[cfg(test)]
mod tests {
    use super::{MAX, from_json, print};
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn numbers_are_milliseconds_and_text_has_a_unit() {
        let table = [
            (json!("250ms"), 250),
            (json!("30s"), 30_000),
            (json!("1.5s"), 1_500),
            (json!("5m"), 300_000),
            (json!("2h"), 7_200_000),
            (json!("3d"), 259_200_000),
            (json!(" 3 d "), 259_200_000),
            (json!(300_000), 300_000),
            (json!("5000"), 5_000),
            (json!(0.5), 0),
            (json!(0), 0),
        ];
        for (value, millis) in table {
            let read = from_json(&value).map(|duration| u64::try_from(duration.as_millis()));
            assert_eq!(read, Ok(Ok(millis)), "{value}");
        }
        assert_eq!(from_json(&json!("0.5ms")), Ok(Duration::from_micros(500)));
    }

    #[test]
    fn what_is_no_duration_is_said_in_words() {
        for value in [
            json!("5 minutes"),
            json!("m"),
            json!(""),
            json!("1.s"),
            json!(".5s"),
            json!(true),
            json!([1]),
            json!("1e3s"),
            json!("inf"),
        ] {
            let error = from_json(&value).expect_err("not a duration");
            assert!(error.contains("is not a duration"), "{value}: {error}");
        }
        assert!(from_json(&json!(-5)).expect_err("negative").contains("negative"));
        assert!(from_json(&json!("366d")).expect_err("too long").contains("365d at most"));
        assert!(from_json(&json!("9".repeat(400))).expect_err("far too long").contains("365d at most"));
        assert_eq!(from_json(&json!("365d")), Ok(MAX));
    }

    #[test]
    fn prints_whole_units() {
        for text in ["250ms", "1500ms", "30s", "90s", "5m", "24h", "72h"] {
            assert_eq!(print(super::parse(text).expect("a duration")), text);
        }
        assert_eq!(print(Duration::ZERO), "0ms");
    }
}

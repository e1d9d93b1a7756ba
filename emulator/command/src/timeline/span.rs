//! Times and spans of time, for people.

use jiff::{SignedDuration, Timestamp};

/// `312 ms`, `4.2 s`, `3m 12s`, `2h 5m`, `3d 4h`.
pub(crate) fn in_words(span: SignedDuration) -> String {
    // Two clocks may disagree a little.
    let millis = span.as_millis().max(0);
    let seconds = millis / 1_000;
    match seconds {
        0 => format!("{millis} ms"),
        1..60 => format!("{:.1} s", (millis / 100) as f64 / 10.0),
        60..3_600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// A point in time for people: to the second.
pub(crate) fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The same of a time in an answer; as it is where it is none.
pub(crate) fn time(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), seconds)
}

/// A point in time as the API takes it: as it is, or so long before now (`90m`, `2d`).
///
/// # Errors
/// In words, if it is neither.
pub(crate) fn since(text: &str, now: Timestamp) -> Result<String, String> {
    if text.parse::<Timestamp>().is_ok() || text.parse::<f64>().is_ok_and(|seconds| seconds >= 0.0) {
        return Ok(text.to_owned());
    }
    let wrong = || format!("`{text}` is no time: write 2026-01-02T03:04:05Z, Unix seconds, or how long ago, as 90m");
    let ago = domain::config::duration::parse(text).map_err(|_| wrong())?;
    let ago = SignedDuration::try_from(ago).map_err(|_| wrong())?;
    now.checked_sub(ago).map(|time| time.to_string()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_as_coarsely_as_they_are_long() {
        let told = [-5, 0, 312, 1_000, 4_270, 59_999, 192_000, 7_500_000, 273_600_000]
            .map(|millis| in_words(SignedDuration::from_millis(millis)));
        assert_eq!(told, ["0 ms", "0 ms", "312 ms", "1.0 s", "4.2 s", "59.9 s", "3m 12s", "2h 5m", "3d 4h"]);
    }

    #[test]
    fn times_are_told_to_the_second() {
        assert_eq!(time("2026-11-22T17:48:40.990614269Z"), "2026-11-22T17:48:40Z");
        assert_eq!((time("").as_str(), time("soon").as_str()), ("", "soon"));
    }

    #[test]
    fn a_time_is_absolute_or_so_long_ago() {
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        assert_eq!(since("90m", now).unwrap(), "2026-01-01T22:30:00Z");
        assert_eq!(since("2025-01-01T00:00:00Z", now).unwrap(), "2025-01-01T00:00:00Z");
        assert_eq!(since("1700000000", now).unwrap(), "1700000000");
        for bad in ["", "soon", "-5", "m"] {
            assert!(since(bad, now).is_err(), "{bad}");
        }
    }
}

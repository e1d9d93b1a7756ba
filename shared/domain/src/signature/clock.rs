//! When a request was signed, and whether that is near enough to now.

use super::Refusal;
use jiff::Timestamp;
use serde::Deserialize;

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(super) enum Unit {
    /// Unix seconds.
    #[default]
    #[serde(rename = "s", alias = "seconds", alias = "unix")]
    Seconds,
    /// Unix milliseconds.
    #[serde(rename = "ms", alias = "milliseconds")]
    Milliseconds,
    /// As RFC 3339 has it: `2026-01-02T03:04:05Z`.
    #[serde(rename = "rfc3339", alias = "rfc-3339", alias = "iso8601")]
    Rfc3339,
}

impl Unit {
    /// Reads a time.
    pub(super) fn read(self, text: &str) -> Result<Timestamp, Refusal> {
        let bad = |why: &str| Refusal::malformed("the time of the signature", format!("`{}` {why}", cut(text)));
        let digits = || {
            let plain = !text.is_empty() && text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| text.parse::<i64>().ok()).flatten().ok_or_else(|| bad("is not a whole number"))
        };
        match self {
            Self::Seconds => Timestamp::from_second(digits()?).map_err(|_| bad("is out of range for seconds")),
            Self::Milliseconds => {
                Timestamp::from_millisecond(digits()?).map_err(|_| bad("is out of range for milliseconds"))
            }
            Self::Rfc3339 => text.parse().map_err(|_| bad("is not an RFC 3339 time")),
        }
    }

    /// How many digits a time has, from 2001 to 2286; `None` where it isn't written in digits alone.
    pub(super) fn digits(self) -> Option<usize> {
        match self {
            Self::Seconds => Some(10),
            Self::Milliseconds => Some(13),
            Self::Rfc3339 => None,
        }
    }

    /// Writes a time.
    pub(super) fn write(self, time: Timestamp) -> String {
        match self {
            Self::Seconds => time.as_second().to_string(),
            Self::Milliseconds => time.as_millisecond().to_string(),
            Self::Rfc3339 => time.to_string(),
        }
    }
}

/// As much of a stranger's text as a message may quote.
fn cut(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(40).collect()
}

/// Refuses what was signed longer ago than the tolerance, in seconds, or as far in the future.
pub(super) fn judge(signed_at: Timestamp, now: Timestamp, tolerance: i64, future: bool) -> Result<(), Refusal> {
    let age = now.as_millisecond().saturating_sub(signed_at.as_millisecond());
    let limit = tolerance.saturating_mul(1_000);
    if age > limit {
        return Err(Refusal::TooOld { age: age / 1_000, tolerance });
    }
    if future && age < -limit {
        return Err(Refusal::TooNew { ahead: -(age / 1_000), tolerance });
    }
    Ok(())
}

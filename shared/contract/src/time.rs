//! Points in time, as a request writes them.

use jiff::{SignedDuration, Timestamp};
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;

/// A point in time since 1970: RFC 3339, or seconds since 1970, which may have a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(Timestamp);

impl Time {
    /// The texts that are read, in words.
    pub const EXPECTED: &'static str = "an RFC 3339 time, or Unix seconds";

    /// Reads it; `None` if it is neither, or before 1970.
    pub fn parse(text: &str) -> Option<Self> {
        let seconds = || text.parse::<f64>().ok().filter(|seconds| seconds.is_finite());
        let since = || SignedDuration::try_from_secs_f64(seconds()?).ok();
        let unix = || Timestamp::UNIX_EPOCH.checked_add(since()?).ok();
        text.parse().ok().or_else(unix).filter(|time| *time >= Timestamp::UNIX_EPOCH).map(Self)
    }

    /// As the rest of the program has it.
    pub fn get(self) -> Timestamp {
        self.0
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &Self::EXPECTED))
    }
}

#[cfg(test)]
mod tests {
    use super::Time;
    use jiff::Timestamp;

    #[test]
    fn both_forms_are_read_and_nothing_else() {
        let time: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        for good in ["2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00", "1767323045", "1767323045.0"] {
            assert_eq!(Time::parse(good).unwrap().get(), time, "{good}");
        }
        for bad in ["", "yesterday", "NaN", "inf", "1e300", "-1"] {
            assert_eq!(Time::parse(bad), None, "{bad}");
        }
    }
}

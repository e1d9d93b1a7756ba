//! A clock that runs fast, for `--time-scale`: retries and deadlines of days pass in seconds.
//!
//! Everything that asks the clock what time it is lives in its time: handlers, retries, deadlines, timers, retention, and
//! the timestamps that are signed. What waits for the real world does not: outbound calls have their real time-outs, and so
//! have programs. Its time goes on where it was when the process ended, and went on meanwhile: it is kept beside the state.

use jiff::{SignedDuration, Timestamp};
use local_aws::private;
use platform::clock::{Clock, SystemClock, until};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::io::{self, Write};
use std::path::Path;
use std::pin::Pin;
use std::time::Instant;

/// The fastest: a day in a second.
pub const FASTEST: u32 = 86_400;
/// Where the time is kept.
const FILE: &str = "clock.json";

/// Runs `scale` times as fast as the machine's own clock.
#[derive(Debug, Clone)]
pub struct FastClock {
    /// What it showed when it was started.
    from: Timestamp,
    started: Instant,
    scale: u32,
}

/// What two clocks showed at once, and how fast the second has run since.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Anchor {
    real: Timestamp,
    fast: Timestamp,
    scale: u32,
}

impl Anchor {
    /// What the fast clock shows when the real one shows `now`. Never less than that.
    fn fast_at(&self, now: Timestamp) -> Timestamp {
        let real = now.duration_since(self.real).max(SignedDuration::ZERO);
        let passed = real.checked_mul(i32::try_from(self.scale).unwrap_or(i32::MAX)).unwrap_or(SignedDuration::MAX);
        self.fast.checked_add(passed).unwrap_or(Timestamp::MAX).max(now)
    }
}

impl FastClock {
    /// Starts it where the one before would be now, and keeps that in `directory`, which is made where it is missing.
    ///
    /// # Errors
    /// If the directory can't be written, or what is kept there can't be read.
    pub fn start(directory: &Path, scale: u32) -> io::Result<Self> {
        private::directory(directory)?;
        let (file, now) = (directory.join(FILE), SystemClock.now());
        let before = match std::fs::read(&file) {
            Ok(bytes) => Some(serde_json::from_slice::<Anchor>(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let fast = before.map_or(now, |before| before.fast_at(now));
        let anchor = serde_json::to_vec(&Anchor { real: now, fast, scale })?;
        // Whole or not at all.
        let new = directory.join(format!("{FILE}.new"));
        let mut written = private::file(&new)?;
        written.set_len(0)?;
        written.write_all(&anchor)?;
        std::fs::rename(&new, &file)?;
        Ok(Self { from: fast, started: Instant::now(), scale })
    }

    /// Whether the state in that directory has lived by a fast clock.
    pub fn was_used(directory: &Path) -> bool {
        directory.join(FILE).exists()
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.started.elapsed().saturating_mul(self.scale));
        self.from.checked_add(passed.unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
    }

    fn sleep_until(&self, time: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let clock = self.clone();
        Box::pin(async move {
            // A timer may end a moment early by a clock that multiplies moments.
            while let left = until(clock.now(), time)
                && !left.is_zero()
            {
                tokio::time::sleep(left / clock.scale).await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn it_goes_on_where_it_was_and_never_back() {
        let anchor = Anchor { real: at(1_000), fast: at(5_000), scale: 3_600 };
        assert_eq!(anchor.fast_at(at(1_000)), at(5_000));
        assert_eq!(anchor.fast_at(at(1_002)), at(5_000 + 7_200));
        assert_eq!(anchor.fast_at(at(900)), at(5_000), "the real clock was turned back");
        assert_eq!(Anchor { scale: 1, ..anchor }.fast_at(at(90_000)), at(5_000 + 89_000).max(at(90_000)));
    }

    #[tokio::test]
    async fn its_hours_are_seconds_and_a_restart_does_not_turn_it_back() {
        let directory = tempfile::tempdir().unwrap();
        let clock = FastClock::start(directory.path(), FASTEST).unwrap();
        let (began, due) = (Instant::now(), clock.now() + SignedDuration::from_hours(2));
        clock.sleep_until(due).await;
        assert!(clock.now() >= due && began.elapsed().as_secs() < 60);
        assert!(FastClock::was_used(directory.path()));
        assert!(FastClock::start(directory.path(), 1).unwrap().now() >= due);
        std::fs::write(directory.path().join(FILE), "no clock").unwrap();
        assert!(FastClock::start(directory.path(), 2).is_err());
    }
}

//! Looking until it is there.
//!
//! A busy machine is slow, and no number of seconds is enough for every one. So the time that is given runs anew whenever
//! something has changed: what makes progress may take as long as it takes, and only what stands still is given up.

use std::fmt::{self, Debug, Write};
use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How long anything may take without progress before a test gives it up.
pub const DEADLINE: Duration = Duration::from_secs(120);
/// How long anything may take at all: what changes for ever would never be given up.
const LONGEST: Duration = Duration::from_secs(20 * 60);

/// Asks again and again, until the answer is `Ok`. An `Err` is what was found instead: where it differs from the one before,
/// there was progress.
///
/// # Panics
/// If there is none by [`DEADLINE`] after the last progress; `what` says what was expected.
pub async fn eventually<T, E, F>(what: &str, ask: impl FnMut() -> F) -> T
where
    E: Debug,
    F: Future<Output = Result<T, E>>,
{
    eventually_within(DEADLINE, what, ask).await
}

/// The same for what takes its time from one progress to the next.
///
/// # Panics
/// If there is no `Ok` in time.
pub async fn eventually_within<T, E, F>(patience: Duration, what: &str, mut ask: impl FnMut() -> F) -> T
where
    E: Debug,
    F: Future<Output = Result<T, E>>,
{
    let began = Instant::now();
    let (mut until, mut before) = (began + patience, None);
    let mut tick = interval(Duration::from_millis(10));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        match ask().await {
            Ok(found) => return found,
            Err(seen) => {
                let now = Instant::now();
                let digest = Some(Digest::of(&seen));
                if digest != std::mem::replace(&mut before, digest) {
                    until = (now + patience).min(began + LONGEST);
                }
                assert!(now < until, "{what}: no progress within {patience:?}; instead: {seen:#?}");
            }
        }
    }
}

/// Tells two values apart by how they are shown.
#[derive(Default)]
struct Digest(DefaultHasher);

impl Digest {
    fn of(value: &impl Debug) -> u64 {
        let mut digest = Self::default();
        let _ = write!(digest, "{value:?}");
        digest.0.finish()
    }
}

impl Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::panic::AssertUnwindSafe;

    const S: Duration = Duration::from_secs(1);

    /// Counts to a number, one in each of so many looks.
    async fn counting(to: u32, looks: u32) -> bool {
        let seen = Cell::new(0);
        let counted = eventually_within(S, "it counts", || async {
            seen.set(seen.get() + 1);
            let count = seen.get() / looks;
            if count == to { Ok(()) } else { Err(count) }
        });
        futures_util::FutureExt::catch_unwind(AssertUnwindSafe(counted)).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn what_makes_progress_has_time_and_what_stands_still_has_none() {
        let began = Instant::now();
        assert!(counting(100, 50).await);
        assert!(began.elapsed() > 10 * S, "it took longer than it may stand still");
        assert!(!counting(2, 500).await);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_changes_for_ever() {
        assert!(!counting(u32::MAX, 1).await);
    }
}

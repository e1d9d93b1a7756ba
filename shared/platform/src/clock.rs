//! The clock, as an argument: handlers ask the [`App`](crate::App) what time it is, and tests turn the hands.

use jiff::{SignedDuration, Timestamp};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// What time it is, and how to let some of it pass.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Ends at that time or just after.
    fn sleep_until(&self, time: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// How long this clock's duration takes on the wall: what a queue is told to delay by.
    fn on_the_wall(&self, duration: Duration) -> Duration {
        duration
    }
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep_until(&self, time: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(until(self.now(), time)))
    }
}

/// How long it is from one point in time to another; zero where it has passed.
pub fn until(now: Timestamp, time: Timestamp) -> Duration {
    let left: SignedDuration = time.duration_since(now);
    Duration::try_from(left).unwrap_or(Duration::ZERO)
}

//! A clock whose hands a test turns.

use jiff::{SignedDuration, Timestamp};
use platform::clock::Clock;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Stands still until it is turned. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<watch::Sender<Timestamp>>);

impl ManualClock {
    /// A clock that shows 2026-01-02 03:04:05 UTC.
    pub fn new() -> Self {
        let start: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        Self(Arc::new(watch::Sender::new(start)))
    }

    /// A clock that shows what the machine's shows, and stands still too.
    pub fn of_the_machine() -> Self {
        Self(Arc::new(watch::Sender::new(Timestamp::now())))
    }

    /// What it shows.
    pub fn time(&self) -> Timestamp {
        *self.0.borrow()
    }

    /// Lets that much time pass at once.
    pub fn advance(&self, duration: Duration) {
        let duration = SignedDuration::try_from(duration).unwrap();
        self.0.send_modify(|now| *now += duration);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.time()
    }

    fn sleep_until(&self, time: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut hands = self.0.subscribe();
        Box::pin(async move {
            let _ = hands.wait_for(|now| *now >= time).await;
        })
    }

    /// Queues are told not to delay anything: whoever receives a message too early sleeps by this clock.
    fn on_the_wall(&self, _duration: Duration) -> Duration {
        Duration::ZERO
    }
}

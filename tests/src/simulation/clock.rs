//! Virtual time: it stands still while anybody can go on, and then jumps.

use super::state::Shared;
use jiff::{SignedDuration, Timestamp};
use platform::clock::Clock;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The clock that handlers are given.
#[derive(Debug, Clone)]
pub(super) struct VirtualClock(pub(super) Shared);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.0.lock().now
    }

    fn sleep_until(&self, time: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(Sleep { shared: self.0.clone(), until: time })
    }
}

/// Until that time.
pub(super) struct Sleep {
    shared: Shared,
    until: Timestamp,
}

impl Sleep {
    /// For so many milliseconds.
    pub(super) fn millis(shared: &Shared, millis: i64) -> Self {
        let until = shared.lock().now + SignedDuration::from_millis(millis);
        Self { shared: shared.clone(), until }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.shared.lock();
        if state.now >= self.until {
            return Poll::Ready(());
        }
        state.sleepers.entry(self.until).or_default().push(context.waker().clone());
        Poll::Pending
    }
}

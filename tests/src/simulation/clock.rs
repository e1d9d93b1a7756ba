//! Virtual time: it stands still while anybody can go on, and then jumps. Each process has a clock that may be wrong.

use super::state::Shared;
use jiff::{SignedDuration, Timestamp};
use platform::clock::Clock;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The clock that the handlers of a process are given.
#[derive(Debug, Clone)]
pub(super) struct VirtualClock {
    pub(super) shared: Shared,
    pub(super) process: usize,
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.shared.lock().shown(self.process)
    }

    fn sleep_until(&self, time: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        // However the clock jumps meanwhile.
        let state = self.shared.lock();
        let until = state.now + time.duration_since(state.shown(self.process));
        drop(state);
        Box::pin(Sleep { shared: self.shared.clone(), until })
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

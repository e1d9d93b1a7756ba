//! Rounds of work that judges by the time, such as the sweep of the timers, in a process that may be held up.
//!
//! ```text
//!  round ── pause ── round ── pause ── …
//!    the clocks are looked at each BEAT ── more time has passed? ── the work waits for CATCH_UP, then goes on
//! ```
//!
//! A process that was suspended finds deadlines passed, and in its sockets the callbacks that came before them. So the work
//! waits a moment, in which these callbacks are taken.

use jiff::Timestamp;
use platform::clock::{Clock, SystemClock};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// The time from one look at the clocks to the next.
const BEAT: Duration = Duration::from_secs(1);
/// A look that is so much late shows that the whole process was suspended, or the machine.
const HELD_UP: Duration = Duration::from_secs(2);
/// The time for which the work waits after a suspension.
const CATCH_UP: Duration = Duration::from_secs(2);

/// One round: the work, and the pause after it, which ends early when `stopping` is cancelled. Where the process was held up
/// during either, it goes on later.
pub(super) async fn round(work: impl Future<Output = ()>, pause: Duration, stopping: &CancellationToken) {
    let whole = async {
        work.await;
        tokio::select! {
            () = stopping.cancelled() => {}
            () = sleep(pause) => {}
        }
    };
    let mut whole = pin!(whole);
    let mut look = Look::new(Instant::now(), SystemClock.now());
    loop {
        let mut beat = pin!(sleep(BEAT));
        let step = poll_fn(|cx| {
            // Before each step of the work.
            if let Some(late) = look.again(Instant::now(), SystemClock.now()) {
                return Poll::Ready(Step::Late(late));
            }
            match whole.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Step::Done),
                Poll::Pending => beat.as_mut().poll(cx).map(|()| Step::Beat),
            }
        });
        match step.await {
            Step::Done => return,
            Step::Beat => {}
            Step::Late(late) => {
                tracing::warn!(
                    ?late,
                    "the process was suspended; requests that came meanwhile are taken first, and deadlines are judged \
                     in 2 s"
                );
                sleep(CATCH_UP).await;
                look = Look::new(Instant::now(), SystemClock.now());
            }
        }
    }
}

enum Step {
    Done,
    Beat,
    Late(Duration),
}

/// The last look at the clocks. `Instant` stands still while a Linux machine sleeps, and shows only that the process
/// was stopped; the wall clock goes on, and shows both, but may be set back.
struct Look {
    at: Instant,
    wall: Timestamp,
}

impl Look {
    fn new(at: Instant, wall: Timestamp) -> Self {
        Self { at, wall }
    }

    /// Looks again: how much too late that is, where the process was held up.
    fn again(&mut self, at: Instant, wall: Timestamp) -> Option<Duration> {
        let by_wall = Duration::try_from(wall.duration_since(self.wall)).unwrap_or(Duration::ZERO);
        let passed = at.saturating_duration_since(self.at).max(by_wall);
        *self = Self::new(at, wall);
        passed.checked_sub(BEAT).filter(|late| *late >= HELD_UP)
    }
}

#[cfg(test)]
mod tests;

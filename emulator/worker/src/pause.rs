//! How long a message that can't be taken up now is left alone.
//!
//! Each time that a worker looks at a message and leaves it counts as a receive, and after 1,000 of them a message of this
//! queue is a dead letter (infra/lib/queues.ts). So the pauses grow: the 1,000 take longer than the 14 days that a queue
//! keeps a message at most
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>). But they grow with
//! the message's age: who comes for it late waits about a tenth of the time again that it has waited already.

use std::time::Duration;

/// Receives after which a pause is twice as long.
const STEP: u32 = 10;
/// No pause grows beyond that.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// The pause after so many receives, from 1: the first one at least, even if that is longer than any grows.
pub(super) fn pause(first: Duration, receives: u32) -> Duration {
    let doubled = 1_u32.checked_shl(receives.saturating_sub(1) / STEP).unwrap_or(u32::MAX);
    first.saturating_mul(doubled).min(LONGEST).max(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RECEIVES as DEAD;

    const KEPT: Duration = Duration::from_secs(14 * 24 * 60 * 60);

    /// When a message is received for the n-th time.
    fn age(first: u64, receives: u32) -> Duration {
        (1..receives).map(|n| pause(Duration::from_secs(first), n)).sum()
    }

    #[test]
    fn a_message_that_nobody_takes_is_gone_before_it_is_a_dead_letter() {
        for first in [1, 5, 60, 3600] {
            assert!(age(first, DEAD) > KEPT, "{first} s: {:?}", age(first, DEAD));
        }
    }

    #[test]
    fn who_is_there_from_the_beginning_has_it_soon_and_who_comes_late_waits_for_a_part_of_its_age() {
        let seconds = |n| pause(Duration::from_secs(5), n).as_secs();
        assert_eq!(
            [1, 10, 11, 20, 21, 81, 91, DEAD, u32::MAX].map(seconds),
            [5, 5, 10, 10, 20, 1280, 1800, 1800, 1800]
        );
        assert_eq!((seconds(0), age(5, 10).as_secs()), (5, 45));
        for n in 1..DEAD {
            let (waits, age) = (seconds(n), age(5, n).as_secs());
            assert!(waits <= 5 + age / 5, "{waits} s after {age} s");
        }
    }

    #[test]
    fn a_pause_is_never_shorter_than_its_first() {
        for (first, n) in [(7200, 1), (7200, 500), (60, 1), (60, 1000)] {
            assert!(pause(Duration::from_secs(first), n) >= Duration::from_secs(first), "{first} {n}");
        }
    }
}

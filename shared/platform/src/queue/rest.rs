//! How long a message rests that our own code could not process: what was wrong may be over in a second, or in hours.

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use std::time::Duration;

/// After the first failure; four times as long after each further one.
const FIRST: Duration = Duration::from_secs(5);
/// The longest: as long as a message is hidden whose function has died (infra/lib/queues.ts).
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// How often a message may come before it is a dead letter: what is wrong may last for nearly four hours.
pub const RECEIVES: u32 = 20;

/// How long a message rests that was received so often, from 1, and each time in vain.
pub fn rest(received: u32) -> Duration {
    FIRST.saturating_mul(4_u32.saturating_pow(received.saturating_sub(1))).min(LONGEST)
}

/// What must be asked for with a receive, so that [`received`] can tell.
pub const RECEIVE_COUNT: MessageSystemAttributeName = MessageSystemAttributeName::ApproximateReceiveCount;

/// How often a message has been received, from 1.
pub fn received(message: &Message) -> u32 {
    let count = message.attributes.as_ref().and_then(|all| all.get(&RECEIVE_COUNT));
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::{Duration, RECEIVES, rest};

    #[test]
    fn it_comes_soon_again_and_is_given_up_late() {
        let rests: Vec<u64> = (0..7).map(|received| rest(received).as_secs()).collect();
        assert_eq!(rests, [5, 5, 20, 80, 320, 900, 900]);
        assert_eq!(rest(u32::MAX).as_secs(), 900);
        let until_the_last: Duration = (1..RECEIVES).map(rest).sum();
        assert_eq!(until_the_last.as_secs(), 5 + 20 + 80 + 320 + 15 * 900);
    }
}

//! Messages that come before their time: a sweep or a relay whose clock was ahead has brought them.
//!
//! Sleeping until then would occupy the function for as long as the clocks differ, and dropping them would lose what they
//! promise. So each is stored as a timer again. It counts how often that happened, so that it is another timer, and another
//! reminder for its item, than the one that came too early. Copies of one message go on as one: their timers are the same, and
//! an item is not reminded again of what it was reminded of (`platform::store`, `remind`).

use crate::attempts;
use application::App;
use domain::run::Run;
use jiff::{SignedDuration, Timestamp};
use platform::queue::{DeliverMessage, Message, RunMessage};
use platform::store::{StoreError, Timer};
use std::time::Duration;

/// How long a message is waited for in memory, on the wall: more than a queue's rounding, and than the clocks of well-kept
/// machines differ.
pub(crate) const LONGEST_SLEEP: Duration = Duration::from_secs(10);
/// The first pause of a message whose item was not stored yet, in seconds. Each pause after it is twice as long.
const BEFORE: i64 = 60;
/// The longest of these pauses, in seconds.
const BEFORE_LONGEST: i64 = 30 * 60;

/// Lets a message come again at that time, unless it is outdated by then.
pub(crate) async fn until(app: &App, message: Message, at: Timestamp) -> Result<(), StoreError> {
    let again = |before: u32| before.saturating_add(1);
    let timer = match message {
        Message::Run(message) => Timer::Run(RunMessage { again: again(message.again), ..message }),
        Message::Deliver(message) if attempts::is_outdated(app, &message).await? => return Ok(()),
        Message::Deliver(message) => {
            Timer::Deliver(DeliverMessage { again: again(message.again), event: None, ..message })
        }
        // None of these is ever due at a time.
        Message::Judge(_) | Message::Publish(_) | Message::Operate(_) | Message::Program(_) => return Ok(()),
    };
    tracing::debug!(due = %at, "a message came before its time, and is put off");
    app.store.add_timer(at, &timer).await
}

/// Lets an attempt's message come again whose delivery has not come to that attempt.
pub(crate) async fn before_its_delivery(app: &App, message: DeliverMessage) -> Result<(), StoreError> {
    let now = app.now();
    let (at, again) = later(message.due.unwrap_or(now), now, message.again);
    app.store.add_timer(at, &Timer::Deliver(DeliverMessage { again, event: None, ..message })).await
}

/// Lets a message come again if its run has not come to what it is about; whether that is so.
pub(crate) async fn if_before(app: &App, run: &Run, message: &RunMessage) -> Result<bool, StoreError> {
    if !run.is_before(&message.stretch) {
        return Ok(false);
    }
    let now = app.now();
    let (at, again) = later(message.due.unwrap_or(now), now, message.again);
    app.store.add_timer(at, &Timer::Run(RunMessage { again, ..message.clone() })).await?;
    Ok(true)
}

/// When a message comes again whose item has not come to what it is about, and which time that is.
///
/// The times are counted from when it was due, not from now, so that all copies of a message come again as one: a queue
/// may bring a message twice, and if each copy had a timer of its own, there would be twice as many each time.
fn later(due: Timestamp, now: Timestamp, again: u32) -> (Timestamp, u32) {
    let mut nth = again.saturating_add(1);
    loop {
        let at = due.checked_add(SignedDuration::from_secs(since_due(nth))).unwrap_or(Timestamp::MAX);
        if at > now || nth == u32::MAX || at == Timestamp::MAX {
            return (at, nth);
        }
        nth += 1;
    }
}

/// Seconds from when a message was due to its coming again for the nth time.
fn since_due(nth: u32) -> i64 {
    // From this many doublings on, the pause is the longest.
    const DOUBLINGS: u32 = 5;
    let doubled = BEFORE * ((1 << nth.min(DOUBLINGS)) - 1);
    doubled + BEFORE_LONGEST * i64::from(nth.saturating_sub(DOUBLINGS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn copies_of_a_message_come_again_as_one_and_ever_later() {
        let due = at(0);
        let mut expected = Vec::new();
        let (mut seconds, mut pause) = (0, BEFORE);
        for nth in 1..20 {
            seconds += pause;
            expected.push((at(seconds), nth));
            pause = (2 * pause).min(BEFORE_LONGEST);
        }
        for (index, (next, nth)) in expected.iter().enumerate() {
            let from = index.checked_sub(1).map_or(due, |before| expected[before].0);
            // Whenever in between a copy is worked on, and however often it came before.
            for now in [
                from,
                at((from.as_second() + next.as_second()) / 2 - 1_800_000_000),
                at(next.as_second() - 1_800_000_001),
            ] {
                for again in 0..*nth {
                    assert_eq!(later(due, now, again), (*next, *nth), "{now} {again}");
                }
            }
        }
        // By a clock that is behind it is another time all the same.
        assert_eq!(later(due, at(-7_200), 3), expected[3]);
    }
}

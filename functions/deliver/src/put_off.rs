//! Messages that come before their time: a sweep or a relay whose clock was ahead has brought them.
//!
//! Sleeping until then would occupy the function for as long as the clocks differ, and dropping them would lose what they
//! promise. So each is stored as a timer again. It counts how often that happened, so that it is another timer, and another
//! reminder for its item, than the one that came too early.

use domain::run::Run;
use jiff::{SignedDuration, Timestamp};
use platform::App;
use platform::queue::{DeliverMessage, Message, RunMessage};
use platform::store::{StoreError, Timer};
use std::time::Duration;

/// How long a message is waited for in memory, on the wall: more than a queue's rounding, and than the clocks of well-kept
/// machines differ.
pub(crate) const LONGEST_SLEEP: Duration = Duration::from_secs(10);
/// After how long a message comes again first whose item was not stored yet; twice as long each time, and
const BEFORE: SignedDuration = SignedDuration::from_secs(60);
/// at the most this long.
const BEFORE_LONGEST: SignedDuration = SignedDuration::from_mins(30);

/// Lets a message come again at that time.
pub(crate) async fn until(app: &App, message: Message, at: Timestamp) -> Result<(), StoreError> {
    let timer = match message {
        Message::Run(message) => Timer::Run(RunMessage { again: message.again.saturating_add(1), ..message }),
        Message::Deliver(message) => {
            Timer::Deliver(DeliverMessage { again: message.again.saturating_add(1), event: None, ..message })
        }
        // None of these is ever due at a time.
        Message::Judge(_) | Message::Publish(_) | Message::Operate(_) | Message::Program(_) => return Ok(()),
    };
    tracing::debug!(due = %at, "a message came before its time, and is put off");
    app.store.add_timer(at, &timer).await
}

/// Lets a message come again if its run has not come to what it is about; whether that is so.
pub(crate) async fn if_before(app: &App, run: &Run, message: &RunMessage) -> Result<bool, StoreError> {
    if !run.is_before(&message.stretch) {
        return Ok(false);
    }
    until(app, message.clone().into(), later(app.now(), message.again)).await?;
    Ok(true)
}

/// When a message comes again whose item has not come to what it is about.
pub(crate) fn later(now: Timestamp, again: u32) -> Timestamp {
    let pause = 2_i32.checked_pow(again).and_then(|times| BEFORE.checked_mul(times)).unwrap_or(BEFORE_LONGEST);
    now.checked_add(pause.min(BEFORE_LONGEST)).unwrap_or(Timestamp::MAX)
}

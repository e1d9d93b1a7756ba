//! Looking until it is there.

use std::fmt::Debug;
use std::time::Duration;
use tokio::time::{Instant, interval};

/// How long anything may take before a test gives it up.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Asks again and again, until the answer is `Ok`. An `Err` is what was found instead, for the message.
///
/// # Panics
/// If there is none by [`DEADLINE`]; `what` says what was expected.
pub async fn eventually<T, E, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    E: Debug,
    F: Future<Output = Result<T, E>>,
{
    let until = Instant::now() + DEADLINE;
    let mut tick = interval(Duration::from_millis(10));
    loop {
        tick.tick().await;
        match ask().await {
            Ok(found) => return found,
            Err(seen) => assert!(Instant::now() < until, "{what}: not within {DEADLINE:?}; instead: {seen:#?}"),
        }
    }
}

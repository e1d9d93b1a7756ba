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
pub async fn eventually<T, E, F>(what: &str, ask: impl FnMut() -> F) -> T
where
    E: Debug,
    F: Future<Output = Result<T, E>>,
{
    eventually_within(DEADLINE, what, ask).await
}

/// The same for what takes its time.
///
/// # Panics
/// If there is no `Ok` in time.
pub async fn eventually_within<T, E, F>(patience: Duration, what: &str, mut ask: impl FnMut() -> F) -> T
where
    E: Debug,
    F: Future<Output = Result<T, E>>,
{
    let until = Instant::now() + patience;
    let mut tick = interval(Duration::from_millis(10));
    loop {
        tick.tick().await;
        match ask().await {
            Ok(found) => return found,
            Err(seen) => assert!(Instant::now() < until, "{what}: not within {patience:?}; instead: {seen:#?}"),
        }
    }
}

use jiff::{SignedDuration, Timestamp};
use platform::clock::Clock;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

/// A clock that goes on when it is told to. Clones are the same.
#[derive(Debug, Clone)]
pub struct Hands(Arc<Mutex<Timestamp>>);

impl Default for Hands {
    fn default() -> Self {
        Self(Arc::new(Mutex::new("2026-01-02T03:04:05Z".parse().unwrap())))
    }
}

impl Hands {
    /// Lets so many seconds pass.
    pub fn pass(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep_until(&self, time: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        panic!("it sleeps until {time}, and it is {}", self.now());
    }
}

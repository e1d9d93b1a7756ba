//! Keys that providers publish, in memory: fetched when a request needs one, and kept for a day.
//!
//! The addresses are the providers' own (a [`Verifier`](domain::signature::Verifier) makes sure of that), but who calls us
//! may choose among them, so fetches are bounded: so many in a minute, and what failed is not tried again at once.

use jiff::{SignedDuration, Timestamp};
use platform::sender::Sender;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How long a key is good: 24 h, as fal asks for (<https://fal.ai/docs/model-apis/model-endpoints/webhooks>).
const GOOD: SignedDuration = SignedDuration::from_hours(24);
/// After how long a failed fetch is tried again.
const AGAIN: SignedDuration = SignedDuration::from_secs(60);
/// Fetches in a minute.
const IN_A_MINUTE: u32 = 30;
/// Addresses remembered at most.
const MOST: usize = 64;

/// What was fetched.
#[derive(Default)]
pub(crate) struct Fetched(Mutex<State>);

#[derive(Default)]
struct State {
    /// The key, or none where it could not be had.
    keys: HashMap<String, (Timestamp, Option<String>)>,
    minute: i64,
    fetches: u32,
}

impl Fetched {
    /// The key at an address; none if it can't be had now.
    pub(crate) async fn key(&self, sender: &Sender, url: &str, now: Timestamp) -> Option<String> {
        if let Some(known) = self.known(url, now) {
            return known;
        }
        let key = match sender.fetch(url).await {
            Ok(key) => Some(key),
            Err(failure) => {
                tracing::warn!(url, reason = failure.message, "a provider's key could not be fetched");
                None
            }
        };
        self.remember(url, key.clone(), now);
        key
    }

    /// What is known already, or that nothing more may be fetched now.
    fn known(&self, url: &str, now: Timestamp) -> Option<Option<String>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, key)) = state.keys.get(url) {
            let good = if key.is_some() { GOOD } else { AGAIN };
            if now.duration_since(*at).abs() < good {
                return Some(key.clone());
            }
        }
        let minute = now.as_second().div_euclid(60);
        if state.minute != minute {
            (state.minute, state.fetches) = (minute, 0);
        }
        if state.fetches >= IN_A_MINUTE {
            return Some(None);
        }
        state.fetches += 1;
        None
    }

    fn remember(&self, url: &str, key: Option<String>, now: Timestamp) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.keys.len() >= MOST && !state.keys.contains_key(url) {
            // Failures first, then the oldest.
            let oldest =
                state.keys.iter().min_by_key(|(_, (at, key))| (key.is_some(), *at)).map(|(url, _)| url.clone());
            oldest.map(|url| state.keys.remove(&url));
        }
        state.keys.insert(url.to_owned(), (now, key));
    }
}

#[cfg(test)]
mod tests {
    use super::{AGAIN, Fetched, GOOD, IN_A_MINUTE, MOST};
    use jiff::Timestamp;

    #[test]
    fn a_key_is_good_for_a_day_and_a_failure_for_a_minute() {
        let (fetched, now) = (Fetched::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(fetched.known("a", now), None);
        fetched.remember("a", Some("key".to_owned()), now);
        fetched.remember("b", None, now);
        assert_eq!(fetched.known("a", now), Some(Some("key".to_owned())));
        assert_eq!(fetched.known("b", now), Some(None));
        assert_eq!(fetched.known("b", now + AGAIN), None);
        assert_eq!(fetched.known("a", now + AGAIN), Some(Some("key".to_owned())));
        assert_eq!(fetched.known("a", now + GOOD), None);
    }

    #[test]
    fn fetches_and_what_is_remembered_are_bounded() {
        let (fetched, now) = (Fetched::default(), Timestamp::UNIX_EPOCH);
        let may = (0..100).filter(|n| fetched.known(&n.to_string(), now).is_none()).count();
        assert_eq!(may, IN_A_MINUTE as usize);
        assert_eq!(fetched.known("later", now + AGAIN), None);
        fetched.remember("good", Some("key".to_owned()), now);
        for n in 0..200 {
            fetched.remember(&n.to_string(), None, now + AGAIN);
        }
        assert_eq!(fetched.known("good", now + AGAIN), Some(Some("key".to_owned())));
        assert!(fetched.0.lock().unwrap().keys.len() <= MOST);
    }
}

//! How long to wait before a tunnel is opened again.

use std::time::Duration;

/// Pauses that double.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Before the first attempt; 1 s.
    pub first: Duration,
    /// No pause is longer; 60 s.
    pub most: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), most: Duration::from_secs(60) }
    }
}

impl Backoff {
    /// The pause before an attempt, counted from 1. `jitter` is random, from 0 up to 1, and spreads it by a fifth to
    /// either side, so that those whom one failure has thrown off don't all come back at once.
    pub fn pause(&self, attempt: u32, jitter: f64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let pause = self.first.saturating_mul(1 << doublings).min(self.most);
        pause.mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0)).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;
    use proptest::prelude::*;
    use std::time::Duration;

    #[test]
    fn pauses_double_from_a_second_to_a_minute() {
        let pauses = (1..=9).map(|attempt| Backoff::default().pause(attempt, 0.5).as_secs_f64().round());
        assert!(pauses.eq([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]));
    }

    proptest! {
        #[test]
        fn no_pause_is_too_short_or_too_long(attempt: u32, jitter in 0.0..1.0) {
            let pause = Backoff::default().pause(attempt, jitter);
            prop_assert!(pause >= Duration::from_millis(800) && pause <= Duration::from_secs(60));
        }

        #[test]
        fn jitter_moves_a_pause_by_a_fifth_at_most(attempt in 1u32..6, jitter in 0.0..1.0) {
            let steady = Backoff::default().pause(attempt, 0.5).as_secs_f64();
            let pause = Backoff::default().pause(attempt, jitter).as_secs_f64();
            prop_assert!((pause - steady).abs() <= steady * 0.2 + 1e-6);
        }
    }
}

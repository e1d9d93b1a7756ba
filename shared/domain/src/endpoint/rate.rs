//! A rate limit, and the slots in time that it leaves.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// At most so many deliveries in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// Deliveries: 1 to 10,000.
    pub limit: u32,
    /// Seconds: 1 to 3,600.
    pub period: u32,
}

impl RateLimit {
    /// The time from one slot to the next: the period divided evenly among its deliveries, in whole microseconds, rounded
    /// up so that no period has more than `limit` slots. From 100 µs to an hour.
    pub fn spacing(self) -> SignedDuration {
        let period = i64::from(self.period.max(1)).saturating_mul(1_000_000);
        let limit = i64::from(self.limit.max(1));
        let whole = period.checked_div(limit).unwrap_or(period);
        let rest = i64::from(whole.saturating_mul(limit) < period);
        SignedDuration::from_micros(whole.saturating_add(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slots_are_spread_evenly_over_the_period() {
        for (limit, period, micros) in
            [(1, 1, 1_000_000), (10, 1, 100_000), (3, 1, 333_334), (1, 60, 60_000_000), (10_000, 1, 100)]
        {
            let spacing = RateLimit { limit, period }.spacing();
            assert_eq!(spacing, SignedDuration::from_micros(micros), "{limit} in {period} s");
        }
    }

    proptest! {
        #[test]
        fn a_period_has_no_more_slots_than_its_limit_and_next_to_no_room_for_one_more(
            limit in 1..=10_000_u32, period in 1..=3_600_u32
        ) {
            let spacing = RateLimit { limit, period }.spacing().as_micros();
            let (limit, period) = (i128::from(limit), i128::from(period) * 1_000_000);
            prop_assert!(spacing * limit >= period);
            prop_assert!((spacing - 1) * limit < period);
        }
    }
}

//! How many attempts one endpoint is given at once, by how it answers: additive increase, multiplicative decrease.
//!
//! ```text
//!              quick answer while others wait: one place more
//!   NARROWEST ◄────────────────────────────────────────────────► WIDEST
//!              failure: half as many; slow answer: half as many, but not below FIRST
//! ```
//!
//! Attempts that were under way when the lane narrowed began at the older width: their ends narrow it no further.

use std::time::Duration;

/// Attempts to one endpoint at once before anything is known of it.
pub const FIRST: usize = 32;
/// Attempts to one endpoint at once at the most.
///
/// It is the number of places by which one event can overtake another. Events that are published side by side change places
/// too, so it leaves them a quarter of the 64 places that are promised.
pub const WIDEST: usize = 48;
/// Attempts to one endpoint at once at the least: as many as a function in AWS Lambda gets in one batch, so that none of them
/// waits there, where waiting is paid for.
pub const NARROWEST: usize = 10;
/// An answer within this time is quick.
pub const QUICK: Duration = Duration::from_millis(500);
/// An answer after this time is slow.
pub const SLOW: Duration = Duration::from_secs(5);

/// What an attempt says of its endpoint as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was answered, after so long; whether the answer liked this event doesn't matter.
    Answered(Duration),
    /// It was not answered, or the endpoint said that it can't take anything now.
    Failed,
}

/// Between which widths a lane is: at first, at the least and at the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) first: usize,
    pub(super) narrowest: usize,
    pub(super) widest: usize,
}

/// The bounds of every lane, unless a test says otherwise.
pub(super) const BOUNDS: Bounds = Bounds { first: FIRST, narrowest: NARROWEST, widest: WIDEST };

/// The width of one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Width {
    bounds: Bounds,
    places: usize,
    /// Ends that narrow the lane no further, since those attempts began before it was narrowed last.
    settling: usize,
}

impl Width {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, places: bounds.first, settling: 0 }
    }

    pub(super) fn places(self) -> usize {
        self.places
    }

    /// An attempt has ended, beside `others` that are under way; `awaited`: further ones wait for a place.
    pub(super) fn ended(&mut self, end: End, others: usize, awaited: bool) {
        let settled = self.settling == 0;
        self.settling = self.settling.saturating_sub(1);
        let half = self.places / 2;
        match end {
            End::Answered(took) if took <= QUICK => {
                self.places = (self.places + usize::from(awaited)).min(self.bounds.widest);
            }
            End::Answered(took) if took > SLOW && settled => self.narrow(half.max(self.bounds.first), others),
            End::Failed if settled => self.narrow(half.max(self.bounds.narrowest), others),
            End::Answered(_) | End::Failed => {}
        }
    }

    fn narrow(&mut self, places: usize, others: usize) {
        if places < self.places {
            (self.places, self.settling) = (places, others);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    const ANSWERED: End = End::Answered(QUICK);
    const STEADY: End = End::Answered(SLOW);
    const DRAGGED: End = End::Answered(Duration::from_secs(6));

    fn after(ends: impl IntoIterator<Item = (End, usize, bool)>) -> usize {
        let mut width = Width::new(BOUNDS);
        ends.into_iter().for_each(|(end, others, awaited)| width.ended(end, others, awaited));
        width.places()
    }

    #[test]
    fn quick_answers_widen_it_while_others_wait_and_only_then() {
        assert_eq!(after([(ANSWERED, 31, true)]), FIRST + 1);
        assert_eq!(after([(ANSWERED, 31, false); 100]), FIRST);
        assert_eq!(after([(STEADY, 31, true); 100]), FIRST);
        assert_eq!(after([(ANSWERED, 31, true); 100]), WIDEST);
    }

    #[test]
    fn slow_answers_and_failures_halve_it_once_for_those_that_were_under_way() {
        let wide = || std::iter::repeat_n((ANSWERED, 63, true), 40);
        let then = |ends: usize, end, others| after(wide().chain(std::iter::repeat_n((end, others, true), ends)));
        assert_eq!(then(1, End::Failed, 63), WIDEST / 2);
        assert_eq!(then(64, End::Failed, 63), WIDEST / 2, "those 63 began before");
        assert_eq!(then(65, End::Failed, 63), WIDEST / 4);
        assert_eq!(then(1_000, End::Failed, 3), NARROWEST);
        assert_eq!(then(1, DRAGGED, 63), FIRST);
        assert_eq!(then(1_000, DRAGGED, 3), FIRST, "an endpoint that is slow and well keeps what it has at first");
        assert_eq!(after([(End::Failed, 0, true); 9].into_iter().chain([(DRAGGED, 0, true); 9])), NARROWEST);
    }

    proptest! {
        #[test]
        fn it_stays_within_its_bounds(
            ends in vec((prop::sample::select(vec![ANSWERED, STEADY, DRAGGED, End::Failed]), 0..64_usize, any::<bool>()), 0..300)
        ) {
            let mut width = Width::new(BOUNDS);
            for (end, others, awaited) in ends {
                width.ended(end, others, awaited);
                prop_assert!((NARROWEST..=WIDEST).contains(&width.places()));
            }
        }
    }
}

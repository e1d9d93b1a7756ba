//! How much the log says of requests that are refused: enough to find a mistake, too little to be paid for in a flood.

use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// So long are lines counted.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// Lines of one place in that time.
const LINES: u32 = 10;

/// What was said lately, by place. There are as many places as sources and routes.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<HashMap<String, Said>>);

#[derive(Debug, Clone, Copy)]
struct Said {
    since: Timestamp,
    lines: u32,
    unsaid: u64,
}

impl Refusals {
    /// Whether one more of that place is worth a line now, and how many before it got none.
    pub(crate) fn next(&self, place: &str, now: Timestamp) -> Option<u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let said = all.entry(place.to_owned()).or_insert(Said { since: now, lines: 0, unsaid: 0 });
        if now.duration_since(said.since) >= WINDOW {
            (said.since, said.lines) = (now, 0);
        }
        if said.lines >= LINES {
            said.unsaid = said.unsaid.saturating_add(1);
            return None;
        }
        said.lines += 1;
        Some(std::mem::take(&mut said.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::{LINES, Refusals};
    use jiff::Timestamp;

    #[test]
    fn a_flood_gets_some_lines_a_minute_and_is_counted() {
        let (refusals, at) = (Refusals::default(), |second| Timestamp::from_second(second).unwrap());
        let said =
            |second, times: u32| (0..times).filter_map(|_| refusals.next("github", at(second))).collect::<Vec<_>>();
        assert_eq!(said(0, 1000), vec![0; LINES as usize]);
        assert_eq!(said(59, 5), Vec::<u64>::new());
        assert_eq!(refusals.next("stripe", at(59)), Some(0), "another place has lines of its own");
        assert_eq!(said(60, 2), vec![995, 0], "those that got no line are told of");
    }
}

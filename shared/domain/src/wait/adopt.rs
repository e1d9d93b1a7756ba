//! Giving a callback that nobody waits for to a wait under another key, as if it had come with that one.
//!
//! ```text
//! early (under a key of its own) ──┐
//!                                  ├── one write of both, or of neither ──► given: its repetitions are duplicates
//! waiting ─────────────────────────┘                                    └─► met: the run goes on
//! ```
//!
//! Both change together or not at all, so the callback is never with both, nor with neither. Whoever begins to wait under
//! its own key just before keeps it; a callback, or the deadline, that comes first under the other key keeps that wait.
//! Asking again finds it given, and answers the same.

use super::{Arrival, ArrivalId, WaitKey, Waiter};
use jiff::Timestamp;

/// Of a key only so much is compared: the rest tells no more, and comparing costs the product of the lengths.
const COMPARED: usize = 128;

/// A wait as it stands in the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Who waits, or took what came.
    pub waiter: Option<Waiter>,
    /// What arrived, and when.
    pub arrived: Option<(Timestamp, Arrival)>,
    /// Nobody waits there any more.
    pub closed: bool,
    /// The identity of what arrived, where it is known: version 0.1 stored none.
    pub id: Option<ArrivalId>,
    /// The key of the wait that was given what arrived.
    pub given_to: Option<String>,
}

/// What may become of the wish.
#[derive(Debug, Clone, PartialEq)]
pub enum Adoption<'s> {
    /// This waiter may be given what arrived then.
    Give(&'s Waiter, Timestamp, &'s Arrival),
    /// It has been given before, to this waiter.
    Given(&'s Waiter),
    /// No callback that decides anything came under that key.
    NoCallback,
    /// This job has it already.
    Claimed(&'s Waiter),
    /// Nobody has waited under the other key.
    NobodyWaits,
    /// Something came under the other key, or its wait was over.
    Over,
}

/// Judges the wish to give what came under one key to the wait under another.
pub fn adopt<'s>(early: Option<&'s Standing>, wanting: Option<&'s Standing>, to: &WaitKey) -> Adoption<'s> {
    let Some(Standing { arrived: Some((at, arrival)), waiter, given_to, .. }) = early else {
        return Adoption::NoCallback;
    };
    match (waiter, given_to) {
        (Some(waiter), Some(given)) if *given == to.key => return Adoption::Given(waiter),
        (Some(waiter), _) => return Adoption::Claimed(waiter),
        (None, _) => {}
    }
    match wanting {
        Some(Standing { arrived: None, closed: false, waiter: Some(waiter), .. }) => {
            Adoption::Give(waiter, *at, arrival)
        }
        Some(Standing { waiter: Some(_), .. }) => Adoption::Over,
        Some(Standing { waiter: None, .. }) | None => Adoption::NobodyWaits,
    }
}

/// The key that is spelled most like another, and how many characters would have to change.
pub fn nearest<'k>(key: &str, others: impl IntoIterator<Item = &'k str>) -> Option<(&'k str, usize)> {
    let short = |key: &str| key.chars().take(COMPARED).collect::<String>();
    let key = short(key);
    let compared = others.into_iter().map(|other| (other, strsim::levenshtein(&key, &short(other))));
    compared.min_by_key(|(_, distance)| *distance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RouteId;
    use crate::id::RunId;
    use crate::run::JobPath;
    use crate::wait::Verdict;

    fn waiter(number: u8) -> Waiter {
        Waiter { run: RunId::random([number; 16]), job: JobPath::new("job"), attempt: 1 }
    }

    fn arrival() -> Option<(Timestamp, Arrival)> {
        Some((Timestamp::UNIX_EPOCH, Arrival { verdict: Verdict::Success, result: 1.into() }))
    }

    fn standing(waiter: Option<Waiter>, arrived: Option<(Timestamp, Arrival)>) -> Standing {
        Standing { waiter, arrived, closed: false, id: None, given_to: None }
    }

    #[test]
    fn what_nobody_has_is_given_to_who_waits_and_nothing_else_is() {
        let to = WaitKey { route: RouteId("r".to_owned()), key: "right".to_owned() };
        let (early, open) = (standing(None, arrival()), standing(Some(waiter(1)), None));
        let judge = |early: &Standing, wanting: Option<&Standing>| match adopt(Some(early), wanting, &to) {
            Adoption::Give(..) => "give",
            Adoption::Given(_) => "given",
            Adoption::NoCallback => "no callback",
            Adoption::Claimed(_) => "claimed",
            Adoption::NobodyWaits => "nobody waits",
            Adoption::Over => "over",
        };
        assert_eq!(judge(&early, Some(&open)), "give");
        assert_eq!(adopt(None, Some(&open), &to), Adoption::NoCallback);
        assert_eq!(judge(&standing(None, None), Some(&open)), "no callback");
        assert_eq!(judge(&standing(Some(waiter(2)), arrival()), Some(&open)), "claimed");
        assert_eq!(judge(&early, None), "nobody waits");
        assert_eq!(judge(&early, Some(&early)), "nobody waits");
        assert_eq!(judge(&early, Some(&standing(Some(waiter(1)), arrival()))), "over");
        assert_eq!(judge(&early, Some(&Standing { closed: true, ..open.clone() })), "over");
        let given =
            |to: &str| Standing { given_to: Some(to.to_owned()), closed: true, ..standing(Some(waiter(1)), arrival()) };
        let met = standing(Some(waiter(1)), arrival());
        assert_eq!(judge(&given("right"), Some(&met)), "given");
        assert_eq!(judge(&given("right"), None), "given");
        assert_eq!(judge(&given("other"), Some(&open)), "claimed");
    }

    #[test]
    fn the_nearest_key_is_the_one_with_the_fewest_changes() {
        assert_eq!(nearest("img-12", ["img-99", "img-1", "other"]), Some(("img-1", 1)));
        assert_eq!(nearest("img-12", ["img-12"]), Some(("img-12", 0)));
        assert_eq!(nearest("x", []), None);
        let long = "k".repeat(5000);
        assert_eq!(nearest(&long, [long.as_str()]), Some((long.as_str(), 0)));
    }
}

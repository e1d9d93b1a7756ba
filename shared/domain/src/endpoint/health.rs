//! How an endpoint is doing, and whether it may be tried now: a circuit breaker.
//!
//! ```text
//!           BREAKER_FAILURES in a row              its time is over
//!  closed ─────────────────────────────► open ───────────────────────► half open: one probe at a time
//!    ▲                                    ▲                                │            │
//!    │                                    └──── twice as long ─── failure ─┘            │
//!    └───────────────────────────────────────────── success ────────────────────────────┘
//! ```
//!
//! Somebody who asks for an attempt need not wait until the time is over: theirs is the probe, unless one is under way.
//! Only failures that speak of the endpoint as a whole count for the breaker; any failure counts for the time without a
//! success, after which the endpoint is disabled.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Failures in a row that open the breaker.
pub const BREAKER_FAILURES: u32 = 5;
/// How long the breaker stays open at first.
pub const OPEN_FIRST: SignedDuration = SignedDuration::from_secs(30);
/// How long it stays open at the most.
pub const OPEN_LONGEST: SignedDuration = SignedDuration::from_mins(30);
/// After how long an unfinished probe is taken for lost: longer than an attempt may last.
pub const PROBE: SignedDuration = SignedDuration::from_secs(60);
/// What the breaker held comes within this time after it, so that not all come at once.
pub const SPREAD: SignedDuration = SignedDuration::from_secs(5);
/// How long an endpoint may fail without one success before it is disabled.
pub const DISABLE_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);

/// How an endpoint has been failing. One that is well has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The first failure since the last success.
    pub failing_since: Timestamp,
    /// Failures of the endpoint as a whole, in a row.
    pub failures: u32,
    /// The breaker, if it isn't closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaker: Option<Breaker>,
}

/// A breaker that isn't closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Nothing is tried before.
    pub until: Timestamp,
    /// How often it has opened in a row, from 1.
    pub opened: u32,
    /// Somebody probes; taken for lost after this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_until: Option<Timestamp>,
}

/// Whether an attempt may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum May {
    /// Go on.
    Try,
    /// Whoever stores this first may, as the only one.
    Probe(Health),
    /// Not before this time.
    Hold(Timestamp),
}

impl Health {
    /// Whether an attempt may be made now. `None` is an endpoint that is well.
    pub fn may(health: Option<&Self>, now: Timestamp) -> May {
        Self::judge(health, false, now)
    }

    /// Whether an attempt may be made now that somebody asked for: an open breaker doesn't hold it, a probe that is under
    /// way does.
    pub fn may_if_asked(health: Option<&Self>, now: Timestamp) -> May {
        Self::judge(health, true, now)
    }

    /// Until when the breaker holds a delivery that is due at that time; `None` if it isn't what the delivery waits for.
    pub fn holds(health: Option<&Self>, due: Timestamp, now: Timestamp) -> Option<Timestamp> {
        match Self::may(health, now) {
            May::Hold(until) if due <= add(until, SPREAD) => Some(until),
            May::Hold(_) | May::Try | May::Probe(_) => None,
        }
    }

    fn judge(health: Option<&Self>, asked: bool, now: Timestamp) -> May {
        let Some((health, breaker)) = health.and_then(|health| Some((health, health.breaker.as_ref()?))) else {
            return May::Try;
        };
        // A time further off than it can be was noted by a clock that was ahead: it would hold the endpoint for as long as that.
        let is_ahead = |until: Timestamp, at_most: SignedDuration| now < until && until.duration_since(now) <= at_most;
        match breaker.probe_until {
            Some(until) if is_ahead(until, PROBE) => {
                let holds = !asked && is_ahead(breaker.until, open_for(breaker.opened));
                May::Hold(if holds { until.max(breaker.until) } else { until })
            }
            _ if is_ahead(breaker.until, open_for(breaker.opened)) && !asked => May::Hold(breaker.until),
            _ => {
                let breaker = Breaker { probe_until: now.checked_add(PROBE).ok(), ..breaker.clone() };
                May::Probe(Self { breaker: Some(breaker), ..health.clone() })
            }
        }
    }

    /// After a failed attempt. `whole`: the failure speaks of the endpoint as a whole.
    #[must_use]
    pub fn failed(health: Option<&Self>, whole: bool, now: Timestamp) -> Self {
        let mut next = health.cloned().unwrap_or(Self { failing_since: now, failures: 0, breaker: None });
        next.failures = next.failures.saturating_add(u32::from(whole));
        match next.breaker.as_mut() {
            // The probe has failed, or a call that had begun before the breaker opened.
            Some(breaker) if breaker.probe_until.is_some() || now >= breaker.until => {
                breaker.opened = breaker.opened.saturating_add(1);
                breaker.until = add(now, open_for(breaker.opened));
                breaker.probe_until = None;
            }
            Some(_) => {}
            None if whole && next.failures >= BREAKER_FAILURES => {
                next.breaker = Some(Breaker { until: add(now, OPEN_FIRST), opened: 1, probe_until: None });
            }
            None => {}
        }
        next
    }

    /// Whether it has failed for so long that it is to be disabled.
    pub fn is_hopeless(&self, now: Timestamp) -> bool {
        now.duration_since(self.failing_since) >= DISABLE_AFTER
    }

    /// Whether a success now is worth telling: its breaker had opened.
    pub fn was_open(&self) -> bool {
        self.breaker.is_some()
    }
}

fn open_for(opened: u32) -> SignedDuration {
    let doubled = 2_i32.checked_pow(opened.saturating_sub(1)).and_then(|times| OPEN_FIRST.checked_mul(times));
    doubled.unwrap_or(OPEN_LONGEST).min(OPEN_LONGEST)
}

fn add(time: Timestamp, duration: SignedDuration) -> Timestamp {
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn failed(times: u32, now: Timestamp) -> Health {
        (0..times).fold(None, |health, _| Some(Health::failed(health.as_ref(), true, now))).unwrap()
    }

    #[test]
    fn the_breaker_opens_after_failures_in_a_row_and_lets_one_probe_through() {
        assert_eq!(Health::may(Some(&failed(BREAKER_FAILURES - 1, at(0))), at(0)), May::Try);
        let open = failed(BREAKER_FAILURES, at(0));
        assert_eq!(Health::may(Some(&open), at(29)), May::Hold(at(30)));
        let May::Probe(probing) = Health::may(Some(&open), at(30)) else { panic!("no probe") };
        assert_eq!(Health::may(Some(&probing), at(31)), May::Hold(at(90)));
        assert!(matches!(Health::may(Some(&probing), at(90)), May::Probe(_)));
        let again = Health::failed(Some(&probing), true, at(40));
        assert_eq!(Health::may(Some(&again), at(41)), May::Hold(at(100)));
    }

    #[test]
    fn who_asks_is_the_probe_of_an_open_breaker_unless_one_is_under_way() {
        let open = failed(BREAKER_FAILURES, at(0));
        let May::Probe(probing) = Health::may_if_asked(Some(&open), at(1)) else { panic!("no probe") };
        assert_eq!(Health::may_if_asked(Some(&probing), at(2)), May::Hold(at(61)));
        assert_eq!(Health::may(Some(&probing), at(2)), May::Hold(at(61)));
        assert!(matches!(Health::may_if_asked(Some(&probing), at(61)), May::Probe(_)));
        // That it fails counts as the failure of any probe.
        let again = Health::failed(Some(&probing), true, at(3));
        assert_eq!(Health::may(Some(&again), at(4)), May::Hold(at(63)));
        assert_eq!(Health::may_if_asked(None, at(0)), May::Try);
    }

    #[test]
    fn what_a_clock_that_was_ahead_has_noted_holds_nothing_for_longer_than_a_breaker_may() {
        let ahead = failed(BREAKER_FAILURES, at(7200));
        assert_eq!(Health::may(Some(&ahead), at(7200)), May::Hold(at(7230)));
        let May::Probe(probing) = Health::may(Some(&ahead), at(0)) else { panic!("no probe") };
        assert_eq!(Health::may(Some(&probing), at(1)), May::Hold(at(60)));
        let May::Probe(probing) = Health::may(Some(&ahead), at(7230)) else { panic!("no probe") };
        assert!(matches!(Health::may(Some(&probing), at(0)), May::Probe(_)), "its probe is not under way for hours");
        assert_eq!(Health::holds(Some(&ahead), at(0), at(0)), None);
    }

    #[test]
    fn what_is_due_long_after_the_breaker_s_time_is_not_held_by_it() {
        let open = failed(BREAKER_FAILURES, at(0));
        assert_eq!(Health::holds(Some(&open), at(0), at(1)), Some(at(30)));
        assert_eq!(Health::holds(Some(&open), at(35), at(1)), Some(at(30)));
        assert_eq!(Health::holds(Some(&open), at(36), at(1)), None);
        assert_eq!(Health::holds(Some(&open), at(0), at(30)), None);
        assert_eq!(Health::holds(None, at(0), at(0)), None);
    }

    #[test]
    fn failures_that_speak_of_one_event_only_do_not_open_it_but_count_as_no_success() {
        let health = (0..50).fold(None, |health, n| Some(Health::failed(health.as_ref(), false, at(n)))).unwrap();
        assert_eq!(Health::may(Some(&health), at(50)), May::Try);
        assert!(!health.is_hopeless(at(5 * 86_400 - 1)));
        assert!(health.is_hopeless(at(5 * 86_400)));
    }

    #[test]
    fn stragglers_do_not_lengthen_the_time_that_it_is_open_and_that_time_is_bounded() {
        let open = failed(BREAKER_FAILURES, at(0));
        assert_eq!(Health::failed(Some(&open), true, at(5)).breaker, open.breaker);
        let mut health = open;
        let mut now = at(0);
        for _ in 0..40 {
            now = health.breaker.as_ref().unwrap().until;
            let May::Probe(probing) = Health::may(Some(&health), now) else { panic!("no probe") };
            health = Health::failed(Some(&probing), true, now);
        }
        assert_eq!(health.breaker.unwrap().until.duration_since(now), OPEN_LONGEST);
    }
}

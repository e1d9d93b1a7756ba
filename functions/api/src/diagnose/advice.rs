//! From what was found about an endpoint to what to say.

use super::words::{self, Fault};
use crate::delivery::seconds;
use crate::tally::rounded;
use domain::delivery::{Delivery, ErrorClass, State};
use domain::endpoint::{Disabled, DisabledBy, Endpoint, Health, May};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// An answer that takes longer, in seconds, is slow (seed of the dashboard).
const SLOW: f64 = 5.0;

/// What asking came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// This status.
    Answered(u16),
    /// No answer.
    Failed(ErrorClass),
}

/// What was found.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    pub(super) endpoint: &'a Endpoint,
    /// Newest first.
    pub(super) recent: &'a [Delivery],
    pub(super) health: Option<&'a Health>,
    pub(super) reach: Reach,
    pub(super) now: Timestamp,
}

/// What to say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Advice {
    pub(super) issues: Vec<String>,
    pub(super) recommendations: Vec<String>,
}

impl Advice {
    fn add(&mut self, issue: String, recommendation: impl Into<String>) {
        self.issues.push(issue);
        let recommendation = recommendation.into();
        if !self.recommendations.contains(&recommendation) {
            self.recommendations.push(recommendation);
        }
    }
}

impl Findings<'_> {
    pub(super) fn advice(&self) -> Advice {
        let mut advice = Advice::default();
        self.disabled(&mut advice);
        self.reachability(&mut advice);
        self.deliveries(&mut advice);
        self.health(&mut advice);
        let slow = self.avg_response_time();
        if slow > SLOW {
            let issue = format!("it takes {slow:.2} s to answer on average");
            advice.add(issue, "Answer 2xx at once, and do the work afterwards, from a queue of your own.");
        }
        advice
    }

    /// How many of the newest deliveries were given up, or failed when they were last tried.
    pub(super) fn failed(&self) -> usize {
        self.recent.iter().filter(|delivery| is_failing(delivery)).count()
    }

    /// Seconds that the newest deliveries' last attempts took on average, to two decimals; 0 if there is none.
    pub(super) fn avg_response_time(&self) -> f64 {
        let times: Vec<f64> = self.recent.iter().filter_map(|delivery| delivery.log.last()).map(seconds).collect();
        if times.is_empty() { 0.0 } else { rounded(times.iter().sum::<f64>() / times.len() as f64, 100.0) }
    }

    fn disabled(&self, advice: &mut Advice) {
        if let Some(Disabled { at, why }) = &self.endpoint.disabled {
            let next = match why {
                DisabledBy::Request => "Enable it when it is to receive events again.",
                DisabledBy::Gone => "Enable it again if 410 was a mistake; else delete it.",
                DisabledBy::Failing => "Repair the receiver, test it, then enable it and recover what failed.",
            };
            advice.add(format!("it is disabled since {at}: {}", why.as_str()), next);
        }
    }

    fn reachability(&self, advice: &mut Advice) {
        let fault = match self.reach {
            Reach::Failed(class) => Fault::Class(class),
            // It answers POST; what it says to other methods doesn't matter.
            Reach::Answered(_) if self.delivers() => return,
            // Many receivers know POST alone.
            Reach::Answered(status) if status < 400 || matches!(status, 405 | 501) => return,
            Reach::Answered(404) => {
                let issue = "it answers 404 to HEAD, as it does where only POST is known".to_owned();
                return advice.add(issue, "Send a test event to see what it answers to POST.");
            }
            Reach::Answered(status) => Fault::Status(status),
        };
        advice.add(format!("asked just now, {}", fault.issue()), fault.recommendation());
    }

    fn deliveries(&self, advice: &mut Advice) {
        let count = self.recent.len();
        let mut faults: BTreeMap<Fault, usize> = BTreeMap::new();
        for delivery in self.recent.iter().filter(|delivery| is_failing(delivery)) {
            if let Some(fault) = delivery.log.last().and_then(words::fault_of) {
                *faults.entry(fault).or_default() += 1;
            }
        }
        for (why, issue, recommendation) in words::FILTER_FAULTS {
            let given_up =
                |delivery: &&Delivery| matches!(delivery.state, State::Exhausted { why: by, .. } if by == why);
            match self.recent.iter().filter(given_up).count() {
                0 => {}
                times => {
                    advice
                        .add(format!("{times} of the last {count} deliveries were not made: {issue}"), recommendation);
                }
            }
        }
        for (fault, times) in faults {
            let issue = format!("{times} of the last {count} deliveries failed: {}", fault.issue());
            advice.add(issue, fault.recommendation());
        }
    }

    fn health(&self, advice: &mut Advice) {
        let Some(health) = self.health else { return };
        if let May::Hold(until) = Health::may(Some(health), self.now) {
            let issue = format!(
                "after {} failures in a row, deliveries are held until {until}; failing since {}",
                health.failures, health.failing_since
            );
            advice.add(issue, "Once it answers again, one delivery is tried first, and then the others follow.");
        }
    }

    /// Whether the newest delivery arrived.
    fn delivers(&self) -> bool {
        self.recent.first().is_some_and(|delivery| matches!(delivery.state, State::Delivered { .. }))
    }
}

fn is_failing(delivery: &Delivery) -> bool {
    match delivery.state {
        State::Delivered { .. } => false,
        State::Exhausted { .. } => true,
        State::Pending { .. } => delivery.log.last().is_some_and(|attempt| !attempt.succeeded()),
    }
}

#[cfg(test)]
mod tests;

//! Counts over the log of deliveries.

use crate::delivery::seconds;
use crate::walk::{self, Walk};
use application::App;
use domain::delivery::{Delivery, State};
use domain::event::{CustomerId, EndpointId};
use jiff::Timestamp;
use platform::store::StoreError;
use std::collections::HashMap;

/// The newest deliveries that are counted, at most.
const MOST: usize = 10_000;
/// Deliveries in memory at once.
const AT_ONCE: usize = 100;

/// What some deliveries came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) total: u64,
    pub(crate) successful: u64,
    /// Given up.
    pub(crate) failed: u64,
    pub(crate) pending: u64,
    answered: u64,
    took: f64,
}

/// What the deliveries of a span of time came to.
#[derive(Debug, Default)]
pub(crate) struct Count {
    /// By endpoint.
    pub(crate) by_endpoint: HashMap<EndpointId, Tally>,
    /// There are more than were counted: it is of the newest.
    pub(crate) sampled: bool,
}

impl Tally {
    fn add(&mut self, delivery: &Delivery) {
        self.total += 1;
        match delivery.state {
            State::Delivered { .. } => self.successful += 1,
            State::Exhausted { .. } => self.failed += 1,
            State::Pending { .. } => self.pending += 1,
        }
        if let Some(last) = delivery.log.last().filter(|last| last.status.is_some()) {
            self.answered += 1;
            self.took += seconds(last);
        }
    }

    /// Both together.
    #[must_use]
    pub(crate) fn and(self, other: &Self) -> Self {
        Self {
            total: self.total + other.total,
            successful: self.successful + other.successful,
            failed: self.failed + other.failed,
            pending: self.pending + other.pending,
            answered: self.answered + other.answered,
            took: self.took + other.took,
        }
    }

    /// Percent of those that have ended which were delivered, to two decimals; 0 of none. What is pending has not failed.
    pub(crate) fn success_rate(&self) -> f64 {
        let ended = self.successful + self.failed;
        if ended == 0 { 0.0 } else { rounded(self.successful as f64 / ended as f64 * 100.0, 100.0) }
    }

    /// Seconds to the last answer, on average over those that were answered, to three decimals; 0 of none.
    pub(crate) fn avg_response_time(&self) -> f64 {
        if self.answered == 0 { 0.0 } else { rounded(self.took / self.answered as f64, 1000.0) }
    }
}

/// Rounded to `1 / parts`.
pub(crate) fn rounded(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}

/// Counts what was accepted since a time.
///
/// # Errors
/// If the table is unavailable.
pub(crate) async fn count(app: &App, customers: Vec<CustomerId>, since: Timestamp) -> Result<Count, StoreError> {
    let mut walk = Walk::new(customers, None, Some(since));
    let (mut count, mut left) = (Count::default(), MOST);
    while !walk.is_over() && left > 0 {
        let places = walk.next(app).await?;
        count.sampled |= places.len() > left;
        for chunk in places.get(..left.min(places.len())).unwrap_or_default().chunks(AT_ONCE) {
            for stored in walk::read(app, chunk).await? {
                count.by_endpoint.entry(stored.delivery.id.endpoint.clone()).or_default().add(&stored.delivery);
            }
        }
        left = left.saturating_sub(places.len());
    }
    count.sampled |= !walk.is_over();
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_what_has_ended_and_times_of_what_was_answered() {
        let one = Tally { total: 2, successful: 2, answered: 2, took: 0.5, ..Tally::default() };
        let other = Tally { total: 1, pending: 1, ..Tally::default() };
        let both = one.and(&other);
        assert_eq!((both.success_rate(), both.avg_response_time()), (100.0, 0.25));
        let failed = Tally { total: 1, failed: 1, ..Tally::default() };
        assert_eq!(both.and(&failed).success_rate(), 66.67);
        assert_eq!((Tally::default().success_rate(), Tally::default().avg_response_time()), (0.0, 0.0));
    }
}

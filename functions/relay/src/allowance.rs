//! Steps that filters may take in one batch of records, so that no customer's filters hold up the others.

use domain::event::CustomerId;
use std::collections::HashMap;

/// Steps for the filters of one customer in a batch: about 50 ms at the worst. The filters of a thousand endpoints that
/// compare a field or two take a tenth of it.
pub(crate) const OF_CUSTOMER: u64 = 1_000_000;
/// Steps for all filters in a batch: about 200 ms at the worst.
pub(crate) const OF_BATCH: u64 = 4_000_000;

/// The steps that a batch has left.
#[derive(Debug)]
pub(crate) struct Allowance {
    left: u64,
    customers: HashMap<CustomerId, u64>,
}

impl Allowance {
    pub(crate) fn new() -> Self {
        Self { left: OF_BATCH, customers: HashMap::new() }
    }

    /// Whether another filter of that customer may be evaluated here.
    pub(crate) fn lasts(&self, customer: &CustomerId) -> bool {
        self.left > 0 && self.customers.get(customer).is_none_or(|left| *left > 0)
    }

    /// A filter of that customer has taken so many steps.
    pub(crate) fn take(&mut self, customer: &CustomerId, steps: u64) {
        self.left = self.left.saturating_sub(steps);
        let left = self.customers.entry(customer.clone()).or_insert(OF_CUSTOMER);
        *left = left.saturating_sub(steps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Allowance {
        /// Steps that were taken.
        pub(crate) fn spent(&self) -> u64 {
            OF_BATCH - self.left
        }
    }

    #[test]
    fn a_customer_who_has_used_up_its_steps_leaves_the_others_theirs_until_the_batch_has_none() {
        let customer = |n: u64| CustomerId::parse(&format!("c{n}")).expect("a name");
        let mut allowance = Allowance::new();
        for n in 0..OF_BATCH / OF_CUSTOMER {
            assert!(allowance.lasts(&customer(n)));
            allowance.take(&customer(n), OF_CUSTOMER - 1);
            assert!(allowance.lasts(&customer(n)), "one step is left");
            allowance.take(&customer(n), 1);
            assert!(!allowance.lasts(&customer(n)));
        }
        assert!(!allowance.lasts(&customer(99)), "the batch is used up");
        allowance.take(&customer(99), u64::MAX);
    }
}

//! A walk through the log of deliveries, newest first, of one customer or of several side by side.
//!
//! Each customer's deliveries are a list of their own. A page is read of each, and what is newer than the end of every
//! page that isn't the last of its list is in its final order: the walk gives that, and goes on from there.

use application::App;
use domain::event::CustomerId;
use edge::problem::Problem;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use platform::store::{DeliveryPlace, Store, StoreError, StoredDelivery};
use std::collections::BTreeSet;

/// Customers of one walk, at most.
pub(crate) const CUSTOMERS: usize = 100;
/// Endpoints that are asked whose they are, at most.
const ENDPOINTS: usize = 1000;
/// Places read at once, of all customers together, and of one at least.
const PAGE: usize = 500;
const LEAST: usize = 20;
/// Requests to the table that are under way at once.
const AT_ONCE: usize = 8;

/// How far a walk is.
#[derive(Debug)]
pub(crate) struct Walk {
    customers: Vec<CustomerId>,
    before: Option<String>,
    since: Option<Timestamp>,
    over: bool,
}

/// The customers to walk through: the one that is named, or all that have endpoints. `true`: there are more of them.
///
/// # Errors
/// If the table is unavailable.
pub(crate) async fn customers(app: &App, about: Option<CustomerId>) -> Result<(Vec<CustomerId>, bool), Problem> {
    if let Some(customer) = about {
        return Ok((vec![customer], false));
    }
    let mut customers = BTreeSet::from([CustomerId::default()]);
    let (endpoints, more) = app.store.list_endpoints(None, ENDPOINTS).await?;
    for stored in endpoints {
        if customers.len() >= CUSTOMERS && !customers.contains(&stored.endpoint.customer) {
            return Ok((customers.into_iter().collect(), true));
        }
        customers.insert(stored.endpoint.customer);
    }
    Ok((customers.into_iter().collect(), more.is_some()))
}

impl Walk {
    /// From before a cursor down to a time.
    pub(crate) fn new(customers: Vec<CustomerId>, before: Option<String>, since: Option<Timestamp>) -> Self {
        Self { customers, before, since, over: false }
    }

    /// Whether everything has been given.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// The next places, newest first; none once it is over.
    pub(crate) async fn next(&mut self, app: &App) -> Result<Vec<DeliveryPlace>, StoreError> {
        let size = (PAGE / self.customers.len().max(1)).max(LEAST);
        // The table takes no span whose end is before its beginning.
        let first = self.since.map(Store::delivery_cursor);
        let none_left = matches!((&self.before, &first), (Some(before), Some(first)) if before <= first);
        if self.over || none_left {
            self.over = true;
            return Ok(Vec::new());
        }
        let (before, since) = (self.before.as_deref(), self.since);
        // Collected first, so that what is waited for holds no closure.
        let pages = self.customers.iter().map(|customer| app.store.delivery_places(customer, before, since, size));
        let pages: Vec<_> = pages.collect();
        let pages: Vec<Vec<DeliveryPlace>> = stream::iter(pages).buffer_unordered(AT_ONCE).try_collect().await?;
        let (places, rest) = merge(pages, size, |place| &place.cursor);
        match rest {
            Some(cursor) => self.before = Some(cursor),
            None => self.over = true,
        }
        Ok(places)
    }
}

/// What stands at these places, newest first.
///
/// # Errors
/// If the table is unavailable.
pub(crate) async fn read(app: &App, places: &[DeliveryPlace]) -> Result<Vec<StoredDelivery>, StoreError> {
    /// Keys that are asked for in one request.
    const CHUNK: usize = 100;
    let chunks: Vec<_> = places.chunks(CHUNK).map(|chunk| app.store.deliveries_at(chunk)).collect();
    let read: Vec<Vec<StoredDelivery>> = stream::iter(chunks).buffer_unordered(AT_ONCE).try_collect().await?;
    let mut read: Vec<StoredDelivery> = read.into_iter().flatten().collect();
    read.sort_unstable_by_key(|stored| std::cmp::Reverse(Store::delivery_place(&stored.delivery)));
    Ok(read)
}

/// Merges pages, each newest first, and says from where to go on: below the newest end of a full page nothing is
/// certain yet. A page of `size` is full.
fn merge<T>(pages: Vec<Vec<T>>, size: usize, cursor: impl Fn(&T) -> &String) -> (Vec<T>, Option<String>) {
    let ends = pages.iter().filter(|page| page.len() >= size).filter_map(|page| page.last());
    let rest = ends.map(&cursor).max().cloned();
    let mut all: Vec<T> = pages.into_iter().flatten().collect();
    all.retain(|one| rest.as_ref().is_none_or(|rest| cursor(one) >= rest));
    all.sort_unstable_by(|a, b| cursor(b).cmp(cursor(a)));
    (all, rest)
}

#[cfg(test)]
mod tests {
    use super::merge;

    /// Walks through lists as a [`super::Walk`] does.
    fn walk(lists: &[Vec<String>], size: usize) -> Vec<String> {
        let (mut all, mut before) = (Vec::new(), None::<String>);
        loop {
            let older = |one: &&String| before.as_ref().is_none_or(|before| *one < before);
            let pages = lists.iter().map(|list| list.iter().filter(older).take(size).cloned().collect()).collect();
            let (page, rest) = merge(pages, size, |one| one);
            all.extend(page);
            if rest.is_none() {
                return all;
            }
            before = rest;
        }
    }

    #[test]
    fn a_walk_gives_everything_once_and_newest_first() {
        let list = |step: usize, from: usize, to: usize| -> Vec<String> {
            (from..to).rev().step_by(step).map(|n| format!("{n:05}#{step}")).collect()
        };
        let lists = [list(1, 0, 300), list(7, 100, 2000), list(3, 250, 260), Vec::new(), list(50, 0, 5000)];
        let mut expected: Vec<String> = lists.iter().flatten().cloned().collect();
        expected.sort_by(|a, b| b.cmp(a));
        for size in [1, 2, 20, 10_000] {
            assert_eq!(walk(&lists, size), expected, "{size}");
        }
    }
}

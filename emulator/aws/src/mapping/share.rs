//! How many places of a queue's mapping each message group may have.
//!
//! A group gets its first place whenever one is free. It gets a further one only while it has fewer than there are free
//! places beyond the reserve, a quarter of all, and at most [`MOST`]. So a group whose handlers hang leaves more than half of
//! the places to others, and the reserve is used up only when as many groups hang as it has places (dynamic thresholds as of
//! Choudhury and Hahne 1998, with a reserve). What a group may not have now stays in the queue, in order. Messages without a
//! group are bounded by the free places alone.

use std::collections::HashMap;
use std::sync::Arc;

/// Messages of one group that are handled at once at the most: as many as the widest lane of an endpoint has places. No
/// message is handled before more than this many of its group that were sent before it.
pub(super) const MOST: usize = platform::lanes::WIDEST;

/// Names a message group.
pub(super) type Group = Option<Arc<str>>;

/// The places of one mapping.
#[derive(Debug)]
pub(super) struct Share {
    places: usize,
    taken: usize,
    groups: HashMap<Arc<str>, usize>,
}

impl Share {
    /// So many places, at least one.
    pub(super) fn of(places: usize) -> Self {
        Self { places: places.max(1), taken: 0, groups: HashMap::new() }
    }

    pub(super) fn free(&self) -> usize {
        self.places.saturating_sub(self.taken)
    }

    /// Whether the group may have a further place.
    pub(super) fn admits(&self, group: Option<&str>) -> bool {
        match group.and_then(|group| self.groups.get(group)) {
            None => self.free() > 0,
            Some(theirs) => *theirs < self.free().saturating_sub(self.reserve()).min(MOST),
        }
    }

    /// The places that a group's first message alone may have.
    fn reserve(&self) -> usize {
        self.places / 4
    }

    pub(super) fn take(&mut self, group: &Group) {
        self.taken += 1;
        if let Some(group) = group {
            *self.groups.entry(Arc::clone(group)).or_default() += 1;
        }
    }

    pub(super) fn give_back(&mut self, group: &Group) {
        self.taken = self.taken.saturating_sub(1);
        let Some(group) = group else { return };
        if let Some(theirs) = self.groups.get_mut(group) {
            *theirs -= 1;
            if *theirs == 0 {
                self.groups.remove(group);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn group(n: usize) -> Group {
        Some(n.to_string().into())
    }

    /// Takes for the group what it may have.
    fn fill(share: &mut Share, group: &Group) -> usize {
        let before = share.taken;
        while share.admits(group.as_deref()) {
            share.take(group);
        }
        share.taken - before
    }

    #[test]
    fn a_group_that_hangs_leaves_room_for_others_and_so_do_many_of_them() {
        let mut share = Share::of(96);
        assert_eq!(fill(&mut share, &group(0)), 36);
        assert_eq!(fill(&mut share, &group(1)), 18);
        assert_eq!(fill(&mut Share::of(256), &group(0)), MOST);
        assert_eq!(fill(&mut Share::of(1), &group(0)), 1);
        assert_eq!(fill(&mut share, &None), 42, "what has no group has all that is free");
        assert!(!share.admits(group(2).as_deref()));
        share.give_back(&group(0));
        assert!(share.admits(group(2).as_deref()) && !share.admits(group(0).as_deref()));
        // One after the other hangs, and takes what it can.
        let mut share = Share::of(256);
        let groups = (0..).map(group).take_while(|group| fill(&mut share, group) > 0).count();
        assert_eq!(groups, 73);
    }

    proptest! {
        #[test]
        fn a_group_with_nothing_in_flight_gets_a_place_until_as_many_groups_hang_as_the_reserve_has_places(
            places in 1..300_usize, events in vec((0..400_usize, prop::bool::weighted(0.8)), 0..2_000)
        ) {
            let mut share = Share::of(places);
            for (n, takes) in events {
                let group = group(n);
                if takes && share.admits(group.as_deref()) {
                    share.take(&group);
                } else if !takes && group.as_ref().is_some_and(|group| share.groups.contains_key(group)) {
                    share.give_back(&group);
                }
            }
            let hang = share.groups.len();
            prop_assert!(share.taken <= places && share.groups.values().all(|theirs| *theirs <= MOST));
            prop_assert_eq!(share.admits(group(1_000).as_deref()), share.free() > 0);
            prop_assert!(share.free() > 0 || hang >= places / 4, "{} groups have {} places", hang, places);
        }

        #[test]
        fn what_is_given_back_is_free_again(takes in vec(prop::option::of(0..4_usize), 0..100)) {
            let mut share = Share::of(100);
            let groups: Vec<Group> = takes.into_iter().map(|n| n.and_then(group)).collect();
            groups.iter().for_each(|group| share.take(group));
            groups.iter().for_each(|group| share.give_back(group));
            prop_assert_eq!(share.free(), 100);
            prop_assert!(share.groups.is_empty());
        }
    }
}

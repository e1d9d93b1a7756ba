//! Who has how much of the memory for bodies, and who has to give theirs back.

use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Up to here a body is small, in bytes: most webhooks are.
const SMALL: usize = 64 * 1024;
/// A body is not called slow before.
const FAIR: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Ledger {
    limit: usize,
    used: usize,
    next: u64,
    open: BTreeMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    taken: usize,
    since: Instant,
    unfinished: bool,
    dropped: bool,
}

/// What a body is told that asks for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// It has it.
    Granted,
    /// There is none at the moment; there will be some when this one, now dropped, has gone.
    Dropping(u64),
    /// There is none at the moment.
    Full,
    /// It was dropped itself.
    Dropped,
}

impl Ledger {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, used: 0, next: 0, open: BTreeMap::new() }
    }

    /// A body begins.
    pub(super) fn open(&mut self, now: Instant) -> u64 {
        self.next += 1;
        self.open.insert(self.next, Entry { taken: 0, since: now, unfinished: true, dropped: false });
        self.next
    }

    /// Asks for more bytes. Large bodies leave a quarter to the small ones. Where there is no room, the slowest body that has
    /// not come whole is dropped, if it has had a second.
    pub(super) fn claim(&mut self, id: u64, bytes: usize, now: Instant) -> Claim {
        let Some(entry) = self.open.get_mut(&id).filter(|entry| !entry.dropped) else { return Claim::Dropped };
        let limit = if entry.taken + bytes <= SMALL { self.limit } else { self.limit / 4 * 3 };
        if self.used + bytes <= limit {
            entry.taken += bytes;
            self.used += bytes;
            return Claim::Granted;
        }
        let leaving: usize = self.open.values().filter(|entry| entry.dropped).map(|entry| entry.taken).sum();
        if self.used + bytes <= limit + leaving {
            return Claim::Full;
        }
        let age = |entry: &Entry| now.saturating_duration_since(entry.since);
        let may_go = |entry: &Entry| entry.unfinished && !entry.dropped && entry.taken > 0 && age(entry) >= FAIR;
        // Bytes for each millisecond.
        let pace = |entry: &Entry| entry.taken as u128 / age(entry).as_millis().max(1);
        let candidates = self.open.iter_mut().filter(|(_, entry)| may_go(entry));
        match candidates.min_by_key(|(_, entry)| (pace(entry), entry.since)) {
            None => Claim::Full,
            Some((slowest, entry)) => {
                entry.dropped = true;
                if *slowest == id { Claim::Dropped } else { Claim::Dropping(*slowest) }
            }
        }
    }

    /// A body has come whole, and is not dropped any more.
    pub(super) fn finished(&mut self, id: u64) {
        if let Some(entry) = self.open.get_mut(&id) {
            entry.unfinished = false;
        }
    }

    pub(super) fn is_dropped(&self, id: u64) -> bool {
        self.open.get(&id).is_none_or(|entry| entry.dropped)
    }

    /// Nothing of a body is in memory any more.
    pub(super) fn close(&mut self, id: u64) {
        if let Some(entry) = self.open.remove(&id) {
            self.used -= entry.taken;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1024;
    const S: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn where_there_is_no_room_the_slowest_unfinished_body_goes() {
        let (mut ledger, t0) = (Ledger::new(4000 * KIB), Instant::now());
        let [quick, slow, whole, new] = [(); 4].map(|()| ledger.open(t0));
        for (id, kib) in [(quick, 1000), (slow, 200), (whole, 100)] {
            assert_eq!(ledger.claim(id, kib * KIB, t0), Claim::Granted);
        }
        ledger.finished(whole);
        assert_eq!(ledger.claim(new, 1700 * KIB, t0), Claim::Granted, "three quarters are for large ones");
        assert_eq!(ledger.claim(new, KIB, t0), Claim::Full, "within a second, none is slow");
        assert_eq!(ledger.claim(new, KIB, t0 + 2 * S), Claim::Dropping(slow));
        assert_eq!(ledger.claim(new, KIB, t0 + 2 * S), Claim::Full, "what it holds comes free soon");
        assert!(ledger.is_dropped(slow) && !ledger.is_dropped(quick));
        assert_eq!(ledger.claim(slow, KIB, t0 + 2 * S), Claim::Dropped);
        ledger.close(slow);
        assert_eq!(ledger.claim(new, KIB, t0 + 2 * S), Claim::Granted);
    }

    #[tokio::test]
    async fn small_bodies_have_room_where_large_ones_have_none() {
        let (mut ledger, t0) = (Ledger::new(4000 * KIB), Instant::now());
        let [large, small] = [(); 2].map(|()| ledger.open(t0));
        assert_eq!(ledger.claim(large, 3000 * KIB, t0), Claim::Granted);
        assert_eq!(ledger.claim(large, KIB, t0), Claim::Full);
        assert_eq!(ledger.claim(small, SMALL, t0), Claim::Granted);
        assert_eq!(ledger.claim(small, 1, t0), Claim::Full, "it is a large one from here on");
    }

    #[tokio::test]
    async fn the_slowest_of_all_is_told_so_itself() {
        let (mut ledger, t0) = (Ledger::new(400 * KIB), Instant::now());
        let [quick, slow] = [(); 2].map(|()| ledger.open(t0));
        assert_eq!(ledger.claim(quick, 290 * KIB, t0), Claim::Granted);
        assert_eq!(ledger.claim(slow, KIB, t0), Claim::Granted);
        assert_eq!(ledger.claim(slow, 100 * KIB, t0 + 2 * S), Claim::Dropped);
    }

    #[tokio::test]
    async fn everything_is_given_back() {
        let (mut ledger, t0) = (Ledger::new(400 * KIB), Instant::now());
        for _ in 0..100 {
            let id = ledger.open(t0);
            assert_eq!(ledger.claim(id, 300 * KIB, t0), Claim::Granted);
            ledger.close(id);
        }
        assert_eq!((ledger.used, ledger.open.len()), (0, 0));
    }
}

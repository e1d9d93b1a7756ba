//! All connections of an instance, and which are closed where there are too many.
//!
//! Each connection takes a descriptor of the process. Where they run out, nothing can be accepted any more, not even the
//! operator's request that would tell of it: so there is a limit below that, and beyond it the connections that do least are
//! closed first ([`Activity::rank`]).

use super::activity::{Activity, Overdue, Rank};
use super::limits::Limits;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// Connections that are closed at once where descriptors run out all the same.
const RELIEF: usize = 16;
/// The time after which the search for a connection that may be closed is repeated: one that was answering may be idle by then.
const AGAIN: Duration = Duration::from_millis(100);
/// The least time between two log lines about too many connections.
const QUIET: Duration = Duration::from_secs(60);

/// All connections. Clones are the same.
#[derive(Clone)]
pub(super) struct Crowd(Arc<Inner>);

struct Inner {
    limit: usize,
    members: Mutex<Members>,
    left: Notify,
}

#[derive(Default)]
struct Members {
    next: u64,
    present: HashMap<u64, Arc<Member>>,
    /// True from the log line about too many connections until there is room again.
    told: bool,
    /// The time of the last such log line.
    told_at: Option<Instant>,
}

/// One connection among them.
pub(super) struct Member {
    watched: Mutex<Watched>,
    limits: Limits,
    /// Its deadline is sooner than the one that is waited for.
    pub(super) sooner: Notify,
    /// Cancelled where it has to make room.
    pub(super) dismissed: CancellationToken,
}

struct Watched {
    activity: Activity,
    /// Since when its server has been stopping.
    draining: Option<Instant>,
    /// The deadline that is waited for.
    awaited: Option<Instant>,
}

/// A connection's place, which is free again when this is dropped.
pub(super) struct Place {
    crowd: Crowd,
    id: u64,
    pub(super) member: Arc<Member>,
}

impl Crowd {
    pub(super) fn new(limit: usize) -> Self {
        let inner = Inner { limit: limit.max(1), members: Mutex::default(), left: Notify::new() };
        Self(Arc::new(inner))
    }

    /// Takes a place for a connection, once there is one; where there is none, another has to go.
    pub(super) async fn enter(&self, limits: Limits) -> Place {
        let member = Arc::new(Member::new(limits));
        loop {
            let left = self.0.left.notified();
            if let Some(place) = self.try_enter(&member) {
                return place;
            }
            let _ = timeout(AGAIN, left).await;
        }
    }

    fn try_enter(&self, member: &Arc<Member>) -> Option<Place> {
        let mut members = self.members();
        if members.present.len() >= self.0.limit {
            self.tell(&mut members, "there are as many connections as there may be", Instant::now());
            // One for each that wants to come in, unless that many go already.
            members.dismiss(1);
            return None;
        }
        members.next += 1;
        let id = members.next;
        members.present.insert(id, member.clone());
        // Only a connection that has come in shows that there is room again; far enough below the limit, the next time that
        // there are too many is another one.
        if members.present.len() <= (self.0.limit / 4 * 3).max(1) {
            members.told = false;
        }
        Some(Place { crowd: self.clone(), id, member: member.clone() })
    }

    /// Closes some that do nothing: the process has no descriptor left.
    pub(super) fn relieve(&self, error: &std::io::Error) {
        let mut members = self.members();
        self.tell(&mut members, &format!("no connection can be accepted ({error})"), Instant::now());
        members.dismiss(RELIEF);
    }

    /// Once for each time that there are too many, and not more often than each [`QUIET`].
    fn tell(&self, members: &mut Members, what: &str, now: Instant) {
        if !members.told && members.told_at.is_none_or(|at| now.saturating_duration_since(at) >= QUIET) {
            (members.told, members.told_at) = (true, Some(now));
            let (connections, limit) = (members.present.len(), self.0.limit);
            tracing::warn!(
                target: "ringback::sockets", connections, limit,
                "{what}: idle connections are closed first. More descriptors allow for more connections: \
                 `ulimit -n`, `LimitNOFILE=` of systemd"
            );
        }
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.0.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Members {
    /// Lets that many go, of those that may.
    fn dismiss(&mut self, count: usize) {
        let leaving = self.present.values().filter(|member| member.dismissed.is_cancelled()).count();
        let candidates = self.present.values().filter(|member| !member.dismissed.is_cancelled());
        let mut ranked: Vec<_> = candidates.filter_map(|member| Some((member.rank()?, member))).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        for (_, member) in ranked.into_iter().take(count.saturating_sub(leaving)) {
            member.dismissed.cancel();
        }
    }
}

impl Member {
    fn new(limits: Limits) -> Self {
        let watched = Watched { activity: Activity::new(Instant::now()), draining: None, awaited: None };
        let watched = Mutex::new(watched);
        Self { watched, limits, sooner: Notify::new(), dismissed: CancellationToken::new() }
    }

    fn rank(&self) -> Option<Rank> {
        self.watched().activity.rank()
    }

    /// Notes what has happened on it, now.
    pub(super) fn note<T>(&self, change: impl FnOnce(&mut Activity, Instant) -> T) -> T {
        let mut watched = self.watched();
        let noted = change(&mut watched.activity, Instant::now());
        let deadline = watched.deadline(&self.limits).map(|(at, _)| at);
        // A later one is found when the one that is waited for has come.
        if deadline.is_some_and(|at| watched.awaited.is_none_or(|awaited| at < awaited)) {
            watched.awaited = deadline;
            drop(watched);
            self.sooner.notify_one();
        }
        noted
    }

    /// Its server has begun to stop. Whether it stays as it is for a moment: nothing is under way, or a header has begun,
    /// whose request is answered first.
    pub(super) fn drain(&self, since: Instant) -> bool {
        let mut watched = self.watched();
        watched.draining = Some(since);
        !watched.activity.is_busy() && !watched.activity.is_multiplexed()
    }

    /// Until when it may go on as it is: to be waited for until then, or until [`Member::sooner`].
    pub(super) fn deadline(&self) -> Option<(Instant, Overdue)> {
        let mut watched = self.watched();
        let deadline = watched.deadline(&self.limits);
        watched.awaited = deadline.map(|(at, _)| at);
        deadline
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn deadline(&self, limits: &Limits) -> Option<(Instant, Overdue)> {
        self.activity.deadline(limits, self.draining)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut members = self.crowd.members();
        members.present.remove(&self.id);
        drop(members);
        self.crowd.0.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::super::activity::Stage;
    use super::*;
    use futures_util::FutureExt;

    impl Crowd {
        /// The time of the last log line about too many connections.
        pub(crate) fn told_at(&self) -> Option<Instant> {
            self.members().told_at
        }

        /// Of each connection, whether it knows that its server stops, and what it would be when its time is over.
        pub(crate) fn states(&self) -> Vec<(bool, Option<Overdue>)> {
            let state = |member: &Arc<Member>| {
                let watched = member.watched();
                (watched.draining.is_some(), watched.deadline(&member.limits).map(|(_, overdue)| overdue))
            };
            self.members().present.values().map(state).collect()
        }
    }

    fn enter(crowd: &Crowd) -> Option<Place> {
        crowd.enter(Limits::default()).now_or_never()
    }

    fn busy(place: &Place) -> u64 {
        place.member.note(|activity, now| activity.begun(Stage::Handling, now))
    }

    #[tokio::test]
    async fn beyond_the_limit_the_longest_idle_one_goes_and_the_next_comes_in() {
        let crowd = Crowd::new(3);
        let places: Vec<Place> = (0..3).filter_map(|_| enter(&crowd)).collect();
        assert_eq!(places.len(), 3);
        busy(&places[0]);
        let next = crowd.enter(Limits::default());
        tokio::pin!(next);
        assert!(next.as_mut().now_or_never().is_none());
        let dismissed: Vec<bool> = places.iter().map(|place| place.member.dismissed.is_cancelled()).collect();
        assert_eq!(dismissed, [false, true, false], "one alone, and not the one that is busy");
        let mut places = places.into_iter();
        let (_busy, gone) = (places.next(), places.next());
        drop(gone);
        assert!(next.now_or_never().is_some());
    }

    #[tokio::test]
    async fn where_all_are_busy_the_next_waits() {
        let crowd = Crowd::new(1);
        let place = enter(&crowd).unwrap();
        busy(&place);
        assert!(enter(&crowd).is_none() && !place.member.dismissed.is_cancelled());
        drop(place);
        assert!(enter(&crowd).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_comes_in_when_a_busy_connection_has_become_idle() {
        let crowd = Crowd::new(1);
        let place = enter(&crowd).unwrap();
        let request = busy(&place);
        let next = crowd.enter(Limits::default());
        tokio::pin!(next);
        assert!(next.as_mut().now_or_never().is_none());
        place.member.note(|activity, now| activity.ended(request, now));
        let leaves = async {
            place.member.dismissed.cancelled().await;
            drop(place);
        };
        let both = async { tokio::join!(next, leaves) };
        assert!(timeout(10 * AGAIN, both).await.is_ok(), "the idle one makes room");
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_are_told_of_once_until_it_is_over_and_once_a_minute_at_most() {
        let crowd = Crowd::new(4);
        let fail = || crowd.relieve(&std::io::Error::from_raw_os_error(24));
        let mut places: Vec<Place> = (0..4).filter_map(|_| enter(&crowd)).collect();
        assert_eq!(crowd.told_at(), None);
        assert!(enter(&crowd).is_none());
        let first = crowd.told_at();
        assert!(first.is_some());
        // Connections leave, and accepting fails for as long as that: it is the same time.
        tokio::time::advance(2 * QUIET).await;
        places.truncate(1);
        fail();
        assert!(places.iter().all(|place| place.member.dismissed.is_cancelled()));
        assert_eq!(crowd.told_at(), first, "nothing was accepted since");
        places.extend(enter(&crowd));
        fail();
        let second = crowd.told_at();
        assert_ne!(second, first, "it was over, and is another time");
        places.extend(enter(&crowd));
        fail();
        assert_eq!(crowd.told_at(), second, "it is another time, but too soon");
        tokio::time::advance(QUIET).await;
        fail();
        assert_ne!(crowd.told_at(), second);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_woken_only_where_its_deadline_is_sooner() {
        let member = Member::new(Limits::default());
        let woken = || member.sooner.notified().now_or_never().is_some();
        member.deadline();
        member.note(Activity::came);
        assert!(woken(), "a header has less time than an idle connection");
        let request = member.note(|activity, now| activity.begun(Stage::Handling, now));
        member.note(|activity, now| activity.ended(request, now));
        assert!(!woken(), "the later deadline is found when the sooner one has come");
        assert!(member.deadline().is_some_and(|(_, overdue)| overdue == Overdue::Idle));
    }
}

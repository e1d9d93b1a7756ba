//! What a connection is doing, and until when it may.
//!
//! ```text
//!  idle ── first byte ──► header ── header complete ──► busy ── last answer sent ──► idle
//! ```
//!
//! A busy connection has a deadline too once all that it has left to do is to send answers: each answer is whole when its
//! first byte is sent, so only the caller can delay the rest. HTTP/2 has a window for each answer, and a caller who keeps it
//! shut takes nothing although the connection's bytes flow.
//!
//! HTTP/2 has frames of its own besides requests, so there a header that has begun can't be told from other bytes: such a
//! connection is idle until a request is complete, and the idle limit bounds its headers too.

use super::limits::Limits;
use tokio::time::Instant;

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Its body is still coming.
    Receiving,
    /// Its answer is being made.
    Handling,
    /// Its answer is being sent.
    Sending,
}

/// A request under way.
#[derive(Debug, Clone, Copy)]
struct Request {
    id: u64,
    stage: Stage,
    /// The time of its last progress: it came to this stage, or the caller took some of its answer.
    since: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle { since: Instant },
    Header { since: Instant },
    Busy { since: Instant },
}

/// What is happening on a connection.
#[derive(Debug)]
pub(super) struct Activity {
    phase: Phase,
    /// Several requests at once, as in HTTP/2.
    multiplexed: bool,
    next: u64,
    requests: Vec<Request>,
}

/// Which connection is closed first where there are too many: the least, and of equals the one that is so the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    order: u8,
    since: Instant,
}

/// What to do about a connection whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// Nothing is under way: it is ended as the protocol has it.
    Idle,
    /// The header has taken too long: it is cut off.
    Header,
    /// The caller takes none of its answers: it is cut off.
    Untaken,
}

impl Activity {
    pub(super) fn new(now: Instant) -> Self {
        Self { phase: Phase::Idle { since: now }, multiplexed: false, next: 0, requests: Vec::new() }
    }

    /// The caller has chosen HTTP/2; all bytes before that were none of a header.
    pub(super) fn multiplex(&mut self, now: Instant) {
        *self = Self { multiplexed: true, ..Self::new(now) };
    }

    /// Bytes have come.
    pub(super) fn came(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Idle { .. }) && !self.multiplexed {
            self.phase = Phase::Header { since: now };
        }
    }

    /// A header is complete: the request's number.
    pub(super) fn begun(&mut self, stage: Stage, now: Instant) -> u64 {
        if self.requests.is_empty() {
            self.phase = Phase::Busy { since: now };
        }
        self.next += 1;
        self.requests.push(Request { id: self.next, stage, since: now });
        self.next
    }

    /// A request has come as far as this, or some further within this stage; it never goes back to an earlier one.
    pub(super) fn reached(&mut self, id: u64, stage: Stage, now: Instant) {
        for request in self.requests.iter_mut().filter(|request| request.id == id && stage >= request.stage) {
            (request.stage, request.since) = (stage, now);
        }
    }

    /// A request is over.
    pub(super) fn ended(&mut self, id: u64, now: Instant) {
        self.requests.retain(|request| request.id != id);
        if self.requests.is_empty() {
            self.phase = Phase::Idle { since: now };
        }
    }

    /// A request is complete, and its answer is not sent yet.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self.phase, Phase::Busy { .. })
    }

    pub(super) fn is_multiplexed(&self) -> bool {
        self.multiplexed
    }

    /// Until when it may go on like this, and what it is then; an answer that is being made takes as long as it takes.
    /// `draining` is since when the server has been stopping.
    pub(super) fn deadline(&self, limits: &Limits, draining: Option<Instant>) -> Option<(Instant, Overdue)> {
        match self.phase {
            Phase::Idle { since } => {
                let idle = since + limits.idle;
                let drained = draining.map(|draining| draining.max(since) + limits.linger);
                Some((drained.map_or(idle, |drained| drained.min(idle)), Overdue::Idle))
            }
            Phase::Header { since } => Some((since + limits.header, Overdue::Header)),
            Phase::Busy { .. } => {
                let all_are_sent = self.requests.iter().all(|request| request.stage == Stage::Sending);
                let taken = self.requests.iter().map(|request| request.since).max().filter(|_| all_are_sent)?;
                Some((taken + limits.body, Overdue::Untaken))
            }
        }
    }

    /// Its place among those that are closed where there are too many; `None` while an answer is being made.
    pub(super) fn rank(&self) -> Option<Rank> {
        let (order, since) = match self.phase {
            Phase::Idle { since } => (0, since),
            Phase::Header { since } => (1, since),
            Phase::Busy { since } => {
                let stages = || self.requests.iter().map(|request| request.stage);
                if stages().any(|stage| stage == Stage::Handling) {
                    return None;
                }
                (if stages().any(|stage| stage == Stage::Sending) { 3 } else { 2 }, since)
            }
        };
        Some(Rank { order, since })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const S: Duration = Duration::from_secs(1);

    fn limits() -> Limits {
        Limits { header: 30 * S, idle: 120 * S, linger: S, ..Limits::default() }
    }

    #[tokio::test]
    async fn the_limit_of_a_header_runs_from_its_first_byte_and_the_idle_one_from_the_last_answer() {
        let (limits, t0) = (limits(), Instant::now());
        let mut activity = Activity::new(t0);
        assert_eq!(activity.deadline(&limits, None), Some((t0 + 120 * S, Overdue::Idle)));
        activity.came(t0 + 100 * S);
        activity.came(t0 + 110 * S);
        assert_eq!(activity.deadline(&limits, None), Some((t0 + 130 * S, Overdue::Header)));
        let request = activity.begun(Stage::Receiving, t0 + 120 * S);
        activity.came(t0 + 121 * S);
        assert_eq!(activity.deadline(&limits, None), None, "a body has a limit of its own");
        activity.ended(request, t0 + 125 * S);
        assert_eq!(activity.deadline(&limits, None), Some((t0 + 245 * S, Overdue::Idle)));
    }

    #[tokio::test]
    async fn frames_alone_are_no_request() {
        let (limits, t0) = (limits(), Instant::now());
        let mut activity = Activity::new(t0);
        activity.multiplex(t0);
        activity.came(t0 + 100 * S);
        assert_eq!(activity.deadline(&limits, None), Some((t0 + 120 * S, Overdue::Idle)));
        let (first, second) =
            (activity.begun(Stage::Handling, t0 + 10 * S), activity.begun(Stage::Handling, t0 + 11 * S));
        activity.ended(first, t0 + 12 * S);
        assert_eq!(activity.deadline(&limits, None), None);
        activity.ended(second, t0 + 13 * S);
        assert_eq!(activity.deadline(&limits, None), Some((t0 + 133 * S, Overdue::Idle)));
    }

    #[tokio::test]
    async fn a_stopping_server_keeps_what_is_idle_a_moment_longer() {
        let (limits, t0) = (limits(), Instant::now());
        let mut activity = Activity::new(t0);
        assert_eq!(activity.deadline(&limits, Some(t0 + 10 * S)), Some((t0 + 11 * S, Overdue::Idle)));
        assert_eq!(activity.deadline(&limits, Some(t0 + 119 * S + S / 2)), Some((t0 + 120 * S, Overdue::Idle)));
        let request = activity.begun(Stage::Handling, t0 + 10 * S);
        activity.ended(request, t0 + 14 * S);
        assert_eq!(activity.deadline(&limits, Some(t0 + 10 * S)), Some((t0 + 15 * S, Overdue::Idle)));
    }

    #[tokio::test]
    async fn what_is_closed_first_is_what_does_least_and_the_longest() {
        let t0 = Instant::now();
        let at = |seconds: u32| t0 + seconds * S;
        let idle = |since| Activity::new(since);
        let header = |since| {
            let mut activity = idle(t0);
            activity.came(since);
            activity
        };
        let busy = |stages: &[Stage]| {
            let mut activity = Activity::new(t0);
            activity.multiplex(t0);
            for stage in stages {
                activity.begun(*stage, t0);
            }
            activity.rank()
        };
        let order = [
            idle(at(1)).rank(),
            idle(at(2)).rank(),
            header(at(1)).rank(),
            header(at(2)).rank(),
            busy(&[Stage::Receiving, Stage::Receiving]),
            busy(&[Stage::Receiving, Stage::Sending]),
        ];
        assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{order:?}");
        assert_eq!(busy(&[Stage::Receiving, Stage::Handling]), None, "an answer that is being made is never cut off");
    }

    #[tokio::test]
    async fn a_request_never_goes_back() {
        let now = Instant::now();
        let mut activity = Activity::new(now);
        let request = activity.begun(Stage::Receiving, now);
        activity.reached(request, Stage::Sending, now);
        // Its body is let go of after its answer has begun.
        activity.reached(request, Stage::Handling, now + S);
        assert!(activity.rank().is_some());
        let limits = limits();
        assert_eq!(activity.deadline(&limits, None), Some((now + limits.body, Overdue::Untaken)));
    }

    #[tokio::test]
    async fn answers_that_are_not_taken_have_a_limit_once_nothing_else_is_under_way() {
        let (limits, t0) = (Limits { body: 30 * S, ..limits() }, Instant::now());
        let mut activity = Activity::new(t0);
        activity.multiplex(t0);
        let [first, second] = [(); 2].map(|()| activity.begun(Stage::Handling, t0));
        activity.reached(first, Stage::Sending, t0 + S);
        assert_eq!(activity.deadline(&limits, None), None, "the second answer is still being made");
        activity.reached(second, Stage::Sending, t0 + 2 * S);
        assert_eq!(activity.deadline(&limits, None), Some((t0 + 32 * S, Overdue::Untaken)));
        activity.reached(first, Stage::Sending, t0 + 20 * S);
        assert_eq!(activity.deadline(&limits, None), Some((t0 + 50 * S, Overdue::Untaken)), "some of it was taken");
        activity.ended(first, t0 + 21 * S);
        assert_eq!(activity.deadline(&limits, None), Some((t0 + 32 * S, Overdue::Untaken)));
        let third = activity.begun(Stage::Receiving, t0 + 22 * S);
        assert_eq!(activity.deadline(&limits, None), None, "its body has a limit of its own");
        activity.ended(third, t0 + 23 * S);
        activity.ended(second, t0 + 24 * S);
        assert_eq!(activity.deadline(&limits, None), Some((t0 + 144 * S, Overdue::Idle)));
    }
}

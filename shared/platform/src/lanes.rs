//! How many attempts each endpoint has under way in this process, and which is next.
//!
//! ```text
//!            ┌─ a place is free ──────────────► under way ─┬─ ended ─► the first in line has the place
//!  attempt ──┼─ the line has room ─► in line ──────────────┘
//!            └─ neither, or others have slots ─► a slot in time, behind the slots given before
//! ```
//!
//! A lane is as wide as its endpoint answers quickly ([`width`]). An attempt that finds it full waits in memory, first come,
//! first served, without a write; so a burst to a quick endpoint passes in order. The line is bounded, because each that
//! stands in it holds a message: beyond the bound an attempt is given a slot in time, which its delivery stores once. While
//! such slots lie ahead, attempts without one are given the next slots too, so that they overtake none. One endpoint that
//! hangs holds up its own lane alone.

mod width;

pub use width::{End, FIRST, NARROWEST, QUICK, SLOW, WIDEST};

use domain::event::EndpointId;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use width::{BOUNDS, Bounds, Width};

/// Attempts that may stand in line where the queue hands out more of one endpoint's messages than its lane takes: few, since
/// each holds a place of the poller, or of a function's batch.
pub const LINE: usize = 8;
/// How far ahead the first slot is: a queue delays by whole seconds.
const LEAD: SignedDuration = SignedDuration::from_secs(1);
/// How long an attempt is taken to last before one has ended, in seconds.
const FIRST_TOOK: f64 = 0.1;
/// The share of the newest attempt in the mean of how long they last.
const NEWEST: f64 = 0.2;
/// The least time from one slot to the next, in seconds.
const CLOSEST: f64 = 0.001;

/// The lanes of one process, by endpoint. Clones are the same.
#[derive(Debug, Clone)]
pub struct Lanes {
    lanes: Arc<Mutex<HashMap<EndpointId, Lane>>>,
    line: usize,
    bounds: Bounds,
}

/// What an attempt is given.
#[derive(Debug)]
pub enum Entry {
    /// It may be made now.
    Place(Place),
    /// It may be made at that time.
    Later(Timestamp),
}

#[derive(Debug)]
struct Lane {
    places: Arc<Semaphore>,
    width: Width,
    /// Places that are taken away as soon as the attempts in them have ended.
    surplus: usize,
    /// Attempts under way and in line.
    inside: usize,
    in_line: usize,
    /// How long attempts last on average, in seconds.
    took: f64,
    /// When an attempt ended last, or the lane came into being.
    moved: Timestamp,
    /// The next slot, if one was given; every slot before it is.
    next_slot: Option<Timestamp>,
}

/// A place in a lane, until it is dropped.
#[derive(Debug)]
pub struct Place {
    place: Option<OwnedSemaphorePermit>,
    inside: Inside,
    /// Whether the attempt had to stand in line: what was known of the endpoint may be outdated.
    pub waited: bool,
}

/// Counts an attempt, and keeps its lane.
#[derive(Debug)]
struct Inside {
    lanes: Lanes,
    endpoint: EndpointId,
    in_line: bool,
}

impl Default for Lanes {
    fn default() -> Self {
        Self::with_line(LINE)
    }
}

impl Lanes {
    /// Lanes at which at most so many attempts stand in line, each.
    pub fn with_line(line: usize) -> Self {
        Self { lanes: Arc::default(), line, bounds: BOUNDS }
    }

    /// Lanes of that width, however their endpoints answer, at which at most so many stand in line: for simulations, in which
    /// few attempts are made at once.
    pub fn fixed(width: usize, line: usize) -> Self {
        let bounds = Bounds { first: width, narrowest: width, widest: width };
        Self { bounds, ..Self::with_line(line) }
    }

    /// A place in the endpoint's lane, as soon as those before it have one, or a slot in time. `has_slot`: the attempt comes
    /// at the time of its slot, and so goes before those whose slots lie ahead.
    pub async fn enter(&self, endpoint: &EndpointId, now: Timestamp, has_slot: bool) -> Entry {
        let (places, mut inside) = match self.join(endpoint, now, has_slot) {
            Ok(Ok(place)) => return Entry::Place(place),
            Ok(Err(in_line)) => in_line,
            Err(slot) => return Entry::Later(slot),
        };
        match places.acquire_owned().await {
            Ok(place) => {
                inside.leave_line();
                Entry::Place(Place { place: Some(place), inside, waited: true })
            }
            // Nothing closes a lane's semaphore.
            Err(_) => Entry::Later(now),
        }
    }

    /// Takes a free place, or stands in line for one; `Err` is a slot.
    fn join(
        &self,
        endpoint: &EndpointId,
        now: Timestamp,
        has_slot: bool,
    ) -> Result<Result<Place, (Arc<Semaphore>, Inside)>, Timestamp> {
        let mut lanes = self.lock();
        let lane = lanes.entry(endpoint.clone()).or_insert_with(|| Lane::new(self.bounds, now));
        lane.next_slot = lane.next_slot.filter(|slot| *slot > now);
        if lane.next_slot.is_some() && !has_slot {
            return Err(lane.slot(now));
        }
        let free = lane.places.clone().try_acquire_owned().ok();
        if free.is_none() && lane.in_line >= self.line {
            return Err(lane.slot(now));
        }
        lane.inside += 1;
        lane.in_line += usize::from(free.is_none());
        let inside = Inside { lanes: self.clone(), endpoint: endpoint.clone(), in_line: free.is_none() };
        Ok(match free {
            Some(place) => Ok(Place { place: Some(place), inside, waited: false }),
            None => Err((lane.places.clone(), inside)),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<EndpointId, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    fn new(bounds: Bounds, now: Timestamp) -> Self {
        let width = Width::new(bounds);
        Self {
            places: Arc::new(Semaphore::new(width.places())),
            width,
            surplus: 0,
            inside: 0,
            in_line: 0,
            took: FIRST_TOOK,
            moved: now,
            next_slot: None,
        }
    }

    /// Gives the next slot. Slots are as far apart as attempts end, as far as that is known: of an endpoint that answers
    /// nothing, as if its attempts ended now.
    fn slot(&mut self, now: Timestamp) -> Timestamp {
        let took = self.took.max(now.duration_since(self.moved).as_secs_f64());
        let apart = (took / self.width.places() as f64).max(CLOSEST);
        let slot = self.next_slot.unwrap_or(Timestamp::MIN).max(after(now, LEAD));
        self.next_slot = Some(after(slot, SignedDuration::try_from_secs_f64(apart).unwrap_or(LEAD)));
        slot
    }

    fn ended(&mut self, end: End, now: Timestamp) {
        let took = match end {
            End::Answered(took) => took.as_secs_f64(),
            // How long it lasted says nothing of how long an answer takes.
            End::Failed => self.took,
        };
        self.took += (took - self.took) * NEWEST;
        self.moved = now;
        let (before, others) = (self.width.places(), self.inside.saturating_sub(self.in_line + 1));
        self.width.ended(end, others, self.in_line > 0);
        let after = self.width.places();
        let more = after.saturating_sub(before);
        let kept = more.min(self.surplus);
        self.surplus -= kept;
        self.places.add_permits(more - kept);
        let fewer = before.saturating_sub(after);
        self.surplus += fewer - self.places.forget_permits(fewer);
    }
}

impl Place {
    /// Notes how the attempt has ended, and gives the place to the first in line.
    pub fn ended(self, end: End, now: Timestamp) {
        let mut lanes = self.inside.lanes.lock();
        if let Some(lane) = lanes.get_mut(&self.inside.endpoint) {
            lane.ended(end, now);
        }
        drop(lanes);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lanes = self.inside.lanes.lock();
        let (Some(lane), Some(place)) = (lanes.get_mut(&self.inside.endpoint), self.place.take()) else { return };
        if lane.surplus > 0 {
            lane.surplus -= 1;
            place.forget();
        }
    }
}

impl Inside {
    fn leave_line(&mut self) {
        if std::mem::take(&mut self.in_line)
            && let Some(lane) = self.lanes.lock().get_mut(&self.endpoint)
        {
            lane.in_line -= 1;
        }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut lanes = self.lanes.lock();
        let Some(lane) = lanes.get_mut(&self.endpoint) else { return };
        lane.inside -= 1;
        lane.in_line -= usize::from(self.in_line);
        // One whose slots lie ahead is kept, so that nothing overtakes them.
        if lane.inside == 0 && lane.next_slot.is_none() {
            lanes.remove(&self.endpoint);
        }
    }
}

fn after(time: Timestamp, duration: SignedDuration) -> Timestamp {
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;

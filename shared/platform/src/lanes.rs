//! How many attempts each endpoint has under way in this process: one that hangs holds up no more than its own lane.
//!
//! A lane is [`WIDTH`] wide. A few more wait for a place, for a moment: a burst to a quick endpoint passes like that. Who
//! finds the queue full, or waits in vain, is to come again later.

use domain::event::EndpointId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Attempts to one endpoint at once.
pub const WIDTH: usize = 32;
/// Attempts that wait for a place, at most.
pub const QUEUE: usize = 32;
/// How long they wait.
pub const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Lane {
    places: Arc<Semaphore>,
    /// Attempts that are under way or wait.
    inside: usize,
}

/// The attempts under way, by endpoint.
#[derive(Debug, Clone, Default)]
pub struct Lanes(Arc<Mutex<HashMap<EndpointId, Lane>>>);

/// A place in a lane, until it is dropped.
#[derive(Debug)]
pub struct Place {
    _place: OwnedSemaphorePermit,
    _inside: Inside,
}

/// Keeps the lane.
#[derive(Debug)]
struct Inside {
    lanes: Lanes,
    endpoint: EndpointId,
}

impl Lanes {
    /// A place in the endpoint's lane; `None` if there is none within [`PATIENCE`].
    pub async fn enter(&self, endpoint: &EndpointId) -> Option<Place> {
        let (places, inside) = self.queue_up(endpoint)?;
        let place = timeout(PATIENCE, places.acquire_owned()).await.ok()?.ok()?;
        Some(Place { _place: place, _inside: inside })
    }

    fn queue_up(&self, endpoint: &EndpointId) -> Option<(Arc<Semaphore>, Inside)> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Lane { places: Arc::new(Semaphore::new(WIDTH)), inside: 0 };
        let lane = lanes.entry(endpoint.clone()).or_insert_with(new);
        if lane.inside >= WIDTH + QUEUE {
            return None;
        }
        lane.inside += 1;
        Some((lane.places.clone(), Inside { lanes: self.clone(), endpoint: endpoint.clone() }))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut lanes = self.lanes.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get_mut(&self.endpoint) {
            lane.inside -= 1;
            if lane.inside == 0 {
                lanes.remove(&self.endpoint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lanes, QUEUE, WIDTH};
    use domain::event::EndpointId;
    use futures_util::FutureExt;

    #[tokio::test(start_paused = true)]
    async fn a_lane_fills_up_and_empties_again_and_others_are_not_touched() {
        let (lanes, one, other) = (Lanes::default(), EndpointId::random([1; 12]), EndpointId::random([2; 12]));
        let mut places = Vec::new();
        for _ in 0..WIDTH {
            places.push(lanes.enter(&one).await.unwrap());
        }
        let mut waiting: Vec<_> = (0..QUEUE).map(|_| Box::pin(lanes.enter(&one))).collect();
        assert!(waiting.iter_mut().all(|entering| entering.as_mut().now_or_never().is_none()));
        assert!(lanes.enter(&one).now_or_never().unwrap().is_none(), "the queue is full");
        assert!(lanes.enter(&other).await.is_some());
        places.pop();
        places.push(waiting.remove(0).await.expect("who has waited longest is next"));
        for vain in waiting {
            assert!(vain.await.is_none(), "patience has an end");
        }
        drop(places);
        assert!(lanes.0.lock().unwrap().is_empty());
    }
}

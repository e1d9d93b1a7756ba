//! How many attempts each endpoint has under way in this process: one that hangs holds up no more than its own lane.

use domain::event::EndpointId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Attempts to one endpoint at once.
pub const WIDTH: usize = 16;

/// The attempts under way, by endpoint.
#[derive(Debug, Clone, Default)]
pub struct Lanes(Arc<Mutex<HashMap<EndpointId, usize>>>);

/// A place in a lane, until it is dropped.
#[derive(Debug)]
pub struct Place {
    lanes: Lanes,
    endpoint: EndpointId,
}

impl Lanes {
    /// A place in the endpoint's lane; `None` if it is full.
    pub fn enter(&self, endpoint: &EndpointId) -> Option<Place> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = lanes.entry(endpoint.clone()).or_default();
        if *under_way >= WIDTH {
            return None;
        }
        *under_way += 1;
        Some(Place { lanes: self.clone(), endpoint: endpoint.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lanes = self.lanes.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = lanes.get_mut(&self.endpoint) {
            *under_way -= 1;
            if *under_way == 0 {
                lanes.remove(&self.endpoint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lanes, WIDTH};
    use domain::event::EndpointId;

    #[test]
    fn a_lane_fills_up_and_empties_again_and_others_are_not_touched() {
        let (lanes, one, other) = (Lanes::default(), EndpointId::random([1; 12]), EndpointId::random([2; 12]));
        let places: Vec<_> = (0..WIDTH).map(|_| lanes.enter(&one).unwrap()).collect();
        assert!(lanes.enter(&one).is_none());
        assert!(lanes.enter(&other).is_some());
        drop(places);
        assert!(lanes.enter(&one).is_some());
        assert!(lanes.0.lock().unwrap().is_empty());
    }
}

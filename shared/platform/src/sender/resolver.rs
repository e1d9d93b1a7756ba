//! Names to judged addresses.

use super::RESOLVE_TIMEOUT;
use super::failure::Failure;
use domain::address::{Guard, Reach, Refusal};
use domain::delivery::ErrorClass;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// The resolver of a guarded client: hands out judged addresses or none.
pub(super) struct Judging {
    guard: Arc<Guard>,
    reach: Reach,
}

/// Why a name gives no address. It travels through the client's errors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum LookUpError {
    /// One of its addresses may not be called.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It has none, or the name server says nothing.
    #[error("the name could not be resolved")]
    Unknown,
    /// Longer than [`RESOLVE_TIMEOUT`].
    #[error("the name could not be resolved in time")]
    Slow,
}

impl Judging {
    pub(super) fn new(guard: Arc<Guard>, reach: Reach) -> Self {
        Self { guard, reach }
    }
}

impl Resolve for Judging {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, reach) = (self.guard.clone(), self.reach.clone());
        Box::pin(async move {
            let found = look_up(&guard, &reach, name.as_str()).await?;
            // The client puts the URL's port in the place of 0.
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// All addresses of a name, if all may be called.
pub(super) async fn look_up(guard: &Guard, reach: &Reach, name: &str) -> Result<Vec<IpAddr>, LookUpError> {
    let looking = tokio::time::timeout(RESOLVE_TIMEOUT, tokio::net::lookup_host((name, 0)));
    let found = looking.await.map_err(|_| LookUpError::Slow)?.map_err(|_| LookUpError::Unknown)?;
    judged(guard, reach, found.map(|address| address.ip()))
}

pub(super) fn judged(
    guard: &Guard,
    reach: &Reach,
    found: impl IntoIterator<Item = IpAddr>,
) -> Result<Vec<IpAddr>, LookUpError> {
    let judged = reach.judge_answers(guard, found)?;
    if judged.is_empty() { Err(LookUpError::Unknown) } else { Ok(judged) }
}

impl From<LookUpError> for Failure {
    fn from(error: LookUpError) -> Self {
        match error {
            LookUpError::Refused(refusal) => refusal.into(),
            LookUpError::Unknown | LookUpError::Slow => Self::new(ErrorClass::Dns, error.to_string()),
        }
    }
}

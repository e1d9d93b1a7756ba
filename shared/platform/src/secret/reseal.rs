//! Everything that is sealed in the table, sealed anew with the current key.

use super::{KeyRing, SecretError};
use crate::store::{Saved, Store, StoreError, StoredEndpoint};
use domain::endpoint::Endpoint;

/// Endpoints that are read at once.
const PAGE: usize = 100;

/// Why not everything could be sealed anew. What was is stored, and doing it again goes on with the rest.
#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret can't be opened: its key is not in the ring.
    #[error("the secret of {owner} can't be opened: {source}")]
    Secret {
        /// Whose it is.
        owner: String,
        /// Why not.
        source: SecretError,
    },
    /// Somebody else changed it at the same time.
    #[error("{0} was changed by somebody else meanwhile")]
    Changed(String),
}

/// Seals every secret that an older key sealed with the current one; says how many. Repeating it is safe.
///
/// # Errors
/// At the first that can't be.
pub async fn reseal(store: &Store, keys: &KeyRing) -> Result<usize, ResealError> {
    let (mut resealed, mut before) = (0, None);
    loop {
        let (endpoints, next) = store.list_endpoints(before.as_deref(), PAGE).await?;
        for StoredEndpoint { mut endpoint, version } in endpoints {
            let owner = Endpoint::seal_name(&endpoint.customer, &endpoint.id);
            let mut changed = 0;
            for secret in endpoint.secrets.iter_mut().filter(|secret| keys.needs_resealing(&secret.sealed)) {
                let sealed = keys.reseal(&secret.sealed, &owner);
                secret.sealed = sealed.map_err(|source| ResealError::Secret { owner: owner.clone(), source })?;
                changed += 1;
            }
            if changed > 0 && store.save_endpoint(&endpoint, version, &[]).await? == Saved::Conflict {
                return Err(ResealError::Changed(owner));
            }
            resealed += changed;
        }
        match next {
            Some(next) => before = Some(next),
            None => return Ok(resealed),
        }
    }
}

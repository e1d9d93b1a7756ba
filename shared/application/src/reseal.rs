//! Everything that is sealed in the table, sealed anew with the current key.

use crate::definitions::seal_name;
use domain::endpoint::Endpoint;
use domain::redact::KnownSecrets;
use jiff::Timestamp;
use platform::secret::{KeyRing, SecretError};
use platform::store::{
    ConfigChange, ConfigEntry, ConfigKind, Saved, Store, StoreError, StoredDefinition, StoredEndpoint,
};
use std::sync::Arc;

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
pub async fn reseal(store: &Store, keys: &KeyRing, now: Timestamp) -> Result<usize, ResealError> {
    let store = &store.clone().sealing(Arc::new(keys.clone()), KnownSecrets::default());
    definitions(store, keys).await?;
    let inside = store.reseal_items(keys).await?;
    Ok(endpoints(store, keys).await? + configured(store, keys, now).await? + inside)
}

/// The signing secrets of endpoints.
async fn endpoints(store: &Store, keys: &KeyRing) -> Result<usize, ResealError> {
    let (mut resealed, mut before) = (0, None);
    loop {
        let (endpoints, next) = store.list_endpoints(before.as_deref(), PAGE).await?;
        for StoredEndpoint { mut endpoint, version } in endpoints {
            let owner = Endpoint::seal_name(&endpoint.customer, &endpoint.id);
            let mut changed = 0;
            for secret in &mut endpoint.secrets {
                changed += anew(keys, &mut secret.sealed, &owner)?;
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

/// What the API configured, and what providers gave us.
async fn configured(store: &Store, keys: &KeyRing, now: Timestamp) -> Result<usize, ResealError> {
    let mut resealed = 0;
    for kind in [ConfigKind::Source, ConfigKind::Program, ConfigKind::Learned] {
        for mut entry in store.configs(kind).await? {
            let (name, version, mut fields) = (entry.name.clone(), entry.version, Vec::new());
            for (field, secrets) in &mut entry.secrets {
                let owner = ConfigEntry::seal_name(kind, &name, field);
                let mut changed = 0;
                for secret in secrets {
                    changed += anew(keys, secret, &owner)?;
                }
                resealed += changed;
                fields.extend((changed > 0).then(|| field.clone()));
            }
            if fields.is_empty() {
                continue;
            }
            let (action, by) = ("resealed".to_owned(), "rotate-key".to_owned());
            let change = ConfigChange { at: now, kind, name: name.clone(), action, by, fields };
            if store.save_config(&entry, version, &change).await? == Saved::Conflict {
                return Err(ResealError::Changed(format!("{} {name}", kind.as_str())));
            }
        }
    }
    Ok(resealed)
}

/// The files that runs began under, which are kept as secrets are.
async fn definitions(store: &Store, keys: &KeyRing) -> Result<(), ResealError> {
    for StoredDefinition { id, mut sealed, .. } in store.definitions().await? {
        if anew(keys, &mut sealed, &seal_name(&id))? > 0 {
            store.reseal_definition(&id, &sealed).await?;
        }
    }
    Ok(())
}

/// How many were sealed anew: one or none.
fn anew(keys: &KeyRing, sealed: &mut String, owner: &str) -> Result<usize, ResealError> {
    if !keys.needs_resealing(sealed) {
        return Ok(0);
    }
    let again = keys.reseal(sealed, owner);
    *sealed = again.map_err(|source| ResealError::Secret { owner: owner.to_owned(), source })?;
    Ok(1)
}

//! Providers that call us: those of the file, with what the API put on top of it.
//!
//! The secrets of the file are read once, at start. Those of the API are sealed in the table, and opened where they are
//! read; what is remembered is remembered for seconds ([`Overlay`]). An entry of the table stands over the file's of the
//! same name, also where it can't be used: then nobody is let through, rather than by a secret that was replaced.

mod entry;
mod fetched;

pub use entry::{SECRETS, fields_with_secrets, read_entry};

use crate::overlay::Overlay;
use crate::verification::Refusals;
use domain::config::{Config, RouteId, Routes, Verify};
use domain::expr::Template;
use domain::source::{ReadySource, ReadyVerification, SecretText, SourceError};
use fetched::Fetched;
use jiff::Timestamp;
use platform::secret::KeyRing;
use platform::store::{ConfigEntry, ConfigKind, Store, StoreError};
use serde_json::Value;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Why an entry can't be used by a function that opens no secrets.
const NO_KEYS: &str = "this function was given no keys of secrets";

/// Why the file's sources can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {error}")]
pub struct UnusableSource {
    /// The source or the route.
    pub place: String,
    /// Why not.
    pub error: SourceError,
}

/// All sources.
pub struct Sources {
    file: HashMap<String, Arc<ReadySource>>,
    /// Of a port's routes: two ports may have a trigger and a callback with one id.
    routes: HashMap<(u16, RouteId), Arc<ReadyVerification>>,
    /// What the API put on top of the file.
    pub overlay: Overlay<ReadySource>,
    /// Secrets that providers have sent.
    pub learned: Overlay<SecretText>,
    env: Value,
    pub(crate) fetched: Fetched,
    pub(crate) refusals: Refusals,
}

/// What is known by a source's name.
#[derive(Debug)]
pub enum Found {
    /// This source.
    Source(Arc<ReadySource>),
    /// An entry that can't be used.
    Unusable,
    /// There is none of that name.
    Nobody,
}

impl Sources {
    /// Those of a file in this environment.
    ///
    /// # Errors
    /// Which source's secrets can't be used.
    pub fn new(config: &Config, env: &Value, keys: Option<&Arc<KeyRing>>) -> Result<Self, UnusableSource> {
        let (mut file, mut routes) = (HashMap::new(), HashMap::new());
        for (name, source) in &config.sources {
            let unusable = |error| UnusableSource { place: format!("the source `{name}`"), error };
            file.insert(name.clone(), Arc::new(source.ready(env).map_err(unusable)?));
        }
        let verified = config.listeners.iter().flat_map(|listener| {
            verified(&listener.routes).into_iter().map(|(id, verify)| (listener.port, id, verify))
        });
        for (port, id, verify) in verified {
            if let Verify::Inline(verification) = verify {
                let unusable = |error| UnusableSource { place: format!("`verify` of the route {id}"), error };
                routes.insert((port, id.clone()), Arc::new(verification.ready(env).map_err(unusable)?));
            }
        }
        let (ring, its_env) = (keys.cloned(), env.clone());
        let overlay = Overlay::new(ConfigKind::Source, move |entry| {
            let (source, _) = read_entry(entry, ring.as_deref().ok_or(NO_KEYS)?)?;
            source.ready(&its_env).map_err(|error| error.to_string())
        });
        let ring = keys.cloned();
        let learned = Overlay::new(ConfigKind::Learned, move |entry: &ConfigEntry| {
            let sealed = entry.secrets.get("secret").and_then(|all| all.first()).ok_or("there is no secret")?;
            let name = ConfigEntry::seal_name(ConfigKind::Learned, &entry.name, "secret");
            let opened = ring.as_ref().ok_or(NO_KEYS)?.open(sealed, &name).map_err(|error| error.to_string())?;
            let text = String::from_utf8(opened.to_vec()).map_err(|_| "the secret is no text")?;
            Ok(SecretText::new(Template::constant(text.into())))
        });
        Ok(Self {
            file,
            routes,
            overlay,
            learned,
            env: env.clone(),
            fetched: Fetched::default(),
            refusals: Refusals::default(),
        })
    }

    /// The source of a name.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn find(&self, store: &Store, name: &str, now: Timestamp) -> Result<Found, StoreError> {
        let entries = self.overlay.recent(store, now).await?;
        let found = match entries.get(name) {
            Some(layered) => layered.thing.clone(),
            None => match self.file.get(name) {
                Some(source) => Some(source.clone()),
                None => return Ok(Found::Nobody),
            },
        };
        let Some(source) = found else { return Ok(Found::Unusable) };
        if !source.verification.awaits_secret() {
            return Ok(Found::Source(source));
        }
        let learned = self.learned.recent(store, now).await?;
        let Some(layered) = learned.get(name) else { return Ok(Found::Source(source)) };
        let Some(secret) = &layered.thing else { return Ok(Found::Unusable) };
        let mut with = source.source.clone();
        with.verification = with.verification.with_secret(SecretText::clone(secret));
        Ok(with.ready(&self.env).map_or(Found::Unusable, |ready| Found::Source(Arc::new(ready))))
    }

    /// The verification that is written at a route of that port.
    pub fn of_route(&self, port: u16, id: &RouteId) -> Option<&Arc<ReadyVerification>> {
        self.routes.get(&(port, id.clone()))
    }

    /// The environment that secrets are read from.
    pub fn env(&self) -> &Value {
        &self.env
    }
}

fn verified(routes: &Routes) -> Vec<(&RouteId, &Verify)> {
    match routes {
        Routes::Triggers(all) => {
            all.iter().filter_map(|trigger| Some((&trigger.route.id, trigger.verify.as_ref()?))).collect()
        }
        Routes::Callbacks(all) => {
            all.iter().filter_map(|callback| Some((&callback.route.id, callback.verify.as_ref()?))).collect()
        }
        Routes::Sources(_) => Vec::new(),
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("file", &self.file.keys()).finish_non_exhaustive()
    }
}

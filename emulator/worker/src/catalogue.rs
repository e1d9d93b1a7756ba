//! Which programs a worker knows.

use application::App;
use application::overlay::Overlay;
use domain::config::{Config, Program};
use domain::run::Run;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use platform::store::{Store, StoreError};
use serde_json::Value;
use std::sync::Arc;

/// Tells which app is in charge of a gateway now.
pub type InCharge = Box<dyn Fn() -> Arc<App> + Send + Sync>;

/// Where a worker finds the programs that it runs.
pub enum Catalogue {
    /// It is part of a gateway: it knows what that knows, and what that doesn't know is unknown.
    Gateway(InCharge),
    /// It has a file of its own, and leaves what isn't in it to other workers.
    File {
        /// The file.
        config: Arc<Config>,
        /// What its programs' environment templates see as `env`.
        env: Value,
        /// What the API put on top of it, where the operator allows that.
        overlay: Option<Overlay<Program>>,
        /// Where that is.
        store: Store,
    },
}

impl Catalogue {
    /// The program of that name.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub fn program<'a>(&'a self, name: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Option<Program>, StoreError>> {
        Box::pin(async move {
            match self {
                Self::Gateway(app) => app().program(name).await,
                Self::File { config, overlay, store, .. } => {
                    if let Some(overlay) = overlay
                        && let Some(layered) = overlay.recent(store, now).await?.get(name)
                    {
                        return Ok(layered.thing.as_deref().cloned());
                    }
                    Ok(config.programs.get(name).cloned())
                }
            }
        })
    }

    /// The program of that name as a run sees it, and what its environment templates see as `env`. In a gateway it is that
    /// of the file which the run follows; a worker with a file of its own knows no other.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub fn program_of<'a>(
        &'a self,
        name: &'a str,
        run: &'a Run,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(Option<Program>, Value), StoreError>> {
        Box::pin(async move {
            match self {
                Self::Gateway(app) => {
                    let app = app();
                    let following = app.following(run).await?;
                    let program = app.program_in(&following.config, name).await?;
                    Ok((program, following.surroundings.env.clone()))
                }
                Self::File { env, .. } => Ok((self.program(name, now).await?, env.clone())),
            }
        })
    }

    /// Whether a program that is not here may be on another machine.
    pub fn leaves_to_others(&self) -> bool {
        matches!(self, Self::File { .. })
    }
}

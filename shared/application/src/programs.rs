//! Programs that the API put on top of the file, where the operator allows it.

use crate::app::App;
use crate::overlay::Overlay;
use domain::config::program::{self, PREFIX};
use domain::config::{Config, Program};
use platform::store::{ConfigKind, StoreError};
use std::sync::Arc;

/// An overlay that reads an entry as the file's section `programs` would be read.
pub fn overlay() -> Overlay<Program> {
    Overlay::new(ConfigKind::Program, |entry| program::read(&entry.name, &entry.content))
}

impl App {
    /// The program of that name: the API's, where that is allowed, else the file's.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn program(&self, name: &str) -> Result<Option<Program>, StoreError> {
        self.program_in(&self.config, name).await
    }

    /// The same with another file in the place of the one in charge.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn program_in(&self, config: &Config, name: &str) -> Result<Option<Program>, StoreError> {
        if self.settings.runtime_programs
            && let Some(layered) = self.programs.recent(&self.store, self.now()).await?.get(name)
        {
            return Ok(layered.thing.as_deref().cloned());
        }
        Ok(config.programs.get(name).cloned())
    }

    /// The file in charge, as a run of that workflow follows it: with the API's program in it, if it is one.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn config_for(&self, workflow: &str) -> Result<Arc<Config>, StoreError> {
        self.with_program_of(self.config.clone(), workflow).await
    }

    /// A file, as a run of that workflow follows it: with the API's program in it, if it is one.
    pub(crate) async fn with_program_of(&self, config: Arc<Config>, workflow: &str) -> Result<Arc<Config>, StoreError> {
        let Some(name) = workflow.strip_prefix(PREFIX).filter(|_| self.settings.runtime_programs) else {
            return Ok(config);
        };
        let mut with = Config::clone(&config);
        match self.program_in(&config, name).await? {
            Some(program) => with.programs.insert(name.to_owned(), program),
            None => with.programs.shift_remove(name),
        };
        Ok(Arc::new(with))
    }
}

//! A run follows the file that it began with, whatever file is in charge now.
//!
//! ```text
//!  put in charge ─► keep_definition ─► the table, once for each text
//!  run ─► its definition ─┬─ the one in charge, or none ─► the app's own file: no read
//!                         └─ an older one ─► remembered, or read from the table once
//! ```
//!
//! - A file is in the table before any run says that it follows it.
//! - Programs, components and sources of an older file come with it. The values of `env` and the addresses are the
//!   present ones; a variable that only the older file reads is the process's own, without the secrets of a parameter store.
//! - A file that can't be had any more (its key was dropped, or this version no longer reads it) is told of in the log, and
//!   the run goes on by the file in charge.

use crate::app::App;
use domain::config::{Config, load_stored};
use domain::id::DefinitionId;
use domain::run::{Plan, Run, Surroundings};
use platform::store::{StoreError, StoredDefinition, pack_text, unpack_text};
use quick_cache::sync::Cache;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Older files remembered at most; beyond, those are forgotten that are seldom asked for.
const MOST: usize = 64;

/// Older files, remembered.
#[derive(Debug)]
pub struct Definitions(Cache<DefinitionId, Arc<Definition>>);

impl Default for Definitions {
    fn default() -> Self {
        Self(Cache::new(MOST))
    }
}

/// An older file.
#[derive(Debug)]
pub struct Definition {
    /// The file.
    pub config: Arc<Config>,
    /// Names of the environment variables that it reads.
    reads: Vec<String>,
}

/// What one run follows.
#[derive(Debug, Clone)]
pub struct Following {
    /// The file.
    pub config: Arc<Config>,
    /// What its templates see of this place.
    pub surroundings: Arc<Surroundings>,
}

impl Following {
    /// For the run's own decisions.
    pub fn plan(&self) -> Plan<'_> {
        Plan { config: &self.config, surroundings: &self.surroundings }
    }
}

/// What a file's text is sealed for.
pub(crate) fn seal_name(id: &DefinitionId) -> String {
    format!("definition/{id}")
}

impl App {
    /// The same app, whose runs follow that file. The file must be in the table by then.
    #[must_use]
    pub fn with_definition(self, definition: Option<DefinitionId>) -> Self {
        Self { definition, ..self }
    }

    /// Stores the text of a file that is to be put in charge; `None` for one that is too large to be stored, whose runs
    /// then follow whatever file is in charge. Where it can be there already, that is asked first, to save the write.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn keep_definition(&self, text: &str, maybe_there: bool) -> Result<Option<DefinitionId>, StoreError> {
        let id = DefinitionId::of(text);
        if maybe_there && self.store.definition(&id).await?.is_some() {
            return Ok(Some(id));
        }
        match pack_text(text) {
            Ok(packed) => {
                let sealed = self.keys()?.seal(&packed, &seal_name(&id));
                self.store.put_definition(&id, &sealed, self.now()).await?;
                Ok(Some(id))
            }
            Err(error) => {
                tracing::warn!(%error, "the file is too large to be kept: its runs will follow the files that come \
                    later");
                Ok(None)
            }
        }
    }

    /// What a run follows.
    ///
    /// # Errors
    /// If the table is unavailable.
    pub async fn following(&self, run: &Run) -> Result<Following, StoreError> {
        let older = match run.definition.as_ref().filter(|id| self.definition.as_ref() != Some(id)) {
            Some(id) => self.older(id).await?,
            None => None,
        };
        let (config, surroundings) = match older {
            Some(older) => (older.config.clone(), Arc::new(self.surroundings_for(&older))),
            None => (self.config.clone(), self.surroundings.clone()),
        };
        Ok(Following { config: self.with_program_of(config, &run.workflow).await?, surroundings })
    }

    /// What an older file's templates see of this place now.
    pub fn surroundings_for(&self, older: &Definition) -> Surroundings {
        let present = |name: &String| {
            let known = self.surroundings.env.get(name).cloned();
            Some((name.clone(), known.or_else(|| self.environment.text(name).map(Value::String))?))
        };
        let env: Map<String, Value> = older.reads.iter().filter_map(present).collect();
        let adapted = self.surroundings.adapted_to(&older.config, env);
        match self.keys() {
            Ok(keys) => adapted.with_capabilities(&older.config, keys.derive("callback tokens")),
            Err(_) => adapted,
        }
    }

    async fn older(&self, id: &DefinitionId) -> Result<Option<Arc<Definition>>, StoreError> {
        if let Some(known) = self.definitions.get(id) {
            return Ok(Some(known));
        }
        let opened = match self.store.definition(id).await? {
            Some(stored) => self.open_definition(&stored),
            None => Err("it is not in the table".to_owned()),
        };
        if let Err(why) = &opened {
            tracing::error!(definition = %id, why, "an older file can't be had: its runs go on by the one in charge");
        }
        Ok(opened.ok())
    }

    /// Reads an older file, and remembers it.
    ///
    /// # Errors
    /// In words: its key is gone, or it doesn't load.
    pub fn open_definition(&self, stored: &StoredDefinition) -> Result<Arc<Definition>, String> {
        if let Some(known) = self.definitions.get(&stored.id) {
            return Ok(known);
        }
        let keys = self.keys().map_err(|error| error.to_string())?;
        let packed = keys.open(&stored.sealed, &seal_name(&stored.id)).map_err(|error| error.to_string())?;
        let text = unpack_text(&packed).map_err(|error| error.to_string())?;
        let loaded = load_stored(&text, "ringback.yml");
        let config = Arc::new(loaded.config.ok_or("it does not load any more")?);
        let reads = loaded.env.into_iter().map(|read| read.name).collect();
        let definition = Arc::new(Definition { config, reads });
        self.definitions.remember(stored.id.clone(), definition.clone());
        Ok(definition)
    }
}

impl Definitions {
    fn get(&self, id: &DefinitionId) -> Option<Arc<Definition>> {
        self.0.get(id)
    }

    fn remember(&self, id: DefinitionId, definition: Arc<Definition>) {
        self.0.insert(id, definition);
    }
}

//! What every handler is given.

use crate::chance::Chance;
use crate::clock::Clock;
use crate::definitions::Definitions;
use crate::directory::Directory;
use crate::former::Former;
use crate::functions::Functions;
use crate::lanes::Lanes;
use crate::memory::Memory;
use crate::overlay::Overlay;
use crate::programs;
use crate::queue::Queue;
use crate::secret::KeyRing;
use crate::sender::Sender;
use crate::settings::Settings;
use crate::slots::Slots;
use crate::sources::{Sources, UnusableSource};
use crate::store::Store;
use domain::config::{Config, Program};
use domain::id::{DefinitionId, RunId};
use domain::run::{Plan, Surroundings};
use jiff::Timestamp;
use std::sync::Arc;

/// What an app reaches the outside world with, whatever file it follows.
pub struct Outside {
    /// What the operator set.
    pub settings: Settings,
    /// The table.
    pub store: Store,
    /// The queues.
    pub queue: Queue,
    /// Functions in AWS Lambda; absent where there is no AWS.
    pub functions: Option<Functions>,
    /// Outbound calls.
    pub sender: Sender,
    /// The keys of what is kept secret.
    pub keys: Arc<KeyRing>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What nobody can foresee.
    pub chance: Chance,
}

/// The file, the table, the queue, a way to call out and a clock.
///
/// An app never changes: whoever has one works by one file to the end. Another file, or another address of the same one, is
/// another app that shares everything else with this one ([`App::with_file`], [`App::with_surroundings`]); a clone shares
/// all of it.
#[derive(Clone)]
pub struct App {
    /// What the operator set.
    pub settings: Settings,
    /// `ringback.yml`, loaded.
    pub config: Arc<Config>,
    /// What its templates see of this place.
    pub surroundings: Arc<Surroundings>,
    /// The digest of the file's text, where the file is in the table: what new runs follow to their end.
    pub definition: Option<DefinitionId>,
    /// Older files, remembered.
    pub definitions: Arc<Definitions>,
    /// What version 0.1 called the file's callback routes.
    pub(crate) former: Arc<Former>,
    /// The table.
    pub store: Store,
    /// The queues.
    pub queue: Queue,
    /// Functions in AWS Lambda; absent where there is no AWS.
    pub functions: Option<Functions>,
    /// Programs that the API put on top of the file.
    pub programs: Arc<Overlay<Program>>,
    /// Outbound calls.
    pub sender: Sender,
    /// Whose endpoints are where.
    pub directory: Arc<Directory>,
    /// Attempts under way.
    pub lanes: Lanes,
    /// The next slots of endpoints with a rate limit.
    pub slots: Arc<Slots>,
    /// Room for what is parsed.
    pub memory: Memory,
    /// The keys of what is kept secret.
    pub keys: Arc<KeyRing>,
    /// When this process began: what is older may have been worked on by the one before.
    pub started_at: Timestamp,
    /// Providers that call us.
    pub sources: Arc<Sources>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What nobody can foresee.
    pub chance: Chance,
}

impl App {
    /// An app that begins now.
    ///
    /// # Errors
    /// Which source's secrets can't be used.
    pub fn new(outside: Outside, config: Arc<Config>, surroundings: Surroundings) -> Result<Self, UnusableSource> {
        let Outside { settings, store, queue, functions, sender, keys, clock, chance } = outside;
        let sources = Arc::new(Sources::new(&config, &surroundings.env, &keys)?);
        let store = store.sealing(keys.clone(), surroundings.secrets.clone());
        Ok(Self {
            started_at: clock.now(),
            programs: Arc::new(programs::overlay()),
            directory: Arc::default(),
            lanes: Lanes::default(),
            slots: Arc::default(),
            memory: Memory::default(),
            surroundings: Arc::new(surroundings),
            definition: None,
            definitions: Arc::default(),
            former: Arc::default(),
            settings,
            config,
            store,
            queue,
            functions,
            sender,
            keys,
            sources,
            clock,
            chance,
        })
    }

    /// The same place with another file, whose addresses may be called by that sender.
    ///
    /// # Errors
    /// Which source's secrets can't be used.
    pub fn with_file(
        &self,
        config: Arc<Config>,
        surroundings: Surroundings,
        sender: Sender,
    ) -> Result<Self, UnusableSource> {
        let sources = Arc::new(Sources::new(&config, &surroundings.env, &self.keys)?);
        let store = self.store.clone().sealing(self.keys.clone(), surroundings.secrets.clone());
        let surroundings = Arc::new(surroundings);
        let former = Arc::default();
        Ok(Self { config, surroundings, definition: None, former, sender, sources, store, ..self.clone() })
    }

    /// The same file at other addresses.
    #[must_use]
    pub fn with_surroundings(&self, surroundings: Surroundings) -> Self {
        Self { surroundings: Arc::new(surroundings), ..self.clone() }
    }

    /// What runs follow.
    pub fn plan(&self) -> Plan<'_> {
        Plan { config: &self.config, surroundings: &self.surroundings }
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// An id for a request that brings nothing to derive one from.
    pub fn new_run_id(&self) -> RunId {
        RunId::random(self.random())
    }

    /// A random number from 0 up to 1, to spread what would come at once.
    pub fn jitter(&self) -> f64 {
        self.chance.fraction()
    }

    /// Bytes that nobody can guess.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        self.chance.bytes()
    }
}

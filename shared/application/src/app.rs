//! What every handler is given.

use crate::definitions::Definitions;
use crate::directory::Directory;
use crate::former::Former;
use crate::overlay::Overlay;
use crate::programs;
use crate::slots::Slots;
use crate::sources::{Sources, UnusableSource};
use domain::config::{Config, Program};
use domain::id::{DefinitionId, RunId};
use domain::run::{Plan, Surroundings};
use jiff::Timestamp;
use platform::chance::Chance;
use platform::clock::{Clock, SystemClock};
use platform::environment::Environment;
use platform::functions::Functions;
use platform::lanes::Lanes;
use platform::memory::Memory;
use platform::queue::Queue;
use platform::secret::KeyRing;
use platform::sender::Sender;
use platform::settings::Settings;
use platform::store::{Store, StoreError};
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
    /// The keys of what is kept secret; absent in a function that neither opens nor seals anything.
    pub keys: Option<Arc<KeyRing>>,
    /// The variables of this process.
    pub environment: Environment,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What nobody can foresee.
    pub chance: Chance,
}

impl Outside {
    /// Reaches the table and the queues that the settings name with these clients, without functions in Lambda, at the time of this
    /// machine's clock.
    pub fn through(
        dynamodb: aws_sdk_dynamodb::Client,
        sqs: aws_sdk_sqs::Client,
        settings: Settings,
        sender: Sender,
        keys: Option<Arc<KeyRing>>,
    ) -> Self {
        Self {
            store: Store::new(dynamodb, settings.table.clone(), settings.shards, settings.retention),
            queue: Queue::new(sqs, settings.queue_url.clone(), settings.programs_queue_url.clone()),
            functions: None,
            sender,
            keys,
            environment: Environment::default(),
            clock: Arc::new(SystemClock),
            chance: Chance::default(),
            settings,
        }
    }
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
    pub(crate) keys: Option<Arc<KeyRing>>,
    /// The variables of this process.
    pub environment: Environment,
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
        let Outside { settings, store, queue, functions, sender, keys, environment, clock, chance } = outside;
        let sources = Arc::new(Sources::new(&config, &surroundings.env, keys.as_ref())?);
        let store = sealing(store, keys.as_ref(), &surroundings);
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
            environment,
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
        let sources = Arc::new(Sources::new(&config, &surroundings.env, self.keys.as_ref())?);
        let store = sealing(self.store.clone(), self.keys.as_ref(), &surroundings);
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

    /// The keys of what is kept secret.
    ///
    /// # Errors
    /// If this process was given none.
    pub fn keys(&self) -> Result<&Arc<KeyRing>, StoreError> {
        let absent = || StoreError::Unavailable("this function was given no keys of secrets".to_owned());
        self.keys.as_ref().ok_or_else(absent)
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

/// The store as it seals what is secret; without keys, what is sealed in the table stays so.
fn sealing(store: Store, keys: Option<&Arc<KeyRing>>, surroundings: &Surroundings) -> Store {
    match keys {
        Some(keys) => store.sealing(keys.clone(), surroundings.secrets.clone()),
        None => store,
    }
}

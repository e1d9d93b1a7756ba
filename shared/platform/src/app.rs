//! What every handler is given.

use crate::chance::Chance;
use crate::clock::Clock;
use crate::directory::Directory;
use crate::functions::Functions;
use crate::lanes::Lanes;
use crate::overlay::Overlay;
use crate::queue::Queue;
use crate::secret::KeyRing;
use crate::sender::Sender;
use crate::settings::Settings;
use crate::sources::Sources;
use crate::store::Store;
use domain::config::{Config, Program};
use domain::id::RunId;
use domain::run::{Plan, Surroundings};
use jiff::Timestamp;
use std::sync::Arc;

/// The file, the table, the queue, a way to call out and a clock.
pub struct App {
    /// What the operator set.
    pub settings: Settings,
    /// `ringback.yml`, loaded.
    pub config: Arc<Config>,
    /// What its templates see of this place.
    pub surroundings: Surroundings,
    /// The table.
    pub store: Store,
    /// The queues.
    pub queue: Queue,
    /// Functions in AWS Lambda; absent where there is no AWS.
    pub functions: Option<Functions>,
    /// Programs that the API put on top of the file.
    pub programs: Overlay<Program>,
    /// Outbound calls.
    pub sender: Sender,
    /// Whose endpoints are where.
    pub directory: Directory,
    /// Attempts under way.
    pub lanes: Lanes,
    /// The keys of what is kept secret.
    pub keys: Arc<KeyRing>,
    /// When this process began: what is older may have been worked on by the one before.
    pub started_at: Timestamp,
    /// Providers that call us.
    pub sources: Sources,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What nobody can foresee.
    pub chance: Chance,
}

impl App {
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

//! What an operator may set, with defaults that suit both a laptop and the cloud.

use crate::environment::Environment;
use std::time::Duration;

/// Settings of one deployment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The table's name.
    pub table: String,
    /// URL of the queue of calls.
    pub queue_url: String,
    /// URL of the queue of programs; empty where none are run.
    pub programs_queue_url: String,
    /// Whether the API may define programs while everything runs: whoever holds its token then runs commands on the
    /// workers' machines.
    pub runtime_programs: bool,
    /// Largest request body in bytes; 1 MiB unless set.
    pub max_body: usize,
    /// Largest answer that a called service may give, in bytes; 1 MiB unless set.
    pub max_response: usize,
    /// Partitions of the timers and of the list of runs: each takes 1,000 writes a second
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>).
    pub shards: u8,
    /// How long an ended run and a closed or unclaimed wait are kept; 30 days unless set.
    pub retention: Duration,
    /// After how long a stretch of work hands over to a new message; must end well before the queue gives the
    /// message to another. 5 min unless set, beside a Lambda time limit of 15 min
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html>).
    pub stretch: Duration,
    /// SHA-256 of each bearer token that the API accepts.
    pub token_digests: Vec<[u8; 32]>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            table: "ringback".to_owned(),
            queue_url: String::new(),
            programs_queue_url: String::new(),
            runtime_programs: false,
            max_body: 1 << 20,
            max_response: 1 << 20,
            shards: 8,
            retention: Duration::from_secs(30 * 24 * 60 * 60),
            stretch: Duration::from_secs(5 * 60),
            token_digests: Vec::new(),
        }
    }
}

/// Why a function can't start.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A variable that must be set.
    #[error("the environment variable {0} must be set")]
    Missing(&'static str),
    /// A variable that does not read as what it should be.
    #[error("the environment variable {0} can't be read: {1}")]
    Wrong(&'static str, String),
}

impl Settings {
    /// From a function's environment: `RINGBACK_TABLE` and `RINGBACK_QUEUE_URL` must be set; `RINGBACK_SHARDS`,
    /// `RINGBACK_TOKEN_SHA256` (hexadecimal, separated by commas), `RINGBACK_PROGRAMS_QUEUE_URL` and
    /// `RINGBACK_RUNTIME_PROGRAMS` (`allow`, or `refuse`) may be.
    ///
    /// # Errors
    /// What is missing or can't be read.
    pub fn read(environment: &Environment) -> Result<Self, SettingsError> {
        let required = |name| environment.text(name).ok_or(SettingsError::Missing(name));
        Self::read_for(environment, required("RINGBACK_TABLE")?, required("RINGBACK_QUEUE_URL")?)
    }

    /// The same for this table and this queue of calls, whatever the environment says of those.
    ///
    /// # Errors
    /// What can't be read.
    pub fn read_for(environment: &Environment, table: String, queue_url: String) -> Result<Self, SettingsError> {
        let mut settings = Self { table, queue_url, ..Self::default() };
        if let Some(shards) = environment.get("RINGBACK_SHARDS") {
            let wrong = |error| SettingsError::Wrong("RINGBACK_SHARDS", format!("{error}"));
            settings.shards = shards.parse().map_err(|error: std::num::ParseIntError| wrong(error))?;
        }
        settings.programs_queue_url = environment.text("RINGBACK_PROGRAMS_QUEUE_URL").unwrap_or_default();
        settings.runtime_programs = match environment.get("RINGBACK_RUNTIME_PROGRAMS") {
            Some("allow") => true,
            None | Some("refuse") => false,
            Some(other) => {
                let text = format!("`{other}` is neither `allow` nor `refuse`");
                return Err(SettingsError::Wrong("RINGBACK_RUNTIME_PROGRAMS", text));
            }
        };
        for digest in environment.get("RINGBACK_TOKEN_SHA256").iter().flat_map(|list| list.split(',')) {
            let mut bytes = [0; 32];
            let read = hex::decode_to_slice(digest.trim(), &mut bytes);
            read.map_err(|error| SettingsError::Wrong("RINGBACK_TOKEN_SHA256", error.to_string()))?;
            settings.token_digests.push(bytes);
        }
        Ok(settings)
    }
}

//! What all scenarios of a thread have in common: made once, never changed.

use super::edits::{as_by_version_0_1, editions};
use super::file::{API_TOKEN, SERVICE_KEY, TEXT, TRIGGER_TOKEN};
use domain::address::Guard;
use domain::config::Config;
use domain::run::Surroundings;
use platform::secret::KeyRing;
use platform::sender::Sender;
use platform::settings::Settings;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// A key for secrets: the same in every scenario, so that all that is derived from it is too.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// One text of the file.
pub(super) struct Edition {
    pub(super) text: String,
    pub(super) config: Arc<Config>,
    pub(super) surroundings: Surroundings,
    /// The same under the ids that version 0.1 gave its routes.
    pub(super) before_upgrade: Arc<Config>,
}

/// The stage on which scenarios are played, one after the other.
pub struct Stage {
    /// The file, and what edits make of it.
    pub(super) editions: Vec<Edition>,
    pub(super) keys: Arc<KeyRing>,
    pub(super) settings: Settings,
    pub(super) sender: Sender,
    /// Timers want one to exist; its time never passes while a scenario is played.
    pub(super) runtime: Runtime,
}

impl Stage {
    /// Sets the stage.
    ///
    /// # Panics
    /// If the scenarios' file doesn't load.
    pub fn new() -> Self {
        let text = |text: &str| Value::String(text.to_owned());
        let env = [("SERVICE_KEY", SERVICE_KEY), ("TRIGGER_TOKEN", TRIGGER_TOKEN)];
        let env: Map<String, Value> = env.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect();
        let keys = Arc::new(KeyRing::parse(KEY).expect("a key"));
        let editions: Vec<Edition> = editions(TEXT)
            .into_iter()
            .map(|(text, config)| {
                let surroundings = Surroundings::of(&config, env.clone(), |_| None);
                let surroundings = surroundings.with_capabilities(&config, keys.derive("callback tokens"));
                Edition { text, before_upgrade: Arc::new(as_by_version_0_1(&config)), config, surroundings }
            })
            .collect();
        let settings = Settings {
            queue_url: "http://sqs.local/000000000000/calls".to_owned(),
            shards: 2,
            token_digests: vec![Sha256::digest(API_TOKEN).into()],
            ..Settings::default()
        };
        let guard = Guard::allowing(editions[0].config.delivery.allow_private.iter().copied());
        let sender = Sender::new(settings.max_response, guard).expect("TLS");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { editions, keys, settings, sender, runtime }
    }
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stage")
    }
}

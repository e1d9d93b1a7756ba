//! All of Ringback in the test's own process.

use crate::{Caller, DEADLINE, ManualClock, Service, eventually, watch};
use application::App;
use domain::config::load;
use instance::{Instance, Options, StartError, Switch};
use local_aws::ledger::Snapshot;
use local_aws::mapping::Duplicates;
use platform::environment::Environment;
use serde_json::{Map, Value};
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tunnels::{Backoff, PublicUrl};

/// How often deadlines are looked at, by the wall's clock.
const SWEEP_EVERY: Duration = Duration::from_millis(20);

type Change = Box<dyn FnOnce(&mut Options) + Send>;

/// A `ringback.yml`, and how it is to be run.
pub struct File {
    text: String,
    env: Map<String, Value>,
    changes: Vec<Change>,
}

/// A running Ringback, and a caller who knows where it is.
pub struct Gateway {
    instance: Instance,
    app: Arc<App>,
    caller: Caller,
    _watch: watch::Guard,
}

impl File {
    /// A file of this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), env: Map::new(), changes: Vec::new() }
    }

    /// With a service in the place of an address that the file names.
    #[must_use]
    pub fn calling(self, address: &str, service: &Service) -> Self {
        assert!(self.text.contains(address), "the file doesn't call {address}");
        Self { text: self.text.replace(address, &service.url), ..self }
    }

    /// With more text behind it.
    #[must_use]
    pub fn and(self, text: &str) -> Self {
        Self { text: format!("{}\n{text}", self.text), ..self }
    }

    /// With an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.into());
        self
    }

    /// By that clock.
    #[must_use]
    pub fn clock(self, clock: &ManualClock) -> Self {
        let clock = clock.clone();
        self.with(|options| options.clock = Arc::new(clock))
    }

    /// With its state in a directory.
    #[must_use]
    pub fn data(self, directory: &Path) -> Self {
        let directory = directory.to_owned();
        self.with(|options| options.home.data = Some(directory))
    }

    /// With its gateways, whose tunnels are opened again at once when they end.
    #[must_use]
    pub fn with_gateways(self) -> Self {
        self.with(|options| {
            options.reach.without_gateways = false;
            options.reach.gateways.backoff =
                Backoff { first: Duration::from_millis(20), most: Duration::from_millis(100) };
        })
    }

    /// With any other change of how it is run.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Options) + Send + 'static) -> Self {
        self.changes.push(Box::new(change));
        self
    }

    /// The text, for those who run it otherwise.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Runs it.
    ///
    /// # Panics
    /// If it doesn't load or doesn't start.
    pub async fn run(self) -> Gateway {
        self.start().await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs it, if it starts.
    ///
    /// # Errors
    /// Why it doesn't.
    ///
    /// # Panics
    /// If it doesn't load.
    pub async fn start(self) -> Result<Gateway, StartError> {
        let loaded = load(&self.text, "ringback.yml");
        let config = loaded.config.unwrap_or_else(|| panic!("{:#?}\n{}", loaded.diagnostics, self.text));
        watch::listen();
        watch::file(&config, &self.env);
        let mut options = Options::new(config, &Environment::of_process());
        options.file.text = Some(self.text.as_str().into());
        options.file.env = self.env;
        options.home.ephemeral_ports = true;
        options.reach.without_gateways = true;
        options.pace.duplicates = Duplicates::InTurn;
        options.pace.sweep_every = SWEEP_EVERY;
        for change in self.changes {
            change(&mut options);
        }
        let instance = Box::pin(Instance::start(options)).await?;
        let listeners = instance.listeners.iter().map(|listener| (listener.kind.to_owned(), listener.url.clone()));
        let caller = Caller::new(instance.api.clone(), instance.token.clone(), listeners.collect());
        Ok(Gateway { app: instance.app(), instance, caller, _watch: watch::Guard })
    }
}

impl Gateway {
    /// What it has cost so far.
    pub fn cost(&self) -> Snapshot {
        self.instance.aws.ledger().snapshot()
    }

    /// What its handlers were given first, for what can't be brought about from outside.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Its table, without anything of Ringback's between.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.instance.aws.dynamodb()
    }

    /// What puts another app in charge.
    pub fn switch(&self) -> &Switch {
        self.instance.switch()
    }

    /// Takes its table away, as far as it can tell for ever.
    ///
    /// # Panics
    /// If it can't be taken away.
    pub async fn lose_table(&self) {
        let table = &self.app.settings.table;
        self.instance.aws.dynamodb().delete_table().table_name(table).send().await.expect("a table to delete");
    }

    /// Where the internet reaches a port of the file now.
    ///
    /// # Panics
    /// If no gateway does that.
    pub fn public_url(&self, port: u16) -> String {
        let urls = self.instance.public_urls().borrow().clone();
        urls.iter().find(|entry| entry.port == port).expect("a gateway to the port").public_url.clone()
    }

    /// Waits until the internet reaches a port elsewhere than at that URL, and says where.
    ///
    /// # Panics
    /// If that doesn't happen in time.
    pub async fn public_url_after(&self, port: u16, before: &str) -> String {
        let mut urls = self.instance.public_urls();
        let moved =
            |urls: &Arc<Vec<PublicUrl>>| urls.iter().any(|entry| entry.port == port && entry.public_url != before);
        timeout(DEADLINE, urls.wait_for(moved)).await.expect("another URL in time").expect("a running gateway");
        let url = self.public_url(port);
        // The app in charge knows a moment later.
        eventually("runs see the new URL", async || {
            let seen = self.instance.app().surroundings.gateway[port.to_string()]["public_url"].clone();
            if seen == url.as_str() { Ok(()) } else { Err(seen) }
        })
        .await;
        url
    }

    /// Stops it in good order.
    pub async fn stop(self) {
        self.instance.stop().await;
    }
}

impl Deref for Gateway {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

//! Puts another app in charge while everything serves.
//!
//! ```text
//!  another file ── reload ───────┐
//!  other addresses ─ set_gateways┴─► sockets bound ─► app and routers made ─► one step ─► new sockets served, old ones drained
//! ```
//!
//! Whatever can fail happens before the one step in which the other takes over: what is refused has changed nothing. The
//! store, the queues, connections, lanes, keys and the clock are the same before and after, and so are the sockets of ports
//! that stay.

use super::address::{Bound, Sockets};
use super::current::{Current, Door};
use super::public::Public;
use super::retired::{self, Retired};
use super::routers::{Limits, serving};
use super::{DRAIN, ListenerAddress, StartError, loops};
use application::App;
use domain::address::Guard;
use domain::config::Config;
use domain::id::DefinitionId;
use domain::run::Surroundings;
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use local_aws::Aws;
use platform::clock::Clock;
use platform::functions::Functions;
use platform::secret::KeyRing;
use platform::sender::Sender;
use serde_json::{Map, Value};
use socket::{Server, Shared};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tunnels::through;

/// How long a file that was in charge is taken for one that runs follow, whether or not one is found: longer than a request
/// takes.
pub const SETTLED: SignedDuration = SignedDuration::from_secs(60);

/// A file that is to be taken over.
pub struct NewFile {
    /// The file.
    pub config: Config,
    /// Its text, to be kept for the runs that follow it.
    pub text: Option<Arc<str>>,
    /// What its templates see as `env`.
    pub env: Map<String, Value>,
    /// Functions in AWS Lambda, where it invokes some and there were none before.
    pub functions: Option<Functions>,
}

/// Puts another app in charge. Clones are the same.
#[derive(Clone)]
pub struct Switch(Arc<Inner>);

struct Inner {
    current: Current,
    aws: Aws,
    place: Place,
    stopping: CancellationToken,
    state: Mutex<State>,
}

/// What was settled when everything was started.
#[derive(Clone)]
pub(super) struct Place {
    /// The file's gateways are not started.
    pub(super) without_gateways: bool,
    /// The driver that takes the place of theirs.
    pub(super) tunnel: Option<&'static str>,
    /// Programs at once, and how long a claim lasts; absent where they are left to other processes.
    pub(super) programs: Option<(usize, Duration)>,
    /// What time it is for them.
    pub(super) programs_clock: Arc<dyn Clock>,
    /// What all sockets have in common.
    pub(super) shared: Shared,
    /// The public address that was given for this process.
    pub(super) public: Public,
}

struct State {
    sockets: Sockets,
    servers: BTreeMap<u16, Server>,
    /// Of ports that have gone.
    draining: Vec<Server>,
    /// Where the internet reaches ports of the file, while it does.
    public_urls: BTreeMap<u16, String>,
    /// Files that runs may still follow, the newest last.
    retired: Vec<Retired>,
    limits: Limits,
    /// Tasks that say in the log which routes of older files are served.
    telling: JoinSet<()>,
    /// The worker, once there are programs.
    worker: JoinSet<()>,
}

impl Switch {
    /// Makes an app serve what was bound for it.
    pub(super) fn start(
        app: App,
        retired: Vec<Retired>,
        bound: Bound,
        aws: Aws,
        place: Place,
        public_urls: BTreeMap<u16, String>,
        stopping: CancellationToken,
    ) -> Self {
        let mut limits = Limits::default();
        let current = Current::new(serving(Arc::new(app), &retired, &mut limits));
        let mut state = State {
            sockets: bound.sockets,
            servers: BTreeMap::new(),
            draining: Vec::new(),
            public_urls,
            retired,
            limits,
            telling: JoinSet::new(),
            worker: JoinSet::new(),
        };
        for (port, socket) in bound.new {
            state
                .servers
                .insert(port, Server::start(socket, None, current.behind(Door::Listeners(port)), &place.shared));
        }
        let inner = Inner { current, aws, place, stopping, state: Mutex::new(state) };
        Self(Arc::new(inner))
    }

    /// What is in charge.
    pub fn current(&self) -> &Current {
        &self.0.current
    }

    /// Where the listeners are, in the order of the file in charge.
    pub async fn listeners(&self) -> Vec<ListenerAddress> {
        self.0.state.lock().await.sockets.listener_urls(&self.0.current.app().config)
    }

    /// Where a port of the file is reached on this machine, also one that only an older file has.
    pub async fn url_of_port(&self, port: u16) -> Option<String> {
        self.0.state.lock().await.sockets.url_of_port(&self.0.current.app().config, port)
    }

    /// Puts an app with another file in charge. What is said in the answer can't be changed without a restart, and is as it
    /// was.
    ///
    /// # Errors
    /// As at start: a port that can't be bound, secrets that can't be used, programs that can't be run here. Nothing has
    /// changed then.
    pub fn reload(&self, file: NewFile) -> BoxFuture<'_, Result<Vec<String>, StartError>> {
        Box::pin(self.take_over(file))
    }

    async fn take_over(&self, file: NewFile) -> Result<Vec<String>, StartError> {
        let mut state = self.0.state.lock().await;
        let app = self.0.current.app();
        let NewFile { mut config, text, env, functions } = file;
        super::refuse_what_is_not_here(&config, self.0.place.programs.is_some())?;
        if let Some(driver) = self.0.place.tunnel {
            through(&mut config, driver).map_err(StartError::Unsupported)?;
        }
        let mut kept = keep(&app.config, &mut config, &state.sockets);
        // Tunnels are opened at start alone.
        if !self.0.place.without_gateways && config.gateways != app.config.gateways {
            kept.push("the gateways stay as they were".to_owned());
            config.gateways.clone_from(&app.config.gateways);
        }
        let definition = match &text {
            Some(text) => app.keep_definition(text, false).await?,
            None => None,
        };
        let retired = retired::read(&App::clone(&app).with_definition(definition.clone())).await?;
        let listeners = retired::listeners(&retired, &config);
        let bound = state.sockets.bind_listeners(&config, &listeners).await?;
        let addresses = self.0.place.addresses(&bound.sockets, &state.public_urls);
        let surroundings = surroundings(&config, env, &addresses, app.keys().ok());
        let sender = sender(&app, &config)?;
        let mut next = app.with_file(Arc::new(config), surroundings, sender)?.with_definition(definition);
        next.functions = next.functions.or(functions);
        state.retired = retired;
        self.put_in_charge(&mut state, next);
        self.serve(&mut state, bound);
        self.work_where_there_are_programs(&mut state);
        // The task reads many runs, and a reload does not wait for it.
        while state.telling.try_join_next().is_some() {}
        state.telling.spawn(retired::tell(self.0.current.app(), listeners, self.0.stopping.clone()));
        Ok(kept)
    }

    /// Looks which of the older files no run follows any more, and lets their routes go. One that this process has known as
    /// such for less than [`SETTLED`] stays: a request that began before may still start a run of it. Says how many went.
    ///
    /// # Errors
    /// If the table is unavailable, or a port that was to stay is lost.
    pub async fn let_go(&self) -> Result<usize, StartError> {
        let app = self.0.current.app();
        let settled = |file: &&Retired| app.now().duration_since(file.since) >= SETTLED;
        let files: HashSet<DefinitionId> =
            self.0.state.lock().await.retired.iter().filter(settled).map(|file| file.id.clone()).collect();
        if files.is_empty() {
            return Ok(0);
        }
        let used = retired::in_use(&app, &files).await?;
        let mut state = self.0.state.lock().await;
        let app = self.0.current.app();
        let over: Vec<&DefinitionId> =
            files.difference(&used).filter(|id| app.definition.as_ref() != Some(id)).collect();
        for id in &over {
            app.store.end_definition(id).await?;
        }
        state.retired.retain(|file| !over.contains(&&file.id));
        let listeners = retired::listeners(&state.retired, &app.config);
        let bound = state.sockets.bind_listeners(&app.config, &listeners).await?;
        self.put_in_charge(&mut state, App::clone(&app));
        self.serve(&mut state, bound);
        Ok(over.len())
    }

    /// Serves what was bound anew, and lets the sockets go that have gone.
    fn serve(&self, state: &mut State, Bound { sockets, new, gone }: Bound) {
        state.sockets = sockets;
        for (port, socket) in new {
            let router = self.0.current.behind(Door::Listeners(port));
            state.servers.insert(port, Server::start(socket, None, router, &self.0.place.shared));
        }
        state.draining.retain(|server| !server.has_stopped());
        for server in gone.iter().filter_map(|port| state.servers.remove(port)).collect::<Vec<_>>() {
            server.stop(DRAIN);
            state.draining.push(server);
        }
    }

    /// Puts an app in charge whose `${gateway:PORT.public_url}` are these, by the file's port. A port that isn't named is
    /// reached at its local address.
    pub async fn set_gateways(&self, public_urls: BTreeMap<u16, String>) {
        let mut state = self.0.state.lock().await;
        let app = self.0.current.app();
        let env = app.surroundings.env.as_object().cloned().unwrap_or_default();
        let addresses = self.0.place.addresses(&state.sockets, &public_urls);
        let surroundings = surroundings(&app.config, env, &addresses, app.keys().ok());
        state.public_urls = public_urls;
        self.put_in_charge(&mut state, app.with_surroundings(surroundings));
    }

    fn put_in_charge(&self, state: &mut State, app: App) {
        let before = self.0.current.serving();
        let mut next = serving(Arc::new(app), &state.retired, &mut state.limits);
        // A port that goes is served as before until its socket is closed.
        for (port, router) in before.listeners.iter().filter(|(port, _)| state.servers.contains_key(port)) {
            next.listeners.entry(*port).or_insert_with(|| router.clone());
        }
        self.0.current.replace(next);
    }

    /// Without programs nobody looks into their queue.
    pub(super) async fn start_worker(&self) {
        self.work_where_there_are_programs(&mut *self.0.state.lock().await);
    }

    fn work_where_there_are_programs(&self, state: &mut State) {
        let app = self.0.current.app();
        let has_programs = app.config.programs.values().any(|program| program.command().is_some());
        if let Some((concurrency, lease)) = self.0.place.programs
            && (has_programs || app.settings.runtime_programs)
            && state.worker.is_empty()
        {
            let worker =
                loops::worker(&self.0.aws, &self.0.current, concurrency, lease, self.0.place.programs_clock.clone());
            state.worker.spawn(worker.work(self.0.stopping.clone()));
        }
    }

    /// Takes no more requests.
    pub(super) async fn close(&self) {
        for server in self.0.state.lock().await.servers.values() {
            server.stop(DRAIN);
        }
    }

    /// Waits for what is under way.
    pub(super) async fn closed(&self) {
        let mut state = self.0.state.lock().await;
        let servers = std::mem::take(&mut state.servers).into_values().chain(std::mem::take(&mut state.draining));
        for server in servers.collect::<Vec<_>>() {
            server.stopped().await;
        }
        while state.worker.join_next().await.is_some() {}
    }
}

impl Place {
    /// The addresses of this place.
    pub(super) fn addresses<'a>(
        &'a self,
        sockets: &'a Sockets,
        public_urls: &'a BTreeMap<u16, String>,
    ) -> Addresses<'a> {
        Addresses { public: &self.public, asked_for: self.tunnel.is_some(), sockets, public_urls }
    }
}

/// What the public address of a port follows from.
pub(super) struct Addresses<'a> {
    pub(super) public: &'a Public,
    /// The tunnels were asked for by `--tunnel`.
    pub(super) asked_for: bool,
    pub(super) sockets: &'a Sockets,
    /// Where open tunnels lead to a port.
    pub(super) public_urls: &'a BTreeMap<u16, String>,
}

/// What a file's templates see of this place.
pub(super) fn surroundings(
    config: &Config,
    env: Map<String, Value>,
    addresses: &Addresses<'_>,
    keys: Option<&Arc<KeyRing>>,
) -> Surroundings {
    let Addresses { public, asked_for, sockets, public_urls } = addresses;
    let written = config.controller.public_url.as_deref();
    let url_of_port = |port| {
        let public = public.url_of_port(port, written, public_urls, *asked_for);
        public.or_else(|| sockets.url_of_port(config, port))
    };
    // Which one is opened never changes while everything runs.
    let driver_of_port = |port: u16| {
        let gateway = config.gateways.iter().find(|gateway| gateway.ports.contains(&port));
        gateway.filter(|_| public_urls.contains_key(&port)).map(|gateway| gateway.tunnel.driver())
    };
    let surroundings = Surroundings::of(config, env, url_of_port).with_drivers(driver_of_port);
    match keys {
        Some(keys) => surroundings.with_capabilities(config, keys.derive("callback tokens")),
        None => surroundings,
    }
}

/// The sender goes on with its connections, unless other addresses may be called.
pub(super) fn sender(app: &App, config: &Config) -> Result<Sender, StartError> {
    let allowed = &config.delivery.allow_private;
    if *allowed == app.config.delivery.allow_private {
        return Ok(app.sender.clone());
    }
    Ok(Sender::new(app.settings.max_response, Guard::allowing(allowed.iter().copied()))?)
}

/// What only a restart can change stays as it was, and is named.
fn keep(old: &Config, new: &mut Config, sockets: &Sockets) -> Vec<String> {
    let mut kept = Vec::new();
    let (old, controller) = (&old.controller, &mut new.controller);
    if (&old.host, old.port) != (&controller.host, controller.port) {
        kept.push(format!("the controller stays at {}:{}", old.host, old.port));
        (controller.host, controller.port) = (old.host.clone(), old.port);
    }
    if old.tls != controller.tls {
        kept.push("the controller's `tls` stays as it was".to_owned());
        controller.tls.clone_from(&old.tls);
    }
    for listener in &new.listeners {
        if let Some(host) = sockets.host_of(listener).filter(|host| *host != listener.host) {
            kept.push(format!("the listener `{}` stays at {host}:{}", listener.id, listener.port));
        }
    }
    kept
}

//! One running Ringback: the handlers of the six functions, wired as AWS would wire them.
//!
//! ```text
//!  listeners, API ── routers of trigger, callback, api ──► table
//!  stream mapping ── relay ──► queue mapping ── deliver ──► outside services
//!  ticking clock  ── sweep
//! ```
//!
//! Which app is in charge of all that can change while it runs: see [`switch`](Switch).
//!
//! All sockets are bound before the state is touched, and the instance is ready when they answer. Stopping lets what is
//! under way finish, for [`DRAIN`] at most; what is not finished by then is done by the next start.

mod address;
pub mod cloud;
mod current;
mod retired;
mod rounds;
mod routers;
mod holder;
mod loops;
mod public;
mod switch;
pub mod key;
mod token;

pub use current::Current;
pub use holder::Holder;
pub use public::{Public, parse as parse_public_url};
pub use switch::{NewFile, SETTLED, Switch};

use address::Sockets;
use application::app::{App, Outside};
use application::sources::UnusableSource;
use current::Door;
use domain::address::Guard;
use domain::config::{Config, Runtime, Tls};
use futures_util::future::BoxFuture;
use local_aws::fault::Faults;
use local_aws::mapping::Duplicates;
use local_aws::{Aws, AwsOptions, OpenError, QueueOptions};
use platform::clock::{Clock, SystemClock};
use platform::environment::Environment;
use platform::lanes::{Lanes, WIDEST};
use platform::secret::KeyRing;
use platform::sender::Sender;
use platform::settings::Settings;
use platform::store::StoreError;
use serde::Serialize;
use serde_json::Map;
use socket::{Limits, Server, Shared};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use switch::Place;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tunnels::{GatewayOptions, Gateways, PublicUrl};

/// How long stopping waits for what is under way.
pub const DRAIN: Duration = Duration::from_secs(5);

/// The queue of calls.
const QUEUE: &str = "calls";
/// The queue of programs.
const PROGRAMS: &str = "programs";
/// How often a message may come, before it is a dead letter; infra/lib/queues.ts has the same.
const CALL_RECEIVES: u32 = platform::queue::RECEIVES;
/// Programs that run at once unless set.
pub const PROGRAMS_AT_ONCE: usize = 8;
/// Longer than a stretch of work may last, so that no message is handled twice while it is being handled.
const VISIBILITY: Duration = Duration::from_secs(15 * 60);

/// What to start.
pub struct Options {
    /// The file, and what it needs.
    pub file: NewFile,
    /// The directory of the state, the keys and the ports.
    pub home: Home,
    /// Tunnels and public addresses.
    pub reach: Reach,
    /// The pace of its loops.
    pub pace: Pace,
    /// Programs, here or elsewhere.
    pub programs: Programs,
    /// The clock of all that it does.
    pub clock: Arc<dyn Clock>,
    /// The time and the room that callers may take.
    pub limits: Limits,
    /// Makes the AWS under it misbehave.
    pub faults: Option<Arc<dyn Faults>>,
    /// The settings of the operator.
    pub settings: Settings,
    /// The variables of this process.
    pub environment: Environment,
}

/// The directory of an instance's state, its keys and its ports.
#[derive(Default)]
pub struct Home {
    /// The directory of the state; in memory where absent.
    pub data: Option<PathBuf>,
    /// The keys of secrets; kept beside the state where absent.
    pub keys: Option<KeyRing>,
    /// The API's port instead of the file's; 0 picks a free one.
    pub port: Option<u16>,
    /// Every port is a free one, whatever the file says.
    pub ephemeral_ports: bool,
    /// The port on which workers in other processes reach the table and the queues; 0 picks a free one.
    pub aws_port: Option<u16>,
}

/// Tunnels and public addresses of an instance.
pub struct Reach {
    /// The file's gateways are not started: a gateway's public URL is the local listener's.
    pub without_gateways: bool,
    /// The driver (`cloudflare`, `ngrok`) that takes the place of the gateways' own; without gateways it opens every
    /// listener to the internet.
    pub tunnel: Option<&'static str>,
    /// The public address that is given for this process.
    pub public: Public,
    /// Programs and pauses of gateways.
    pub gateways: GatewayOptions,
}

/// The pace of an instance's loops.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Messages come once, or, for tests, twice.
    pub duplicates: Duplicates,
    /// Messages handled at once.
    pub concurrency: usize,
    /// The time between two looks at the timers.
    pub sweep_every: Duration,
    /// Divides the queues' delays.
    pub time_scale: u32,
}

/// Programs, here or elsewhere.
pub struct Programs {
    /// Runs programs in this process; else they are left to workers in other processes.
    pub here: bool,
    /// Programs run at once.
    pub concurrency: usize,
    /// The time that a worker's claim on a program lasts unless it is prolonged.
    pub lease: Duration,
    /// The clock for programs that are run here, where that is another one.
    pub clock: Option<Arc<dyn Clock>>,
}

/// Why it could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The file asks for what can't be had here.
    #[error("{0}")]
    Unsupported(String),
    /// A gateway.
    #[error("{0}")]
    Gateway(String),
    /// A port can't be bound.
    #[error(
        "{host}:{port} can't be used for {what}: {source}{}",
        holder.as_ref().map(|holder| format!("; it is held by {holder}")).unwrap_or_default()
    )]
    Bind {
        /// Interface.
        host: String,
        /// Port.
        port: u16,
        /// What was to listen there.
        what: String,
        /// Why not.
        source: std::io::Error,
        /// Who listens there already, if that can be found out.
        holder: Option<Holder>,
    },
    /// The port that was given for the API is in the file already.
    #[error("the API and the listener `{listener}` both want port {port}: give the API another one")]
    SamePort {
        /// The port.
        port: u16,
        /// Whose it is in the file.
        listener: String,
    },
    /// Certificate or key.
    #[error("the controller's TLS files can't be used: {0}")]
    Tls(std::io::Error),
    /// The state.
    #[error(transparent)]
    State(#[from] OpenError),
    /// The token's file.
    #[error("the API token can't be kept in {}: {source}", path.display())]
    Token {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The keys of secrets.
    #[error(transparent)]
    Key(#[from] key::KeyFileError),
    /// A source's secrets.
    #[error(transparent)]
    Source(#[from] UnusableSource),
    /// The table.
    #[error(transparent)]
    Table(#[from] StoreError),
    /// Outbound TLS.
    #[error("outbound calls can't be made on this machine: {0}")]
    Sender(#[from] reqwest::Error),
}

/// Where a listener can be reached.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct ListenerAddress {
    /// The listener's id.
    pub id: String,
    /// `http-trigger` or `http-callback`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Without a path.
    pub url: String,
}

/// A running Ringback.
pub struct Instance {
    /// The API's URL, without a path.
    pub api: String,
    /// The API's bearer token.
    pub token: String,
    /// Made just now, and so to be shown.
    pub token_is_new: bool,
    /// Where workers in other processes reach the table and the queues.
    pub aws_url: Option<String>,
    /// The listeners as it was started, in the file's order.
    pub listeners: Vec<ListenerAddress>,
    /// The AWS under it.
    pub aws: Aws,
    switch: Switch,
    gateways: Gateways,
    stopping: CancellationToken,
    servers: Vec<Server>,
    loops: JoinSet<()>,
}

impl Options {
    /// As `emulator up` runs a file without further options in this environment, in memory.
    pub fn new(config: Config, environment: &Environment) -> Self {
        Self {
            file: NewFile { config, text: None, env: Map::new(), functions: None },
            home: Home::default(),
            reach: Reach {
                without_gateways: false,
                tunnel: None,
                public: Public::default(),
                gateways: GatewayOptions::of(environment),
            },
            pace: Pace {
                duplicates: Duplicates::None,
                concurrency: 256,
                sweep_every: Duration::from_secs(1),
                time_scale: 1,
            },
            programs: Programs { here: true, concurrency: PROGRAMS_AT_ONCE, lease: worker::LEASE, clock: None },
            clock: Arc::new(SystemClock),
            limits: Limits::default(),
            faults: None,
            settings: Settings { shards: 1, ..Settings::default() },
            environment: environment.clone(),
        }
    }
}

impl Instance {
    /// Starts it. Once this returns, every address answers.
    ///
    /// # Errors
    /// In words; nothing has been touched then, unless it is the state itself that can't be used.
    pub fn start(options: Options) -> BoxFuture<'static, Result<Self, StartError>> {
        Box::pin(Self::begin(options))
    }

    async fn begin(options: Options) -> Result<Self, StartError> {
        refuse_what_is_not_here(&options.file.config, options.programs.here)?;
        let mut config = options.file.config;
        if let Some(driver) = options.reach.tunnel {
            tunnels::through(&mut config, driver).map_err(StartError::Gateway)?;
        }
        let config = Arc::new(config);
        let (sockets, api_socket) = Sockets::bind_api(&config, options.home.port, options.home.ephemeral_ports).await?;
        let bound = sockets.bind_listeners(&config, &[]).await?;
        let door = match options.home.aws_port {
            Some(port) => Some(address::loopback(port).await?),
            None => None,
        };
        let tls = match &config.controller.tls {
            Some(Tls { cert, key }) => Some(socket::tls::read(cert, key).await.map_err(StartError::Tls)?),
            None => None,
        };
        let local = |port| bound.sockets.local(&config, port);
        let planned = match options.reach.without_gateways {
            true => Vec::new(),
            false => tunnels::plan(&config, &options.file.env, local, &options.reach.gateways)
                .map_err(StartError::Gateway)?,
        };
        let gateways = Box::pin(Gateways::open(planned, &options.reach.gateways)).await.map_err(StartError::Gateway)?;
        let public_urls = by_port(&gateways.current());
        let aws = Aws::open(AwsOptions {
            data: options.home.data.clone(),
            queues: vec![
                QueueOptions {
                    name: QUEUE.to_owned(),
                    visibility_timeout: VISIBILITY,
                    // Failures that were asked for are nobody's fault.
                    max_receive_count: if options.faults.is_some() { worker::RECEIVES } else { CALL_RECEIVES },
                },
                QueueOptions {
                    name: PROGRAMS.to_owned(),
                    visibility_timeout: options.programs.lease,
                    max_receive_count: worker::RECEIVES,
                },
            ],
            faults: options.faults,
            time_scale: options.pace.time_scale,
            ..AwsOptions::in_memory("ringback")
        })?;
        let (token, token_is_new) = token::load(options.home.data.as_deref())?;
        let keys = match options.home.keys {
            Some(keys) => keys,
            None => key::load(options.home.data.as_deref(), aws.table_was_empty())?,
        };
        let guard = Guard::allowing(config.delivery.allow_private.iter().copied());
        let mut settings = options.settings;
        settings.queue_url = aws.queue_url(QUEUE);
        settings.programs_queue_url = aws.queue_url(PROGRAMS);
        settings.token_digests.push(token::digest(&token));
        let addresses = switch::Addresses {
            public: &options.reach.public,
            asked_for: options.reach.tunnel.is_some(),
            sockets: &bound.sockets,
            public_urls: &public_urls,
        };
        let keys = Arc::new(keys);
        let surroundings = switch::surroundings(&config, options.file.env, &addresses, Some(&keys));
        let sender = Sender::new(settings.max_response, guard)?;
        let outside = Outside {
            functions: options.file.functions,
            environment: options.environment,
            clock: options.clock,
            ..Outside::through(aws.dynamodb(), aws.sqs(), settings, sender, Some(keys))
        };
        let mut app = App::new(outside, config, surroundings)?;
        // The queue holds back what a lane may not have yet, so what has come from it may stand in line. A message that comes
        // twice stands there twice.
        app.lanes = Lanes::with_line(2 * WIDEST);
        let definition = match &options.file.text {
            Some(text) => app.keep_definition(text, false).await?,
            None => None,
        };
        let app = app.with_definition(definition);
        app.refile_once().await;
        let retired = retired::read(&app).await?;
        let mut bound = bound;
        let listeners = retired::listeners(&retired, &app.config);
        let older = bound.sockets.bind_listeners(&app.config, &listeners).await?;
        bound.sockets = older.sockets;
        bound.new.extend(older.new);
        let stopping = CancellationToken::new();
        let api = bound.sockets.api_url(tls.is_some());
        let shared = Shared::new(options.limits);
        let place = Place {
            without_gateways: options.reach.without_gateways,
            tunnel: options.reach.tunnel,
            programs: options.programs.here.then_some((options.programs.concurrency, options.programs.lease)),
            programs_clock: options.programs.clock.unwrap_or_else(|| app.clock.clone()),
            shared: shared.clone(),
            public: options.reach.public,
        };
        let switch = Switch::start(app, retired, bound, aws.clone(), place, public_urls, stopping.clone());
        let mut running = loops::start(&aws, switch.current(), &stopping, options.pace);
        running.spawn(loops::let_go(switch.clone(), stopping.clone()));
        running.spawn(retired::tell(switch.current().app(), listeners, stopping.clone()));
        switch.start_worker().await;
        let mut servers = vec![Server::start(api_socket, tls, switch.current().behind(Door::Api), &shared)];
        let mut aws_url = None;
        if let Some((socket, url)) = door {
            servers.push(Server::start(socket, None, aws.router(token::digest(&token)), &shared));
            aws_url = Some(url);
        }
        let listeners = switch.listeners().await;
        running.spawn(follow(switch.clone(), gateways.watch(), stopping.clone()));
        for gateway in &switch.current().app().config.gateways {
            if !options.reach.without_gateways && !gateway.on_url.is_empty() {
                let (urls, options) = (gateways.watch(), options.reach.gateways.clone());
                running.spawn(tunnels::announce(gateway.clone(), urls, options, stopping.clone()));
            }
        }
        Ok(Self {
            api,
            token,
            token_is_new,
            aws_url,
            listeners,
            aws,
            switch,
            gateways,
            stopping,
            servers,
            loops: running,
        })
    }

    /// Where the internet reaches which port, now and whenever that changes.
    pub fn public_urls(&self) -> watch::Receiver<Arc<Vec<PublicUrl>>> {
        self.gateways.watch()
    }

    /// What its handlers are given now.
    pub fn app(&self) -> Arc<App> {
        self.switch.current().app()
    }

    /// What puts another app in charge, for whoever watches for reasons to.
    pub fn switch(&self) -> &Switch {
        &self.switch
    }

    /// Stops taking requests, lets what is under way finish, and stops.
    pub fn stop(self) -> BoxFuture<'static, ()> {
        Box::pin(self.end())
    }

    async fn end(mut self) {
        for server in &self.servers {
            server.stop(DRAIN);
        }
        self.switch.close().await;
        self.stopping.cancel();
        let all = async {
            for server in self.servers.drain(..) {
                server.stopped().await;
            }
            self.switch.closed().await;
            while self.loops.join_next().await.is_some() {}
        };
        // What is cut off here is told by the table, and done at the next start.
        let _ = tokio::time::timeout(DRAIN, all).await;
        self.loops.abort_all();
        // Only now: answers to what came through a tunnel go back through it.
        self.gateways.close().await;
        if let Err(error) = self.aws.stream().forget_finished() {
            tracing::warn!(%error, "finished records stay in the stream, and are relayed again");
        }
    }
}

/// Runs that go on from now on see the new URLs.
async fn follow(switch: Switch, mut urls: watch::Receiver<Arc<Vec<PublicUrl>>>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            changed = urls.changed() => if changed.is_err() { return },
        }
        let urls = by_port(&urls.borrow_and_update());
        switch.set_gateways(urls).await;
    }
}

/// Of several gateways to one port, the file's first counts.
pub fn by_port(urls: &[PublicUrl]) -> BTreeMap<u16, String> {
    urls.iter().rev().map(|entry| (entry.port, entry.public_url.clone())).collect()
}

fn refuse_what_is_not_here(config: &Config, programs: bool) -> Result<(), StartError> {
    if programs {
        worker::check(config).map_err(StartError::Unsupported)?;
    }
    let docker = |what: &str, id: &str| {
        let text =
            format!("the {what} `{id}` asks for `runtime: docker`, and no Docker engine answers here: use `native`");
        Err(StartError::Unsupported(text))
    };
    for listener in &config.listeners {
        if listener.runtime == Runtime::Docker {
            return docker("listener", &listener.id);
        }
    }
    Ok(())
}

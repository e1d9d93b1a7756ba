//! One replica over a real AWS, or what speaks like it: the handlers in this process, the table and the queues elsewhere.
//!
//! ```text
//!  listeners, API ── routers of trigger, callback, api ──► table
//!  its stream ── one replica at a time: relay ──► queue ── each replica: deliver ──► outside services
//!  ticking clock ── each replica: sweep
//! ```
//!
//! **Guarantees.** Any number of replicas may run, beside the functions in Lambda too: all that they do to the table are
//! conditional writes, and whatever two of them do at once is done twice at the worst. Messages are shared by the queue.
//! The stream is relayed by whoever has the [lease](lease); another takes it over when that one dies. Nothing is kept on
//! disk. Stopping lets what is under way finish, for [`DRAIN`](super::DRAIN) at most, and gives the rest back to the queue.

mod lease;
mod poller;
mod provision;
mod record;
mod stream;

pub use provision::{Names, Places, provision};

use super::address::Sockets;
use super::current::{Current, Door};
use super::rounds::round;
use super::routers::{self, serving};
use super::{DRAIN, ListenerAddress, StartError, loops, retired};
use application::app::{App, Outside};
use aws_config::SdkConfig;
use domain::address::Guard;
use domain::config::{Config, Tls};
use domain::run::Surroundings;
use futures_util::future::BoxFuture;
use platform::environment::Environment;
use platform::functions::Functions;
use platform::secret::KeyRing;
use platform::sender::Sender;
use platform::settings::Settings;
use platform::signed::Signed;
use platform::store::StoreError;
use poller::Poller;
use serde_json::{Map, Value};
use socket::{Limits, Server, Shared};
use std::sync::Arc;
use std::time::Duration;
use stream::Relaying;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What to start.
pub struct CloudOptions {
    /// The file.
    pub config: Config,
    /// Its text, to be kept for the runs that follow it.
    pub text: String,
    /// What its templates see as `env`.
    pub env: Map<String, Value>,
    /// The account, or what stands in for it.
    pub aws: SdkConfig,
    /// The table, the queues, and who may use the API.
    pub settings: Settings,
    /// The keys of secrets; the same for all replicas and functions.
    pub keys: KeyRing,
    /// The API's port instead of the file's; 0 picks a free one.
    pub port: Option<u16>,
    /// Every port is a free one, whatever the file says.
    pub ephemeral_ports: bool,
    /// How callers reach every port, without a path; `controller.public_url`, else the local address, where absent.
    pub public_url: Option<String>,
    /// The variables of this process.
    pub environment: Environment,
    /// Messages handled at once.
    pub concurrency: usize,
    /// Programs at once, and how long a claim on one lasts unless it is prolonged; absent where they are left to workers.
    pub programs: Option<(usize, Duration)>,
    /// Whether to relay the table's stream; else a function in Lambda does.
    pub stream: bool,
    /// How often the timers are looked at.
    pub sweep_every: Duration,
    /// How much time and room callers may take.
    pub limits: Limits,
}

/// Why a replica can't start.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// As everywhere.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The table.
    #[error("the table `{table}` can't be used: {source}; `--create` makes one that is missing")]
    Table {
        /// Its name.
        table: String,
        /// Why not.
        source: StoreError,
    },
    /// The table has no stream, or it may not be read.
    #[error(
        "the stream of the table `{table}` can't be read: {why}; `--no-stream` leaves it to the functions in Lambda"
    )]
    Stream {
        /// The table.
        table: String,
        /// In words.
        why: String,
    },
}

/// A running replica.
pub struct Cloud {
    /// The API's URL, without a path.
    pub api: String,
    /// The listeners, in the file's order.
    pub listeners: Vec<ListenerAddress>,
    stopping: CancellationToken,
    servers: Vec<Server>,
    loops: JoinSet<()>,
}

impl Cloud {
    /// Starts it. Once this returns, every address answers.
    ///
    /// # Errors
    /// In words, for what can't be had; the table and the queues are as they were.
    pub fn start(options: CloudOptions) -> BoxFuture<'static, Result<Self, CloudError>> {
        Box::pin(Self::begin(options))
    }

    async fn begin(options: CloudOptions) -> Result<Self, CloudError> {
        let config = Arc::new(options.config);
        // No tunnels: whoever runs replicas has an address for them.
        super::refuse_what_is_not_here(&config, options.programs.is_some())?;
        let (sockets, api_socket) = Sockets::bind_api(&config, options.port, options.ephemeral_ports).await?;
        let mut bound = sockets.bind_listeners(&config, &[]).await?;
        let tls = match &config.controller.tls {
            Some(Tls { cert, key }) => Some(socket::tls::read(cert, key).await.map_err(StartError::Tls)?),
            None => None,
        };
        let (settings, public_url) = (options.settings, options.public_url);
        let public_url = public_url.or_else(|| config.controller.public_url.clone());
        let url_of_port = |port| public_url.clone().or_else(|| bound.sockets.url_of_port(&config, port));
        let surroundings = Surroundings::of(&config, options.env, url_of_port);
        let surroundings = surroundings.with_capabilities(&config, options.keys.derive("callback tokens"));
        let (dynamodb, sqs) = (aws_sdk_dynamodb::Client::new(&options.aws), aws_sdk_sqs::Client::new(&options.aws));
        let guard = Guard::allowing(config.delivery.allow_private.iter().copied());
        let table = settings.table.clone();
        let sender = Sender::new(settings.max_response, guard).map_err(StartError::from)?;
        let outside = Outside {
            functions: Some(Functions::new(Signed::new(options.aws.clone()), settings.max_response)),
            environment: options.environment,
            ..Outside::through(dynamodb.clone(), sqs.clone(), settings, sender, Some(Arc::new(options.keys)))
        };
        // Said now, rather than by every request.
        let unavailable = |source| CloudError::Table { table: table.clone(), source };
        outside.store.ready().await.map_err(unavailable)?;
        let relaying = match options.stream {
            false => None,
            true => {
                Some(Relaying::open(&options.aws, dynamodb, &table, hex::encode(outside.chance.bytes::<8>())).await?)
            }
        };
        let app = App::new(outside, config.clone(), surroundings).map_err(StartError::from)?;
        let definition = app.keep_definition(&options.text, true).await.map_err(unavailable)?;
        let app = app.with_definition(definition);
        app.refile_once().await;
        // Runs may still wait at routes that only an older file has.
        let retired = retired::read(&app).await.map_err(unavailable)?;
        let gone = retired::listeners(&retired, &config);
        let older = bound.sockets.bind_listeners(&config, &gone).await?;
        bound.sockets = older.sockets;
        bound.new.extend(older.new);
        let queue_url = app.settings.queue_url.clone();
        let programs_queue_url = app.settings.programs_queue_url.clone();
        let has_programs = config.programs.values().any(|program| program.command().is_some());
        let current = Current::new(serving(Arc::new(app), &retired, &mut routers::Limits::default()));
        let stopping = CancellationToken::new();
        let mut running = JoinSet::new();
        running.spawn(retired::tell(current.app(), gone, stopping.clone()));
        if let Some(relaying) = relaying {
            running.spawn(relaying.run(current.clone(), stopping.clone()));
        }
        let poller = Poller::new(sqs.clone(), queue_url, options.concurrency);
        let delivering = current.clone();
        let deliver = move |body, received| {
            let handled = deliver::handle(delivering.app(), body, received);
            async move { handled.await.map_err(|error| error.to_string()) }
        };
        running.spawn(poller.run(deliver, stopping.clone()));
        running.spawn(sweep(current.clone(), stopping.clone(), options.sweep_every));
        if let Some((concurrency, lease)) = options.programs
            && !programs_queue_url.is_empty()
            && (has_programs || current.app().settings.runtime_programs)
        {
            let worker =
                loops::worker_of((sqs, programs_queue_url), &current, concurrency, lease, current.app().clock.clone());
            running.spawn(worker.work(stopping.clone()));
        }
        let api = bound.sockets.api_url(tls.is_some());
        let listeners = bound.sockets.listener_urls(&config);
        let shared = Shared::new(options.limits);
        let mut servers = vec![Server::start(api_socket, tls, current.behind(Door::Api), &shared)];
        for (port, socket) in bound.new {
            servers.push(Server::start(socket, None, current.behind(Door::Listeners(port)), &shared));
        }
        Ok(Self { api, listeners, stopping, servers, loops: running })
    }

    /// Stops taking requests and messages, lets what is under way finish, and stops.
    pub async fn stop(mut self) {
        for server in &self.servers {
            server.stop(DRAIN);
        }
        self.stopping.cancel();
        let all = async {
            for server in self.servers.drain(..) {
                server.stopped().await;
            }
            while self.loops.join_next().await.is_some() {}
        };
        // What is cut off here comes again: its message, or its record.
        let _ = tokio::time::timeout(DRAIN + GIVING_BACK, all).await;
        self.loops.abort_all();
    }
}

/// Sweeps from time to time. Replicas that do so at once repeat each other, which changes nothing.
async fn sweep(current: Current, stopping: CancellationToken, every: Duration) {
    let sweeper = ::sweep::Sweeper::default();
    while !stopping.is_cancelled() {
        let work = async {
            if let Err(error) = sweeper.sweep(&current.app()).await {
                tracing::error!(%error, "the timers could not be swept; they are tried again");
            }
        };
        Box::pin(round(work, every, &stopping)).await;
    }
}

/// What giving back takes after the drain.
const GIVING_BACK: Duration = Duration::from_secs(2);

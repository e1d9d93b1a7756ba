//! One running Ringback: the handlers of the six functions, wired as AWS would wire them.
//!
//! ```text
//!  listeners, API ── routers of trigger, callback, api ──► table
//!  stream mapping ── relay ──► queue mapping ── deliver ──► outside services
//!  ticking clock  ── sweep
//! ```
//!
//! All sockets are bound before the state is touched, and the instance is ready when they answer. Stopping lets what is
//! under way finish, for [`DRAIN`] at most; what is not finished by then is done by the next start.

mod address;
pub(crate) mod key;
mod token;

use crate::aws::fault::Faults;
use crate::aws::mapping::{Duplicates, QueueMapping, StreamMapping};
use crate::aws::{Aws, AwsOptions, OpenError, QueueOptions};
use crate::worker::{self, Catalogue, Worker, WorkerOptions};
use address::{Bound, Server};
use axum::Router;
use domain::address::Guard;
use domain::config::{Config, Gateway, Routes, Runtime, Tls};
use domain::run::Surroundings;
use jiff::{SignedDuration, Timestamp};
use platform::App;
use platform::clock::{Clock, SystemClock};
use platform::functions::Functions;
use platform::queue::Queue;
use platform::secret::KeyRing;
use platform::sender::Sender;
use platform::settings::Settings;
use platform::sources::{Sources, UnusableSource};
use platform::store::Store;
use serde::Serialize;
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::limit::GlobalConcurrencyLimitLayer;

/// How long stopping waits for what is under way.
pub const DRAIN: Duration = Duration::from_secs(5);

/// The queue of calls.
const QUEUE: &str = "calls";
/// The queue of programs.
pub(crate) const PROGRAMS: &str = "programs";
/// How often a message about a call may come before it is a dead letter.
const CALL_RECEIVES: u32 = 5;
/// How often a message about a program may come: each worker that dies, is full or has another file counts. SQS allows no
/// more (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html>).
const PROGRAM_RECEIVES: u32 = 1000;
/// Programs that run at once unless set.
const PROGRAMS_AT_ONCE: usize = 8;
/// How long programs may go on when everything stops: the rest of [`DRAIN`] is for ending them and giving them back.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often what has expired is removed; DynamoDB takes its time too, up to days
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html>).
const EXPIRE_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// Longer than a stretch of work may last, so that no message is handled twice while it is being handled.
const VISIBILITY: Duration = Duration::from_secs(15 * 60);

/// What to start.
pub struct Options {
    /// The file.
    pub config: Config,
    /// What its templates see as `env`.
    pub env: Map<String, Value>,
    /// The directory of the state; in memory where absent.
    pub data: Option<PathBuf>,
    /// The keys of secrets; kept beside the state where absent.
    pub keys: Option<KeyRing>,
    /// The API's port instead of the file's; 0 picks a free one.
    pub port: Option<u16>,
    /// Every port is a free one, whatever the file says.
    pub ephemeral_ports: bool,
    /// The file's gateways are not started: a gateway's public URL is the local listener's.
    pub without_gateways: bool,
    /// How messages come: tests have each come twice.
    pub duplicates: Duplicates,
    /// Messages handled at once.
    pub concurrency: usize,
    /// The port on which workers in other processes reach the table and the queues; 0 picks a free one.
    pub aws_port: Option<u16>,
    /// Programs are run here; else they are left to workers in other processes.
    pub programs: bool,
    /// Programs run at once.
    pub program_concurrency: usize,
    /// Functions in AWS Lambda.
    pub functions: Option<Functions>,
    /// How long a worker's claim on a program lasts unless it is prolonged.
    pub lease: Duration,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What time it is for programs run here, where that is not the same.
    pub programs_clock: Option<Arc<dyn Clock>>,
    /// How often the timers are looked at.
    pub sweep_every: Duration,
    /// Divides the queues' delays.
    pub time_scale: u32,
    /// Makes the AWS under it misbehave.
    pub faults: Option<Arc<dyn Faults>>,
    /// What an operator may set.
    pub settings: Settings,
}

/// Why it could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The file asks for what can't be had here.
    #[error("{0}")]
    Unsupported(String),
    /// A port can't be bound.
    #[error("{host}:{port} can't be used for {what}: {source}")]
    Bind {
        /// Interface.
        host: String,
        /// Port.
        port: u16,
        /// What was to listen there.
        what: String,
        /// Why not.
        source: std::io::Error,
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
    /// The listeners, in the file's order.
    pub listeners: Vec<ListenerAddress>,
    /// The AWS under it.
    pub aws: Aws,
    /// What its handlers are given.
    pub app: Arc<App>,
    stopping: CancellationToken,
    servers: Vec<Server>,
    loops: JoinSet<()>,
}

impl Options {
    /// As `emulator up` runs a file without further options, in memory.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            env: Map::new(),
            data: None,
            keys: None,
            port: None,
            ephemeral_ports: false,
            without_gateways: false,
            duplicates: Duplicates::None,
            concurrency: 256,
            aws_port: None,
            programs: true,
            program_concurrency: PROGRAMS_AT_ONCE,
            functions: None,
            lease: worker::LEASE,
            clock: Arc::new(SystemClock),
            programs_clock: None,
            sweep_every: Duration::from_secs(1),
            time_scale: 1,
            faults: None,
            settings: Settings { shards: 1, ..Settings::default() },
        }
    }
}

impl Instance {
    /// Starts it. Once this returns, every address answers.
    ///
    /// # Errors
    /// In words; nothing has been touched then, unless it is the state itself that can't be used.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        refuse_what_is_not_here(&options)?;
        let config = Arc::new(options.config);
        let bound = Bound::bind(&config, options.port, options.ephemeral_ports).await?;
        let door = match options.aws_port {
            Some(port) => Some(address::loopback(port).await?),
            None => None,
        };
        let tls = match &config.controller.tls {
            Some(Tls { cert, key }) => Some(address::tls(cert, key).await?),
            None => None,
        };
        let aws = Aws::open(AwsOptions {
            data: options.data.clone(),
            queues: vec![
                QueueOptions {
                    name: QUEUE.to_owned(),
                    visibility_timeout: VISIBILITY,
                    // Failures that were asked for are nobody's fault.
                    max_receive_count: if options.faults.is_some() { PROGRAM_RECEIVES } else { CALL_RECEIVES },
                },
                QueueOptions {
                    name: PROGRAMS.to_owned(),
                    visibility_timeout: options.lease,
                    max_receive_count: PROGRAM_RECEIVES,
                },
            ],
            faults: options.faults,
            time_scale: options.time_scale,
            ..AwsOptions::in_memory("ringback")
        })?;
        let (token, token_is_new) = token::load(options.data.as_deref())?;
        let keys = match options.keys {
            Some(keys) => keys,
            None => key::load(options.data.as_deref())?,
        };
        let guard = Guard::allowing(config.delivery.allow_private.iter().copied());
        let mut settings = options.settings;
        settings.queue_url = aws.queue_url(QUEUE);
        settings.programs_queue_url = aws.queue_url(PROGRAMS);
        settings.token_digests.push(token::digest(&token));
        let surroundings = Surroundings::of(&config, options.env, |port| bound.url_of_port(port));
        let keys = Arc::new(keys);
        let surroundings = surroundings.with_capabilities(&config, keys.derive("callback tokens"));
        let sources = Sources::new(&config, &surroundings.env, &keys)?;
        let app = Arc::new(App {
            chance: Default::default(),
            started_at: options.clock.now(),
            sources,
            directory: Default::default(),
            lanes: Default::default(),
            store: Store::new(aws.dynamodb(), settings.table.clone(), settings.shards, settings.retention),
            queue: Queue::new(aws.sqs(), settings.queue_url.clone(), settings.programs_queue_url.clone()),
            functions: options.functions,
            programs: platform::programs::overlay(),
            sender: Sender::new(settings.max_response, guard)?,
            surroundings,
            keys,
            clock: options.clock,
            settings,
            config: config.clone(),
        });
        let stopping = CancellationToken::new();
        let mut loops =
            start_loops(&aws, &app, &stopping, options.duplicates, options.concurrency, options.sweep_every);
        // Without programs nobody looks into their queue.
        let has_programs = config.programs.values().any(|program| program.command().is_some());
        if options.programs && (has_programs || app.settings.runtime_programs) {
            let clock = options.programs_clock.unwrap_or_else(|| app.clock.clone());
            let worker = in_process_worker(&aws, &app, options.program_concurrency, options.lease, clock);
            loops.spawn(worker.work(stopping.clone()));
        }
        let api = bound.api_url(tls.is_some());
        let listeners = bound.listener_urls(&config);
        let api_router = api::router(&app).merge(trigger::sources(&app).reset_fallback());
        let mut servers = vec![Server::start(bound.api, tls, api_router)];
        let mut aws_url = None;
        if let Some((socket, url)) = door {
            servers.push(Server::start(socket, None, aws.router(token::digest(&token))));
            aws_url = Some(url);
        }
        for (socket, listeners) in bound.listeners {
            servers.push(Server::start(socket, None, listener_router(&app, &config, &listeners)));
        }
        Ok(Self { api, token, token_is_new, aws_url, listeners, aws, app, stopping, servers, loops })
    }

    /// Stops taking requests, lets what is under way finish, and stops.
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
        // What is cut off here is told by the table, and done at the next start.
        let _ = tokio::time::timeout(DRAIN, all).await;
        self.loops.abort_all();
        if let Err(error) = self.aws.stream().forget_finished() {
            tracing::warn!(%error, "finished records stay in the stream, and are relayed again");
        }
    }
}

fn refuse_what_is_not_here(options: &Options) -> Result<(), StartError> {
    if options.programs {
        worker::check(&options.config).map_err(StartError::Unsupported)?;
    }
    let docker = |what: &str, id: &str| {
        let text =
            format!("the {what} `{id}` asks for `runtime: docker`, and no Docker engine answers here: use `native`");
        Err(StartError::Unsupported(text))
    };
    for listener in &options.config.listeners {
        if listener.runtime == Runtime::Docker {
            return docker("listener", &listener.id);
        }
    }
    match options.config.gateways.first() {
        Some(Gateway { id, ports, .. }) if !options.without_gateways => {
            let ports = ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let text = format!(
                "the file names the gateway `{id}` for port {ports}, and this version opens no tunnels: run it with \
                 `--tunnel none`, and the local address takes the place of the public one"
            );
            Err(StartError::Unsupported(text))
        }
        _ => Ok(()),
    }
}

/// One socket may serve several listeners of the file.
fn listener_router(app: &Arc<App>, config: &Config, ids: &[String]) -> Router {
    let mut merged: Option<Router> = None;
    for listener in config.listeners.iter().filter(|listener| ids.contains(&listener.id)) {
        let router = match listener.routes {
            Routes::Triggers(_) => trigger::router(app, [listener]),
            Routes::Callbacks(_) => callback::router(app, [listener]),
        };
        let router = match listener.max_concurrent_count {
            Some(limit) => router.layer(GlobalConcurrencyLimitLayer::new(limit.max(1) as usize)),
            None => router,
        };
        merged = Some(match merged {
            None => router,
            // Each has the same answer for what it doesn't know; only one can be kept.
            Some(before) => before.merge(router.reset_fallback()),
        });
    }
    merged.unwrap_or_default()
}

/// The worker of a gateway, which runs programs in the same process.
fn in_process_worker(
    aws: &Aws,
    app: &Arc<App>,
    concurrency: usize,
    lease: Duration,
    clock: Arc<dyn Clock>,
) -> Arc<Worker> {
    Worker::new(WorkerOptions {
        store: app.store.clone(),
        sqs: aws.sqs(),
        queue_url: app.settings.programs_queue_url.clone(),
        catalogue: Catalogue::Gateway(app.clone()),
        only: Vec::new(),
        env: app.surroundings.env.clone(),
        concurrency,
        lease,
        patience: PATIENCE,
        grace: PATIENCE,
        clock,
    })
}

fn start_loops(
    aws: &Aws,
    app: &Arc<App>,
    stopping: &CancellationToken,
    duplicates: Duplicates,
    concurrency: usize,
    sweep_every: Duration,
) -> JoinSet<()> {
    let mut loops = JoinSet::new();
    let (stream_aws, stream_app, stop) = (aws.clone(), app.clone(), stopping.clone());
    loops.spawn(async move {
        let relay = |records| relay::handle(stream_app.clone(), records);
        stream_aws.map_stream(StreamMapping::default(), stop, relay).await;
    });
    let (queue_aws, queue_app, stop) = (aws.clone(), app.clone(), stopping.clone());
    loops.spawn(async move {
        let mapping = QueueMapping { concurrency, duplicates };
        let deliver = move |message: aws_lambda_events::event::sqs::SqsMessage| {
            let received = platform::lambda::received(&message);
            deliver::handle(queue_app.clone(), message.body.unwrap_or_default(), received)
        };
        if let Err(error) = queue_aws.map_queue(QUEUE, mapping, stop, deliver).await {
            tracing::error!(%error, "the queue has no mapping");
        }
    });
    let (aws, app, stop) = (aws.clone(), app.clone(), stopping.clone());
    loops.spawn(async move {
        let sweeper = sweep::Sweeper::default();
        let mut expired_at = Timestamp::UNIX_EPOCH;
        loop {
            if let Err(error) = sweeper.sweep(&app).await {
                tracing::error!(%error, "the timers could not be swept; they are tried again");
            }
            let now = app.now();
            if now.duration_since(expired_at) >= EXPIRE_EVERY {
                expired_at = now;
                if let Err(error) = aws.sweep_ttl(now.into()) {
                    tracing::error!(%error, "what has expired could not be removed; it is tried again");
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(sweep_every) => {}
            }
        }
    });
    loops
}

use super::{Failure, file, output};
use crate::command::up::asked_to_stop;
use clap::Args;
use domain::redact::KnownSecrets;
use platform::clock::SystemClock;
use platform::environment::Environment;
use platform::settings::Settings;
use platform::signed::Signed;
use platform::store::Store;
use platform::telemetry::{self, LevelFilter};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use worker::{Catalogue, Worker, WorkerOptions};

/// Runs programs for a gateway elsewhere.
#[derive(Debug, Args)]
#[command(
    after_help = "It needs AWS credentials and a region, as the AWS CLI does. For a gateway on the same machine: start that
with `--aws-port N`, and this with AWS_ENDPOINT_URL=http://127.0.0.1:N, AWS_REGION=local, AWS_ACCESS_KEY_ID=<the API's
token> and any AWS_SECRET_ACCESS_KEY. It needs the gateway's key, RINGBACK_KEY or
RINGBACK_KEY_PARAMETER, for programs whose input has fields with secret names. SIGTERM and Ctrl-C let programs go on for --patience; what still runs then is ended
and given back to the queue. What a worker that is killed was running is run again, when its lease is over."
)]
pub struct Work {
    /// The file, of which only the programs are used; those that are not in it are left to other workers.
    #[arg(short, long, default_value = "ringback.yml")]
    file: PathBuf,
    /// The queue of programs; `RINGBACK_PROGRAMS_QUEUE_URL` where absent.
    #[arg(long)]
    queue_url: Option<String>,
    /// The table; `RINGBACK_TABLE` where absent.
    #[arg(long)]
    table: Option<String>,
    /// Programs at once.
    #[arg(long, default_value_t = 8)]
    concurrency: usize,
    /// Only these programs, separated by commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How long a claim lasts unless it is prolonged, at least 1s: after so long another worker runs what a dead one
    /// had. The clocks of all workers must agree to within a fraction of it.
    #[arg(long, value_parser = duration, default_value = "60s")]
    lease: Duration,
    /// How long programs may go on when it is asked to stop.
    #[arg(long, value_parser = duration, default_value = "30s")]
    patience: Duration,
    /// Run programs that the API has defined too: whoever holds the gateway's token then runs commands on this machine.
    #[arg(long)]
    allow_runtime_programs: bool,
    /// Print one JSON line when it begins, and the log as JSON.
    #[arg(long)]
    json: bool,
}

impl Work {
    pub(crate) async fn run(self, environment: &Environment) -> Result<(), Failure> {
        telemetry::start(environment, self.json, LevelFilter::INFO);
        let read = file::read(&self.file, environment)?;
        let env = Value::Object(read.env());
        let Some(config) = read.loaded.config.clone() else {
            read.print_diagnostics();
            return Err(format!("{}: not started, see above", self.file.display()).into());
        };
        worker::check(&config)?;
        let unknown = self.only.iter().find(|name| !config.programs.contains_key(*name));
        if let Some(name) = unknown.filter(|_| !self.allow_runtime_programs) {
            return Err(format!("{} has no program `{name}`", self.file.display()).into());
        }
        let queue_url = self.queue_url.or_else(|| environment.text("RINGBACK_PROGRAMS_QUEUE_URL"));
        let queue_url = queue_url.ok_or("no queue: give --queue-url, or set RINGBACK_PROGRAMS_QUEUE_URL")?;
        let table = self
            .table
            .or_else(|| environment.text("RINGBACK_TABLE"))
            .ok_or("no table: give --table, or set RINGBACK_TABLE")?;
        let aws = platform::aws_settings().load().await;
        if aws.region().is_none() {
            return Err("no AWS region: set AWS_REGION".into());
        }
        let settings = Settings::default();
        let store = Store::new(aws_sdk_dynamodb::Client::new(&aws), table, settings.shards, settings.retention);
        // A worker needs the gateway's key only for programs whose input or environment holds secrets.
        let has_key = environment.text("RINGBACK_KEY").or_else(|| environment.text("RINGBACK_KEY_PARAMETER")).is_some();
        let store = if has_key {
            let keys = platform::environment::keys(environment, &Signed::new(aws.clone()))
                .await
                .map_err(|error| error.to_string())?;
            store.sealing(Arc::new(keys), KnownSecrets::of(&config, &read.env()))
        } else {
            store
        };
        // Said now, rather than by every message.
        store.ready().await?;
        let overlay = self.allow_runtime_programs.then(application::programs::overlay);
        let worker = Worker::new(WorkerOptions {
            environment: environment.clone(),
            catalogue: Catalogue::File { config: Arc::new(config), env, overlay, store: store.clone() },
            store,
            has_keys: has_key,
            sqs: aws_sdk_sqs::Client::new(&aws),
            queue_url,
            only: self.only,
            concurrency: self.concurrency,
            lease: self.lease.max(Duration::from_secs(1)),
            patience: self.patience,
            grace: worker::GRACE,
            clock: Arc::new(SystemClock),
        });
        if self.json {
            let _ = output::say(json!({"ready": true}));
        } else {
            let _ = output::say("Working. Ctrl-C stops it.");
        }
        let stopping = CancellationToken::new();
        let stop = async {
            let asked = asked_to_stop().await;
            stopping.cancel();
            asked
        };
        let (asked, ()) = tokio::join!(stop, worker.work(stopping.clone()));
        Ok(asked?)
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    domain::config::duration::parse(text)
}

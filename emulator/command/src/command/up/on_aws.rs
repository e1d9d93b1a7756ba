//! `emulator up --aws`: the same handlers over a real account, or what speaks like one.

use super::{Up, asked_to_stop};
use crate::command::{Failure, file, output};
use aws_config::SdkConfig;
use clap::Args;
use domain::config::{Code, Config};
use instance::Public;
use instance::cloud::{Cloud, CloudOptions, Names, provision};
use platform::environment::Environment;
use platform::settings::Settings;
use platform::signed::Signed;
use platform::telemetry::{self, LevelFilter};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// What concerns `--aws` alone.
#[derive(Debug, Args)]
#[command(next_help_heading = "With --aws")]
pub(super) struct OnAws {
    /// Use the table and the queues of an AWS account, or of what speaks like one, as the environment says
    /// (`AWS_ENDPOINT_URL`, `AWS_REGION`, credentials). Any number of replicas may run, beside the functions too. The API's
    /// token is `RINGBACK_API_TOKEN`, or its SHA-256 is `RINGBACK_TOKEN_SHA256`; the keys of secrets are `RINGBACK_KEY`,
    /// or in the SSM parameter that `RINGBACK_KEY_PARAMETER` names.
    #[arg(long, conflicts_with_all = ["data", "aws_port"])]
    pub(super) aws: bool,
    /// The table; `RINGBACK_TABLE` where absent.
    #[arg(long, requires = "aws")]
    table: Option<String>,
    /// The queue of calls; `RINGBACK_QUEUE_URL` where absent.
    #[arg(long, requires = "aws", value_name = "URL")]
    queue_url: Option<String>,
    /// The queue of programs; `RINGBACK_PROGRAMS_QUEUE_URL` where absent.
    #[arg(long, requires = "aws", value_name = "URL")]
    programs_queue_url: Option<String>,
    /// Where AWS is, instead of `AWS_ENDPOINT_URL`.
    #[arg(long, requires = "aws", value_name = "URL")]
    endpoint_url: Option<String>,
    /// Make the table (`ringback` unless --table says otherwise), and the queues `<table>-calls` and `<table>-programs` with
    /// their dead letters', where they are missing.
    #[arg(long, requires = "aws", conflicts_with_all = ["queue_url", "programs_queue_url"])]
    create: bool,
    /// Leave the table's stream to the function in Lambda. Otherwise one replica relays it, and another takes over when that
    /// dies.
    #[arg(long, requires = "aws")]
    no_stream: bool,
    /// The interface for all sockets instead of the file's: 0.0.0.0 in a container.
    #[arg(long, requires = "aws", value_name = "ADDRESS")]
    host: Option<String>,
    /// Messages that are handled at once.
    #[arg(long, requires = "aws", default_value_t = 256, value_name = "MESSAGES")]
    concurrency: usize,
    /// How often deadlines and late retries are looked for.
    #[arg(long, requires = "aws", default_value = "10s", value_parser = domain::config::duration::parse)]
    sweep_every: Duration,
}

impl Up {
    pub(super) async fn run_on_aws(self, environment: &Environment) -> Result<(), Failure> {
        telemetry::start(environment, self.json, LevelFilter::INFO);
        let mut read = file::read(&self.file, environment)?;
        if environment.text("RINGBACK_ENV_PATH").is_some() {
            // What isn't in the environment may be among the parameters.
            read.diagnostics.retain(|diagnostic| diagnostic.code != Code::UnsetEnv);
        }
        read.print_diagnostics();
        let refused = read.stopped_by();
        let mut config = match read.loaded.config.clone() {
            Some(config) if refused.is_none() => config,
            _ => return Err(super::not_started(&self.file, refused).into()),
        };
        if let Some(host) = &self.on_aws.host {
            config.controller.host.clone_from(host);
            config.listeners.iter_mut().for_each(|listener| listener.host.clone_from(host));
        }
        // Before anything is asked of anybody.
        let token = token_digest(environment)?;
        let aws = self.on_aws.account().await?;
        let mut settings = self.on_aws.settings(environment, &aws).await?;
        settings.token_digests.extend(token);
        settings.runtime_programs |= self.allow_runtime_programs;
        let programs = !self.no_programs;
        refuse_programs_without_a_queue(&config, &settings)?;
        let signed = Signed::new(aws.clone());
        let keys = platform::environment::keys(environment, &signed).await?;
        let path = environment.get("RINGBACK_ENV_PATH");
        let env = platform::environment::of_file(environment, &signed, &read.loaded.env, path).await?;
        let Public { option, variable } = self.public(environment)?;
        let up = format!("Up, over the table {}.\n\n", settings.table);
        let ready = json!({
            "table": settings.table,
            "queue_url": settings.queue_url,
            "programs_queue_url": settings.programs_queue_url,
        });
        let cloud = Cloud::start(CloudOptions {
            environment: environment.clone(),
            config,
            text: read.text().to_owned(),
            env,
            aws,
            settings,
            keys,
            port: self.port,
            ephemeral_ports: self.ephemeral_ports,
            public_url: option.or(variable),
            concurrency: self.on_aws.concurrency,
            programs: programs.then_some((super::PROGRAMS_AT_ONCE, worker::LEASE)),
            stream: !self.on_aws.no_stream,
            sweep_every: self.on_aws.sweep_every,
            limits: self.callers.limits(),
        })
        .await?;
        let _ = if self.json {
            let mut line = json!({"ready": true, "api": cloud.api, "listeners": cloud.listeners});
            if let (Some(line), Some(ready)) = (line.as_object_mut(), ready.as_object()) {
                line.extend(ready.clone());
            }
            output::say(line)
        } else {
            let lines = cloud.listeners.iter().map(|listener| format!("  {}  {}\n", listener.id, listener.url));
            output::print(format_args!("{up}  API  {}\n{}", cloud.api, lines.collect::<String>()))
        };
        asked_to_stop().await?;
        super::stopped(cloud.stop(), asked_to_stop(), |text| output::complain(text)).await
    }
}

impl OnAws {
    async fn account(&self) -> Result<SdkConfig, Failure> {
        let mut loading = platform::aws_settings();
        if let Some(url) = &self.endpoint_url {
            loading = loading.endpoint_url(url);
        }
        let aws = loading.load().await;
        if aws.region().is_none() {
            return Err("no AWS region: set AWS_REGION".into());
        }
        Ok(aws)
    }

    async fn settings(&self, environment: &Environment, aws: &SdkConfig) -> Result<Settings, Failure> {
        let table = self.table.clone().or_else(|| environment.text("RINGBACK_TABLE"));
        let queue_url = self.queue_url.clone().or_else(|| environment.text("RINGBACK_QUEUE_URL"));
        if !self.create {
            let how = "; --create makes what is missing";
            let table = table.ok_or_else(|| format!("no table: give --table, or set RINGBACK_TABLE{how}"))?;
            let queue_url =
                queue_url.ok_or_else(|| format!("no queue: give --queue-url, or set RINGBACK_QUEUE_URL{how}"))?;
            let mut settings = Settings::read_for(environment, table, queue_url)?;
            if let Some(url) = &self.programs_queue_url {
                settings.programs_queue_url.clone_from(url);
            }
            return Ok(settings);
        }
        if queue_url.is_some() || environment.text("RINGBACK_PROGRAMS_QUEUE_URL").is_some() {
            let text =
                "--create makes queues named after the table: unset RINGBACK_QUEUE_URL and RINGBACK_PROGRAMS_QUEUE_URL";
            return Err(text.into());
        }
        let names = Names::of(table.as_deref().unwrap_or("ringback"));
        let places = provision(aws, &names).await?;
        let mut settings = Settings::read_for(environment, names.table, places.queue_url)?;
        settings.programs_queue_url = places.programs_queue_url;
        Ok(settings)
    }
}

/// SHA-256 of the token, unless the environment has that itself.
fn token_digest(environment: &Environment) -> Result<Option<[u8; 32]>, Failure> {
    match environment.text("RINGBACK_API_TOKEN") {
        Some(token) => Ok(Some(Sha256::digest(token.trim()).into())),
        None if environment.text("RINGBACK_TOKEN_SHA256").is_some() => Ok(None),
        None => Err("no API token: set RINGBACK_API_TOKEN to the token, or RINGBACK_TOKEN_SHA256 to its SHA-256. \
                     Replicas and functions share one; `openssl rand -hex 32` makes one"
            .into()),
    }
}

fn refuse_programs_without_a_queue(config: &Config, settings: &Settings) -> Result<(), Failure> {
    let has_programs = config.programs.values().any(|program| program.command().is_some());
    if (has_programs || settings.runtime_programs) && settings.programs_queue_url.is_empty() {
        let text = "the file has programs, and there is no queue for them: give --programs-queue-url, or set \
                    RINGBACK_PROGRAMS_QUEUE_URL";
        return Err(text.into());
    }
    Ok(())
}

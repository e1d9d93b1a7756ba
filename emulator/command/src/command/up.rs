mod addresses;
mod callers;
mod on_aws;

use super::reload::{self, Reloading, Stamp};
use super::{Failure, conditions::Conditions, file, output};
use addresses::{Address, addresses, local_lines, public_lines};
use clap::{Args, ValueEnum};
use instance::{DRAIN, Home, Instance, NewFile, Options, PROGRAMS_AT_ONCE, Public, by_port, parse_public_url};
use platform::environment::Environment;
use platform::secret::KeyRing;
use platform::telemetry::{self, LevelFilter};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tunnels::PublicUrl;

/// What stops sooner has nothing to wait for, as far as people see.
const AT_ONCE: Duration = Duration::from_millis(100);

/// Starts everything.
#[derive(Debug, Args)]
#[command(
    after_help = "The state is on disk before any request is answered: kill it at any moment, start it again, and it
goes on. A changed file is taken over at once, or on SIGHUP; runs that have begun go on by the file that they began with.
SIGTERM and Ctrl-C let what is under way finish, for 5 s at most; a second one stops at once."
)]
pub struct Up {
    /// The file.
    #[arg(short, long, default_value = "ringback.yml")]
    file: PathBuf,
    /// The directory of the state, of the API token, and of the key of secrets unless it is in `RINGBACK_KEY`.
    #[arg(long, default_value = ".ringback")]
    data: PathBuf,
    /// The API's port instead of the file's; 0 picks a free one.
    #[arg(long)]
    port: Option<u16>,
    /// Free ports for everything, whatever the file says.
    #[arg(long)]
    ephemeral_ports: bool,
    /// How the internet reaches the listeners; without it, as the file says.
    #[arg(long, value_enum)]
    tunnel: Option<Tunnel>,
    /// Scheme and host by which the internet reaches every port: `https://hooks.example.com`. Without it, the address of
    /// `--tunnel`, `RINGBACK_PUBLIC_URL`, the file's `controller.public_url`, its gateways, or the local address.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Serve the table and the queues to `emulator work` on this port of the loopback interface; 0 picks a free one. It
    /// asks for the API's token as the access key id.
    #[arg(long)]
    aws_port: Option<u16>,
    /// Leave programs to `emulator work`.
    #[arg(long)]
    no_programs: bool,
    /// Let the API define programs: whoever holds its token then runs commands on this machine.
    #[arg(long)]
    allow_runtime_programs: bool,
    /// Don't watch the file. SIGHUP has it taken over all the same.
    #[arg(long)]
    no_reload: bool,
    #[command(flatten)]
    conditions: Conditions,
    /// Print one JSON line when everything listens and one whenever the file has changed, and the log as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    callers: callers::Callers,
    #[command(flatten)]
    on_aws: on_aws::OnAws,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Tunnel {
    /// Not at all: the local address takes the place of the public one.
    None,
    /// Through Cloudflare's program `cloudflared`, which needs no account: every gateway of the file, or, if it has none,
    /// every listener, that of the sources included.
    Cloudflare,
    /// The same through ngrok, with the token in `NGROK_AUTHTOKEN`.
    Ngrok,
}

impl Tunnel {
    fn driver(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Cloudflare => Some("cloudflare"),
            Self::Ngrok => Some("ngrok"),
        }
    }
}

impl Up {
    pub(crate) async fn run(self, environment: &Environment) -> Result<(), Failure> {
        if self.on_aws.aws {
            return Box::pin(self.run_on_aws(environment)).await;
        }
        telemetry::start(environment, self.json, LevelFilter::INFO);
        let stamp = Stamp::of(&self.file);
        let read = file::read(&self.file, environment)?;
        read.print_diagnostics();
        let refused = read.stopped_by();
        let (env, text) = (read.env(), Arc::<str>::from(read.text()));
        let config = match read.loaded.config {
            Some(config) if refused.is_none() => config,
            _ => return Err(not_started(&self.file, refused).into()),
        };
        let public = self.public(environment)?;
        let conditions = self.conditions.prepare(&self.data)?;
        let mut options = Options::new(config.clone(), environment);
        options.settings.runtime_programs = self.allow_runtime_programs;
        let max_response = options.settings.max_response;
        let functions = reload::functions(&config, self.allow_runtime_programs, max_response).await;
        options.file = NewFile { config: config.clone(), text: Some(text.clone()), env, functions };
        options.home = Home {
            data: Some(self.data.clone()),
            keys: keys(environment)?,
            port: self.port,
            ephemeral_ports: self.ephemeral_ports,
            aws_port: self.aws_port,
        };
        options.reach.without_gateways = matches!(self.tunnel, Some(Tunnel::None));
        options.reach.tunnel = self.tunnel.and_then(Tunnel::driver);
        options.reach.public = public.clone();
        options.reach.gateways.guard = std::env::current_exe().ok();
        options.programs.here = !self.no_programs;
        options.limits = self.callers.limits();
        conditions.apply(&mut options);
        let instance = Instance::start(options).await?;
        let mut public_urls = instance.public_urls();
        let gateways = public_urls.borrow_and_update().clone();
        let known = Known { public, asked_for: self.tunnel.and_then(Tunnel::driver).is_some() };
        let all = known.addresses(&instance, &gateways).await;
        if self.json {
            let mut line = json!({"ready": true, "api": instance.api, "token": instance.token, "listeners": instance.listeners,
                "gateways": *gateways, "addresses": all});
            if let (Some(url), Value::Object(line)) = (&instance.aws_url, &mut line) {
                line.insert("aws".to_owned(), json!(url));
                line.insert("queue_url".to_owned(), json!(instance.app().settings.queue_url));
                line.insert("programs_queue_url".to_owned(), json!(instance.app().settings.programs_queue_url));
                line.insert("table".to_owned(), json!(instance.app().settings.table));
            }
            if let Value::Object(line) = &mut line {
                line.extend(conditions.shown());
            }
            let _ = output::say(line);
        } else {
            let _ = output::print(banner(&instance, &gateways, &all, &self.data)?);
            let _ = output::print(conditions.banner());
        }
        let reloading = Reloading {
            environment: environment.clone(),
            path: self.file,
            stamp,
            text,
            refused: false,
            watches: !self.no_reload,
            json: self.json,
            runtime_programs: self.allow_runtime_programs,
        };
        tokio::select! {
            asked = reloading.until(&instance, asked_to_stop()) => asked?,
            never = tell_of_new_urls(&instance, &known, public_urls, self.json) => match never {},
        }
        stopped(instance.stop(), asked_to_stop(), |text| output::complain(text)).await
    }
}

/// Stops, for as long as that may take, or until somebody asks again. Says so, unless it is done at once.
async fn stopped(
    stopping: impl Future<Output = ()>,
    again: impl Future<Output = std::io::Result<()>>,
    mut tell: impl FnMut(&str),
) -> Result<(), Failure> {
    tokio::pin!(stopping, again);
    let mut told = false;
    loop {
        tokio::select! {
            () = &mut stopping => return Ok(()),
            asked = &mut again => {
                asked?;
                return Err("stopped at once; what was under way is done by the next start".into());
            }
            () = tokio::time::sleep(AT_ONCE), if !told => {
                told = true;
                let most = DRAIN.as_secs();
                tell(&format!("stopping: waiting up to {most} s for what is under way; Ctrl-C again to stop now"));
            }
        }
    }
}

/// What is said of a file that can't be started; where it is wrong has been shown.
fn not_started(file: &Path, refused: Option<String>) -> String {
    format!("{}: not started: {}", file.display(), reload::stopped_by(refused))
}

/// The keys of secrets, where the environment has them; else they are kept beside the state.
fn keys(environment: &Environment) -> Result<Option<KeyRing>, Failure> {
    let Some(text) = environment.get("RINGBACK_KEY") else { return Ok(None) };
    Ok(Some(KeyRing::parse(text).map_err(|error| format!("RINGBACK_KEY: {error}"))?))
}

impl Up {
    fn public(&self, environment: &Environment) -> Result<Public, Failure> {
        let option = self.public_url.as_deref().map(|url| parse_public_url("--public-url", url)).transpose()?;
        let variable = environment.get("RINGBACK_PUBLIC_URL").filter(|url| !url.trim().is_empty());
        let variable = variable.map(|url| parse_public_url("RINGBACK_PUBLIC_URL", url)).transpose()?;
        Ok(Public { option, variable })
    }
}

/// What was said of public addresses when everything was started.
struct Known {
    public: Public,
    /// The tunnels were asked for by `--tunnel`.
    asked_for: bool,
}

impl Known {
    /// The addresses of the file in charge, where the open tunnels are these.
    async fn addresses(&self, instance: &Instance, gateways: &[PublicUrl]) -> Vec<Address> {
        let config = instance.app().config.clone();
        let tunnels = by_port(gateways);
        let written = config.controller.public_url.as_deref();
        let public_of_port = |port| self.public.url_of_port(port, written, &tunnels, self.asked_for);
        addresses(&config, &instance.switch().listeners().await, &instance.api, public_of_port)
    }
}

/// Prints public URLs whenever they change; never ends.
async fn tell_of_new_urls(
    instance: &Instance,
    known: &Known,
    mut urls: watch::Receiver<Arc<Vec<PublicUrl>>>,
    json: bool,
) -> Infallible {
    while urls.changed().await.is_ok() {
        let urls = urls.borrow_and_update().clone();
        let all = known.addresses(instance, &urls).await;
        let text = if json {
            format!("{}\n", json!({"gateways": *urls, "addresses": all}))
        } else {
            format!("\nThe internet reaches it elsewhere now:\n{}", public_lines(&urls, &all, 3))
        };
        // Whoever has read the first lines may have closed it.
        let _ = output::print(text);
    }
    std::future::pending().await
}

fn banner(
    instance: &Instance,
    gateways: &[PublicUrl],
    all: &[Address],
    data: &Path,
) -> Result<String, std::fmt::Error> {
    let mut text = String::from("Ringback is up.\n\n");
    let widest = instance.listeners.iter().map(|listener| listener.id.chars().count()).max().unwrap_or(0).max(3);
    writeln!(text, "  {:<widest$}  {}", "API", instance.api)?;
    text.push_str(&local_lines(all, widest));
    let public = public_lines(gateways, all, widest);
    if !public.is_empty() {
        write!(text, "\nFrom the internet:\n{public}")?;
    }
    if let Some(url) = &instance.aws_url {
        writeln!(text, "\n  The table and the queues, for `emulator work`: {url}")?;
    }
    if instance.token_is_new {
        let place = data.join("token");
        writeln!(text, "\n  The API's token, which is kept in {}: {}", place.display(), instance.token)?;
    }
    writeln!(text, "\nCtrl-C stops it; what is under way is finished first.")?;
    Ok(text)
}

/// Ctrl-C, or what a service manager sends.
pub(super) async fn asked_to_stop() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            interrupted = tokio::signal::ctrl_c() => interrupted,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};
    use tokio::sync::Notify;

    #[tokio::test(start_paused = true)]
    async fn what_takes_time_to_stop_says_so_once_and_can_be_asked_again() {
        let (mut said, told) = (Vec::new(), Notify::new());
        let again = async {
            told.notified().await;
            Ok(())
        };
        let tell = |text: &str| {
            said.push(text.to_owned());
            told.notify_one();
        };
        let failure = stopped(pending(), again, tell).await.unwrap_err();
        assert!(failure.to_string().contains("stopped at once"), "{failure}");
        assert_eq!(said, ["stopping: waiting up to 5 s for what is under way; Ctrl-C again to stop now"]);
        stopped(ready(()), pending(), |text| panic!("{text}")).await.unwrap();
    }
}

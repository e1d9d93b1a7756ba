//! Brings the webhooks that a deployed gateway has received to one on this machine.
//!
//! ```text
//!  GET <url>/api/requests ─► those that are new, oldest first ─► POST <to><path>, as they were received ─► the state file
//! ```
//!
//! What came while nobody forwarded is brought too: the state file says how far it got. A request's place in the deployed
//! gateway's list is known a moment after the request is, so each look goes [`OVERLAP`] back, and what was brought already is
//! passed over. A request counts as brought once the gateway here has answered it; while it doesn't, or fails, the same
//! request is tried again, and nothing overtakes it.

use super::{Failure, output, up::asked_to_stop};
use crate::timeline::seconds;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use platform::clock::{Clock, SystemClock};
use platform::environment::Environment;
use platform::telemetry::{self, LevelFilter};
use reqwest::{Client, Method, Url};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How far each look goes back: longer than an index of DynamoDB lags behind its table, and than clocks differ.
const OVERLAP: SignedDuration = SignedDuration::from_secs(30);
/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long to rest when one of the gateways doesn't answer, at first and at most.
const REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(60);
/// Headers of one connection, which the next one has its own of (RFC 9110 section 7.6.1).
const OF_CONNECTION: [&str; 10] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "accept-encoding",
];

/// Brings webhooks that a deployed gateway has received to one on this machine.
#[derive(Debug, Args)]
#[command(
    after_help = "Bodies, queries and signatures are as they were received, so a source here with the same secret finds them
genuine; a scheme that signs the time finds what is older than its tolerance stale. Tokens and `Authorization` are not kept
by the deployed gateway: give them with --header where a source here asks for them. Only requests that started something
there are brought, up to 128 KiB each."
)]
pub struct Forward {
    /// The deployed gateway's API.
    #[arg(long)]
    url: Url,
    /// Its token; `RINGBACK_TOKEN` where absent.
    #[arg(long)]
    token: Option<String>,
    /// Only requests for this source.
    #[arg(long)]
    source: Option<String>,
    /// The API of the gateway on this machine.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    to: Url,
    /// A header to add, as `name: value`; may be given several times.
    #[arg(long, value_parser = header)]
    header: Vec<(String, String)>,
    /// The file that says how far it got.
    #[arg(long, default_value = ".ringback/forward.json")]
    state: PathBuf,
    /// Where the state file says nothing yet: begin with what was received since so long ago, instead of now.
    #[arg(long, value_parser = duration)]
    since: Option<Duration>,
    /// How often to look.
    #[arg(long, value_parser = duration, default_value = "2s")]
    every: Duration,
    /// Bring what there is, and end.
    #[arg(long)]
    once: bool,
    /// Print a JSON line for each request.
    #[arg(long)]
    json: bool,
}

/// How far it got.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    /// What was received before is not brought.
    from: Option<Timestamp>,
    /// When what was brought last was received; what is older by more than the overlap is done.
    through: Option<Timestamp>,
    /// What was brought within the overlap: when it was received, by what it is known.
    #[serde(default)]
    brought: Vec<(Timestamp, String)>,
}

/// A request, as the API shows it.
#[derive(Debug, Deserialize)]
struct Received {
    id: String,
    received_at: Timestamp,
    source: Option<String>,
    method: String,
    path: String,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Option<String>,
    body_base64: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Page {
    requests: Vec<Received>,
    next: Option<String>,
}

impl Forward {
    pub(crate) async fn run(self, environment: &Environment) -> Result<(), Failure> {
        telemetry::start(environment, self.json, LevelFilter::INFO);
        let token = self.token.clone().or_else(|| environment.text("RINGBACK_TOKEN"));
        let token = token.ok_or("no token: give --token, or set RINGBACK_TOKEN")?;
        let client =
            platform::tls::client().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT).build()?;
        let mut state = State::read(&self.state)?;
        let begin = || SystemClock.now() - SignedDuration::try_from(self.since.unwrap_or_default()).unwrap_or_default();
        let first = *state.from.get_or_insert_with(begin);
        state.write(&self.state)?;
        tracing::info!(target: "ringback::forward", from = %first, "forwarding");
        let mut stop = std::pin::pin!(asked_to_stop());
        let mut rest = REST;
        loop {
            let round = async { self.round(&client, &token, &mut state).await };
            let pause = tokio::select! {
                asked = &mut stop => return Ok(asked?),
                done = round => match done {
                    Ok(()) if self.once => return Ok(()),
                    Ok(()) => {
                        rest = REST;
                        self.every
                    }
                    Err(Hitch::Lasting(why)) => return Err(why.into()),
                    Err(Hitch::Passing(why)) if self.once => return Err(why.into()),
                    Err(Hitch::Passing(why)) => {
                        tracing::warn!(target: "ringback::forward", "{why}; it is tried again");
                        let pause = rest;
                        rest = (rest * 2).min(LONGEST_REST);
                        pause
                    }
                }
            };
            tokio::select! {
                asked = &mut stop => return Ok(asked?),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Brings all that is there.
    async fn round(&self, client: &Client, token: &str, state: &mut State) -> Result<(), Hitch> {
        let from = state.from.unwrap_or(Timestamp::UNIX_EPOCH);
        let since = state.through.map_or(from, |through| from.max(through - OVERLAP));
        let mut after = None;
        loop {
            let Page { requests, next } = self.page(client, token, since, after.as_deref()).await?;
            for request in requests {
                if !state.knows(&request) {
                    let status = self.bring(client, &request).await?;
                    state.note(&request);
                    state.write(&self.state).map_err(|error| Hitch::Lasting(error.to_string()))?;
                    self.tell(&request, status);
                }
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn page(&self, client: &Client, token: &str, since: Timestamp, after: Option<&str>) -> Result<Page, Hitch> {
        let mut url = self.url.clone();
        url.set_path(&format!("{}/api/requests", self.url.path().trim_end_matches('/')));
        // A signature holds for the body alone that it was made of.
        let mut query = vec![("since", since.to_string()), ("as_received", true.to_string())];
        query.extend(self.source.clone().map(|source| ("source", source)));
        query.extend(after.map(|after| ("after", after.to_owned())));
        url.query_pairs_mut().extend_pairs(query);
        let passing = |error: reqwest::Error| Hitch::Passing(format!("{}: {}", self.url, error.without_url()));
        let answer = client.get(url).bearer_auth(token).send().await.map_err(passing)?;
        match answer.status().as_u16() {
            200 => answer.json().await.map_err(passing),
            401 | 403 => Err(Hitch::Lasting(format!("{} does not take this token", self.url))),
            404 => Err(Hitch::Lasting(format!(
                "{} is no API of Ringback, or of a version without `/api/requests`",
                self.url
            ))),
            status => Err(Hitch::Passing(format!("{} answers {status}", self.url))),
        }
    }

    /// Sends it as it was received; its answer's status.
    async fn bring(&self, client: &Client, request: &Received) -> Result<u16, Hitch> {
        let damaged = |what: &str| Hitch::Lasting(format!("the request {} has no {what}", request.id));
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| damaged("usable method"))?;
        let body = match (&request.body, &request.body_base64) {
            (Some(text), _) => text.clone().into_bytes(),
            (None, Some(base64)) => STANDARD.decode(base64).map_err(|_| damaged("usable body"))?,
            (None, None) => Vec::new(),
        };
        let to = format!("{}{}", self.to.as_str().trim_end_matches('/'), request.path);
        let mut sent = client.request(method, to).body(body);
        for (name, value) in &request.headers {
            if let (Some(value), false) = (value.as_str(), OF_CONNECTION.contains(&name.as_str())) {
                sent = sent.header(name, value);
            }
        }
        for (name, value) in &self.header {
            sent = sent.header(name, value);
        }
        let passing = |error: reqwest::Error| Hitch::Passing(format!("{}: {}", self.to, error.without_url()));
        let status = sent.send().await.map_err(passing)?.status();
        if status.is_server_error() || status.as_u16() == 429 {
            return Err(Hitch::Passing(format!("{} answers {status} to {}", self.to, request.path)));
        }
        Ok(status.as_u16())
    }

    fn tell(&self, request: &Received, status: u16) {
        let Received { id, source, path, received_at, .. } = request;
        if self.json {
            let line = json!({"id": id, "source": source, "received_at": received_at.to_string(), "status": status});
            let _ = output::say(line);
        } else {
            let (path, _) = path.split_once('?').unwrap_or((path, ""));
            let _ = output::say(format_args!("{}  {path}  {status}", seconds(*received_at)));
        }
        if status >= 400 {
            tracing::warn!(target: "ringback::forward", id, status, "the gateway here refused it; it is not sent \
                again");
        }
    }
}

/// Why it could not go on.
enum Hitch {
    /// Trying again may help.
    Passing(String),
    /// It won't.
    Lasting(String),
}

impl State {
    fn read(path: &Path) -> Result<Self, Failure> {
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                format!("{} does not read as a state of `emulator forward`: {error}", path.display()).into()
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(format!("{} can't be read: {error}", path.display()).into()),
        }
    }

    /// Whole or not at all.
    fn write(&self, path: &Path) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::from(format!("{} can't be written: {error}", path.display()));
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(directory).map_err(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
        serde_json::to_writer(&mut file, self)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    fn knows(&self, request: &Received) -> bool {
        self.brought.iter().any(|(_, id)| *id == request.id)
    }

    fn note(&mut self, request: &Received) {
        let through = self.through.map_or(request.received_at, |through| through.max(request.received_at));
        self.through = Some(through);
        self.brought.push((request.received_at, request.id.clone()));
        // Twice the overlap: what is looked at again goes no further back.
        self.brought.retain(|(at, _)| *at >= through - OVERLAP * 2);
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write it as `name: value`")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn duration(text: &str) -> Result<Duration, String> {
    domain::config::duration::parse(text)
}

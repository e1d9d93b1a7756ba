//! The HTTP client of a gateway's API, for commands: where it is, the token, and its problems in words.
//!
//! The local gateway's token lies beside its state, and goes to this machine only: a gateway elsewhere is never sent it
//! unless the command line names the file's directory.

use clap::Args;
use contract::Operation;
use domain::json;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::{Host, Url};
use zeroize::Zeroizing;

/// The gateway that `emulator up` starts unless its file says otherwise.
const LOCAL: &str = "http://127.0.0.1:8080";
/// Where that keeps its token.
const DATA: &str = ".ringback";
/// No answer of the API takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which gateway, and how to get in.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Gateway")]
pub struct Connection {
    /// The API's address, here or in AWS.
    #[arg(long, global = true, env = "RINGBACK_URL", default_value = LOCAL)]
    url: String,
    /// The API's token; that of the local gateway where absent.
    #[arg(long, global = true, env = "RINGBACK_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The directory of the local gateway's state, in which its token is [default: .ringback].
    #[arg(long, global = true, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
}

/// Why the gateway could not be asked, or what it refused.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// What was given is no address.
    #[error("`{url}` is no address of a gateway: {reason}")]
    BadUrl {
        /// As it was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody answers.
    #[error("no gateway answers at {url}: {reason}\n{}", start(url))]
    Unreachable {
        /// Scheme and host.
        url: String,
        /// The innermost reason.
        reason: String,
    },
    /// There is no token to send.
    #[error("there is no token for {url}: {reason}")]
    NoToken {
        /// Scheme and host.
        url: String,
        /// Where it was looked for.
        reason: String,
    },
    /// The token is wrong.
    #[error(
        "{url} does not take this token, {whence}: a gateway shows its token at its first start, and keeps it in its \
         --data directory"
    )]
    Unauthorized {
        /// Scheme and host.
        url: String,
        /// Where the token came from.
        whence: String,
    },
    /// The gateway refused, and said why (RFC 9457).
    #[error("{detail} ({code})")]
    Problem {
        /// HTTP status.
        status: u16,
        /// The stable code.
        code: String,
        /// In words.
        detail: String,
    },
    /// Something else answers there.
    #[error("what answers at {url} is no Ringback gateway: {status}")]
    Foreign {
        /// Scheme and host.
        url: String,
        /// HTTP status.
        status: u16,
    },
}

/// A gateway's API.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Zeroizing<String>,
    whence: String,
}

impl Connection {
    /// Gets ready to ask it; nothing is sent yet.
    ///
    /// # Errors
    /// If the address is none, or there is no token.
    pub fn client(&self) -> Result<Client, ClientError> {
        let base = self.base()?;
        let (token, whence) = self.token(&base)?;
        let http = http(&base, PATIENCE).map_err(|error| unreachable(&base, &error))?;
        Ok(Client { http, base, token: Zeroizing::new(token), whence })
    }

    fn base(&self) -> Result<Url, ClientError> {
        parse(&self.url)
    }

    fn token(&self, base: &Url) -> Result<(String, String), ClientError> {
        if let Some(token) = &self.token {
            return Ok((token.trim().to_owned(), "given by --token or RINGBACK_TOKEN".to_owned()));
        }
        let none = |reason: String| ClientError::NoToken { url: shown(base), reason };
        if self.data_dir.is_none() && !is_local(base) {
            return Err(none("give one by --token or RINGBACK_TOKEN".to_owned()));
        }
        let path = self.data_dir.as_deref().unwrap_or(Path::new(DATA)).join("token");
        let read = std::fs::read_to_string(&path).map_err(|error| {
            none(format!(
                "{} can't be read ({error}): run this where `emulator up` runs, name its --data directory with --data-dir, or give \
                 the token by --token or RINGBACK_TOKEN",
                path.display()
            ))
        })?;
        Ok((read.trim().to_owned(), format!("that of {}", path.display())))
    }
}

/// A call of an operation of the API.
#[derive(Debug)]
pub struct Call<'a> {
    operation: Operation,
    id: &'a str,
    query: Vec<(&'a str, &'a str)>,
    body: Option<Value>,
    key: Option<&'a str>,
}

impl<'a> Call<'a> {
    /// Begins a call of this operation.
    pub fn of(operation: Operation) -> Self {
        Self { operation, id: "", query: Vec::new(), body: None, key: None }
    }

    /// The id or the name in the path.
    #[must_use]
    pub fn id(self, id: &'a str) -> Self {
        Self { id, ..self }
    }

    /// Parameters of the query; those without a value are left out.
    #[must_use]
    pub fn query(mut self, query: &[(&'a str, Option<&'a str>)]) -> Self {
        self.query.extend(query.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
        self
    }

    /// The body.
    #[must_use]
    pub fn body(self, body: &impl Serialize) -> Self {
        Self { body: Some(json!(body)), ..self }
    }

    /// The `Idempotency-Key`, where there is one.
    #[must_use]
    pub fn key(self, key: Option<&'a str>) -> Self {
        Self { key, ..self }
    }

    fn address(&self, base: &Url) -> Url {
        let mut url = base.clone();
        let parts = self.operation.path().split('/').skip(1);
        let parts = parts.map(|part| if part.starts_with('{') { self.id } else { part });
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(parts);
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }
}

impl Client {
    /// Calls an operation.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn call(&self, call: Call<'_>) -> Result<Value, ClientError> {
        let method = match call.operation.method() {
            contract::Method::Get => Method::GET,
            contract::Method::Post => Method::POST,
            contract::Method::Patch => Method::PATCH,
            contract::Method::Delete => Method::DELETE,
        };
        let mut request = self.http.request(method, call.address(&self.base));
        if let Some(body) = call.body {
            request = request.json(&body);
        }
        if let Some(key) = call.key {
            request = request.header("Idempotency-Key", key);
        }
        self.ask(request).await
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Value, ClientError> {
        let answer = request.bearer_auth(self.token.as_str()).send().await;
        let answer = answer.map_err(|error| unreachable(&self.base, &error))?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            return Err(ClientError::Unauthorized { url: shown(&self.base), whence: self.whence.clone() });
        }
        read(&self.base, answer).await
    }
}

/// Sends JSON to an address that asks for no token, such as a trigger's.
///
/// # Errors
/// As [`ClientError`] says.
pub async fn send(url: &str, path: &str, body: &Value, key: Option<&str>) -> Result<Value, ClientError> {
    let base = parse(url)?;
    let whole = parse(&format!("{}{path}", url.trim_end_matches('/')))?;
    let http = http(&base, PATIENCE).map_err(|error| unreachable(&base, &error))?;
    let mut request = http.post(whole).json(body);
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    read(&base, request.send().await.map_err(|error| unreachable(&base, &error))?).await
}

async fn read(base: &Url, answer: reqwest::Response) -> Result<Value, ClientError> {
    let status = answer.status();
    let body = answer.bytes().await.map_err(|error| unreachable(base, &error))?;
    let foreign = || ClientError::Foreign { url: shown(base), status: status.as_u16() };
    let value = std::str::from_utf8(&body).ok().and_then(|text| json::read_answer(text).ok()).ok_or_else(foreign)?;
    if status.is_success() {
        return Ok(value);
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let (code, detail) = (text("code").ok_or_else(foreign)?, text("detail").unwrap_or_default());
    Err(ClientError::Problem { status: status.as_u16(), code, detail })
}

fn parse(url: &str) -> Result<Url, ClientError> {
    let bad = |reason: &str| ClientError::BadUrl { url: url.to_owned(), reason: reason.to_owned() };
    let parsed = Url::parse(url).map_err(|error| bad(&error.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") || parsed.host().is_none() {
        return Err(bad("it must begin with http:// or https://"));
    }
    Ok(parsed)
}

/// No redirects: a token goes nowhere else. What is on this machine is reached without a proxy.
fn http(base: &Url, patience: Duration) -> Result<reqwest::Client, reqwest::Error> {
    let http = platform::tls::client().timeout(patience).redirect(reqwest::redirect::Policy::none());
    if is_local(base) { http.no_proxy().build() } else { http.build() }
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

/// Without what an address may carry besides.
fn shown(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn unreachable(base: &Url, error: &reqwest::Error) -> ClientError {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    ClientError::Unreachable { url: shown(base), reason: inner.to_string() }
}

fn start(url: &str) -> &'static str {
    if Url::parse(url).is_ok_and(|url| is_local(&url)) {
        "Start one with `emulator up -f ringback.yml`, or name another by --url or RINGBACK_URL."
    } else {
        "Is the address right? It is given by --url or RINGBACK_URL."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(url: &str, data: Option<&Path>) -> Connection {
        Connection { url: url.to_owned(), token: None, data_dir: data.map(Path::to_owned) }
    }

    #[test]
    fn the_local_token_goes_to_this_machine_only_unless_it_is_named() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("token"), "rbk_1\n").unwrap();
        let named = connection("https://example.com", Some(directory.path())).client().unwrap();
        assert_eq!(named.token.as_str(), "rbk_1");
        let elsewhere = connection("https://example.com", None).client().unwrap_err();
        assert!(matches!(elsewhere, ClientError::NoToken { .. }), "{elsewhere}");
    }

    #[test]
    fn an_address_is_http_and_names_are_escaped_in_it() {
        for bad in ["", "nowhere", "ftp://example.com", "http://"] {
            assert!(matches!(connection(bad, None).client(), Err(ClientError::BadUrl { .. })), "{bad}");
        }
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("token"), "t").unwrap();
        let client = connection("http://127.0.0.1:1/base/", Some(directory.path())).client().unwrap();
        let url = Call::of(Operation::ShowTask)
            .id("a/b")
            .query(&[("limit", Some("1")), ("none", None)])
            .address(&client.base);
        assert_eq!(url.as_str(), "http://127.0.0.1:1/base/api/tasks/a%2Fb?limit=1");
    }
}

use super::{Failure, output};
use clap::Args;
use domain::signature::batch::{time, verify_line};
use domain::signature::diagnose::{Case, Style, diagnose};
use domain::signature::{Headers, Preset, Request, Scheme, Secret, SecretEncoding, Verified};
use jiff::Timestamp;
use platform::environment::Environment;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{BufRead, Read, Write as _};
use std::path::{Path, PathBuf};

/// Says whether a webhook's signature is right, and if not, why.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  emulator verify --list
  emulator verify --provider github --secret-env GITHUB_SECRET --header 'X-Hub-Signature-256: sha256=…' --body push.json
  emulator verify --provider stripe --secret-file whsec.txt --headers request.txt --body - < body.json
  emulator verify --scheme scheme.json --secret-env KEY --header 'X-Sign: …' --body body.json --now 1700000000
  echo '{\"provider\": \"github\", \"secret\": \"…\", \"headers\": {…}, \"body_b64\": \"…\"}' | emulator verify --batch")]
pub struct Verify {
    /// The provider: github, stripe, slack, standard-webhooks and so on; see --list.
    #[arg(long, value_name = "NAME", conflicts_with = "batch", required_unless_present_any = ["batch", "list", "scheme"])]
    provider: Option<String>,
    /// A scheme of your own: a JSON file, or JSON itself.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["batch", "provider"])]
    scheme: Option<String>,
    /// The secret or public key. Other users of this machine can see it; rather use --secret-file or --secret-env.
    #[arg(long, value_name = "TEXT", conflicts_with = "batch")]
    secret: Option<String>,
    /// A file with the secret; one newline at its end doesn't count.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["batch", "secret"])]
    secret_file: Option<PathBuf>,
    /// The environment variable with the secret.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["batch", "secret", "secret_file"])]
    secret_env: Option<String>,
    /// How the secret is to be read: utf8, hex, base64, whsec-base64, hex-ed25519-public, whpk-ed25519, jwks-ed25519,
    /// spki-der-base64 or x509. The provider's usual way if it isn't said.
    #[arg(long, value_name = "HOW", conflicts_with = "batch")]
    secret_encoding: Option<String>,
    /// What a scheme's {parameter:NAME} stands for, such as `webhook_id=…` for paypal.
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "batch")]
    parameter: Vec<String>,
    /// The method.
    #[arg(long, default_value = "POST", conflicts_with = "batch")]
    method: String,
    /// The whole address as the provider knows it. Some providers sign it.
    #[arg(long, default_value = "", conflicts_with = "batch")]
    url: String,
    /// A header, `Name: value`; may be given several times.
    #[arg(long, value_name = "HEADER", conflicts_with = "batch")]
    header: Vec<String>,
    /// A file with headers, one a line.
    #[arg(long, value_name = "FILE", conflicts_with = "batch")]
    headers: Option<PathBuf>,
    /// The file with the body's bytes, `-` for standard input. Without it the body is empty.
    #[arg(long, value_name = "FILE", conflicts_with = "batch")]
    body: Option<PathBuf>,
    /// The time at which it is judged: Unix seconds or RFC 3339. The clock's if it isn't said.
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// Read JSON lines `{"provider" or "scheme", "secret", "secret_encoding", "method", "url", "headers", "body_b64",
    /// "now"}` and write `{"valid": …, "reason": …}` for each, in order.
    #[arg(long)]
    batch: bool,
    /// Print the providers that are known.
    #[arg(long, conflicts_with = "batch")]
    list: bool,
}

impl Verify {
    pub(crate) fn run(self, environment: &Environment) -> Result<(), Failure> {
        if self.list {
            return output::print(list());
        }
        let now = match &self.now {
            Some(text) => time(&Value::from(text.as_str()))?,
            None => Timestamp::try_from(clock())?,
        };
        if self.batch { batch(now) } else { self.one(environment, now) }
    }

    fn one(&self, environment: &Environment, now: Timestamp) -> Result<(), Failure> {
        let (style, secret, headers) = (self.style()?, self.secret(environment)?, self.read_headers()?);
        let body = match self.body.as_deref() {
            None => Vec::new(),
            Some(file) if file == Path::new("-") => {
                let mut body = Vec::new();
                std::io::stdin().lock().read_to_end(&mut body)?;
                body
            }
            Some(file) => std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?,
        };
        let parameters = self.parameter.iter().map(|pair| {
            let (name, value) = pair.split_once('=').ok_or_else(|| format!("`{pair}` is not NAME=VALUE"))?;
            Ok::<_, String>((name.to_owned(), value.to_owned()))
        });
        let parameters = parameters.collect::<Result<Vec<_>, _>>()?;
        let request = Request { method: &self.method, url: &self.url, headers: &headers, body: &body, client_ip: None };
        match diagnose(&Case { style: &style, secret: &secret, parameters: &parameters, request }, now) {
            Ok(verified) => output::print(genuine(&verified)),
            Err(diagnosis) => {
                let mut text = format!("refused: {}", diagnosis.reason);
                for finding in &diagnosis.findings {
                    write!(text, "\n  - {finding}")?;
                }
                Err(text.into())
            }
        }
    }

    fn style(&self) -> Result<Style, Failure> {
        if let Some(text) = &self.scheme {
            let text = if text.trim_start().starts_with('{') {
                text.clone()
            } else {
                std::fs::read_to_string(text).map_err(|error| format!("{text}: {error}"))?
            };
            let scheme: Scheme = serde_json::from_str(&text).map_err(|error| format!("bad scheme: {error}"))?;
            return Ok(Style::Scheme(Box::new(scheme)));
        }
        Ok(Style::Preset(Preset::find(self.provider.as_deref().unwrap_or_default())?))
    }

    fn secret(&self, environment: &Environment) -> Result<Secret, Failure> {
        let text = match (&self.secret, &self.secret_file, &self.secret_env) {
            (Some(text), _, _) => text.clone(),
            (None, Some(file), _) => {
                let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
                let cut = text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n'));
                cut.unwrap_or(&text).to_owned()
            }
            (None, None, Some(name)) => {
                environment.set(name).map(str::to_owned).ok_or_else(|| format!("there is no variable `{name}`"))?
            }
            (None, None, None) => return Err("say --secret-file, --secret-env or --secret".into()),
        };
        let secret = Secret::new(text);
        let Some(name) = &self.secret_encoding else { return Ok(secret) };
        let encoding = SecretEncoding::ALL.into_iter().find(|encoding| encoding.name() == name);
        let names = SecretEncoding::ALL.map(SecretEncoding::name).join(", ");
        Ok(secret.encoded(encoding.ok_or_else(|| format!("there is no secret encoding `{name}`; there are {names}"))?))
    }

    fn read_headers(&self) -> Result<Headers, Failure> {
        let mut lines = self.header.clone();
        if let Some(file) = &self.headers {
            let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
            lines.extend(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned));
        }
        let read = |line: &String| {
            let (name, value) = line.split_once(':').ok_or_else(|| format!("`{line}` is not `Name: value`"))?;
            Ok::<_, Failure>((name.trim().to_owned(), value.trim().to_owned()))
        };
        lines.iter().map(read).collect()
    }
}

/// What is known of a genuine request.
fn genuine(verified: &Verified) -> String {
    let mut text = "genuine\n".to_owned();
    let lines = [
        ("delivery", verified.delivery_id.clone()),
        ("event", verified.event_type.clone()),
        ("signed at", verified.signed_at.map(|time| time.to_string())),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            text.push_str(&format!("  {name}: {value}\n"));
        }
    }
    text
}

/// The presets, one a line.
fn list() -> String {
    let line = |preset: &Preset| {
        let names = preset.names().collect::<Vec<_>>().join(", ");
        format!("{names}\n  {}\n  {}\n", preset.covers(), preset.source())
    };
    Preset::all().iter().map(line).collect()
}

fn batch(now: Timestamp) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut lines = std::io::stdin().lock();
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        match std::str::from_utf8(&line) {
            Ok(text) if text.trim().is_empty() => {}
            Ok(text) => writeln!(out, "{}", verify_line(text.trim_end_matches(['\n', '\r']), now))?,
            Err(_) => writeln!(out, "{}", json!({"valid": false, "reason": "bad line: it is not UTF-8"}))?,
        }
        line.clear();
    }
    Ok(out.flush()?)
}

#[expect(clippy::disallowed_methods, reason = "a command line judges by the machine's clock unless it is told a time")]
fn clock() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

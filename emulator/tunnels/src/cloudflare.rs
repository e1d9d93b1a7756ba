//! Cloudflare's tunnels, through its program `cloudflared`.
//!
//! A quick tunnel needs no account; its name is a new one each time, and stands in what the program says. One program opens
//! one quick tunnel, so a gateway to several ports runs several. A named tunnel belongs to an account and has names for
//! good: one that is configured in the dashboard is known by its token, one that is configured here by the file that
//! `cloudflared tunnel create` wrote; one program serves all its ports.
//!
//! Either way it is given a configuration of its own, since what it finds in the user's would take precedence over the
//! address to forward to (<https://github.com/cloudflare/cloudflared/issues/337>), and never the name `localhost`, which
//! may lead to an address where nobody listens.

use super::program::{Program, configuration, docker_run};
use super::running::{self, Reader, Said, Tail};
use super::{Driver, GatewayOptions, Local, Open, Reason};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, select_all, try_join_all};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

const MISSING: &str = "install it (https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/downloads/), \
                       or use the driver `ngrok`";
const NO_DOCKER: &str = "`runtime: docker` needs a Docker engine; `native` runs `cloudflared` itself";
/// Cloudflare's image (<https://hub.docker.com/r/cloudflare/cloudflared>).
const IMAGE: &str = "cloudflare/cloudflared:latest";
/// Where a quick tunnel's name is, and where it is asked for: the second stands in the message that it can't be had.
const QUICK: &str = ".trycloudflare.com";
const QUICK_API: &str = "api.trycloudflare.com";
/// What it says of each of its connections to Cloudflare, of which one is enough.
const CONNECTED: &str = "Registered tunnel connection";

/// Which tunnel.
pub(super) enum Which {
    /// A new one for each port.
    Quick,
    /// Configured in the dashboard.
    Token(Zeroizing<String>),
    /// Configured here; the file's path.
    Credentials(PathBuf),
}

/// The driver.
pub(super) struct Cloudflare {
    pub(super) which: Which,
    pub(super) locals: Vec<Local>,
    /// Of a named tunnel, one for each port.
    pub(super) hostnames: Vec<String>,
    /// In a container.
    pub(super) docker: bool,
    pub(super) options: GatewayOptions,
    pub(super) tail: Tail,
}

impl Driver for Cloudflare {
    fn open(&self) -> BoxFuture<'_, Result<Open, Reason>> {
        async move {
            match &self.which {
                Which::Quick => self.quick().await,
                Which::Token(token) => self.by_token(token).await,
                Which::Credentials(path) => self.by_credentials(path).await,
            }
        }
        .boxed()
    }

    fn last_words(&self) -> Option<String> {
        self.tail.last_words()
    }
}

impl Cloudflare {
    async fn quick(&self) -> Result<Open, Reason> {
        let config = configuration(&json!({}))?;
        let programs: Vec<Program> = self
            .locals
            .iter()
            .map(|local| {
                let mut arguments = vec!["--url".to_owned(), local.url.clone()];
                if local.url.starts_with("https:") {
                    arguments.push("--no-tls-verify".to_owned());
                }
                self.program(&config, &[], arguments, &[])
            })
            .collect();
        let open = |program| running::open(program, Box::new(Words::default()), &self.tail);
        let opened = try_join_all(programs.iter().map(open)).await?;
        Ok(together(opened).keeping(config))
    }

    async fn by_token(&self, token: &str) -> Result<Open, Reason> {
        let config = configuration(&json!({}))?;
        // Where to, the dashboard says.
        let secret = ("TUNNEL_TOKEN".to_owned(), token.to_owned());
        let program = self.program(&config, &["TUNNEL_TOKEN"], vec!["run".to_owned()], &[secret]);
        self.named(program, config).await
    }

    async fn by_credentials(&self, path: &Path) -> Result<Open, Reason> {
        let unusable = |why: String| Reason::lasting(format!("{} can't be used: {why}", path.display()));
        let text = tokio::fs::read(path).await.map_err(|error| unusable(error.to_string()))?;
        let written: Value = serde_json::from_slice(&text).map_err(|error| unusable(error.to_string()))?;
        let Some(id) = written.get("TunnelID").and_then(Value::as_str) else {
            return Err(unusable("it names no tunnel, as what `cloudflared tunnel create` writes does".to_owned()));
        };
        let rule = |(local, hostname): (&Local, &String)| json!({"hostname": hostname, "service": local.url, "originRequest": {"noTLSVerify": true}});
        let mut rules: Vec<Value> = self.locals.iter().zip(&self.hostnames).map(rule).collect();
        rules.push(json!({"service": "http_status:404"}));
        // In a container the file is where it is mounted.
        let credentials = if self.docker { Path::new(MOUNTED_CREDENTIALS) } else { path };
        let config = configuration(&json!({"tunnel": id, "credentials-file": credentials, "ingress": rules}))?;
        let program = self.program(&config, &[], vec!["run".to_owned()], &[]);
        self.named(program, config).await
    }

    async fn named(&self, program: Program, config: NamedTempFile) -> Result<Open, Reason> {
        let urls = self.hostnames.iter().map(|name| format!("https://{name}")).collect();
        let open = running::open(&program, Box::new(Words::of(urls)), &self.tail).await?;
        Ok(open.keeping(config))
    }

    /// `cloudflared`, or `docker run` of it, which has its arguments behind its own.
    fn program(
        &self,
        config: &NamedTempFile,
        passed: &[&str],
        arguments: Vec<String>,
        env: &[(String, String)],
    ) -> Program {
        let path = config.path().display().to_string();
        let mut argv = if self.docker {
            let mut mounts = vec![format!("{path}:{MOUNTED}:ro")];
            if let Which::Credentials(credentials) = &self.which {
                mounts.push(format!("{}:{MOUNTED_CREDENTIALS}:ro", credentials.display()));
            }
            docker_run(&self.options.docker, &mounts, passed, IMAGE)
        } else {
            vec![self.options.cloudflared.display().to_string()]
        };
        let config = if self.docker { MOUNTED.to_owned() } else { path };
        argv.extend(["tunnel", "--no-autoupdate", "--config"].map(str::to_owned));
        argv.push(config);
        argv.extend(arguments);
        Program {
            path: self.options.environment.text("PATH").unwrap_or_default(),
            argv,
            env: env.to_vec(),
            secrets: env.iter().map(|(_, secret)| Zeroizing::new(secret.clone())).collect(),
            missing: if self.docker { NO_DOCKER } else { MISSING },
            guard: self.options.guard.clone(),
            settle: self.options.settle,
        }
    }
}

const MOUNTED: &str = "/etc/cloudflared/ringback.yml";
const MOUNTED_CREDENTIALS: &str = "/etc/cloudflared/credentials.json";

/// Several programs as one tunnel, which ends with the first of them.
fn together(opened: Vec<Open>) -> Open {
    let close = CancellationToken::new();
    let mut urls = Vec::new();
    let mut ends = Vec::new();
    for open in opened {
        urls.extend(open.urls);
        let (closing, token) = (close.clone(), open.close);
        ends.push(Box::pin(async move {
            let mut ended = open.ended;
            tokio::select! {
                reason = &mut ended => reason,
                () = closing.cancelled() => {
                    token.cancel();
                    ended.await
                }
            }
        }));
    }
    let closing = close.clone();
    let ended = async move {
        let (reason, _, rest) = select_all(ends).await;
        // The others end with it, in good order.
        closing.cancel();
        futures_util::future::join_all(rest).await;
        reason
    };
    Open { urls, ended: ended.boxed(), close }
}

/// Reads the lines of one `cloudflared`: the name of a quick tunnel, and that the tunnel is registered.
#[derive(Debug, Default)]
struct Words {
    /// The public URLs: told by a line, or known before.
    urls: Option<Vec<String>>,
    /// True if the URLs belong to a named tunnel; then no line changes them.
    named: bool,
}

impl Words {
    /// Reads the lines of a named tunnel, whose URLs are known.
    fn of(urls: Vec<String>) -> Self {
        Self { urls: Some(urls), named: true }
    }
}

impl Reader for Words {
    fn hear(&mut self, line: &str) -> Said {
        if line.contains(CONNECTED) {
            return self.urls.clone().map_or(Said::Other, Said::Open);
        }
        match quick_url(line) {
            Some(url) if !self.named => {
                self.urls = Some(vec![url.clone()]);
                Said::Urls(vec![url])
            }
            _ => Said::Other,
        }
    }
}

/// The name of a quick tunnel, if a line tells it.
fn quick_url(line: &str) -> Option<String> {
    let words = line.split(|c: char| c.is_whitespace() || matches!(c, '"' | '|' | '<' | '>'));
    let is_name = |host: &str| {
        let label = host.strip_suffix(QUICK).unwrap_or_default();
        host != QUICK_API && !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let hosts = words.filter_map(|word| word.strip_prefix("https://")).map(|rest| rest.trim_end_matches('/'));
    hosts.into_iter().find(|host| is_name(host)).map(|host| format!("https://{host}"))
}

#[cfg(test)]
mod tests {
    use super::{Cloudflare, Reader, Said, Tail, Which, Words, configuration, quick_url};
    use crate::GatewayOptions;
    use serde_json::json;
    use zeroize::Zeroizing;

    #[test]
    fn in_a_container_it_sees_its_configuration_and_its_token_and_nobody_sees_the_token() {
        let driver = Cloudflare {
            which: Which::Token(Zeroizing::new("a-token".to_owned())),
            locals: Vec::new(),
            hostnames: Vec::new(),
            docker: true,
            options: GatewayOptions::of(&platform::environment::Environment::default()),
            tail: Tail::default(),
        };
        let config = configuration(&json!({})).unwrap();
        let secret = ("TUNNEL_TOKEN".to_owned(), "a-token".to_owned());
        let program = driver.program(&config, &["TUNNEL_TOKEN"], vec!["run".to_owned()], &[secret]);
        let argv = program.argv.join(" ");
        let mount = format!("-v {}:/etc/cloudflared/ringback.yml:ro", config.path().display());
        assert!(argv.starts_with("docker run --rm --init --network host --user="), "{argv}");
        assert!(argv.contains(&mount), "{argv}");
        let inside = "-e TUNNEL_TOKEN cloudflare/cloudflared:latest tunnel --no-autoupdate --config \
                      /etc/cloudflared/ringback.yml run";
        assert!(argv.ends_with(inside), "{argv}");
        assert!(!argv.contains("a-token") && program.env[0].1 == "a-token", "{argv}");
    }

    #[test]
    fn the_url_is_told_from_what_only_looks_like_it() {
        let url = |host: &str| Some(format!("https://{host}"));
        let table = [
            (
                "2026-01-01T00:00:00Z INF |  https://four-odd-words-here.trycloudflare.com       |",
                url("four-odd-words-here.trycloudflare.com"),
            ),
            ("https://a.trycloudflare.com/", url("a.trycloudflare.com")),
            ("INF Requesting new quick Tunnel on trycloudflare.com...", None),
            ("failed to request quick Tunnel: Post \"https://api.trycloudflare.com/tunnel\": EOF", None),
            ("see https://api.trycloudflare.com for more", None),
            ("https://a.trycloudflare.com.evil.example", None),
            ("https://evil.example/a.trycloudflare.com", None),
            ("https://user@a.trycloudflare.com", None),
            ("http://a.trycloudflare.com", None),
            ("https://developers.cloudflare.com/cloudflare-one/", None),
            ("", None),
        ];
        for (line, told) in table {
            assert_eq!(quick_url(line), told, "{line}");
        }
    }

    #[test]
    fn a_quick_tunnel_is_open_once_it_is_registered_and_a_named_one_keeps_its_name() {
        let (told, registered) =
            ("INF | https://a.trycloudflare.com |", "INF Registered tunnel connection connIndex=0");
        let urls = |url: &str| vec![url.to_owned()];
        let mut quick = Words::default();
        assert_eq!(quick.hear(registered), Said::Other);
        assert_eq!(quick.hear(told), Said::Urls(urls("https://a.trycloudflare.com")));
        assert_eq!(quick.hear(registered), Said::Open(urls("https://a.trycloudflare.com")));
        let mut named = Words::of(urls("https://hooks.example.com"));
        assert_eq!(named.hear(told), Said::Other);
        assert_eq!(named.hear(registered), Said::Open(urls("https://hooks.example.com")));
    }
}

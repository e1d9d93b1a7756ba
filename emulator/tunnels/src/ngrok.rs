//! ngrok's tunnels, through its agent, the program `ngrok`; an account's token is needed.
//!
//! One agent serves all ports of a gateway. Ringback writes a configuration for it, so that the user's isn't read, and passes
//! the token in a variable. The agent connects again by itself. If its URL is another one then, the supervisor starts a new
//! agent, so that the new URL becomes known everywhere.

use super::program::{Program, configuration, docker_run};
use super::running::{self, Reader, Said, Tail};
use super::{Driver, GatewayOptions, Local, Open, Reason};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// ngrok's image (<https://hub.docker.com/r/ngrok/ngrok>).
const IMAGE: &str = "ngrok/ngrok:latest";
const MOUNTED: &str = "/etc/ngrok/ringback.yml";
const MISSING: &str = "install it (https://ngrok.com/download), or use the driver `cloudflare`";
const NO_DOCKER: &str = "`runtime: docker` needs a Docker engine; `native` runs `ngrok` itself";
/// The beginning of ngrok's error codes (<https://ngrok.com/docs/errors/reference>).
const CODE: &str = "ERR_NGROK_";

/// The driver.
pub(super) struct Ngrok {
    pub(super) authtoken: Zeroizing<String>,
    pub(super) locals: Vec<Local>,
    /// Domains of the account, one for each port, or none.
    pub(super) hostnames: Vec<String>,
    /// In a container.
    pub(super) docker: bool,
    pub(super) options: GatewayOptions,
    pub(super) tail: Tail,
}

impl Driver for Ngrok {
    fn open(&self) -> BoxFuture<'_, Result<Open, Reason>> {
        async move {
            let config = configuration(&self.configuration())?;
            let words = Words::of(self.locals.iter().map(name).collect());
            let open = running::open(&self.program(&config), Box::new(words), &self.tail).await?;
            Ok(open.keeping(config))
        }
        .boxed()
    }

    fn last_words(&self) -> Option<String> {
        self.tail.last_words()
    }
}

impl Ngrok {
    /// The second version, which every agent of version 3 reads (<https://ngrok.com/docs/agent/config/v2>).
    fn configuration(&self) -> Value {
        let tunnel = |(index, local): (usize, &Local)| {
            let mut tunnel = json!({"proto": "http", "addr": local.url});
            if let (Some(domain), Some(tunnel)) = (self.hostnames.get(index), tunnel.as_object_mut()) {
                tunnel.insert("domain".to_owned(), json!(domain));
            }
            (name(local), tunnel)
        };
        let tunnels: Map<String, Value> = self.locals.iter().enumerate().map(tunnel).collect();
        // Nothing of it listens on this machine, and it doesn't replace itself.
        json!({"version": "2", "web_addr": "false", "update_check": false, "tunnels": tunnels})
    }

    fn program(&self, config: &NamedTempFile) -> Program {
        let path = config.path().display().to_string();
        let (mut argv, path) = if self.docker {
            let mounts = [format!("{path}:{MOUNTED}:ro")];
            (docker_run(&self.options.docker, &mounts, &["NGROK_AUTHTOKEN"], IMAGE), MOUNTED.to_owned())
        } else {
            (vec![self.options.ngrok.display().to_string()], path)
        };
        argv.extend(
            ["start", "--all", "--config", &path, "--log", "stderr", "--log-format", "logfmt"].map(str::to_owned),
        );
        Program {
            path: self.options.environment.text("PATH").unwrap_or_default(),
            argv,
            env: vec![("NGROK_AUTHTOKEN".to_owned(), self.authtoken.to_string())],
            secrets: vec![self.authtoken.clone()],
            missing: if self.docker { NO_DOCKER } else { MISSING },
            guard: self.options.guard.clone(),
            settle: Duration::ZERO,
        }
    }
}

/// The name of a port's tunnel, in the agent's configuration and in its log.
fn name(local: &Local) -> String {
    format!("port-{}", local.port)
}

/// Reads the log of one agent: the URL of each tunnel, and refusals of ngrok.
#[derive(Debug)]
struct Words {
    /// Names of the tunnels, in the order of their ports.
    names: Vec<String>,
    /// URLs of the tunnels that have started, by name.
    urls: BTreeMap<String, String>,
    /// The last refusal, in ngrok's words and with its code.
    refusal: Option<String>,
}

impl Words {
    fn of(names: Vec<String>) -> Self {
        Self { names, urls: BTreeMap::new(), refusal: None }
    }
}

impl Reader for Words {
    fn hear(&mut self, line: &str) -> Said {
        // The log tells why; what stands alone repeats it, or nothing but the code.
        if line.contains("err=") || self.refusal.is_none() {
            self.refusal = refusal(line).or(self.refusal.take());
        }
        let field = |name: &str| {
            let value = line.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))?;
            Some(value.trim_matches('"').to_owned())
        };
        if !line.contains("started tunnel") {
            return Said::Other;
        }
        if let (Some(name), Some(url)) = (field("name"), field("url")) {
            self.urls.insert(name, url);
        }
        let urls: Option<Vec<String>> = self.names.iter().map(|name| self.urls.get(name).cloned()).collect();
        urls.map_or(Said::Other, Said::Open)
    }

    fn reason(&self) -> Option<Reason> {
        self.refusal.as_ref().map(|refusal| Reason::lasting(format!("ngrok refuses: {refusal}")))
    }
}

/// `… err="authentication failed: The authtoken … is not one of ours.\r\n\r\nERR_NGROK_105\r\n"`.
fn refusal(line: &str) -> Option<String> {
    let (before, after) = line.split_once(CODE)?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    let code = format!("{CODE}{digits}");
    let told = before.split_once("err=").map_or(before, |(_, told)| told).trim_matches('"');
    let told = told.replace("\\r", "\n").replace("\\n", "\n");
    let first = told.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it does not say why");
    let first = first.trim_start_matches("ERROR:").trim_start();
    let first = first.strip_prefix("authentication failed: ").unwrap_or(first);
    Some(format!("{first} ({code}, https://ngrok.com/docs/errors/{})", code.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::{Reader, Said, Words};

    const STARTED: &str = "t=2026-01-01T00:00:00+0000 lvl=info msg=\"started tunnel\" obj=tunnels";

    #[test]
    fn it_is_open_once_every_tunnel_is_started_and_new_urls_are_noticed() {
        let mut words = Words::of(vec!["port-8090".to_owned(), "port-8091".to_owned()]);
        let line = |name: &str, url: &str| format!("{STARTED} name={name} addr=http://127.0.0.1:1 url=https://{url}");
        assert_eq!(words.hear("lvl=info msg=\"client session established\" obj=csess url=https://x"), Said::Other);
        assert_eq!(words.hear(&line("port-8091", "b.ngrok.app")), Said::Other);
        let urls = |first: &str| vec![format!("https://{first}"), "https://b.ngrok.app".to_owned()];
        assert_eq!(words.hear(&line("port-8090", "a.ngrok.app")), Said::Open(urls("a.ngrok.app")));
        assert_eq!(words.hear(&line("port-8090", "c.ngrok.app")), Said::Open(urls("c.ngrok.app")));
    }

    #[test]
    fn a_refusal_is_told_in_its_own_words_with_its_code() {
        let mut words = Words::of(Vec::new());
        assert_eq!(words.reason(), None);
        words.hear(
            "lvl=eror msg=\"session closing\" obj=tunnels.session err=\"authentication failed: The authtoken is not one of \
             ours.\\nYour authtoken: ***\\r\\n\\r\\nERR_NGROK_105\\r\\n\"",
        );
        words.hear("lvl=info msg=\"all component stopped\"");
        words.hear("ERROR:  ERR_NGROK_105");
        let told = words.reason().unwrap();
        let expected = "ngrok refuses: The authtoken is not one of ours. (ERR_NGROK_105, \
                        https://ngrok.com/docs/errors/err_ngrok_105)";
        assert_eq!((told.to_string(), told.lasting), (expected.to_owned(), true));
    }
}

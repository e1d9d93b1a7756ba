//! Reads what OpenSSH's client says (`ssh -v`, on standard error): the port of the server for each of ours, and the reason why
//! the client gives up.
//!
//! The wordings are OpenSSH's (`clientloop.c`, `sshconnect.c`, `sshconnect2.c`), and tried with version 9.2. A line that isn't
//! understood is shown as it is.

use super::super::Reason;
use super::super::running::{Reader, Said};
use super::{Proof, Target, USUAL_PORT};
use std::path::Path;
use std::sync::Arc;

/// Lines for those alone who look for a mistake in the client begin so.
const CHATTER: [&str; 6] = ["debug", "OpenSSH_", "Authenticated ", "Allocated ", "Transferred:", "Bytes per second:"];

/// Reads the lines of one run of the client.
pub(super) struct Words {
    target: Arc<Target>,
    /// The server's port for each of ours, once it listens.
    given: Vec<Option<u16>>,
    /// The host key that it has shown: kind and fingerprint.
    shown: String,
    /// File and line of another key that the server is known by.
    offending: Option<(String, String)>,
    /// The server takes the key, which then has to be opened.
    key_accepted: bool,
    /// The server takes what it was shown, and wants a further proof.
    partial: bool,
    /// The client's complaint about the key file.
    bad_key: Option<String>,
    /// The number of keys that the agent holds, or the reason why it can't be asked.
    agent: Option<Result<usize, String>>,
    /// The last line that isn't chatter.
    last: String,
}

impl Words {
    pub(super) fn of(target: Arc<Target>) -> Self {
        Self {
            given: vec![None; target.locals.len()],
            target,
            shown: String::new(),
            offending: None,
            key_accepted: false,
            partial: false,
            bad_key: None,
            agent: None,
            last: String::new(),
        }
    }
}

impl Reader for Words {
    fn hear(&mut self, line: &str) -> Said {
        let line = line.trim();
        if !self.is_chatter(line) && !line.is_empty() {
            line.clone_into(&mut self.last);
        }
        let said = line.strip_prefix("debug1: ").unwrap_or(line);
        if let Some(rest) = said.strip_prefix("remote forward success for: listen ") {
            return self.listens(rest.rsplit_once(", connect ").map(|(_, here)| (here, None)));
        }
        if let Some(rest) = said.strip_prefix("Allocated port ") {
            let port = rest.split_once(" for remote forward to ").map(|(port, here)| (here, port.parse().ok()));
            return self.listens(port);
        }
        if let Some(key) = said.strip_prefix("Server host key: ") {
            key.clone_into(&mut self.shown);
        } else if let Some((_, place)) = said.strip_prefix("Offending ").and_then(|rest| rest.split_once(" key in ")) {
            self.offending = place.rsplit_once(':').map(|(file, line)| (file.to_owned(), line.to_owned()));
        } else if said.starts_with("Server accepts key: ") {
            self.key_accepted = true;
        } else if said.contains(" with partial success") {
            (self.partial, self.key_accepted) = (true, false);
        } else if let Some((_, trouble)) = said.strip_prefix("Load key ").and_then(|rest| rest.rsplit_once(": ")) {
            self.bad_key = Some(trouble.to_owned());
        } else if let Some(told) = said.strip_prefix("get_agent_identities: ") {
            self.agent = agent(told).or(self.agent.take());
        }
        Said::Other
    }

    fn is_chatter(&self, line: &str) -> bool {
        CHATTER.iter().any(|beginning| line.starts_with(beginning))
    }

    fn reason(&self) -> Option<Reason> {
        let server = &self.target.server;
        let place = format!("{}:{}", server.host, server.port);
        if self.last == "Host key verification failed." {
            return Some(Reason::lasting(self.not_the_host(&place)));
        }
        if let Some((_, methods)) = self.last.split_once(": Permission denied (") {
            return Some(Reason::lasting(self.not_let_in(methods.trim_end_matches([')', '.']))));
        }
        if let Some((_, port)) = self.last.split_once("remote port forwarding failed for listen port ") {
            return Some(Reason::passing(format!(
                "the SSH server refuses to listen on port {port}: it is in use there, or forbidden (ports below 1024 are for \
                 root; sshd_config must say `AllowTcpForwarding yes` or `remote`)"
            )));
        }
        let why = self.last.strip_prefix("ssh: ").unwrap_or(&self.last);
        if self.shown.is_empty() {
            return Some(Reason::passing(format!("the SSH server {place} can't be reached: {why}")));
        }
        Some(Reason::passing(match why {
            "" => "the SSH session has ended".to_owned(),
            why => format!("the SSH session has ended: {why}"),
        }))
    }
}

impl Words {
    /// The server listens for the port that is here, on the port that it has chosen or on the one that was asked for.
    fn listens(&mut self, told: Option<(&str, Option<u16>)>) -> Said {
        let target = &self.target;
        let Some((here, chosen)) = told else { return Said::Other };
        let at = target.locals.iter().position(|local| same_address(&local.address.to_string(), here));
        if let Some((given, local)) = at.and_then(|at| self.given.get_mut(at).zip(target.locals.get(at))) {
            *given = chosen.or(Some(target.asked(local)).filter(|asked| *asked != 0));
        }
        let url = |(local, given): (_, &Option<u16>)| given.map(|port| target.url(local, port));
        let urls: Option<Vec<String>> = target.locals.iter().zip(&self.given).map(url).collect();
        urls.map_or(Said::Other, Said::Open)
    }

    /// Says why the server's host key is not accepted, and how to accept it.
    fn not_the_host(&self, place: &str) -> String {
        let (server, shown) = (&self.target.server, &self.shown);
        let shows = format!("the SSH server {place} shows the host key {shown}");
        if let Some(pinned) = &server.pinned {
            return format!(
                "{shows}, and the file says `host_key: {pinned}`: somebody may stand in between. Ask the server's operator \
                 before you change it"
            );
        }
        let name =
            if server.port == USUAL_PORT { server.host.clone() } else { format!("[{}]:{}", server.host, server.port) };
        if let Some((file, line)) = &self.offending {
            return format!(
                "{shows}, and {file}, line {line}, has another one: somebody may stand in between. If the server's key was \
                 changed, `ssh-keygen -R '{name}' -f {file}` forgets the old one"
            );
        }
        let (print, port, host) = (shown.rsplit(' ').next().unwrap_or(shown), server.port, &server.host);
        let file = server.known_hosts.as_deref().unwrap_or(Path::new("~/.ssh/known_hosts")).display();
        format!(
            "the SSH server {place} isn't known; it shows the host key {shown}. If that is what `ssh-keygen -lf` prints on the \
             server, accept it by `host_key: {print}` in the gateway's `connection`, or by `ssh-keyscan -p {port} {host} >> \
             {file}`"
        )
    }

    /// Says why the server refuses the login. `methods`: those that it takes, separated by commas.
    fn not_let_in(&self, methods: &str) -> String {
        let login = &self.target.login;
        let what = match &login.proof {
            Proof::Keyfile { path, passphrase } => {
                let key = format!("the key {}", path.display());
                match (&self.bad_key, passphrase) {
                    (Some(trouble), _) => return format!("{key} can't be used: {trouble}"),
                    (None, Some(_)) if self.key_accepted => return format!("{key}: the passphrase is wrong"),
                    (None, None) if self.key_accepted => {
                        return format!("{key}: it is encrypted: `passphrase` must be given");
                    }
                    (None, _) => key,
                }
            }
            Proof::Password(_) => "the password".to_owned(),
            Proof::Agent(_) => "any key".to_owned(),
        };
        let takes = if methods.is_empty() { "nothing else".to_owned() } else { methods.replace(',', ", ") };
        if self.partial {
            return format!("the SSH server asks `{}` for more than {what}: {takes}", login.username);
        }
        let agent = match (&login.proof, &self.agent) {
            (Proof::Agent(None), _) => "; no SSH agent is there: the variable SSH_AUTH_SOCK is not set".to_owned(),
            (Proof::Agent(Some(socket)), Some(Err(trouble))) => {
                format!("; the SSH agent at {} fails: {trouble}", socket.display())
            }
            (Proof::Agent(Some(_)), Some(Ok(0))) => "; the SSH agent holds no key: `ssh-add` gives it one".to_owned(),
            _ => String::new(),
        };
        format!("the SSH server does not accept {what} of `{}`; it takes: {takes}{agent}", login.username)
    }
}

/// `agent returned 2 keys`, or why it can't be asked: `ssh_get_authentication_socket: No such file or directory`.
fn agent(told: &str) -> Option<Result<usize, String>> {
    if let Some(rest) = told.strip_prefix("agent returned ") {
        return rest.split(' ').next()?.parse().ok().map(Ok);
    }
    if told.contains("agent contains no identities") {
        return Some(Ok(0));
    }
    told.strip_prefix("ssh_get_authentication_socket: ").map(|trouble| Err(trouble.to_owned()))
}

/// The client writes an IPv6 address without its brackets.
fn same_address(ours: &str, told: &str) -> bool {
    let plain = |text: &str| text.replace(['[', ']'], "");
    plain(ours) == plain(told)
}

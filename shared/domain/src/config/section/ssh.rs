//! `connection` of an ssh-tunnel gateway: the server, who we are there, and how it proves who it is.

use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::keys::{Key, Keys, Kinds, Shape};
use crate::config::map::{Map, choice};
use crate::config::template::START;
use crate::config::{SshAuth, SshConnection};

pub(super) static CONNECTION: Keys = Keys {
    name: "an SSH connection",
    doc: "An SSH server.",
    groups: &[&[
        Key::new("host", Shape::Text, "Host name or address.").required(),
        Key::new("port", Shape::Port, "TCP port.").default("22"),
        Key::new("auth", Shape::One(AUTHS), "Who we are there.").required(),
        Key::new(
            "host_key",
            Shape::Text,
            "Fingerprint of its host key, as `ssh-keygen -l` prints it (`SHA256:…`); then no other one is accepted.",
        ),
        Key::new(
            "known_hosts",
            Shape::Text,
            "The file of known host keys; `~` is the home folder. where absent, those that `ssh` knows.",
        ),
    ]],
};

static AUTHS: Kinds = &[&KEYFILE, &PASSWORD, &AGENT];

const USERNAME: Key = Key::new("username", Shape::Text, "Login name.").required();

static KEYFILE: Keys = Keys {
    name: "a keyfile auth",
    doc: "A private key file.",
    groups: &[&[
        Key::new("type", Shape::Choice(&["keyfile"]), "A private key file.").required(),
        USERNAME,
        Key::new("keyfile", Shape::Text, "Its path; `~` is the home folder.").required(),
        Key::new("passphrase", Shape::TextTemplate, "Passphrase of the key; may read `env`."),
    ]],
};

static PASSWORD: Keys = Keys {
    name: "a password auth",
    doc: "A password.",
    groups: &[&[
        Key::new("type", Shape::Choice(&["password"]), "A password.").required(),
        USERNAME,
        Key::new("password", Shape::TextTemplate, "The password; may read `env`.").required(),
    ]],
};

static AGENT: Keys = Keys {
    name: "an agent auth",
    doc: "The keys that a running SSH agent holds.",
    groups: &[&[Key::new("type", Shape::Choice(&["agent"]), "A running SSH agent.").required(), USERNAME]],
};

/// Reads a gateway's `connection`.
pub(super) fn connection(cx: &mut Cx, map: &Map<'_>) -> Option<SshConnection> {
    let entry = map.entry("connection")?;
    let map = Map::open(cx, &entry.value, entry.key_span, &CONNECTION)?;
    let host = map.text(cx, "host");
    let port = map.port(cx, "port").unwrap_or(22);
    let auth = auth(cx, &map);
    let host_key = host_key(cx, &map);
    let known_hosts = map.text(cx, "known_hosts");
    Some(SshConnection { host: host?, port, auth: auth?, host_key, known_hosts })
}

/// 32 bytes in base64 without padding, as OpenSSH writes them.
fn host_key(cx: &mut Cx, map: &Map<'_>) -> Option<String> {
    let text = map.text(cx, "host_key")?;
    let digest = text.strip_prefix("SHA256:").unwrap_or_default();
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    if digest.len() != 43 || !digest.chars().all(is_base64) {
        let span = map.node("host_key").map_or(map.at, |node| node.span);
        let message =
            format!("`{text}` is not a fingerprint as `ssh-keygen -l` prints it: `SHA256:` and 43 characters");
        cx.report(Code::BadValue, span, message);
    }
    Some(text)
}

fn auth(cx: &mut Cx, map: &Map<'_>) -> Option<SshAuth> {
    let entry = map.entry("auth")?;
    if entry.value.entries().is_none() {
        let message = format!("`auth` must be a mapping, not {}", entry.value.describe());
        cx.report(Code::WrongType, entry.value.span, message);
        return None;
    }
    let Some(node) = entry.value.get("type") else {
        cx.report(Code::MissingKey, entry.key_span, "`auth` needs the key `type`: keyfile, password or agent");
        return None;
    };
    let kind = choice(cx, node, &["keyfile", "password", "agent"])?;
    let keys = match kind {
        "keyfile" => &KEYFILE,
        "password" => &PASSWORD,
        _ => &AGENT,
    };
    let map = Map::open(cx, &entry.value, entry.key_span, keys)?;
    let username = map.text(cx, "username");
    match kind {
        "keyfile" => {
            let keyfile = map.text(cx, "keyfile");
            let passphrase = map.text_template(cx, "passphrase", &START);
            Some(SshAuth::Keyfile { username: username?, keyfile: keyfile?, passphrase })
        }
        "password" => {
            let password = map.text_template(cx, "password", &START);
            Some(SshAuth::Password { username: username?, password: password? })
        }
        _ => Some(SshAuth::Agent { username: username? }),
    }
}

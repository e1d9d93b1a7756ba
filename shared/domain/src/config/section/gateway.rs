//! `gateway`, `gateways`: tunnels from the internet to this machine's ports.

use super::listener::{RUNTIME, id, runtime};
use super::{Item, Section};
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::keys::{Key, Keys, Kinds, Shape};
use crate::config::map::{Map, choice, items, port};
use crate::config::template::START;
use crate::config::{Gateway, SshAuth, SshConnection, Tunnel};

pub(in crate::config) static SECTION: Section = Section {
    singular: "gateway",
    plural: Some("gateways"),
    doc: "Tunnels from the internet to ports of this machine.",
    kinds: &[&HTTP, &SSH],
    read,
};

const BASE: &[Key] = &[
    Key::new("id", Shape::Id, "Its name; `gateway-<n>` where absent."),
    Key::new("port", Shape::Ports, "The local port it exposes, or a list of them."),
    Key::new("ports", Shape::Ports, "The same as `port`."),
    RUNTIME,
];

static HTTP: Keys = Keys {
    name: "an http-tunnel gateway",
    doc: "A tunnel service that gives a public URL.",
    groups: &[
        &[
            Key::new("type", Shape::Choice(&["http-tunnel"]), "A tunnel service.").required(),
            Key::new("driver", Shape::Choice(&["ngrok", "cloudflare"]), "Whose.").required(),
        ],
        BASE,
    ],
};

static SSH: Keys = Keys {
    name: "an ssh-tunnel gateway",
    doc: "A reverse tunnel through an SSH server.",
    groups: &[
        &[
            Key::new("type", Shape::Choice(&["ssh-tunnel"]), "A reverse SSH tunnel.").required(),
            Key::new("connection", Shape::One(&[&CONNECTION]), "The SSH server.").required(),
        ],
        BASE,
    ],
};

static CONNECTION: Keys = Keys {
    name: "an SSH connection",
    doc: "An SSH server.",
    groups: &[&[
        Key::new("host", Shape::Text, "Host name or address.").required(),
        Key::new("port", Shape::Port, "TCP port.").default("22"),
        Key::new("auth", Shape::One(AUTHS), "Who we are there.").required(),
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

fn read(cx: &mut Cx, items: &[Item<'_>]) {
    for (index, item) in items.iter().enumerate() {
        let name = format!("gateway-{}", index + 1);
        if let Some(gateway) = gateway(cx, item, &name) {
            cx.draft.gateways.push(gateway);
        }
    }
}

fn gateway(cx: &mut Cx, item: &Item<'_>, name: &str) -> Option<Gateway> {
    let kind = item.node.get("type").and_then(|kind| choice(cx, kind, &["http-tunnel", "ssh-tunnel"]));
    let is_ssh = kind == Some("ssh-tunnel") || kind.is_none() && item.node.get("connection").is_some();
    let map = Map::open(cx, item.node, item.at, if is_ssh { &SSH } else { &HTTP })?;
    let id = id(cx, item, name);
    let tunnel = if is_ssh { connection(cx, &map).map(Tunnel::Ssh) } else { driver(cx, &map) };
    let ports = ports(cx, &map);
    Some(Gateway { id, ports, runtime: runtime(cx, &map), tunnel: tunnel? })
}

fn ports(cx: &mut Cx, map: &Map<'_>) -> Vec<u16> {
    map.refuse_together(cx, &["port", "ports"], "they are one setting");
    let node = map.node("port").or_else(|| map.node("ports"));
    let ports: Vec<u16> = node.map(items).unwrap_or_default().into_iter().filter_map(|node| port(cx, node)).collect();
    if node.is_none_or(|node| node.items().is_some_and(<[_]>::is_empty)) {
        cx.report(Code::MissingKey, map.at, "a gateway needs the key `port`: the local port it exposes");
    }
    ports
}

fn driver(cx: &mut Cx, map: &Map<'_>) -> Option<Tunnel> {
    match map.choice(cx, "driver")? {
        "cloudflare" => Some(Tunnel::Cloudflare),
        _ => Some(Tunnel::Ngrok),
    }
}

fn connection(cx: &mut Cx, map: &Map<'_>) -> Option<SshConnection> {
    let entry = map.entry("connection")?;
    let map = Map::open(cx, &entry.value, entry.key_span, &CONNECTION)?;
    let host = map.text(cx, "host");
    let port = map.port(cx, "port").unwrap_or(22);
    let auth = auth(cx, &map);
    Some(SshConnection { host: host?, port, auth: auth? })
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

//! `gateway`, `gateways`: tunnels from the internet to this machine's ports.

use super::listener::{RUNTIME, id, runtime};
use super::program::command;
use super::ssh::{CONNECTION, connection};
use super::verify::public_url;
use super::{Item, Section};
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::gateway::START_TIMEOUT;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::{Map, choice, items, plain, port};
use crate::config::template::START;
use crate::config::{Cloudflare, Gateway, NamedTunnel, Ngrok, SshTunnel, Tunnel};

pub(in crate::config) static SECTION: Section = Section {
    singular: "gateway",
    plural: Some("gateways"),
    doc: "Tunnels from the internet to ports of this machine.",
    kinds: &[&HTTP, &SSH],
    read,
};

const BASE: &[Key] = &[
    Key::new("id", Shape::Id, "Its name; `gateway-<n>` where absent."),
    Key::new("port", Shape::Ports, "The local port it exposes, or a list of them: ports of listeners."),
    Key::new("ports", Shape::Ports, "The same as `port`."),
    Key::new(
        "expose_api",
        Shape::Switch,
        "Lets it expose the API's port too, whose token is then all that keeps the internet out.",
    )
    .default("false"),
    Key::new(
        "on_url",
        Shape::Names,
        "A program and its arguments, as a list: run, without a shell, whenever there is a new public URL. It finds \
         the URLs in RINGBACK_PUBLIC_URL, RINGBACK_PUBLIC_URL_<port> and, as JSON, on standard input.",
    ),
    Key::new("start_timeout", Shape::Duration, "How long everything waits for it at start; then nothing starts.")
        .default("30s"),
    RUNTIME,
];

static HTTP: Keys = Keys {
    name: "an http-tunnel gateway",
    doc: "A tunnel service that gives a public URL.",
    groups: &[
        &[
            Key::new("type", Shape::Choice(&["http-tunnel"]), "A tunnel service.").required(),
            Key::new("driver", Shape::Choice(&["ngrok", "cloudflare"]), "Whose.").required(),
            Key::new(
                "hostname",
                Shape::Names,
                "Names that are yours, one for each port: of a named Cloudflare tunnel, or domains at ngrok. What the \
                 service gives where absent.",
            ),
            Key::new("authtoken", Shape::TextTemplate, "ngrok's; may read `env`. NGROK_AUTHTOKEN where absent."),
            Key::new("token", Shape::TextTemplate, "Of a Cloudflare tunnel made in the dashboard; may read `env`."),
            Key::new(
                "credentials_file",
                Shape::Text,
                "Of a Cloudflare tunnel made here: the file that `cloudflared tunnel create` wrote; `~` is the home \
                 folder.",
            ),
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
            Key::new(
                "remote_port",
                Shape::Count(0),
                "The port on the server; the same as here where absent; 0 lets the server choose.",
            ),
            Key::new("remote_host", Shape::Text, "The interface on the server; all where absent, if it allows that."),
            Key::new(
                "public_url",
                Shape::Text,
                "Scheme and host by which the internet knows the port on the server: `https://hooks.example.com`. \
                 `http://<host>:<port>` of the server where absent.",
            ),
        ],
        BASE,
    ],
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
    let expose_api = map.switch(cx, "expose_api").unwrap_or_default();
    let ports = ports(cx, &map, expose_api);
    let tunnel = if is_ssh { ssh(cx, &map, ports.len()) } else { http(cx, &map, ports.len()) };
    let on_url = map.node("on_url").and_then(|node| command(cx, "on_url", node)).unwrap_or_default();
    let start_timeout = map.duration(cx, "start_timeout", false).unwrap_or(START_TIMEOUT);
    let runtime = runtime(cx, &map);
    Some(Gateway { id, ports, runtime, tunnel: tunnel?, expose_api, on_url, start_timeout })
}

fn ports(cx: &mut Cx, map: &Map<'_>, expose_api: bool) -> Vec<u16> {
    map.refuse_together(cx, &["port", "ports"], "they are one setting");
    let node = map.node("port").or_else(|| map.node("ports"));
    let mut ports: Vec<u16> = Vec::new();
    for node in node.map(items).unwrap_or_default() {
        if let Some(port) = port(cx, node) {
            cx.draft.tunnelled.push((port, node.span, expose_api));
            ports.push(port);
        }
    }
    if node.is_none_or(|node| node.items().is_some_and(<[_]>::is_empty)) {
        cx.report(Code::MissingKey, map.at, "a gateway needs the key `port`: the local port it exposes");
    }
    ports
}

fn http(cx: &mut Cx, map: &Map<'_>, ports: usize) -> Option<Tunnel> {
    let driver = map.choice(cx, "driver");
    let hostnames = hostnames(cx, map, ports);
    let authtoken = map.text_template(cx, "authtoken", &START);
    map.refuse_together(cx, &["token", "credentials_file"], "one of them says which tunnel it is");
    let token = map.text_template(cx, "token", &START).map(NamedTunnel::Token);
    let named = token.or_else(|| map.text(cx, "credentials_file").map(NamedTunnel::Credentials));
    let foreign: &[&str] = if driver? == "ngrok" { &["token", "credentials_file"] } else { &["authtoken"] };
    for entry in foreign.iter().filter_map(|key| map.entry(key)) {
        let message = format!("`{}` means nothing to the driver `{}`", entry.key, driver?);
        cx.report(Code::ConflictingKeys, entry.key_span, message);
    }
    if driver? == "ngrok" {
        return Some(Tunnel::Ngrok(Ngrok { authtoken, hostnames }));
    }
    match (&named, hostnames.is_empty()) {
        (Some(_), true) => {
            cx.report(Code::MissingKey, map.at, "a named Cloudflare tunnel needs the key `hostname`: its public name");
        }
        (None, false) => {
            let message = "a Cloudflare tunnel with a `hostname` needs `token` or `credentials_file`";
            cx.report(Code::MissingKey, map.at, message);
        }
        _ => {}
    }
    Some(Tunnel::Cloudflare(Cloudflare { hostnames, named }))
}

fn hostnames(cx: &mut Cx, map: &Map<'_>, ports: usize) -> Vec<String> {
    let Some(node) = map.node("hostname") else { return Vec::new() };
    let mut names = Vec::new();
    for item in items(node) {
        let Some(name) = plain(cx, item) else { continue };
        let is_host = url::Url::parse(&format!("https://{name}")).is_ok_and(|url| url.host_str() == Some(name));
        if !is_host {
            cx.report(Code::BadValue, item.span, format!("`{name}` is not a host name, as `hooks.example.com`"));
        }
        names.push(name.to_owned());
    }
    if names.len() != ports && ports > 0 {
        let message = format!("there must be one `hostname` for each port: {} for {ports}", names.len());
        cx.report(Code::BadValue, node.span, message);
    }
    names
}

fn ssh(cx: &mut Cx, map: &Map<'_>, ports: usize) -> Option<Tunnel> {
    let connection = connection(cx, map);
    let remote_port = match map.count(cx, "remote_port").map(u16::try_from) {
        Some(Err(_)) => {
            let span = map.node("remote_port").map_or(map.at, |node| node.span);
            cx.report(Code::BadPort, span, "`remote_port` is a TCP port (1 to 65535), or 0");
            None
        }
        Some(Ok(port)) => Some(port),
        None => None,
    };
    let remote_host = map.text(cx, "remote_host").unwrap_or_default();
    let public_url = public_url(cx, map);
    let several = [("remote_port", remote_port.is_some_and(|port| port != 0)), ("public_url", public_url.is_some())];
    for entry in several.iter().filter(|(_, set)| *set && ports > 1).filter_map(|(key, _)| map.entry(key)) {
        let message = format!("`{}` is for one port, and this gateway has {ports}: make it several", entry.key);
        cx.report(Code::ConflictingKeys, entry.key_span, message);
    }
    Some(Tunnel::Ssh(Box::new(SshTunnel { connection: connection?, remote_port, remote_host, public_url })))
}

//! `controller`: where the API listens.

use super::delivery::networks;
use super::verify::{PUBLIC_URL, public_url};
use super::{Item, Section};
use crate::config::cx::Cx;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::Map;
use crate::config::{Controller, Tls};

/// Interface of whatever doesn't say.
pub(in crate::config) const LOCAL: &str = "127.0.0.1";

pub(in crate::config) static SECTION: Section =
    Section { singular: "controller", plural: None, doc: "The address of the HTTP API.", kinds: &[&CONTROLLER], read };

static CONTROLLER: Keys = Keys {
    name: "a controller",
    doc: "The address of the HTTP API.",
    groups: &[&[
        Key::new("type", Shape::Choice(&["http-server"]), "The only kind there is.").default("http-server"),
        Key::new("host", Shape::Text, "Interface to bind.").default(LOCAL),
        Key::new("port", Shape::Port, "TCP port.").default("8080"),
        Key::new("tls", Shape::One(&[&TLS]), "Serve HTTPS with these files."),
        PUBLIC_URL,
        Key::new(
            "trusted_proxies",
            Shape::Networks,
            "Address ranges of the proxies before us: their `X-Forwarded-For` is believed. Without it, no header is.",
        ),
    ]],
};

static TLS: Keys = Keys {
    name: "`tls`",
    doc: "PEM files for TLS.",
    groups: &[&[
        Key::new("cert", Shape::Text, "Path of the certificate chain (PEM).").required(),
        Key::new("key", Shape::Text, "Path of the private key (PEM).").required(),
    ]],
};

impl Default for Controller {
    fn default() -> Self {
        Self { host: LOCAL.to_owned(), port: 8080, tls: None, public_url: None, trusted_proxies: Vec::new() }
    }
}

fn read(cx: &mut Cx, items: &[Item<'_>]) {
    cx.draft.controller = items.first().and_then(|item| controller(cx, item));
}

fn controller(cx: &mut Cx, item: &Item<'_>) -> Option<Controller> {
    let map = Map::open(cx, item.node, item.at, &CONTROLLER)?;
    let default = Controller::default();
    map.choice(cx, "type");
    Some(Controller {
        host: map.text(cx, "host").unwrap_or(default.host),
        port: map.port(cx, "port").unwrap_or(default.port),
        tls: map.entry("tls").and_then(|entry| {
            let tls = Map::open(cx, &entry.value, entry.key_span, &TLS)?;
            Some(Tls { cert: tls.text(cx, "cert")?, key: tls.text(cx, "key")? })
        }),
        public_url: public_url(cx, &map),
        trusted_proxies: networks(cx, &map, "trusted_proxies").unwrap_or_default(),
    })
}

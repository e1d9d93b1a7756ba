//! `listener`, `listeners`: the ports on which requests arrive.

use super::controller::LOCAL;
use super::route::{self, CALLBACK, ROUTE, TRIGGER};
use super::{Item, Section};
use crate::config::cx::Cx;
use crate::config::diagnostic::{Code, Span};
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::{Map, choice};
use crate::config::path;
use crate::config::yaml::{Entry, Node};
use crate::config::{Listener, Routes, Runtime, SourceRoutes};

pub(in crate::config) static SECTION: Section = Section {
    singular: "listener",
    plural: Some("listeners"),
    doc: "Ports on which requests of other services arrive.",
    kinds: &[&CALLBACKS, &TRIGGERS, &SOURCES],
    read,
};

/// What all kinds have.
const BASE: &[Key] = &[
    Key::new("id", Shape::Id, "Its name; `listener-<port>` where absent."),
    Key::new("host", Shape::Text, "Interface to bind.").default(LOCAL),
    Key::new("base_path", Shape::Path, "Put before the path of each route."),
    Key::new("max_concurrent_count", Shape::Count(0), "Requests handled at once; 0 is no limit.").default("0"),
    RUNTIME,
];

/// Where a listener or gateway runs.
pub(super) const RUNTIME: Key =
    Key::new("runtime", Shape::Choice(&["native", "docker"]), "In this process, or in a container.").default("native");

static CALLBACKS: Keys = Keys {
    name: "a callback listener",
    doc: "Receives answers that workflows wait for.",
    groups: &[
        &[
            Key::new("type", Shape::Choice(&["http-callback", "callback"]), "What its routes do.")
                .default("http-callback"),
            Key::new("port", Shape::Port, "TCP port.").default("8090"),
            Key::new("callbacks", Shape::List(&[&route::CALLBACK_ENTRY]), "Its routes; a single one may stand inline."),
        ],
        BASE,
        ROUTE,
        CALLBACK,
    ],
};

static TRIGGERS: Keys = Keys {
    name: "a trigger listener",
    doc: "Receives requests that start workflows.",
    groups: &[
        &[
            Key::new("type", Shape::Choice(&["http-trigger", "trigger"]), "What its routes do.")
                .default("http-trigger"),
            Key::new("port", Shape::Port, "TCP port.").default("8091"),
            Key::new("triggers", Shape::List(&[&route::TRIGGER_ENTRY]), "Its routes; a single one may stand inline."),
        ],
        BASE,
        ROUTE,
        TRIGGER,
    ],
};

static SOURCES: Keys = Keys {
    name: "a source listener",
    doc: "Receives the requests of the sources, at `/hooks/<source>` and `/api/webhooks/<source>`.",
    groups: &[
        &[
            Key::new("type", Shape::Choice(&["http-source", "source"]), "What its routes do.").required(),
            Key::new("port", Shape::Port, "TCP port.").default("8092"),
        ],
        BASE,
    ],
};

/// The port of the sources unless the file says otherwise.
pub(in crate::config) const SOURCES_PORT: u16 = 8092;

/// Keys that belong to a route and not to the listener around it.
const INLINE: [&[Key]; 3] = [ROUTE, CALLBACK, TRIGGER];

/// The listener around a route.
#[derive(Debug)]
pub(super) struct Around {
    pub(super) id: String,
    pub(super) port: u16,
    pub(super) base_path: String,
}

fn read(cx: &mut Cx, items: &[Item<'_>]) {
    for item in items {
        if let Some(listener) = listener(cx, item) {
            cx.draft.listeners.push(listener);
        }
    }
}

fn listener(cx: &mut Cx, item: &Item<'_>) -> Option<Listener> {
    let kind = kind(cx, item.node);
    let (keys, default_port) = match kind {
        Kind::Callbacks => (&CALLBACKS, 8090),
        Kind::Triggers => (&TRIGGERS, 8091),
        Kind::Sources => (&SOURCES, SOURCES_PORT),
    };
    let map = Map::open(cx, item.node, item.at, keys)?;
    let host = map.text(cx, "host").unwrap_or_else(|| LOCAL.to_owned());
    let port = map.port(cx, "port").unwrap_or(default_port);
    let id = id(cx, item, &format!("listener-{port}"));
    let port_span = map.node("port").map_or(item.at, |node| node.span);
    cx.draft.binds.push((host.clone(), port, port_span));
    let base_path = map.node("base_path").and_then(|node| path::read(cx, node)).unwrap_or_default();
    let around = Around { id, port, base_path };
    let routes = match kind {
        Kind::Triggers => {
            let entries = route_maps(cx, &map, "triggers");
            Routes::Triggers(entries.iter().filter_map(|route| route::trigger(cx, route, &around)).collect())
        }
        Kind::Callbacks => {
            let entries = route_maps(cx, &map, "callbacks");
            Routes::Callbacks(entries.iter().filter_map(|route| route::callback(cx, route, &around)).collect())
        }
        Kind::Sources => {
            let base_path = around.base_path.trim_end_matches('/').to_owned();
            if base_path.contains('{') {
                let span = map.node("base_path").map_or(item.at, |node| node.span);
                cx.report(Code::BadPath, span, format!("`{base_path}`: the paths of sources have no other parameter"));
            }
            cx.draft.source_routes.push((port, base_path.clone(), item.at));
            Routes::Sources(SourceRoutes { base_path, implied: false })
        }
    };
    let max_concurrent_count = map.count(cx, "max_concurrent_count").filter(|count| *count > 0);
    Some(Listener { id: around.id, host, port, max_concurrent_count, runtime: runtime(cx, &map), routes })
}

/// The kind of a listener's routes.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Callbacks,
    Triggers,
    Sources,
}

/// The kind that `type` names, or else that its keys tell.
fn kind(cx: &mut Cx, node: &Node) -> Kind {
    let is_trigger = node.get("workflow").or_else(|| node.get("triggers")).is_some();
    let told = if is_trigger { Kind::Triggers } else { Kind::Callbacks };
    let Some(kind) = node.get("type").filter(|kind| !kind.is_null()) else { return told };
    match choice(cx, kind, &["http-callback", "http-trigger", "http-source", "callback", "trigger", "source"]) {
        Some("http-callback" | "callback") => Kind::Callbacks,
        Some("http-trigger" | "trigger") => Kind::Triggers,
        Some(_) => Kind::Sources,
        None => told,
    }
}

/// The mappings of its routes: the list's, or itself if it has a route inline.
fn route_maps<'n>(cx: &mut Cx, map: &Map<'n>, list: &str) -> Vec<Map<'n>> {
    let inline: Vec<&Entry> = map.among(&INLINE);
    let Some(entry) = map.entry(list) else {
        if inline.is_empty() {
            cx.report(Code::ListenerWithoutRoutes, map.at, "this listener has no routes: it answers 404 to everything");
            return Vec::new();
        }
        return vec![*map];
    };
    for extra in inline {
        let message = format!("`{}` beside `{list}`: it belongs to one of the list's entries", extra.key);
        cx.report(Code::ConflictingKeys, extra.key_span, message);
    }
    let Some(items) = entry.value.items() else {
        let message = format!("`{list}` must be a list, not {}", entry.value.describe());
        cx.report(Code::WrongType, entry.value.span, message);
        return Vec::new();
    };
    if items.is_empty() {
        cx.report(Code::ListenerWithoutRoutes, entry.key_span, format!("`{list}` is empty: this listener answers 404"));
    }
    let keys = if list == "triggers" { &route::TRIGGER_ENTRY } else { &route::CALLBACK_ENTRY };
    items.iter().filter_map(|item| Map::open(cx, item, item.span, keys)).collect()
}

/// The id that is given, or else the first free one of `name`, `name-2`, `name-3`, …
pub(super) fn id(cx: &mut Cx, item: &Item<'_>, name: &str) -> String {
    let kind = name.split('-').next().unwrap_or_default();
    if let Some((id, span)) = item.id(cx) {
        claim(cx, kind, &id, span);
        return id;
    }
    let mut id = name.to_owned();
    let mut count = 1;
    while !cx.draft.ids.insert(format!("{kind} {id}")) {
        count += 1;
        id = format!("{name}-{count}");
    }
    id
}

/// Takes an id for one thing of a kind; reports it if it is taken.
pub(super) fn claim(cx: &mut Cx, kind: &str, id: &str, span: Span) -> bool {
    let free = cx.draft.ids.insert(format!("{kind} {id}"));
    if !free {
        cx.report(Code::DuplicateId, span, format!("there is another {kind} with the id `{id}`"));
    }
    free
}

/// Where it runs.
pub(super) fn runtime(cx: &mut Cx, map: &Map<'_>) -> Runtime {
    match map.choice(cx, "runtime") {
        Some("docker") => Runtime::Docker,
        Some(_) | None => Runtime::Native,
    }
}

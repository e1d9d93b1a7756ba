//! `delivery`: how the customers' endpoints are called, and what they can be told.

use super::{Item, Section};
use crate::config::DeliveryConfig;
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::{Map, items, plain};
use crate::config::yaml::{Entry, Node};
use crate::event::EventType;
use crate::event::catalogue::Catalogue;
use crate::event::schema::{Schema, SchemaError};
use ipnet::IpNet;
use std::net::IpAddr;

pub(in crate::config) static SECTION: Section = Section {
    singular: "delivery",
    plural: None,
    doc: "How the endpoints of customers are called.",
    kinds: &[&DELIVERY],
    read,
};

static DELIVERY: Keys = Keys {
    name: "`delivery`",
    doc: "How the endpoints of customers are called, and what they can be told.",
    groups: &[&[
        Key::new(
            "allow_private",
            Shape::Networks,
            "Address ranges, as `127.0.0.0/8`, that may be called although they are not public: for development. \
             Calls to them may go to any port.",
        ),
        Key::new("strict_events", Shape::Switch, "Only event types of the catalogue can be published.")
            .default("false"),
        Key::new(
            "events",
            Shape::ByName(&[&TYPE]),
            "The catalogue of event types, by name, besides those that are always there.",
        ),
    ]],
};

static TYPE: Keys = Keys {
    name: "an event type",
    doc: "What there is to say about one event type.",
    groups: &[&[
        Key::new("description", Shape::Text, "For people."),
        Key::new(
            "schema",
            Shape::Schema,
            "JSON Schema (draft 2020-12 unless it says otherwise) that the data of each event must satisfy. It refers to \
             nothing outside itself.",
        ),
    ]],
};

fn read(cx: &mut Cx, items: &[Item<'_>]) {
    cx.draft.delivery = items.first().and_then(|item| delivery(cx, item)).unwrap_or_default();
}

fn delivery(cx: &mut Cx, item: &Item<'_>) -> Option<DeliveryConfig> {
    let map = Map::open(cx, item.node, item.at, &DELIVERY)?;
    let allow_private = networks(cx, &map, "allow_private").unwrap_or_default();
    let strict = map.switch(cx, "strict_events").unwrap_or_default();
    let mut catalogue = Catalogue { strict, ..Catalogue::default() };
    if let Some(node) = map.node("events") {
        events(cx, node, &mut catalogue);
    }
    Some(DeliveryConfig { allow_private, catalogue })
}

/// Adds the file's event types to those that are always there.
fn events(cx: &mut Cx, node: &Node, catalogue: &mut Catalogue) {
    let Some(entries) = node.entries() else {
        cx.report(Code::WrongType, node.span, format!("`events` must be a mapping, not {}", node.describe()));
        return;
    };
    for Entry { key, key_span, value } in entries {
        let event_type = match EventType::parse(key) {
            Ok(event_type) => event_type,
            Err(error) => {
                cx.report(Code::BadValue, *key_span, error.to_string());
                continue;
            }
        };
        let known = catalogue.types.entry(event_type).or_default();
        known.in_file = true;
        if value.is_null() {
            continue;
        }
        let Some(map) = Map::open(cx, value, *key_span, &TYPE) else { continue };
        if let Some(description) = map.text(cx, "description") {
            known.description = Some(description);
        }
        known.schema = map.node("schema").and_then(|node| schema(cx, node));
    }
}

fn schema(cx: &mut Cx, node: &Node) -> Option<Schema> {
    if node.entries().is_none() {
        cx.report(Code::WrongType, node.span, format!("a JSON Schema is a mapping here, not {}", node.describe()));
        return None;
    }
    match Schema::compile(node.to_value()) {
        Ok(schema) => Some(schema),
        Err(SchemaError { pointer, message }) => {
            let place = if pointer.is_empty() { "it".to_owned() } else { format!("`{pointer}`") };
            let message = format!("this is no JSON Schema that stands by itself: {place}: {message}");
            cx.report(Code::BadSchema, node.pointed(&pointer).span, message);
            None
        }
    }
}

/// Ranges of addresses, or single ones.
pub(super) fn networks(cx: &mut Cx, map: &Map<'_>, name: &str) -> Option<Vec<IpNet>> {
    let listed = items(map.node(name)?);
    Some(listed.into_iter().filter_map(|node| network(cx, node)).collect())
}

/// A range of addresses, or a single one.
fn network(cx: &mut Cx, node: &Node) -> Option<IpNet> {
    let text = plain(cx, node)?;
    let parsed = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    let Some(network) = parsed else {
        let message = format!("`{text}` is not a range of addresses, as `10.0.0.0/8` or `fd00::/8`");
        cx.report(Code::BadValue, node.span, message);
        return None;
    };
    if network.addr() != network.network() {
        let meant = network.trunc().to_string();
        let message = format!("`{text}` has bits beyond its prefix: a range begins with its first address");
        cx.report_near(Code::BadValue, node.span, message, Some(&meant));
        return None;
    }
    Some(network)
}

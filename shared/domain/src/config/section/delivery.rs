//! `delivery`: how the customers' endpoints are called.

use super::{Item, Section};
use crate::config::DeliveryConfig;
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::{Map, items, plain};
use crate::config::yaml::Node;
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
    doc: "How the endpoints of customers are called.",
    groups: &[&[Key::new(
        "allow_private",
        Shape::Networks,
        "Address ranges, as `127.0.0.0/8`, that may be called although they are not public: for development. Calls to \
         them may go to any port.",
    )]],
};

fn read(cx: &mut Cx, items: &[Item<'_>]) {
    cx.draft.delivery = items.first().and_then(|item| delivery(cx, item)).unwrap_or_default();
}

fn delivery(cx: &mut Cx, item: &Item<'_>) -> Option<DeliveryConfig> {
    let map = Map::open(cx, item.node, item.at, &DELIVERY)?;
    let allow_private = map.node("allow_private").map(items).unwrap_or_default();
    Some(DeliveryConfig { allow_private: allow_private.into_iter().filter_map(|node| network(cx, node)).collect() })
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

//! `component`, `components`: reusable definitions of calls.

use super::listener::claim;
use super::{Item, Section};
use crate::config::component::{self, KINDS};
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use std::time::Duration;

pub(in crate::config) static SECTION: Section = Section {
    singular: "component",
    plural: Some("components"),
    doc: "Reusable definitions of calls: what a job names.",
    kinds: KINDS,
    read,
};

/// A wait always has a deadline: this one, where the file has none.
pub(in crate::config) const LONGEST_WAIT: Duration = Duration::from_hours(24);

fn read(cx: &mut Cx, items: &[Item<'_>]) {
    for item in items {
        let Some((id, span)) = item.id(cx) else {
            if item.node.entries().is_none() {
                cx.report(
                    Code::WrongType,
                    item.node.span,
                    format!("a component is a mapping, not {}", item.node.describe()),
                );
            } else if item.key.is_none() && item.node.get("id").is_none() {
                cx.report(Code::MissingKey, item.at, "a component needs the key `id`: the name that jobs use");
            }
            continue;
        };
        if claim(cx, "component", &id, span) {
            component(cx, item, id);
        }
    }
}

/// Reads a component into the draft.
pub(in crate::config) fn component(cx: &mut Cx, item: &Item<'_>, id: String) {
    if let Some(draft) = component::read(cx, item) {
        cx.draft.components.insert(id, draft);
    }
}

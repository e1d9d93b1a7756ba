//! The file's sections, one module each. A new section is a module and a line in [`SECTIONS`].

pub(super) mod block;
pub(super) mod component;
pub(super) mod controller;
mod dedupe;
mod delivery;
mod program;
pub(super) mod gateway;
pub(super) mod job;
pub(super) mod listener;
pub(super) mod route;
mod rule;
pub(super) mod source;
mod ssh;
pub(super) mod verify;
pub(super) mod workflow;

pub(super) use dedupe::check as check_dedupe;

use super::cx::Cx;
use super::diagnostic::{Code, Span};
use super::keys::Kinds;
use super::map::check_id;
use super::yaml::{Entry, Node};
use crate::spelling::nearest;

/// A key at the top of the file.
#[derive(Debug)]
pub(super) struct Section {
    /// The key for one.
    pub(super) singular: &'static str,
    /// The key for several, where there can be several.
    pub(super) plural: Option<&'static str>,
    /// What it is for.
    pub(super) doc: &'static str,
    /// What it holds.
    pub(super) kinds: Kinds,
    /// Reads what it holds into the draft.
    read: fn(&mut Cx, &[Item<'_>]),
}

/// All of them, in the order in which they are read.
pub(super) static SECTIONS: &[&Section] = &[
    &controller::SECTION,
    &listener::SECTION,
    &gateway::SECTION,
    &component::SECTION,
    &workflow::SECTION,
    &program::SECTION,
    &delivery::SECTION,
    &source::SECTION,
];

/// One thing of a section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'n> {
    /// Its key, in a mapping by id.
    pub(super) key: Option<&'n Entry>,
    pub(super) node: &'n Node,
    /// Where to point when something is missing in it.
    pub(super) at: Span,
}

impl Item<'_> {
    /// Its id: the key it stands under, or its `id`, which must agree.
    pub(super) fn id(&self, cx: &mut Cx) -> Option<(String, Span)> {
        let inner = self.node.get("id").filter(|id| !id.is_null());
        let Some(key) = self.key else {
            let id = inner?;
            let text = super::map::plain(cx, id)?;
            return check_id(cx, text, id.span).then(|| (text.to_owned(), id.span));
        };
        if let Some(id) = inner.filter(|id| id.text() != Some(&key.key)) {
            let message = format!("`id` says {}, the key above `{}`", id.describe(), key.key);
            cx.report_near(Code::ConflictingKeys, id.span, message, Some(&key.key));
        }
        check_id(cx, &key.key, key.key_span).then(|| (key.key.clone(), key.key_span))
    }
}

/// Reads a whole file.
pub(super) fn read(cx: &mut Cx, root: &Node) {
    let Some(entries) = root.entries() else {
        let message = format!("a configuration is a mapping, not {}", root.describe());
        cx.report(Code::WrongType, root.span, message);
        return;
    };
    let names = || SECTIONS.iter().flat_map(|section| [Some(section.singular), section.plural]).flatten();
    for entry in entries.iter().filter(|entry| !names().any(|name| name == entry.key)) {
        let message = format!("a configuration has no key `{}`", entry.key);
        cx.report_near(Code::UnknownKey, entry.key_span, message, nearest(&entry.key, names()));
    }
    for section in SECTIONS {
        let there = |entry: &&Entry| entry.key == section.singular || section.plural == Some(&entry.key);
        let items: Vec<_> = entries.iter().filter(there).flat_map(|entry| items(cx, section, entry)).collect();
        if !items.is_empty() {
            (section.read)(cx, &items);
        }
    }
}

/// A list; a mapping by id under the plural; one thing under the singular.
fn items<'n>(cx: &mut Cx, section: &Section, entry: &'n Entry) -> Vec<Item<'n>> {
    let node = entry.value.as_ref();
    let several = section.plural.is_some();
    if node.is_null() {
        return Vec::new();
    }
    if let Some(list) = node.items().filter(|_| several) {
        return list.iter().map(|node| Item { key: None, node, at: node.span }).collect();
    }
    match node.entries() {
        Some(entries) if section.plural == Some(&entry.key) => {
            entries.iter().map(|entry| Item { key: Some(entry), node: &entry.value, at: entry.key_span }).collect()
        }
        Some(_) => vec![Item { key: None, node, at: entry.key_span }],
        None => {
            let kind = if several { "a mapping or a list" } else { "a mapping" };
            let message = format!("`{}` must be {kind}, not {}", entry.key, node.describe());
            cx.report(Code::WrongType, node.span, message);
            Vec::new()
        }
    }
}

//! Reading one mapping by its table of keys.

use super::cx::Cx;
use super::diagnostic::{Code, Span};
use super::duration;
use super::keys::{Key, Keys, Shape};
use super::template::{self, Place};
use super::yaml::{Entry, Node};
use crate::expr::{Condition, Template};
use crate::spelling::nearest;
use serde_json::Value;
use std::time::Duration;

/// An open mapping. A key that is null counts as absent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Map<'n> {
    /// Its vocabulary.
    keys: &'static Keys,
    entries: &'n [Entry],
    /// Where to point when something is missing.
    pub(super) at: Span,
}

impl<'n> Map<'n> {
    /// Opens a mapping; reports keys that aren't in the table and required ones that aren't there.
    pub(super) fn open(cx: &mut Cx, node: &'n Node, at: Span, keys: &'static Keys) -> Option<Self> {
        let Some(entries) = node.entries() else {
            let message = format!("{} must be a mapping, not {}", keys.name, node.describe());
            cx.report(Code::WrongType, node.span, message);
            return None;
        };
        let map = Self { keys, entries, at };
        let mut misspelled = Vec::new();
        for entry in entries.iter().filter(|entry| map.key(&entry.key).is_none()) {
            let message = format!("{} has no key `{}`", keys.name, entry.key);
            let meant = nearest(&entry.key, keys.iter().map(|key| key.name));
            cx.report_near(Code::UnknownKey, entry.key_span, message, meant);
            misspelled.extend(meant);
        }
        let missing = |key: &&Key| key.required && map.find(key.name).is_none() && !misspelled.contains(&key.name);
        for key in keys.iter().filter(missing) {
            cx.report(Code::MissingKey, at, format!("{} needs the key `{}`", keys.name, key.name));
        }
        Some(map)
    }

    fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    fn find(&self, name: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|entry| entry.key == name && !entry.value.is_null())
    }

    /// The entry of a key.
    pub(super) fn entry(&self, name: &str) -> Option<&'n Entry> {
        debug_assert!(self.key(name).is_some(), "{} is read but not in the table of {}", name, self.keys.name);
        #[cfg(test)]
        tests::note(self.keys, name);
        self.find(name)
    }

    /// The value of a key.
    pub(super) fn node(&self, name: &str) -> Option<&'n Node> {
        self.entry(name).map(|entry| entry.value.as_ref())
    }

    /// Whether a key is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.node(name).is_some()
    }

    /// The entries whose keys are in these groups.
    pub(super) fn among(&self, groups: &[&[Key]]) -> Vec<&'n Entry> {
        let listed = |entry: &&Entry| groups.iter().any(|group| group.iter().any(|key| key.name == entry.key));
        self.entries.iter().filter(|entry| !entry.value.is_null()).filter(listed).collect()
    }

    /// The first two of these keys, if more than one is there: they contradict each other.
    pub(super) fn refuse_together(&self, cx: &mut Cx, names: &[&str], why: &str) {
        let mut there = names.iter().filter_map(|name| self.entry(name));
        if let (Some(first), Some(second)) = (there.next(), there.next()) {
            let message = format!("`{}` and `{}` contradict each other: {why}", first.key, second.key);
            cx.report(Code::ConflictingKeys, second.key_span, message);
        }
    }

    /// Plain text: no expressions.
    pub(super) fn text(&self, cx: &mut Cx, name: &str) -> Option<String> {
        plain(cx, self.node(name)?).map(str::to_owned)
    }

    /// An id.
    pub(super) fn id(&self, cx: &mut Cx, name: &str) -> Option<String> {
        let node = self.node(name)?;
        let text = plain(cx, node)?;
        check_id(cx, text, node.span).then(|| text.to_owned())
    }

    /// One of the words of the key's table entry.
    pub(super) fn choice(&self, cx: &mut Cx, name: &str) -> Option<&'static str> {
        let node = self.node(name)?;
        let Some(Shape::Choice(words)) = self.key(name).map(|key| key.shape) else { return None };
        choice(cx, node, words)
    }

    /// `true` or `false`; absent is false, and nothing is known if it is neither.
    pub(super) fn switch(&self, cx: &mut Cx, name: &str) -> Option<bool> {
        let Some(node) = self.node(name) else { return Some(false) };
        if let Some(Value::Bool(on)) = node.scalar().map(|scalar| &scalar.value) {
            return Some(*on);
        }
        let meant = match node.text().map(str::to_lowercase).as_deref() {
            Some("yes" | "on" | "true" | "1") => Some("true"),
            Some("no" | "off" | "false" | "0") => Some("false"),
            Some(_) | None => None,
        };
        cx.report_near(Code::WrongType, node.span, format!("expected true or false, not {}", node.describe()), meant);
        None
    }

    /// A duration; zero only where `zero` allows it.
    pub(super) fn duration(&self, cx: &mut Cx, name: &str, zero: bool) -> Option<Duration> {
        let node = self.node(name)?;
        let Some(scalar) = node.scalar() else {
            cx.report(Code::WrongType, node.span, format!("expected a duration, not {}", node.describe()));
            return None;
        };
        match duration::from_json(&scalar.value) {
            Ok(Duration::ZERO) if !zero => {
                cx.report(Code::BadDuration, node.span, format!("`{name}` can't be zero"));
            }
            Ok(duration) => return Some(duration),
            Err(message) => cx.report(Code::BadDuration, node.span, message),
        }
        None
    }

    /// A whole number of at least the table's minimum.
    pub(super) fn count(&self, cx: &mut Cx, name: &str) -> Option<u32> {
        let node = self.node(name)?;
        let (range, words) = match self.key(name)?.shape {
            Shape::Count(least) => (least..=u32::MAX, format!("a whole number of at least {least}")),
            Shape::Bytes(most) => (1..=most, format!("a whole number of bytes from 1 to {most}")),
            _ => return None,
        };
        let number =
            node.scalar().and_then(|scalar| scalar.value.as_u64()).and_then(|number| u32::try_from(number).ok());
        if number.is_none_or(|number| !range.contains(&number)) {
            let message = format!("`{name}` must be {words}, not {}", node.describe());
            cx.report(Code::BadValue, node.span, message);
            return None;
        }
        number
    }

    /// A TCP port.
    pub(super) fn port(&self, cx: &mut Cx, name: &str) -> Option<u16> {
        port(cx, self.node(name)?)
    }

    /// Any template.
    pub(super) fn template(&self, cx: &mut Cx, name: &str, place: &Place) -> Option<Template> {
        template::template(cx, self.node(name)?, place)
    }

    /// A condition.
    pub(super) fn condition(&self, cx: &mut Cx, name: &str, place: &Place) -> Option<Condition> {
        template::condition(cx, self.node(name)?, place)
    }

    /// A text template.
    pub(super) fn text_template(&self, cx: &mut Cx, name: &str, place: &Place) -> Option<Template> {
        template::text_template(cx, self.node(name)?, place)
    }

    /// Names and text templates, in order.
    pub(super) fn text_templates(&self, cx: &mut Cx, name: &str, place: &Place) -> Vec<(String, Template)> {
        let Some(node) = self.node(name) else { return Vec::new() };
        let Some(entries) = node.entries() else {
            cx.report(Code::WrongType, node.span, format!("`{name}` must be a mapping, not {}", node.describe()));
            return Vec::new();
        };
        let mut read = |entry: &Entry| Some((entry.key.clone(), template::text_template(cx, &entry.value, place)?));
        entries.iter().filter(|entry| !entry.value.is_null()).filter_map(&mut read).collect()
    }

    /// Scalars as text, as JSON would print them.
    pub(super) fn texts(&self, cx: &mut Cx, name: &str) -> Vec<String> {
        let Some(node) = self.node(name) else { return Vec::new() };
        let mut texts = Vec::new();
        for item in items(node) {
            match item.scalar() {
                Some(scalar) => texts.push(match &scalar.value {
                    Value::String(text) => text.clone(),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                        scalar.value.to_string()
                    }
                }),
                None => {
                    let message = format!("`{name}` lists texts, numbers or booleans, not {}", item.describe());
                    cx.report(Code::WrongType, item.span, message);
                }
            }
        }
        texts
    }
}

/// The items of a list; anything else is a list of one.
pub(super) fn items(node: &Node) -> Vec<&Node> {
    match node.items() {
        Some(items) => items.iter().map(AsRef::as_ref).collect(),
        None => vec![node],
    }
}

/// A scalar's text, without expressions.
pub(super) fn plain<'n>(cx: &mut Cx, node: &'n Node) -> Option<&'n str> {
    let Some(text) = node.text() else {
        cx.report(Code::WrongType, node.span, format!("expected text, not {}", node.describe()));
        return None;
    };
    if text.contains("${") {
        let message = "an expression isn't possible here: this is needed before any request".to_owned();
        cx.report(Code::ExpressionNotAllowed, node.find("${"), message);
        return None;
    }
    if text.is_empty() {
        cx.report(Code::BadValue, node.span, "expected text, not an empty one");
        return None;
    }
    Some(text)
}

/// One of some words.
pub(super) fn choice(cx: &mut Cx, node: &Node, words: &[&'static str]) -> Option<&'static str> {
    let text = plain(cx, node)?;
    let found = words.iter().copied().find(|word| *word == text);
    if found.is_none() {
        let message = format!("`{text}` is none of: {}", words.join(", "));
        cx.report_near(Code::BadValue, node.span, message, nearest(text, words.iter().copied()));
    }
    found
}

/// A TCP port.
pub(super) fn port(cx: &mut Cx, node: &Node) -> Option<u16> {
    let text = plain(cx, node)?;
    let port = text.parse::<u16>().ok().filter(|port| *port != 0);
    if port.is_none() {
        cx.report(Code::BadPort, node.span, format!("`{text}` is not a TCP port (1 to 65535)"));
    }
    port
}

/// Whether a text can be an id; reports it if not.
pub(super) fn check_id(cx: &mut Cx, text: &str, span: Span) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let good = text.chars().all(fits) && text.chars().count() <= MAX_ID && !text.is_empty();
    if !good {
        let message = format!("`{text}` can't be an id: letters, digits, `-`, `_` and `.`, {MAX_ID} at most");
        cx.report(Code::BadId, span, message);
    }
    good
}

/// Ids become parts of keys in the table.
const MAX_ID: usize = 128;

/// Which keys of which tables have been read: a key that nothing reads would be a promise of the schema's alone.
#[cfg(test)]
pub(super) mod tests {
    use super::Keys;
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    thread_local! { static READ: RefCell<BTreeSet<(&'static str, String)>> = RefCell::default(); }

    pub(super) fn note(keys: &'static Keys, name: &str) {
        READ.with_borrow_mut(|read| read.insert((keys.name, name.to_owned())));
    }

    /// Takes what was read on this thread.
    pub(crate) fn take() -> BTreeSet<(&'static str, String)> {
        READ.take()
    }
}

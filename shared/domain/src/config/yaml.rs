//! YAML as a tree whose every node knows where it stands in the file.
//!
//! The cast: [`build`] turns the parser's events into [`Node`]s, [`scalar`] says which JSON value a plain scalar is.
//! Hostile files are refused, not survived by luck: size, depth and the number of nodes after aliases are bounded.

mod build;
mod scalar;

use super::diagnostic::Span;
use serde_json::Value;
use std::rc::Rc;

pub(super) use build::parse;

/// A value and its place. Aliases share nodes.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) kind: Kind,
    /// Nodes in it, itself included and aliases expanded.
    size: usize,
    /// Levels in it, itself included and aliases expanded.
    depth: usize,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Kind {
    Scalar(Scalar),
    List(Vec<Rc<Node>>),
    Map(Vec<Entry>),
}

/// A scalar.
#[derive(Debug)]
pub(super) struct Scalar {
    /// Without quotes and escapes.
    pub(super) text: String,
    /// Text, number, boolean or null.
    pub(super) value: Value,
    /// Where `text` stands in the file as it is, if it does.
    verbatim: Option<usize>,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Span,
    pub(super) value: Rc<Node>,
}

impl Node {
    /// The entries, if it is a mapping.
    pub(super) fn entries(&self) -> Option<&[Entry]> {
        if let Kind::Map(entries) = &self.kind { Some(entries) } else { None }
    }

    /// The items, if it is a list.
    pub(super) fn items(&self) -> Option<&[Rc<Node>]> {
        if let Kind::List(items) = &self.kind { Some(items) } else { None }
    }

    /// The scalar, if it is one.
    pub(super) fn scalar(&self) -> Option<&Scalar> {
        if let Kind::Scalar(scalar) = &self.kind { Some(scalar) } else { None }
    }

    /// The text of a scalar that is not null.
    pub(super) fn text(&self) -> Option<&str> {
        self.scalar().filter(|scalar| !scalar.value.is_null()).map(|scalar| scalar.text.as_str())
    }

    /// Nothing was written, or `null`.
    pub(super) fn is_null(&self) -> bool {
        self.scalar().is_some_and(|scalar| scalar.value.is_null())
    }

    /// The value of a key, if it is a mapping that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries()?.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_ref())
    }

    /// Without the places.
    pub(super) fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(scalar) => scalar.value.clone(),
            Kind::List(items) => items.iter().map(|item| item.to_value()).collect(),
            Kind::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value())).collect(),
        }
    }

    /// What a JSON pointer (RFC 6901) leads to, or the last that it passes.
    pub(super) fn pointed(&self, pointer: &str) -> &Self {
        let Some((first, rest)) = pointer.strip_prefix('/').map(|path| path.split_once('/').unwrap_or((path, "")))
        else {
            return self;
        };
        let name = first.replace("~1", "/").replace("~0", "~");
        let next = match &self.kind {
            Kind::Scalar(_) => None,
            Kind::List(items) => name.parse().ok().and_then(|index: usize| items.get(index)).map(AsRef::as_ref),
            Kind::Map(_) => self.get(&name),
        };
        let rest = pointer.get(pointer.len() - rest.len()..).unwrap_or_default();
        next.map_or(self, |next| if rest.is_empty() { next } else { next.pointed(&format!("/{rest}")) })
    }

    /// What it is, for messages.
    pub(super) fn describe(&self) -> String {
        match &self.kind {
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
            Kind::Scalar(Scalar { value: Value::Null, .. }) => "nothing".to_owned(),
            Kind::Scalar(scalar) => {
                format!("`{}`", scalar.text.chars().take(60).collect::<String>())
            }
        }
    }

    /// The place of a part of its text, or its own where escapes or folding moved the parts.
    pub(super) fn part(&self, offset: usize, length: usize) -> Span {
        match self.scalar().and_then(|scalar| Some((scalar.verbatim?, scalar.text.get(offset..offset + length)?))) {
            Some((start, _)) => Span { offset: start + offset, length },
            None => self.span,
        }
    }

    /// The place of the first occurrence of `needle` in its text, or its own.
    pub(super) fn find(&self, needle: &str) -> Span {
        match self.text().and_then(|text| text.find(needle)) {
            Some(offset) => self.part(offset, needle.len()),
            None => self.span,
        }
    }
}

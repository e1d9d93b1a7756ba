//! Files of other projects, turned into a `ringback.yml`. Pure: from text to text.
//!
//! ```text
//! text ─► tree with places ─► webhook | compose ─► value ─► loader accepts it ─► YAML
//!                                      └► what could not be carried over, in words, each with its place
//! ```
//!
//! A check that can't be carried over is never left out silently: what it protected is left out with it.

mod compose;
mod webhook;
mod yaml;

use domain::config::Tree;
use serde_json::Value;
use std::fmt;

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Origin {
    /// Hooks of adnanh/webhook: a list, in JSON or YAML.
    Webhook,
    /// A file of model-compose.
    ModelCompose,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Imported {
    /// The `ringback.yml`.
    pub(crate) yaml: String,
    /// What was not carried over, or means something else now.
    pub(crate) notes: Vec<Note>,
}

/// One thing to say about one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    line: usize,
    /// Where, as the file names it: `hooks[0].trigger-rule`.
    place: String,
    what: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: {}", self.line, self.place, self.what)
    }
}

/// Converts a file.
///
/// # Errors
/// In words, if it is none of those, or nothing of it can be carried over.
pub(crate) fn convert(text: &str, file: &str, origin: Option<Origin>) -> Result<Imported, String> {
    // Templates of the other project stand where a value does, and would be no JSON.
    let text = webhook::with_env(text);
    let tree = Tree::parse(&text, file).map_err(|errors| errors.join("\n"))?;
    let value = tree.value();
    let origin = origin.or(match &value {
        Value::Array(_) => Some(Origin::Webhook),
        Value::Object(_) => Some(Origin::ModelCompose),
        _ => None,
    });
    match origin {
        Some(Origin::Webhook) => webhook::convert(&tree, &value),
        Some(Origin::ModelCompose) => compose::convert(&text, &tree, value),
        None => Err(format!("{file} is neither a list of hooks nor a file of model-compose")),
    }
}

/// Collects notes about a document.
struct Notes<'t> {
    tree: &'t Tree<'t>,
    all: Vec<Note>,
}

impl<'t> Notes<'t> {
    fn new(tree: &'t Tree<'t>) -> Self {
        Self { tree, all: Vec::new() }
    }

    fn add(&mut self, pointer: &str, place: impl Into<String>, what: impl Into<String>) {
        self.all.push(Note { line: self.tree.line(pointer), place: place.into(), what: what.into() });
    }

    fn done(mut self) -> Vec<Note> {
        self.all.sort_by_key(|note| note.line);
        self.all.dedup();
        self.all
    }
}

#[cfg(test)]
mod tests;

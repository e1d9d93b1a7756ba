//! Tests of the loader.

mod chapters;
mod conditions;
mod dedupe;
mod delivery;
mod fields;
mod gateways;
mod hostile;
mod keys_and_values;
mod order;
mod programs;
mod routes;
mod schema;
mod silence;
mod summary;
mod templates;
mod inference;

use super::yaml::Node;
use super::{Config, Loaded, load};
use serde_json::Value;

/// Loads a text and prints its diagnostics, one a line.
fn report(text: &str) -> String {
    let Loaded { diagnostics, .. } = load(text, "f");
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Each text with all that is said about it.
#[track_caller]
fn check(table: &[(&str, &str)]) {
    for (text, told) in table {
        assert_eq!(report(text), *told, "{text}");
    }
}

/// Codes and lines of what is said about a text.
fn told(text: &str) -> Vec<(&'static str, usize)> {
    load(text, "f").diagnostics.iter().map(|told| (told.code.as_str(), told.line)).collect()
}

/// The configuration of a text without errors.
#[track_caller]
fn config(text: &str) -> Config {
    let loaded = load(text, "f");
    loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

/// A tree without its places.
fn json_of(node: &Node) -> Value {
    node.to_value()
}

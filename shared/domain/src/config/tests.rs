//! Tests of the loader.

mod chapters;

use super::{Loaded, load};

/// Loads a text and prints its diagnostics, one a line.
fn report(text: &str) -> String {
    let Loaded { diagnostics, .. } = load(text, "ringback.yml");
    diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect()
}

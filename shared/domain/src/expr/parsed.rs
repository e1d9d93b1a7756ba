//! Texts of a scope that were parsed as JSON, so that each is parsed once however many expressions read it.

use crate::expr::convert::read_json;
use crate::expr::path::Path;
use serde_json::Value;
use std::sync::OnceLock;

/// Paths that are remembered; of more, the text is parsed each time.
const MOST: usize = 32;

/// The JSON in the texts at some paths. Belongs to one scope: the same path must lead to the same text.
///
/// A list that only grows, so that what was found can be borrowed while more is added.
#[derive(Debug, Default)]
pub struct Parsed(OnceLock<Box<Entry>>);

#[derive(Debug)]
struct Entry {
    path: Path,
    /// The reason where the text is not JSON.
    value: Result<Value, String>,
    next: Parsed,
}

impl Parsed {
    /// The JSON in the text at a path, and whether it was parsed just now; `None` where there is no room
    /// to remember it.
    pub(super) fn json(&self, path: &Path, text: &str) -> Option<(Result<&Value, &String>, bool)> {
        let mut place = self;
        for _ in 0..MOST {
            let mut fresh = false;
            let entry = place.0.get_or_init(|| {
                fresh = true;
                Box::new(Entry { path: path.clone(), value: read_json(text), next: Self::default() })
            });
            if entry.path == *path {
                return Some((entry.value.as_ref(), fresh));
            }
            place = &entry.next;
        }
        None
    }
}

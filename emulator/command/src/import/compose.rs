//! A file of model-compose. Its YAML is mostly ours: what loads is carried over, what doesn't is told and left out.

use super::{Imported, Notes, yaml};
use domain::config::{Code, Severity, Tree, load};
use serde_json::Value;

/// Rounds of leaving out; each leaves out at least one thing.
const ROUNDS: usize = 200;

pub(super) fn convert(text: &str, tree: &Tree<'_>, mut value: Value) -> Result<Imported, String> {
    let mut notes = Notes::new(tree);
    let mut printed = text.to_owned();
    for _ in 0..ROUNDS {
        let loaded = load(&printed, "ringback.yml");
        let errors: Vec<_> = loaded.diagnostics.iter().filter(|one| one.severity == Severity::Error).collect();
        if errors.is_empty() {
            return if value.as_object().is_some_and(|map| !map.is_empty()) {
                Ok(Imported { yaml: printed, notes: notes.done() })
            } else {
                Err(told(&notes))
            };
        }
        let now = Tree::parse(&printed, "ringback.yml").map_err(|errors| errors.join("\n"))?;
        let mut gone: Vec<String> = Vec::new();
        for error in errors {
            let pointer = now.pointer_at(error.span.offset, error.code == Code::MissingKey);
            // What is inside of something that goes is gone with it. Items of a list go one in a round: others move up.
            let inside = gone.iter().any(|gone| pointer.starts_with(gone.as_str()) || is_list_item(gone));
            if inside || pointer.is_empty() {
                continue;
            }
            notes.add(&pointer, place(&pointer), format!("left out: {}", error.message));
            gone.push(pointer);
        }
        if gone.is_empty() {
            return Err(told(&notes));
        }
        for pointer in &gone {
            remove(&mut value, pointer);
        }
        printed = yaml::print(&value);
    }
    Err(told(&notes))
}

fn told(notes: &Notes<'_>) -> String {
    let all: Vec<String> = notes.all.iter().map(ToString::to_string).collect();
    format!("nothing of the file can be carried over\n{}", all.join("\n"))
}

fn is_list_item(pointer: &str) -> bool {
    pointer.rsplit('/').next().is_some_and(|last| !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
}

fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    let name = last.replace("~1", "/").replace("~0", "~");
    match value.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.shift_remove(&name);
        }
        Some(Value::Array(items)) => {
            if let Some(at) = name.parse::<usize>().ok().filter(|at| *at < items.len()) {
                items.remove(at);
            }
        }
        _ => {}
    }
}

/// `/components/0/type` as `components[0].type`.
fn place(pointer: &str) -> String {
    let mut place = String::new();
    for part in pointer.split('/').skip(1) {
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            place.push_str(&format!("[{part}]"));
        } else {
            if !place.is_empty() {
                place.push('.');
            }
            place.push_str(&part.replace("~1", "/").replace("~0", "~"));
        }
    }
    place
}

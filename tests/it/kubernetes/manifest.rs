//! A manifest as a JSON value. Kubernetes' YAML is plain: mappings, lists, text, numbers and booleans.

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};
use std::path::Path;

enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

/// The one document of a file.
#[track_caller]
pub(super) fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (mut open, mut root) = (Vec::new(), None);
    for event in Parser::new_from_str(&text) {
        let (event, place) = event.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let done = match event {
            Event::DocumentStart(..) => {
                assert!(root.is_none(), "{}: a second document at {place:?}", path.display());
                continue;
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                continue;
            }
            Event::Scalar(text, style, ..) => scalar(&text, style),
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(items)) => Value::Array(items),
                Some(Open::Map(entries, None)) => Value::Object(entries),
                _ => panic!("{}: at {place:?}", path.display()),
            },
            _ => continue,
        };
        match open.last_mut() {
            None => root = Some(done),
            Some(Open::List(items)) => items.push(done),
            Some(Open::Map(entries, key)) => match key.take() {
                None => *key = Some(done.as_str().expect("a key of text").to_owned()),
                Some(key) => assert!(entries.insert(key, done).is_none(), "{}: twice at {place:?}", path.display()),
            },
        }
    }
    root.unwrap_or_else(|| panic!("{}: nothing in it", path.display()))
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    match (style, text) {
        (ScalarStyle::Plain, "true") => true.into(),
        (ScalarStyle::Plain, "false") => false.into(),
        (ScalarStyle::Plain, number) if number.parse::<i64>().is_ok() => number.parse::<i64>().unwrap().into(),
        _ => text.into(),
    }
}

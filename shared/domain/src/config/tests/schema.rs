//! The schema says what the loader does: no key in one that isn't in the other, no file that only one of them takes.

use super::chapters::blocks;
use crate::config::keys::{Keys, Kinds, Shape};
use crate::config::section::SECTIONS;
use crate::config::section::listener::SOURCES_PORT;
use crate::config::{Code, load, map, schema};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const EVERYTHING: &str = include_str!("../../../../../tests/fixtures/config/everything.yml");

#[test]
fn every_block_of_the_chapters_fits_the_schema() {
    let validator = validator();
    for (name, text) in blocks().into_iter().chain([("everything.yml".to_owned(), EVERYTHING.to_owned())]) {
        let errors: Vec<String> = validator.iter_errors(&json_of(&text)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

#[test]
fn the_file_with_everything_loads() {
    let told = load(EVERYTHING, "everything.yml").diagnostics;
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn every_key_of_the_schema_is_read_by_the_loader() {
    map::tests::take();
    load(EVERYTHING, "everything.yml");
    let read = map::tests::take();
    // An id may stand as the key above; it is read from there.
    let promised = tables().into_iter().flat_map(|keys| keys.iter().map(|key| (keys.name, key.name.to_owned())));
    let by_item = ["id", "type"];
    let unread: Vec<_> = promised.filter(|key| !read.contains(key) && !by_item.contains(&key.1.as_str())).collect();
    assert!(unread.is_empty(), "{unread:?}");
}

#[test]
fn every_key_of_the_tables_is_in_the_schema_with_its_meaning() {
    let schema = schema();
    let tables = tables();
    for keys in &tables {
        let name = keys.slug();
        let properties = schema["$defs"][&name]["properties"].as_object().expect(&name);
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        assert!(properties.keys().eq(names), "{name}");
        for (key, property) in properties {
            assert!(property["description"].as_str().is_some_and(|text| text.len() > 3), "{name}.{key}");
        }
    }
    let names: BTreeSet<&str> = tables.iter().map(|keys| keys.name).collect();
    assert_eq!(names.len(), tables.len(), "two tables of one name");
    assert_eq!(schema["$defs"].as_object().map(serde_json::Map::len), Some(tables.len()));
}

#[test]
fn what_the_schema_refuses_the_loader_refuses() {
    let validator = validator();
    let everything = json_of(EVERYTHING);
    let probes = [
        json!("text"),
        json!(-1),
        json!(0),
        json!(2.5),
        json!(true),
        json!([]),
        json!({}),
        json!([[1]]),
        json!({"no-such-key": 1}),
    ];
    let (mut refused, mut tried) = (0, 0);
    for pointer in pointers(&everything, "") {
        for probe in &probes {
            let mut changed = everything.clone();
            *changed.pointer_mut(&pointer).expect("the place") = probe.clone();
            tried += 1;
            if !validator.is_valid(&changed) {
                refused += 1;
                let loaded = load(&changed.to_string(), "changed.json");
                assert!(loaded.has_errors(), "the loader takes {probe} at {pointer}");
            }
        }
    }
    assert!(refused > 500 && tried > refused, "{refused} of {tried}");
}

#[test]
fn an_unknown_key_is_refused_by_both() {
    let validator = validator();
    let everything = json_of(EVERYTHING);
    for pointer in pointers(&everything, "").into_iter().chain([String::new()]) {
        let mut changed = everything.clone();
        let Some(object) = changed.pointer_mut(&pointer).and_then(Value::as_object_mut) else {
            continue;
        };
        object.insert("no-such-key".to_owned(), json!(1));
        let unknown = load(&changed.to_string(), "").diagnostics.iter().any(|told| told.code == Code::UnknownKey);
        assert_eq!(unknown, !validator.is_valid(&changed) && !is_by_id(&pointer), "{pointer}");
    }
}

/// A mapping by id takes any key; what stands behind it is then wrong in both, but for another reason.
fn is_by_id(pointer: &str) -> bool {
    matches!(
        pointer,
        "/workflows" | "/components" | "/programs" | "/programs/deploy/env" | "/delivery/events" | "/sources"
    )
}

#[test]
fn defaults_of_the_schema_are_those_of_the_loader() {
    let text = "listeners: [{path: /a}, {workflow: w, path: /b}]\nworkflow: {jobs: [{component: c, retry: {}}]}\n\
                components: {c: {endpoint: 'https://h', completion: {type: polling, endpoint: 'https://h'}}}";
    let config = load(text, "").config.expect("a configuration");
    let schema = schema();
    let default = |table: &str, key: &str| schema["$defs"][table]["properties"][key]["default"].clone();
    assert_eq!(default("callback_listener", "port"), config.listeners[0].port);
    assert_eq!(default("trigger_listener", "port"), config.listeners[1].port);
    assert_eq!(default("callback_listener", "host"), config.listeners[0].host);
    assert_eq!(default("controller", "host"), config.controller.host);
    assert_eq!(default("controller", "port"), config.controller.port);
    assert_eq!(default("source_listener", "port"), SOURCES_PORT);
    let retry = config.workflows["default"].jobs.jobs[0].retry.expect("a retry");
    assert_eq!(default("retry", "max_attempts"), retry.max_attempts);
    assert_eq!(default("retry", "delay"), crate::config::duration::print(retry.delay));
    assert_eq!(default("retry", "backoff"), json!(1));
    assert!((retry.backoff - 1.0).abs() < f64::EPSILON);
    assert_eq!(default("polling_completion", "interval"), "5s");
}

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::new(&schema()).expect("a valid schema")
}

/// Every table that can be reached from the top.
fn tables() -> Vec<&'static Keys> {
    let mut found: Vec<&'static Keys> = Vec::new();
    let mut ahead: Vec<Kinds> = SECTIONS.iter().map(|section| section.kinds).collect();
    while let Some(kinds) = ahead.pop() {
        for keys in kinds {
            if found.iter().any(|known| std::ptr::eq(*known, *keys)) {
                continue;
            }
            found.push(keys);
            for key in keys.iter() {
                if let Shape::One(kinds)
                | Shape::List(kinds)
                | Shape::OneOrList(kinds)
                | Shape::ById(kinds)
                | Shape::ByName(kinds)
                | Shape::NameOr(kinds)
                | Shape::Rules(kinds) = key.shape
                {
                    ahead.push(kinds);
                }
            }
        }
    }
    found
}

/// Pointers to every value of a document.
fn pointers(value: &Value, above: &str) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(object) => {
            object.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    let mut found = Vec::new();
    for (key, child) in children {
        let pointer = format!("{above}/{key}");
        found.extend(pointers(child, &pointer));
        found.push(pointer);
    }
    found
}

/// A YAML document as JSON.
fn json_of(text: &str) -> Value {
    let (root, problems) = crate::config::yaml::parse(text);
    assert_eq!(problems, []);
    crate::config::tests::json_of(&root.expect("a document"))
}

//! The JSON Schema of `ringback.yml`, for editors: generated from the tables by which the loader reads.

use super::keys::{Key, Keys, Kinds, Shape};
use super::section::{SECTIONS, Section};
use serde_json::{Map, Value, json};

/// The schema, draft 2020-12 (<https://json-schema.org/draft/2020-12>).
pub fn schema() -> Value {
    let mut schema = Schema::default();
    let mut properties = Map::new();
    for section in SECTIONS {
        schema.section(section, &mut properties);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ringback.yml",
        "description": "The configuration of Ringback, a webhook gateway.",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "$defs": schema.definitions,
    })
}

/// The definitions so far; one for each table.
#[derive(Default)]
struct Schema {
    definitions: Map<String, Value>,
}

impl Schema {
    fn section(&mut self, section: &Section, properties: &mut Map<String, Value>) {
        let one = match section.plural {
            Some(_) => Shape::OneOrList(section.kinds),
            None => Shape::One(section.kinds),
        };
        let mut put = |schema: &mut Self, name: &str, shape| {
            properties.insert(name.to_owned(), described(schema.shape(shape), section.doc));
        };
        put(self, section.singular, one);
        if let Some(plural) = section.plural {
            put(self, plural, Shape::ById(section.kinds));
        }
    }

    fn key(&mut self, key: &Key) -> Value {
        let mut value = described(self.shape(key.shape), key.doc);
        if let (Some(default), Some(object)) = (key.default, value.as_object_mut()) {
            let parsed = serde_json::from_str(default).unwrap_or_else(|_| Value::from(default));
            object.insert("default".to_owned(), parsed);
        }
        value
    }

    fn shape(&mut self, shape: Shape) -> Value {
        let scalar = || json!({"type": ["string", "number", "boolean"]});
        match shape {
            Shape::Text => scalar(),
            Shape::Id => json!({"type": ["string", "number", "boolean"], "maxLength": 128}),
            Shape::Template => json!({}),
            Shape::TextTemplate | Shape::Scalar => scalar(),
            Shape::Condition => json!({"type": "string", "minLength": 1}),
            Shape::TextTemplates => {
                json!({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}})
            }
            Shape::Duration => json!({
                "type": ["string", "number"],
                "minimum": 0,
                "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*(ms|s|m|h|d)?\s*$",
            }),
            Shape::Port => json!({"type": ["integer", "string"], "minimum": 1, "maximum": 65535}),
            Shape::Ports => {
                let port = self.shape(Shape::Port);
                json!({"anyOf": [port, {"type": "array", "minItems": 1, "items": port}]})
            }
            Shape::Networks => {
                let network = json!({"type": "string", "pattern": r"^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"});
                json!({"anyOf": [network, {"type": "array", "items": network}]})
            }
            Shape::Path => json!({"type": "string", "pattern": r"^/[^?#\\\s]*$"}),
            Shape::Method => json!({"type": "string", "pattern": "^[A-Za-z]+$"}),
            Shape::Count(least) => {
                json!({"type": "integer", "minimum": least, "maximum": u32::MAX})
            }
            Shape::Bytes(most) => json!({"type": "integer", "minimum": 1, "maximum": most}),
            Shape::Backoff => {
                json!({"anyOf": [{"type": "number", "minimum": 1, "maximum": 100}, {"enum": ["fixed", "exponential"]}]})
            }
            Shape::Switch => json!({"type": "boolean"}),
            Shape::Choice(words) => json!({"enum": words}),
            Shape::Texts => {
                let scalar = json!({"type": ["string", "number", "boolean", "null"]});
                json!({"anyOf": [scalar, {"type": "array", "items": scalar}]})
            }
            Shape::Names => {
                let name = scalar();
                json!({"anyOf": [name, {"type": "array", "items": name}]})
            }
            Shape::One(kinds) => self.kinds(kinds),
            Shape::List(kinds) => json!({"type": "array", "items": self.kinds(kinds)}),
            Shape::OneOrList(kinds) => {
                let one = self.kinds(kinds);
                json!({"anyOf": [one, {"type": "array", "items": one}]})
            }
            Shape::ById(kinds) => {
                let one = self.kinds(kinds);
                json!({"anyOf": [
                    {"type": "array", "items": one},
                    {"type": "object", "additionalProperties": one},
                ]})
            }
            Shape::ByName(kinds) => {
                let one = self.kinds(kinds);
                json!({"type": "object", "additionalProperties": {"anyOf": [one, {"type": "null"}]}})
            }
            Shape::Schema | Shape::Templates => json!({"type": "object"}),
            Shape::NameOr(kinds) => {
                let one = self.kinds(kinds);
                json!({"anyOf": [scalar(), one]})
            }
            Shape::Choices(words) => json!({"anyOf": [{"enum": words}, {"type": "array", "items": {"enum": words}}]}),
            Shape::Secrets => json!({"anyOf": [scalar(), {"type": "array", "items": scalar()}]}),
            Shape::Scheme => json!({"anyOf": [{"type": "string"}, crate::signature::Scheme::schema()]}),
            Shape::Rules(kinds) => {
                let rule = self.kinds(kinds);
                let targets = json!({"anyOf": [scalar(), {"type": "array", "items": {"anyOf": [scalar(), rule]}}]});
                let by_condition = json!({"type": "object", "additionalProperties": targets});
                let of_event = json!({"anyOf": [targets, by_condition, {"type": "null"}]});
                json!({"type": "object", "additionalProperties": of_event})
            }
        }
    }

    fn kinds(&mut self, kinds: Kinds) -> Value {
        let references: Vec<Value> = kinds.iter().map(|keys| self.keys(keys)).collect();
        match references.as_slice() {
            [only] => only.clone(),
            _ => json!({"anyOf": references}),
        }
    }

    /// A reference to a table's definition, which is made the first time.
    fn keys(&mut self, keys: &'static Keys) -> Value {
        let name = keys.slug();
        let reference = json!({"$ref": format!("#/$defs/{name}")});
        if self.definitions.contains_key(&name) {
            return reference;
        }
        // Jobs hold jobs: the name must be taken before its keys are walked.
        self.definitions.insert(name.clone(), Value::Null);
        let mut properties = Map::new();
        for key in keys.iter() {
            properties.insert(key.name.to_owned(), self.key(key));
        }
        let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        let definition = json!({
            "description": keys.doc,
            "type": "object",
            "additionalProperties": false,
            "properties": properties,
            "required": required,
        });
        self.definitions.insert(name, definition);
        reference
    }
}

fn described(mut value: Value, doc: &str) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.insert("description".to_owned(), Value::from(doc));
    }
    value
}

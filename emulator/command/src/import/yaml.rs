//! A value as YAML in block style, as a person would write it.

use serde_json::Value;

/// The text; every scalar that could be read as something else is in quotes.
pub(super) fn print(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

fn block(value: &Value, indent: usize, text: &mut String) {
    let pad = "  ".repeat(indent);
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                text.push_str(&format!("{pad}{}:", scalar(key)));
                nested(value, indent, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                if is_short(item) {
                    text.push_str(&format!("{pad}- {}\n", flow(item)));
                } else {
                    let mut inner = String::new();
                    block(item, indent + 1, &mut inner);
                    // The first line stands behind the dash.
                    text.push_str(&format!("{pad}- {}", inner.trim_start()));
                }
            }
        }
        scalar => text.push_str(&format!("{pad}{}\n", flow(scalar))),
    }
}

fn nested(value: &Value, indent: usize, text: &mut String) {
    if is_short(value) {
        text.push_str(&format!(" {}\n", flow(value)));
    } else {
        text.push('\n');
        block(value, indent + 1, text);
    }
}

/// Whether it stands in one line: a scalar, something empty, or a list of scalars.
fn is_short(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => {
            items.iter().all(|item| !item.is_object() && !item.is_array()) && flow(value).len() <= 90
        }
        _ => true,
    }
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => format!("[{}]", items.iter().map(in_list).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// In a list, a comma or a bracket would end a plain text.
fn in_list(value: &Value) -> String {
    match value {
        Value::String(text) if text.contains([',', '[', ']', '{', '}']) => quoted(text),
        other => flow(other),
    }
}

/// Plain where nothing in it means anything to YAML, else in JSON's quotes.
fn scalar(text: &str) -> String {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '.' | '-');
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '$');
    let template = |text: &str| {
        let inner = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
        inner.is_some_and(|inner| inner.chars().all(letter))
    };
    let word =
        ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].iter().any(|w| text.eq_ignore_ascii_case(w));
    let plain = starts && !word && (text.chars().all(letter) || template(text));
    if plain { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::print;
    use domain::config::Tree;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn it_looks_as_a_person_would_write_it() {
        let value = json!({"sources": {"a": {"secret": "${env.X}", "rules": {"*": [{"when": "a == \"b\"", "target": "t"}]}}},
            "list": [1, "two", "x, y"], "empty": {}, "word": "yes"});
        let expected = "\
sources:
  a:
    secret: ${env.X}
    rules:
      \"*\":
        - when: \"a == \\\"b\\\"\"
          target: t
list: [1, two, \"x, y\"]
empty: {}
word: \"yes\"
";
        assert_eq!(print(&value), expected);
    }

    fn anything() -> impl Strategy<Value = Value> {
        let text = prop_oneof!["[ -~]{0,12}", "\\PC{0,6}", "[:#{}\\[\\],&*!|>'\"%@`\n\t -]{0,6}"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((text.clone(), inner), 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_as_it_was(value in anything()) {
            let value = json!({"value": value});
            let text = print(&value);
            let tree = Tree::parse(&text, "f").map_err(|errors| TestCaseError::fail(format!("{errors:?}\n{text}")))?;
            prop_assert_eq!(tree.value(), value, "{}", text);
        }
    }
}

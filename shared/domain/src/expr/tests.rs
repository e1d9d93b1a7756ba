//! Every table below is (template, what it gives) over [`sample`].

use crate::expr::{Scope, Sources, SyntaxError, Template};
use serde_json::{Value, json};

mod text;
mod path;
mod default;
mod operator;
mod conversion;
mod syntax;
mod reference;
mod print;
mod chapter;
mod hostile;
mod batch;

/// A scope with a value of every kind.
fn sample() -> Value {
    json!({
        "body": {
            "task_id": "t-1",
            "n": 5,
            "half": 2.5,
            "one": 1.0,
            "zero": 0,
            "max": u64::MAX,
            "min": i64::MIN,
            "huge": 1e300,
            "text": "héllo",
            "digits": "12",
            "quoted": "say \"hi\"",
            "empty": "",
            "nothing": null,
            "flag": true,
            "off": false,
            "list": [10, 20, 30, 40],
            "none": [],
            "no-keys": {},
            "users": [{"name": "ann", "tags": ["x", "y"]}, {"name": "bob"}, 7],
            "by_id": {"a": {"v": 1}, "b": {"v": 2}},
            "any key": "spaced",
            "naïve": "unicode",
            "payload": "{\"user\":{\"name\":\"zoe\",\"roles\":[\"admin\",\"dev\"]}}",
            "pattern": "^h.llo$",
        },
        "header": {"X-Signature": "sha256=abc", "content-type": "text/plain"},
        "gateway": {"8080": {"public_url": "https://by-key"}, "8090": {"public_url": "https://shadowed"}},
        "gateway:8090": {"public_url": "https://by-name", "port": 8090},
        "jobs": {"process-message": {"output": {"result": "done"}}},
        "branch": "main",
    })
}

fn render(template: &Template) -> Result<Value, String> {
    let sample = sample();
    let sources = sample.as_object().unwrap();
    let scope = sources.iter().fold(Scope::new(), |scope, (name, value)| scope.with(name, value));
    let whole = template.render(&scope).map_err(|error| error.message);
    let text = template.render_text(&scope).map_err(|error| error.message);
    assert_eq!(whole.as_ref().map(|value| super::to_text(value).into_owned()), text.as_ref().cloned(), "{template}");
    whole
}

/// Each template, one string, gives exactly this: `1` is not `1.0` here.
#[track_caller]
fn gives(table: &[(&str, Value)]) {
    for (text, expected) in table {
        let template = Template::parse(text, Sources::Any).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(render(&template).as_ref(), Ok(expected), "{text}");
        let printed = template.to_string();
        assert_eq!(Template::parse(&printed, Sources::Any).as_ref(), Ok(&template), "{text} printed as {printed}");
    }
}

/// Each template parses, but its rendering fails with this message.
#[track_caller]
fn fails(table: &[(&str, &str)]) {
    for (text, expected) in table {
        let template = Template::parse(text, Sources::Any).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(render(&template).as_ref().map_err(String::as_str), Err(*expected), "{text}");
    }
}

#[track_caller]
fn refused(text: &str, sources: Sources) -> SyntaxError {
    match Template::parse(text, sources) {
        Ok(template) => panic!("{text} was parsed as {template:?}"),
        Err(error) => {
            assert!(text.get(error.offset..error.offset + error.length).is_some(), "{text}: {error:?}");
            error
        }
    }
}

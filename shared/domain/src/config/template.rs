//! Templates, read where they stand: every leaf is parsed by itself so that an error has its line and column.

use super::cx::{Cx, Use};
use super::diagnostic::{Code, Span};
use super::field;
use super::text::has_default;
use super::yaml::{Kind, Node};
use crate::expr::{Condition, Reference, Sources, SyntaxError, Template};
use crate::spelling::nearest;
use serde_json::Value;

/// Every source that has a meaning anywhere in the file.
pub(super) const SOURCES: &[&str] = &[
    "body", "query", "header", "path", "method", "item", "input", "output", "response", "request", "result", "error",
    "jobs", "context", "env", "gateway", "listener",
];

/// Where a template stands, which decides what it can read.
#[derive(Debug)]
pub(super) struct Place {
    /// For messages: "in …".
    pub(super) name: &'static str,
    /// What it can read.
    pub(super) sources: &'static [&'static str],
}

/// A request to a listener, as a whole.
pub(super) const INBOUND: Place = Place {
    name: "a listener",
    sources: &["body", "query", "header", "path", "method", "context", "env", "gateway", "listener"],
};
/// One item of a bulk request.
pub(super) const INBOUND_ITEM: Place = Place {
    name: "a bulk listener",
    sources: &["body", "query", "header", "path", "method", "item", "context", "env", "gateway", "listener"],
};
/// The request that a component makes.
pub(super) const COMPONENT: Place =
    Place { name: "a component", sources: &["input", "item", "context", "env", "gateway", "listener"] };
/// What a component makes of the answer, and of what the callback or the last question brought.
pub(super) const COMPONENT_OUTPUT: Place = Place {
    name: "a component's output",
    sources: &["response", "result", "request", "input", "item", "context", "env", "gateway", "listener"],
};
/// What a callback is recognised by.
pub(super) const WAIT_FOR: Place = Place {
    name: "`wait_for`",
    sources: &["response", "request", "input", "item", "context", "env", "gateway", "listener"],
};
/// What is asked, and what is read from its answer.
pub(super) const POLL: Place = Place {
    name: "a polling completion",
    sources: &["response", "input", "item", "context", "env", "gateway", "listener"],
};
/// The output of a component that starts a workflow.
pub(super) const CHILD: Place = Place {
    name: "the output of a component of type `workflow`",
    sources: &["output", "input", "item", "context", "env", "gateway", "listener"],
};
/// The output of a component that publishes an event.
pub(super) const PUBLISHED: Place = Place {
    name: "the output of a component of type `event`",
    sources: &["response", "input", "item", "context", "env", "gateway", "listener"],
};
/// The output of a component that runs a program.
pub(super) const PROGRAM_OUTPUT: Place = Place {
    name: "the output of a component of type `program`",
    sources: &["response", "input", "item", "context", "env", "gateway", "listener"],
};
/// What a program finds in its environment.
pub(super) const PROGRAM_ENV: Place = Place { name: "a program's environment", sources: &["env"] };
/// What a job starts from; `output` is that of the jobs before it.
pub(super) const JOB: Place = Place {
    name: "a job",
    sources: &["input", "output", "jobs", "item", "error", "context", "env", "gateway", "listener"],
};
/// What a job makes of its step's result.
pub(super) const JOB_OUTPUT: Place = Place {
    name: "a job's output",
    sources: &[
        "input", "output", "response", "result", "error", "jobs", "item", "context", "env", "gateway", "listener",
    ],
};
/// What a workflow makes of its jobs.
pub(super) const WORKFLOW: Place = Place {
    name: "a workflow's output",
    sources: &["input", "output", "jobs", "context", "env", "gateway", "listener"],
};
/// What is taken from a source's request before its rules are judged.
pub(super) const SOURCE: Place =
    Place { name: "a source", sources: &["body", "query", "header", "method", "context", "env"] };
/// A rule's condition, and the input of the run that it starts.
pub(super) const RULE: Place = Place { name: "a rule", sources: RULE_SOURCES };
/// What rules see.
const RULE_SOURCES: &[&str] = &[
    "event",
    "action",
    "branch",
    "tag",
    "commit",
    "repository",
    "sender",
    "delivery_id",
    "body",
    "header",
    "query",
    "source",
    "context",
    "env",
];
/// Secrets: read once, at start.
pub(super) const SECRET: Place = Place { name: "a secret", sources: &["env"] };
/// Read once, at start.
pub(super) const START: Place = Place { name: "a gateway's connection", sources: &["env"] };

/// Reads any value whose texts may hold expressions. All its errors are reported; there is no template if there is one.
pub(super) fn template(cx: &mut Cx, node: &Node, place: &Place) -> Option<Template> {
    match &node.kind {
        Kind::Scalar(scalar) => match &scalar.value {
            Value::String(text) => leaf(cx, node, text, place),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Some(Template::constant(scalar.value.clone()))
            }
        },
        Kind::List(items) => {
            let parts: Vec<_> = items.iter().map(|item| template(cx, item, place)).collect();
            Some(Template::list(parts.into_iter().collect::<Option<_>>()?))
        }
        Kind::Map(entries) => {
            let parts: Vec<_> = entries.iter().map(|entry| (&entry.key, template(cx, &entry.value, place))).collect();
            let parts = parts.into_iter().map(|(key, part)| Some((key.clone(), part?)));
            Some(Template::object(parts.collect::<Option<_>>()?))
        }
    }
}

/// Reads one text that may hold expressions; a number or boolean is its text.
pub(super) fn text_template(cx: &mut Cx, node: &Node, place: &Place) -> Option<Template> {
    let Some(scalar) = node.scalar() else {
        cx.report(Code::WrongType, node.span, format!("expected text, not {}", node.describe()));
        return None;
    };
    match &scalar.value {
        Value::String(text) => leaf(cx, node, text, place),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(Template::constant(Value::String(scalar.text.clone())))
        }
    }
}

/// Reads a condition, with or without `${` and `}`.
///
/// Earlier versions had a template here, and files that they took are still followed by runs: a template that is no
/// condition is reported, and still returned, with the value that it has as a condition.
pub(super) fn condition(cx: &mut Cx, node: &Node, place: &Place) -> Option<Condition> {
    let Some(Value::String(text)) = node.scalar().map(|scalar| &scalar.value) else {
        let message = format!("expected a condition, such as `input.x == 5`, not {}", node.describe());
        cx.report(Code::BadCondition, node.span, message);
        return template(cx, node, place).map(Condition::of_template);
    };
    let Err(error) = Condition::parse(text, known(place)) else {
        return condition_in(cx, text, place, &|needle| node.find(needle), &|offset, length| node.part(offset, length));
    };
    match Template::parse(text, known(place)) {
        Ok(former) => {
            let message = format!("this is no condition: {}", error.message);
            let span = node.part(error.offset, error.length);
            cx.report_near(Code::BadCondition, span, message, error.suggestion.as_deref());
            let former = Condition::stored(text, known(place)).unwrap_or(Condition::of_template(former));
            note(cx, former.template(), text, place, &|needle| node.find(needle)).then_some(former)
        }
        Err(_) => finish(cx, Err(error), text, place, &|_| node.span, &|offset, length| node.part(offset, length))
            .map(Condition::of_template),
    }
}

/// Reads a rule's condition, which always was one.
pub(super) fn rule_condition(cx: &mut Cx, node: &Node, place: &Place) -> Option<Condition> {
    let Some(text) = node.text() else {
        cx.report(Code::WrongType, node.span, format!("expected a condition, not {}", node.describe()));
        return None;
    };
    condition_in(cx, text, place, &|needle| node.find(needle), &|offset, length| node.part(offset, length))
}

/// Reads a rule's condition that is a key, which is one place as a whole.
pub(super) fn key_condition(cx: &mut Cx, key: &str, span: Span, place: &Place) -> Option<Condition> {
    condition_in(cx, key, place, &|_| span, &|_, _| span)
}

/// Reads a condition; one of literals alone is reported, and given all the same for stored files.
fn condition_in(
    cx: &mut Cx,
    text: &str,
    place: &Place,
    find: &dyn Fn(&str) -> Span,
    part: &dyn Fn(usize, usize) -> Span,
) -> Option<Condition> {
    let condition = match Condition::parse(text, known(place)) {
        Ok(condition) => condition,
        Err(error) => {
            let Ok(stored) = Condition::stored(text, known(place)) else {
                return finish(cx, Err(error), text, place, find, part).map(Condition::of_template);
            };
            cx.report(Code::BadCondition, part(error.offset, error.length), error.message);
            stored
        }
    };
    note(cx, condition.template(), text, place, find).then_some(condition)
}

fn leaf(cx: &mut Cx, node: &Node, text: &str, place: &Place) -> Option<Template> {
    let parsed = Template::parse(text, known(place));
    finish(cx, parsed, text, place, &|needle| node.find(needle), &|offset, length| node.part(offset, length))
}

/// Names that a place has and nobody else aren't known elsewhere.
fn known(place: &Place) -> Sources {
    Sources::Known(if place.sources == RULE_SOURCES { RULE_SOURCES } else { SOURCES })
}

/// Reports what is wrong with a template, and notes what it reads.
fn finish(
    cx: &mut Cx,
    parsed: Result<Template, SyntaxError>,
    text: &str,
    place: &Place,
    find: &dyn Fn(&str) -> Span,
    part: &dyn Fn(usize, usize) -> Span,
) -> Option<Template> {
    let template = match parsed {
        Ok(template) => template,
        Err(error) => {
            let span = part(error.offset, error.length);
            cx.report_near(Code::BadTemplate, span, error.message, error.suggestion.as_deref());
            return None;
        }
    };
    note(cx, &template, text, place, find).then_some(template)
}

/// Notes what a template reads; whether its place has all the sources.
fn note(cx: &mut Cx, template: &Template, text: &str, place: &Place, find: &dyn Fn(&str) -> Span) -> bool {
    let mut in_place = true;
    for reference in template.references() {
        let written = written(&reference);
        let span = find(&written);
        if !place.sources.contains(&reference.source.as_str()) {
            let seen = place.sources.join(", ");
            let message = format!("`{}` has no value in {}, which can read: {seen}", reference.source, place.name);
            let meant = nearest(&reference.source, place.sources.iter().copied());
            cx.report_near(Code::MisplacedSource, span, message, meant);
            in_place = false;
        } else if let Some(unknown) = field::unknown(&reference, place) {
            let meant = unknown.meant();
            cx.report_near(Code::UnknownField, find(&unknown.written), unknown.to_string(), meant.as_deref());
        }
        cx.uses.push(Use { has_default: has_default(text, &written), reference, span });
    }
    in_place
}

/// How the beginning of a reference is written: `env.TOKEN`, `jobs.build`, `gateway:8090.public_url`.
fn written(reference: &Reference) -> String {
    let mut text = reference.source.clone();
    if let Some(qualifier) = &reference.qualifier {
        text = text + ":" + qualifier;
    }
    match reference.path.first() {
        Some(name) => text + "." + name,
        None => text,
    }
}

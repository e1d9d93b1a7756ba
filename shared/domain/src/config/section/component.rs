//! `component`, `components`: reusable definitions of calls.

use super::completion::{COMPLETIONS, completion};
use super::event::{EVENT, event};
use super::listener::claim;
use super::request::{REQUEST, request, texts};
use super::{Item, Section, program};
use crate::config::cx::Cx;
use crate::config::diagnostic::{Code, Span};
use crate::config::draft::{CompletionDraft, ComponentDraft};
use crate::config::duration;
use crate::config::keys::{Key, Keys, Kinds, Shape};
use crate::config::map::{Map, choice};
use crate::config::template::{CHILD, COMPONENT, COMPONENT_OUTPUT};
use crate::config::{Component, Delay, HttpClient, Logger, SubWorkflow};
use std::time::Duration;

pub(in crate::config) static SECTION: Section = Section {
    singular: "component",
    plural: Some("components"),
    doc: "Reusable definitions of calls: what a job names.",
    kinds: KINDS,
    read,
};

/// What a component can be.
pub(super) static KINDS: Kinds = &[&HTTP_CLIENT, &LOGGER, &WORKFLOW, &DELAY, &EVENT, &program::CALL];

/// A wait always has a deadline: this one, where the file has none.
pub(in crate::config) const LONGEST_WAIT: Duration = Duration::from_hours(24);

const TYPES: &[&str] = &["http-client", "logger", "workflow", "delay", "event", "program"];

pub(super) const ID: Key = Key::new("id", Shape::Id, "Its name, where components are a list.");

static HTTP_CLIENT: Keys = Keys {
    name: "an http-client component",
    doc: "Calls an HTTP service.",
    groups: &[
        &[
            Key::new("type", Shape::Choice(&["http-client"]), "Calls an HTTP service.").default("http-client"),
            ID,
            Key::new(
                "output",
                Shape::Template,
                "Its output, over `response` and `result`; the response's body where absent.",
            ),
            Key::new(
                "timeout",
                Shape::Duration,
                "Bounds the call (30s where absent), and the wait too unless `completion` says otherwise.",
            ),
            Key::new(
                "completion",
                Shape::One(COMPLETIONS),
                "What must happen after the answer; understood from the request where that carries the address of a \
                 callback route.",
            ),
        ],
        REQUEST,
    ],
};

static LOGGER: Keys = Keys {
    name: "a logger component",
    doc: "Writes a log line.",
    groups: &[&[
        Key::new("type", Shape::Choice(&["logger"]), "Writes a log line.").required(),
        ID,
        Key::new("level", Shape::TextTemplate, "Over `input`; `input.level` or info where absent."),
        Key::new("message", Shape::TextTemplate, "Over `input`; `input.message` where absent."),
        Key::new("data", Shape::Template, "Over `input`; `input.data` where absent."),
    ]],
};

static WORKFLOW: Keys = Keys {
    name: "a workflow component",
    doc: "Starts a workflow and waits for it.",
    groups: &[&[
        Key::new("type", Shape::Choice(&["workflow"]), "Starts a workflow and waits for it.").required(),
        ID,
        Key::new("workflow", Shape::Id, "Which one.").required(),
        Key::new("input", Shape::Template, "Its input, over `input`; `input` itself where absent."),
        Key::new("output", Shape::Template, "Over `output`, the workflow's result; that itself where absent."),
        Key::new("timeout", Shape::Duration, "How long to wait.").default("24h"),
    ]],
};

static DELAY: Keys = Keys {
    name: "a delay component",
    doc: "Pauses.",
    groups: &[&[
        Key::new("type", Shape::Choice(&["delay"]), "Pauses.").required(),
        ID,
        Key::new("duration", Shape::TextTemplate, "Over `input`: `\"30s\"`, or a number of milliseconds.").required(),
        Key::new("output", Shape::Template, "Over `input`; `input` itself where absent."),
    ]],
};

fn read(cx: &mut Cx, items: &[Item<'_>]) {
    for item in items {
        let Some((id, span)) = item.id(cx) else {
            if item.node.entries().is_none() {
                cx.report(
                    Code::WrongType,
                    item.node.span,
                    format!("a component is a mapping, not {}", item.node.describe()),
                );
            } else if item.key.is_none() && item.node.get("id").is_none() {
                cx.report(Code::MissingKey, item.at, "a component needs the key `id`: the name that jobs use");
            }
            continue;
        };
        if claim(cx, "component", &id, span) {
            component(cx, item, id);
        }
    }
}

/// Reads a component into the draft.
pub(super) fn component(cx: &mut Cx, item: &Item<'_>, id: String) {
    let Some(kind) = kind(cx, item) else { return };
    let draft = match kind {
        "logger" => logger(cx, item),
        "workflow" => workflow(cx, item),
        "delay" => delay(cx, item),
        "event" => event(cx, item),
        "program" => program::call(cx, item),
        _ => http_client(cx, item),
    };
    if let Some(draft) = draft {
        cx.draft.components.insert(id, draft);
    }
}

/// What `type` says; without one it calls HTTP.
fn kind(cx: &mut Cx, item: &Item<'_>) -> Option<&'static str> {
    match item.node.get("type").filter(|kind| !kind.is_null()) {
        Some(kind) => choice(cx, kind, TYPES),
        None => Some("http-client"),
    }
}

fn http_client(cx: &mut Cx, item: &Item<'_>) -> Option<ComponentDraft> {
    let map = Map::open(cx, item.node, item.at, &HTTP_CLIENT)?;
    let request = request(cx, &map, &COMPONENT, None);
    if !["endpoint", "base_url"].iter().any(|name| map.has(name)) {
        cx.report(
            Code::ComponentWithoutAddress,
            map.at,
            "this component doesn't say where to call: no `base_url`, no `endpoint`",
        );
    }
    let output = map.template(cx, "output", &COMPONENT_OUTPUT);
    let timeout = map.duration(cx, "timeout", false);
    let completion = completion(cx, &map, timeout);
    let client = HttpClient { request, output, timeout, completion: None };
    let component = Component::HttpClient(Box::new(client));
    Some(ComponentDraft { span: map.at, component, texts: texts(&map), completion })
}

fn logger(cx: &mut Cx, item: &Item<'_>) -> Option<ComponentDraft> {
    let map = Map::open(cx, item.node, item.at, &LOGGER)?;
    let level = map.text_template(cx, "level", &COMPONENT);
    let message = map.text_template(cx, "message", &COMPONENT);
    let data = map.template(cx, "data", &COMPONENT);
    Some(done(map.at, Component::Logger(Logger { level, message, data })))
}

fn workflow(cx: &mut Cx, item: &Item<'_>) -> Option<ComponentDraft> {
    let map = Map::open(cx, item.node, item.at, &WORKFLOW)?;
    let workflow = map.id(cx, "workflow");
    if let (Some(workflow), Some(node)) = (&workflow, map.node("workflow")) {
        cx.draft.started.push((workflow.clone(), node.span));
    }
    let input = map.template(cx, "input", &COMPONENT);
    let output = map.template(cx, "output", &CHILD);
    let timeout = map.duration(cx, "timeout", false).unwrap_or(LONGEST_WAIT);
    Some(done(map.at, Component::Workflow(SubWorkflow { workflow: workflow?, input, output, timeout })))
}

fn delay(cx: &mut Cx, item: &Item<'_>) -> Option<ComponentDraft> {
    let map = Map::open(cx, item.node, item.at, &DELAY)?;
    let node = map.node("duration")?;
    // A number stays a number: as text it would still be milliseconds, but less clearly.
    let duration = map.template(cx, "duration", &COMPONENT)?;
    if let Some(scalar) = node.scalar().filter(|scalar| !scalar.text.contains("${")) {
        if let Err(message) = duration::from_json(&scalar.value) {
            cx.report(Code::BadDuration, node.span, message);
        }
    } else if node.scalar().is_none() {
        cx.report(Code::WrongType, node.span, format!("expected a duration, not {}", node.describe()));
    }
    let output = map.template(cx, "output", &COMPONENT);
    Some(done(map.at, Component::Delay(Delay { duration, output })))
}

/// A component that waits for nothing outside.
pub(super) fn done(span: Span, component: Component) -> ComponentDraft {
    ComponentDraft { span, component, texts: Vec::new(), completion: CompletionDraft::None }
}

//! The routes of listeners: triggers and callbacks.

use super::listener::Around;
use super::{dedupe, verify};
use crate::config::Method;
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::draft::RouteDraft;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::{Map, items};
use crate::config::path;
use crate::config::template::{INBOUND, INBOUND_ITEM, Place};
use crate::config::{Callback, Route, RouteId, Trigger, Verify};
use crate::expr::Template;
use crate::number;
use crate::spelling::nearest;
use crate::wait::{MissingStatus, is_listed};
use serde_json::Value;

/// The correlation key where a callback doesn't say how to find one.
const ANY: &str = "__callback__";

/// How a request reaches a route, and whether it holds several things.
pub(super) const ROUTE: &[Key] = &[
    Key::new("path", Shape::Path, "Its path, below the listener's `base_path`; `{name}` is a parameter."),
    Key::new("method", Shape::Method, "HTTP method.").default("POST"),
    Key::new("bulk", Shape::Switch, "One request holds a list; `item` says where.").default("false"),
    Key::new("item", Shape::Template, "With `bulk`: the list; each of its items is then `item`."),
    Key::new(
        "verify",
        Shape::NameOr(verify::VERIFICATIONS),
        "What must hold of a request: that of a source, by its name, or written out.",
    ),
];

/// The key `on_missing_status`, for callback routes and polls.
pub(in crate::config) const ON_MISSING_STATUS: Key = Key::new(
    "on_missing_status",
    Shape::Choice(MissingStatus::WORDS),
    "What a missing, null or empty status means; where absent, success if `result` finds a value, else failure.",
);

/// What a callback does with a request.
pub(super) const CALLBACK: &[Key] = &[
    Key::new("identify_by", Shape::TextTemplate, "The value that joins a callback to the job that waits for it.")
        .default(ANY),
    Key::new("status", Shape::TextTemplate, "The status that `success_when` and `fail_when` judge."),
    Key::new(
        "success_when",
        Shape::Texts,
        "Statuses that complete the job; numbers by value, else as text. Any other is progress.",
    ),
    Key::new(
        "fail_when",
        Shape::Texts,
        "Statuses that fail the job; numbers by value, else as text. Without `success_when`, another completes it if \
         `result` finds a value.",
    ),
    ON_MISSING_STATUS,
    Key::new("result", Shape::Template, "What the job gets as `result`; the whole body (or item) where absent."),
];

/// What a trigger does with a request.
pub(super) const TRIGGER: &[Key] = &[
    Key::new("workflow", Shape::Id, "The workflow it starts."),
    Key::new("input", Shape::Template, "The run's input; the whole body (or item) where absent."),
    Key::new("dedupe_by", Shape::TextTemplate, "Requests with one value start one run."),
    dedupe::DEDUPE_WINDOW,
];

pub(super) static CALLBACK_ENTRY: Keys =
    Keys { name: "a callback", doc: "A route that completes waits.", groups: &[ROUTE, CALLBACK] };

pub(super) static TRIGGER_ENTRY: Keys =
    Keys { name: "a trigger", doc: "A route that starts runs.", groups: &[ROUTE, TRIGGER] };

/// Reads a callback.
pub(super) fn callback(cx: &mut Cx, map: &Map<'_>, around: &Around) -> Option<Callback> {
    let (bulk, place) = bulk(cx, map);
    let identify_by = match map.node("identify_by") {
        Some(_) => map.text_template(cx, "identify_by", place),
        None => Some(Template::constant(Value::String(ANY.to_owned()))),
    };
    let status = map.text_template(cx, "status", place);
    let Verdicts { success_when, fail_when, on_missing_status } = verdicts(cx, map);
    let result = map.template(cx, "result", place);
    let written = map.node("identify_by").and_then(|node| node.text()).unwrap_or(ANY).to_owned();
    let verify = verify::of_route(cx, map);
    let route = route(cx, map, around, Some(written))?;
    let identify_by = identify_by?;
    Some(Callback { route, identify_by, status, success_when, fail_when, on_missing_status, result, bulk, verify })
}

/// Reads a trigger.
pub(super) fn trigger(cx: &mut Cx, map: &Map<'_>, around: &Around) -> Option<Trigger> {
    let (bulk, place) = bulk(cx, map);
    let workflow = map.id(cx, "workflow");
    match (&workflow, map.node("workflow")) {
        (Some(workflow), Some(node)) => cx.draft.started.push((workflow.clone(), node.span)),
        (_, Some(_)) => {}
        (_, None) => cx.report(Code::MissingKey, map.at, "a trigger needs the key `workflow`"),
    }
    let input = map.template(cx, "input", place);
    let dedupe_by = map.text_template(cx, "dedupe_by", place);
    let (dedupe_window, deduped) = dedupe::read(cx, map, dedupe_by.as_ref());
    let verify = verify::of_route(cx, map);
    match &verify {
        Some(Verify::Inline(verification)) => dedupe::check(cx, verification, &deduped),
        Some(Verify::Source(name)) => cx.draft.deduped.push((name.clone(), deduped)),
        None => {}
    }
    let route = route(cx, map, around, None)?;
    Some(Trigger { route, workflow: workflow?, input, bulk, dedupe_by, dedupe_window, verify })
}

/// The lists of a file by which a status is judged, and the meaning of a missing one.
pub(in crate::config) struct Verdicts {
    pub(in crate::config) success_when: Vec<String>,
    pub(in crate::config) fail_when: Vec<String>,
    pub(in crate::config) on_missing_status: Option<MissingStatus>,
}

/// Reads the lists by which a status is judged; useless without a status.
pub(in crate::config) fn verdicts(cx: &mut Cx, map: &Map<'_>) -> Verdicts {
    for name in ["success_when", "fail_when", "on_missing_status"] {
        if let Some(entry) = map.entry(name).filter(|_| !map.has("status")) {
            cx.report(Code::MissingKey, entry.key_span, format!("`{name}` needs `status`: the value it judges"));
        }
    }
    let (success, fail) = (statuses(cx, map, "success_when"), statuses(cx, map, "fail_when"));
    if let (Some(both), Some(node)) = (
        fail.iter()
            .find(|text| is_listed(&number::parse(text).map_or_else(|| text.as_str().into(), Value::Number), &success)),
        map.node("fail_when"),
    ) {
        // Version 0.1 took `1` and `1.0` for two.
        let is_listed_as_written = success.contains(both);
        if is_listed_as_written || !cx.stored {
            cx.report(Code::ConflictingKeys, node.span, format!("`{both}` is in `success_when` and in `fail_when`"));
        }
    }
    let on_missing_status = map.choice(cx, "on_missing_status").and_then(MissingStatus::read);
    if let Some(entry) = map.entry("status").filter(|_| !map.has("success_when")) {
        let message = match map.entry("result") {
            _ if !map.has("fail_when") => {
                "every status completes the job: list the statuses that complete it in `success_when`".to_owned()
            }
            None => "a status that is not in `fail_when` never completes the job, since there is no `result` to find: \
                     list the statuses that complete it in `success_when`"
                .to_owned(),
            Some(_) => String::new(),
        };
        if !message.is_empty() {
            cx.report(Code::UnjudgedStatus, entry.key_span, message);
        }
    }
    Verdicts { success_when: success, fail_when: fail, on_missing_status }
}

/// Reads a list of statuses; a comparison in it would never be one.
fn statuses(cx: &mut Cx, map: &Map<'_>, name: &str) -> Vec<String> {
    for item in map.node(name).map(items).unwrap_or_default() {
        let compares = |text: &str| [" == ", " != ", " < ", " <= ", " > ", " >= "].iter().any(|op| text.contains(op));
        let Some(text) = item.text().filter(|text| text.contains("${") || compares(text)) else { continue };
        let message = format!(
            "`{name}` lists the values of `status`, and `{text}` is an expression: write the value alone; the \
             expression belongs in `status`"
        );
        // Version 0.1 took it for a value.
        if !cx.stored {
            cx.report(Code::BadValue, item.span, message);
        }
    }
    map.texts(cx, name)
}

/// The list of a bulk route, and what its other templates can read.
fn bulk(cx: &mut Cx, map: &Map<'_>) -> (Option<Template>, &'static Place) {
    match (map.switch(cx, "bulk"), map.entry("item")) {
        (Some(true), Some(_)) => (map.template(cx, "item", &INBOUND), &INBOUND_ITEM),
        (Some(true), None) => {
            cx.report(Code::MissingKey, map.at, "`bulk` needs `item`: where the list is in the request");
            (None, &INBOUND_ITEM)
        }
        (Some(false), Some(item)) => {
            cx.report(Code::ConflictingKeys, item.key_span, "`item` has a meaning only with `bulk: true`");
            (None, &INBOUND_ITEM)
        }
        (Some(false), None) => (None, &INBOUND),
        (None, _) => (None, &INBOUND_ITEM),
    }
}

fn route(cx: &mut Cx, map: &Map<'_>, around: &Around, identify_by: Option<String>) -> Option<Route> {
    let text = method(cx, map, &Method::OF_ROUTES.map(Method::as_str));
    let method =
        Method::OF_ROUTES.into_iter().find(|method| Some(method.as_str()) == text.as_deref()).unwrap_or(Method::Post);
    let Some(node) = map.node("path") else {
        cx.report(Code::MissingKey, map.at, "a route needs the key `path`");
        return None;
    };
    let path = path::under(cx, &around.base_path, node)?;
    let id = RouteId::new(method, &path);
    let draft = RouteDraft {
        id: id.clone(),
        former: RouteId::former(&around.id, method, &path),
        port: around.port,
        method,
        path: path.clone(),
        span: node.span,
        identify_by,
    };
    cx.draft.routes.push(draft);
    Some(Route { id, method, path })
}

/// An HTTP method in upper case.
pub(in crate::config) fn method(cx: &mut Cx, map: &Map<'_>, known: &[&'static str]) -> Option<String> {
    let text = map.text(cx, "method")?;
    let upper = text.to_uppercase();
    let fits = known.contains(&upper.as_str());
    if !fits {
        let span = map.node("method").map_or(map.at, |node| node.span);
        let meant = nearest(&upper, known.iter().copied());
        cx.report_near(Code::BadValue, span, format!("`{text}` is none of: {}", known.join(", ")), meant);
    }
    fits.then_some(upper)
}

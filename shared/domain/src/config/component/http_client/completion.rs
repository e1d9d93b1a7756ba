//! `completion` of a component: how a call that was accepted comes to its result.

use super::request::{REQUEST, request};
use crate::config::Polling;
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::draft::{CallbackDraft, CompletionDraft};
use crate::config::keys::{Key, Keys, Kinds, Shape};
use crate::config::map::{Map, choice, plain};
use crate::config::section::component::LONGEST_WAIT;
use crate::config::section::route::{ON_MISSING_STATUS, Verdicts, verdicts};
use crate::config::template::{POLL, WAIT_FOR};
use std::time::Duration;

/// Pause between two questions where the file has none.
const INTERVAL: Duration = Duration::from_secs(5);

/// What a completion can be.
pub(super) static COMPLETIONS: Kinds = &[&CALLBACK, &POLLING];

const TIMEOUT: Key =
    Key::new("timeout", Shape::Duration, "How long to wait; the component's `timeout`, or else 24h, where absent.");

static CALLBACK: Keys = Keys {
    name: "a callback completion",
    doc: "The service calls back.",
    groups: &[&[
        Key::new("type", Shape::Choice(&["callback"]), "The service calls back.").required(),
        Key::new(
            "wait_for",
            Shape::TextTemplate,
            "The value that the callback's `identify_by` will give, over `response`, `request` and `input`; where \
             absent, the service's answer at the path that `identify_by` reads, or the request's field of that \
             name, or the run's id if the request carries it.",
        ),
        Key::new(
            "callback",
            Shape::Text,
            "The path of the callback route; may be left out where the request carries it or there is only one.",
        ),
        TIMEOUT,
    ]],
};

static POLLING: Keys = Keys {
    name: "a polling completion",
    doc: "We ask until it is done.",
    groups: &[
        &[
            Key::new("type", Shape::Choice(&["polling"]), "We ask until it is done.").required(),
            Key::new("interval", Shape::Duration, "Pause between two questions.").default("5s"),
            TIMEOUT,
            Key::new("status", Shape::TextTemplate, "Over `response`: what the lists below judge."),
            Key::new(
                "success_when",
                Shape::Texts,
                "Statuses that complete it; numbers by value, else as text. Any other is progress.",
            ),
            Key::new(
                "fail_when",
                Shape::Texts,
                "Statuses that fail it; numbers by value, else as text. Without `success_when`, another completes it \
                 if `result` finds a value.",
            ),
            ON_MISSING_STATUS,
            Key::new(
                "result",
                Shape::Template,
                "What the job gets as `result`, over `response`; its body where absent.",
            ),
        ],
        REQUEST,
    ],
};

/// Reads the completion of a component; `timeout` is the component's own.
pub(super) fn completion(cx: &mut Cx, component: &Map<'_>, timeout: Option<Duration>) -> CompletionDraft {
    let Some(entry) = component.entry("completion") else { return CompletionDraft::Silent };
    if entry.value.entries().is_none() {
        let message = format!("`completion` must be a mapping, not {}", entry.value.describe());
        cx.report(Code::WrongType, entry.value.span, message);
        return CompletionDraft::None;
    }
    let Some(kind) = entry.value.get("type").filter(|kind| !kind.is_null()) else {
        cx.report(Code::MissingKey, entry.key_span, "`completion` needs the key `type`: callback or polling");
        return CompletionDraft::None;
    };
    let kind = choice(cx, kind, &["callback", "polling"]);
    let keys = match kind {
        Some("callback") => &CALLBACK,
        Some(_) => &POLLING,
        None => return CompletionDraft::None,
    };
    let Some(map) = Map::open(cx, &entry.value, entry.key_span, keys) else {
        return CompletionDraft::None;
    };
    let timeout = map.duration(cx, "timeout", false).or(timeout);
    if kind == Some("callback") {
        let wait_for = map.text_template(cx, "wait_for", &WAIT_FOR);
        if map.has("wait_for") && wait_for.is_none() {
            return CompletionDraft::None;
        }
        let callback = map.node("callback").and_then(|node| Some((plain(cx, node)?.to_owned(), node.span)));
        if map.has("callback") && callback.is_none() {
            return CompletionDraft::None;
        }
        return CompletionDraft::Callback(CallbackDraft { span: map.at, wait_for, callback, timeout });
    }
    CompletionDraft::Polling(Box::new(polling(cx, &map, component, timeout)))
}

fn polling(cx: &mut Cx, map: &Map<'_>, component: &Map<'_>, timeout: Option<Duration>) -> Polling {
    let base = component.node("base_url");
    let request = request(cx, map, &POLL, base);
    let addressed = map.has("endpoint") || map.has("base_url") || map.has("path") && base.is_some();
    if !addressed {
        let message = "this poll doesn't say where to ask: no `endpoint`, and no `path` behind a `base_url`";
        cx.report(Code::ComponentWithoutAddress, map.at, message);
    }
    let interval = map.duration(cx, "interval", false).unwrap_or(INTERVAL);
    let status = map.text_template(cx, "status", &POLL);
    let Verdicts { success_when, fail_when, on_missing_status } = verdicts(cx, map);
    let result = map.template(cx, "result", &POLL);
    let timeout = timeout.unwrap_or(LONGEST_WAIT);
    Polling { request, interval, timeout, status, success_when, fail_when, on_missing_status, result }
}

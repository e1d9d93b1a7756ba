//! One job: a call, a branch or a loop.

use super::block::{Enclosing, JobDraft, block};
use super::component::component;
use super::{Item, step};
use crate::config::component::KINDS;
use crate::config::cx::Cx;
use crate::config::diagnostic::{Code, Span};
use crate::config::keys::{Key, Keys, Kinds, Shape};
use crate::config::map::{Map, choice, items, plain};
use crate::config::template::{JOB, JOB_OUTPUT};
use crate::config::yaml::Node;
use crate::config::{Job, Retry, Step};
use std::time::Duration;

/// What a job can be.
pub(super) static JOBS: Kinds = &[&CALL, &step::IF, &step::SWITCH, &step::FOR_EACH];

const TYPES: &[&str] = &["component", "if", "switch", "for-each"];

/// Attempts where `retry` doesn't say: the first and two more.
const ATTEMPTS: u32 = 3;

/// What every job has.
pub(super) static EVERY: [Key; 7] = [
    Key::new("id", Shape::Id, "Its name in its block; `job-<n>` where absent."),
    Key::new(
        "depends_on",
        Shape::Names,
        "Jobs of the block that must be done first; the job above where absent, none where empty.",
    ),
    Key::new("input", Shape::Template, "What the step gets as `input`; the run's input where absent."),
    Key::new(
        "output",
        Shape::Template,
        "The job's output, over `output`, `response` and `result`; the step's output where absent.",
    ),
    Key::new("timeout", Shape::Duration, "Bounds one attempt, its wait included."),
    Key::new("retry", Shape::One(&[&RETRY]), "Try again when it fails."),
    Key::new(
        "on_error",
        Shape::List(JOBS),
        "Jobs to run when the last attempt has failed; `error.message` says why. If they succeed, so has the job.",
    ),
];

static CALL: Keys = Keys {
    name: "a job",
    doc: "Runs a component.",
    groups: &[
        &[
            Key::new("type", Shape::Choice(&["component"]), "Runs a component.").default("component"),
            Key::new("component", Shape::NameOr(KINDS), "A component's name, or a component.").required(),
        ],
        &EVERY,
    ],
};

pub(super) static RETRY: Keys = Keys {
    name: "`retry`",
    doc: "How often a failed job is tried.",
    groups: &[&[
        Key::new("max_attempts", Shape::Count(1), "Attempts in all, the first included.").default("3"),
        Key::new("delay", Shape::Duration, "Pause before the second attempt.").default("1s"),
        Key::new(
            "backoff",
            Shape::Backoff,
            "What each further pause is multiplied by: a number from 1, `fixed` (1) or `exponential` (2).",
        )
        .default("1"),
    ]],
};

/// Reads a job; the names it reads are left to the block to resolve.
pub(super) fn job(cx: &mut Cx, node: &Node, id: &str, scope: &Enclosing<'_>) -> Option<JobDraft> {
    let kind = match node.get("type").filter(|kind| !kind.is_null()) {
        Some(kind) => choice(cx, kind, TYPES)?,
        None => "component",
    };
    let keys = match kind {
        "if" => &step::IF,
        "switch" => &step::SWITCH,
        "for-each" => &step::FOR_EACH,
        _ => &CALL,
    };
    let map = Map::open(cx, node, node.span, keys)?;
    let span = map.node("id").map_or(node.span, |id| id.span);
    if map.node("id").is_none_or(|node| plain(cx, node).is_some()) {
        check_job_id(cx, id, span);
    }
    let mark = cx.uses.len();
    let mut input = map.template(cx, "input", &JOB);
    let output = map.template(cx, "output", &JOB_OUTPUT);
    let mut reads = cx.jobs_read_since(mark);
    let step = match kind {
        "if" => step::branch(cx, &map, scope, &mut reads),
        "switch" => step::switch(cx, &map, scope, &mut reads, &mut input),
        "for-each" => step::for_each(cx, &map, id, scope, &mut reads, &mut input),
        _ => call(cx, &map, id, scope),
    };
    let timeout = map.duration(cx, "timeout", false);
    let retry = retry(cx, &map);
    let handlers = map.node("on_error").map(|node| block(cx, node, scope));
    let (on_error, handlers_read) = handlers.map_or((None, Vec::new()), |(block, free)| (Some(block), free));
    let after = map.node("depends_on").map(|node| depends_on(cx, node));
    let job = Job { id: id.to_owned(), depends_on: Vec::new(), step: step?, input, output, timeout, retry, on_error };
    Some(JobDraft { job, span, after, reads, handlers_read })
}

/// A component by name, or one that is written in the job and then bears the names of workflow and job.
pub(super) fn call(cx: &mut Cx, map: &Map<'_>, id: &str, scope: &Enclosing<'_>) -> Option<Step> {
    let entry = map.entry("component")?;
    if entry.value.entries().is_none() {
        let name = plain(cx, &entry.value)?.to_owned();
        cx.draft.called.push((name.clone(), entry.value.span));
        return Some(Step::Call { component: name });
    }
    let wanted = format!("{}.{id}", scope.workflow);
    let mut name = wanted.clone();
    let mut count = 1;
    while !cx.draft.ids.insert(format!("component {name}")) {
        count += 1;
        name = format!("{wanted}-{count}");
    }
    component(cx, &Item { key: None, node: &entry.value, at: entry.key_span }, name.clone());
    Some(Step::Call { component: name })
}

fn check_job_id(cx: &mut Cx, id: &str, span: Span) {
    if id.is_empty() || !id.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_')) {
        cx.report(Code::BadId, span, format!("`{id}` can't be a job's id: letters, digits, `-` and `_`"));
    }
}

fn depends_on(cx: &mut Cx, node: &Node) -> Vec<(String, Span)> {
    let mut names = Vec::new();
    for item in items(node) {
        names.extend(plain(cx, item).map(|name| (name.to_owned(), item.span)));
    }
    names
}

pub(super) fn retry(cx: &mut Cx, map: &Map<'_>) -> Option<Retry> {
    let entry = map.entry("retry")?;
    let map = Map::open(cx, &entry.value, entry.key_span, &RETRY)?;
    Some(Retry {
        max_attempts: map.count(cx, "max_attempts").unwrap_or(ATTEMPTS),
        delay: map.duration(cx, "delay", true).unwrap_or(Duration::from_secs(1)),
        backoff: map.node("backoff").and_then(|node| backoff(cx, node)).unwrap_or(1.0),
    })
}

fn backoff(cx: &mut Cx, node: &Node) -> Option<f64> {
    let number = match node.text() {
        Some("fixed") => Some(1.0),
        Some("exponential") => Some(2.0),
        Some(_) | None => node.scalar().and_then(|scalar| scalar.value.as_f64()),
    };
    let fits = number.filter(|number| (1.0..=100.0).contains(number));
    if fits.is_none() {
        let message = format!("`backoff` is a number from 1 to 100, `fixed` or `exponential`, not {}", node.describe());
        cx.report(Code::BadValue, node.span, message);
    }
    fits
}

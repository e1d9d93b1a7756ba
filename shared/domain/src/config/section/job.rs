//! One job: a call, a branch or a loop.

use super::block::{Enclosing, JobDraft, block};
use crate::config::cx::Cx;
use crate::config::diagnostic::{Code, Span};
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::{Map, items, plain};
use crate::config::step::{self, JOBS, Reading};
use crate::config::template::{JOB, JOB_OUTPUT};
use crate::config::yaml::Node;
use crate::config::{Job, Retry};
use std::time::Duration;

/// Attempts where `retry` doesn't say: the first and two more.
const ATTEMPTS: u32 = 3;

/// What every job has.
pub(in crate::config) static EVERY: [Key; 7] = [
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
    let step = step::reader(cx, node)?;
    let map = Map::open(cx, node, node.span, step.keys)?;
    let span = map.node("id").map_or(node.span, |id| id.span);
    if map.node("id").is_none_or(|node| plain(cx, node).is_some()) {
        check_job_id(cx, id, span);
    }
    let mark = cx.uses.len();
    let mut input = map.template(cx, "input", &JOB);
    let output = map.template(cx, "output", &JOB_OUTPUT);
    let mut reads = cx.jobs_read_since(mark);
    let step = (step.read)(cx, &mut Reading { map: &map, id, scope, reads: &mut reads, input: &mut input });
    let timeout = map.duration(cx, "timeout", false);
    let retry = retry(cx, &map);
    let handlers = map.node("on_error").map(|node| block(cx, node, scope));
    let (on_error, handlers_read) = handlers.map_or((None, Vec::new()), |(block, free)| (Some(block), free));
    let after = map.node("depends_on").map(|node| depends_on(cx, node));
    let job = Job { id: id.to_owned(), depends_on: Vec::new(), step: step?, input, output, timeout, retry, on_error };
    Some(JobDraft { job, span, after, reads, handlers_read })
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

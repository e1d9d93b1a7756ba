//! Branches and loops among jobs.

use super::block::{Enclosing, block};
use super::job::{EVERY, JOBS, call};
use crate::config::component::KINDS;
use crate::config::cx::Cx;
use crate::config::diagnostic::{Code, Span};
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::{Map, plain};
use crate::config::template::JOB;
use crate::config::yaml::Node;
use crate::config::{Block, Job, Step};
use crate::expr::{Sources, Template};
use serde_json::Value;

/// Items in progress at once where the file doesn't say.
const CONCURRENT: u32 = 16;

pub(super) static IF: Keys = Keys {
    name: "a job of type `if`",
    doc: "One of two branches.",
    groups: &[
        &[
            Key::new("type", Shape::Choice(&["if"]), "One of two branches.").required(),
            Key::new(
                "condition",
                Shape::Condition,
                "`input.n == 5`; a value alone holds unless it is false, null, 0 or empty.",
            )
            .required(),
            Key::new("then", Shape::List(JOBS), "Jobs to run when it holds."),
            Key::new("else", Shape::List(JOBS), "Jobs to run when it doesn't."),
        ],
        &EVERY,
    ],
};

pub(super) static SWITCH: Keys = Keys {
    name: "a job of type `switch`",
    doc: "One of several branches.",
    groups: &[
        &[
            Key::new("type", Shape::Choice(&["switch"]), "One of several branches.").required(),
            Key::new("value", Shape::Template, "What the cases are compared with; `input` where absent."),
            Key::new("cases", Shape::List(&[&CASE]), "The branches; the first whose value is equal runs.").required(),
            Key::new("default", Shape::List(JOBS), "Jobs to run when no case matches."),
        ],
        &EVERY,
    ],
};

static CASE: Keys = Keys {
    name: "a case",
    doc: "One branch.",
    groups: &[&[
        Key::new("value", Shape::Scalar, "Compared as text.").required(),
        Key::new("then", Shape::List(JOBS), "Jobs to run when it is equal."),
    ]],
};

pub(super) static FOR_EACH: Keys = Keys {
    name: "a job of type `for-each`",
    doc: "Jobs for each item of a list.",
    groups: &[
        &[
            Key::new("type", Shape::Choice(&["for-each"]), "Jobs for each item of a list.").required(),
            Key::new("items", Shape::Template, "The list; each of its items is then `item`.").required(),
            Key::new("do", Shape::List(JOBS), "Jobs to run with each item."),
            Key::new(
                "component",
                Shape::NameOr(KINDS),
                "Instead of `do`: a component to run with each item, which is its input unless `input` says otherwise.",
            ),
            Key::new("max_concurrent", Shape::Count(1), "Items in progress at once.").default("16"),
        ],
        &EVERY,
    ],
};

/// Names that a job reads, with their places.
type Reads = Vec<(String, Span)>;

/// Reads `if`.
pub(super) fn branch(cx: &mut Cx, map: &Map<'_>, scope: &Enclosing<'_>, reads: &mut Reads) -> Option<Step> {
    let mark = cx.uses.len();
    let condition = map.condition(cx, "condition", &JOB);
    reads.extend(cx.jobs_read_since(mark));
    let then = jobs(cx, map, "then", scope, reads);
    let otherwise = jobs(cx, map, "else", scope, reads);
    if !map.has("then") && !map.has("else") {
        cx.report(Code::MissingKey, map.at, "a job of type `if` needs `then` or `else`");
    }
    Some(Step::If { condition: condition?, then, otherwise })
}

/// Reads `switch`; its `input` is the value where it has no `value`.
pub(super) fn switch(
    cx: &mut Cx,
    map: &Map<'_>,
    scope: &Enclosing<'_>,
    reads: &mut Reads,
    input: &mut Option<Template>,
) -> Option<Step> {
    let value = if map.has("value") { template(cx, map, "value", reads) } else { input.clone() };
    if !map.has("value") && !map.has("input") {
        cx.report(Code::MissingKey, map.at, "a job of type `switch` needs the key `value`");
    }
    let written = map.node("value").or_else(|| map.node("input"));
    if let (Some(node), Some(constant)) = (written, value.as_ref().and_then(Template::as_constant)) {
        let message = format!("this is always {constant}, so the same case always runs: `${{input.x}}` reads a value");
        cx.report(Code::ConstantSwitch, node.span, message);
    }
    let mut cases: Vec<(Value, Block)> = Vec::new();
    let listed = map.node("cases");
    if let Some(node) = listed.filter(|node| node.items().is_none()) {
        cx.report(Code::WrongType, node.span, format!("`cases` must be a list, not {}", node.describe()));
    }
    for item in listed.and_then(Node::items).unwrap_or_default() {
        let Some(case) = Map::open(cx, item, item.span, &CASE) else { continue };
        let value = case.node("value").and_then(|node| plain(cx, node).and_then(|_| node.scalar()));
        let then = jobs(cx, &case, "then", scope, reads);
        cases.extend(value.map(|scalar| (scalar.value.clone(), then)));
    }
    let otherwise = jobs(cx, map, "default", scope, reads);
    Some(Step::Switch { value: value?, cases, otherwise })
}

/// Reads `for-each`; a component instead of `do` is a block of one job, to which `input` then belongs.
pub(super) fn for_each(
    cx: &mut Cx,
    map: &Map<'_>,
    id: &str,
    scope: &Enclosing<'_>,
    reads: &mut Reads,
    input: &mut Option<Template>,
) -> Option<Step> {
    map.refuse_together(cx, &["do", "component"], "both say what is done with each item");
    let items = template(cx, map, "items", reads);
    let max_concurrent = map.count(cx, "max_concurrent").unwrap_or(CONCURRENT);
    let block = if map.has("component") {
        let step = call(cx, map, id, scope)?;
        let each = || Template::parse("${item}", Sources::Any).ok();
        let input = input.take().or_else(each);
        let id = id.to_owned();
        let job =
            Job { id, depends_on: Vec::new(), step, input, output: None, timeout: None, retry: None, on_error: None };
        Block { jobs: vec![job] }
    } else {
        if !map.has("do") {
            cx.report(Code::MissingKey, map.at, "a job of type `for-each` needs `do` or `component`");
        }
        jobs(cx, map, "do", scope, reads)
    };
    Some(Step::ForEach { items: items?, block, max_concurrent })
}

fn template(cx: &mut Cx, map: &Map<'_>, name: &str, reads: &mut Reads) -> Option<Template> {
    let mark = cx.uses.len();
    let template = map.template(cx, name, &JOB);
    reads.extend(cx.jobs_read_since(mark));
    template
}

fn jobs(cx: &mut Cx, map: &Map<'_>, name: &str, scope: &Enclosing<'_>, reads: &mut Reads) -> Block {
    let Some(node) = map.node(name) else { return Block::default() };
    let (block, free) = block(cx, node, scope);
    reads.extend(free);
    block
}

//! A job of type `switch`: one of several branches.

use super::{Kind, Reading, Step, ids};
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::{Map, plain};
use crate::config::section::job::EVERY;
use crate::config::step::JOBS;
use crate::config::yaml::Node;
use crate::config::{Block, Job};
use crate::expr::Template;
use crate::run::{Inner, JobError, JobPath, Run, Turn};
use crate::wait::is_same_case;
use serde_json::Value;

/// One of several branches: numbers are compared by value, anything else as text.
#[derive(Debug, Clone, PartialEq)]
pub struct Switch {
    /// What is compared.
    pub value: Template,
    /// Values and their branches, in order.
    pub cases: Vec<(Value, Block)>,
    /// When none matches.
    pub otherwise: Block,
}

pub(super) static KEYS: Keys = Keys {
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

/// Reads `switch`; its `input` is the value where it has no `value`.
pub(super) fn read(cx: &mut Cx, job: &mut Reading<'_, '_>) -> Option<Step> {
    let map = job.map;
    let value = if map.has("value") { job.template(cx, "value") } else { job.input.clone() };
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
        let then = job.jobs(cx, &case, "then");
        cases.extend(value.map(|scalar| (scalar.value.clone(), then)));
    }
    let otherwise = job.jobs(cx, map, "default");
    Some(Step::Switch(Switch { value: value?, cases, otherwise }))
}

impl Kind for Switch {
    fn does(&self) -> String {
        let case = |(value, block): &(Value, Block)| format!("{value}: {}; ", ids(block));
        format!("switch: {}default: {}", self.cases.iter().map(case).collect::<String>(), ids(&self.otherwise))
    }

    fn blocks(&self) -> Vec<(Inner, &Block)> {
        let cases = self.cases.iter().enumerate().map(|(index, (_, block))| (Inner::Case(index), block));
        cases.chain([(Inner::Default, &self.otherwise)]).collect()
    }

    fn begin(&self, run: &mut Run, path: &JobPath, job: &Job, turn: &mut Turn<'_>) -> Result<(), JobError> {
        let value = run.evaluate(path, &self.value, turn)?;
        let case = self.cases.iter().position(|(case, _)| is_same_case(case, &value));
        run.branch(path, job, &case.map_or(Inner::Default, Inner::Case), turn);
        Ok(())
    }
}

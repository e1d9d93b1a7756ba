//! A job of type `if`: one of two branches.

use super::{Kind, Reading, Step, ids};
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::section::job::EVERY;
use crate::config::step::JOBS;
use crate::config::template::JOB;
use crate::config::{Block, Job};
use crate::expr::Condition;
use crate::run::{Inner, JobError, JobPath, Run, Turn};

/// One of two branches.
#[derive(Debug, Clone, PartialEq)]
pub struct If {
    /// Decides.
    pub condition: Condition,
    /// When it holds.
    pub then: Block,
    /// When not.
    pub otherwise: Block,
}

pub(super) static KEYS: Keys = Keys {
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

/// Reads `if`.
pub(super) fn read(cx: &mut Cx, job: &mut Reading<'_, '_>) -> Option<Step> {
    let map = job.map;
    let mark = cx.uses.len();
    let condition = map.condition(cx, "condition", &JOB);
    job.reads.extend(cx.jobs_read_since(mark));
    let then = job.jobs(cx, map, "then");
    let otherwise = job.jobs(cx, map, "else");
    if !map.has("then") && !map.has("else") {
        cx.report(Code::MissingKey, map.at, "a job of type `if` needs `then` or `else`");
    }
    Some(Step::If(If { condition: condition?, then, otherwise }))
}

impl Kind for If {
    fn does(&self) -> String {
        format!("if: {}; else: {}", ids(&self.then), ids(&self.otherwise))
    }

    fn blocks(&self) -> Vec<(Inner, &Block)> {
        vec![(Inner::Then, &self.then), (Inner::Else, &self.otherwise)]
    }

    fn begin(&self, run: &mut Run, path: &JobPath, job: &Job, turn: &mut Turn<'_>) -> Result<(), JobError> {
        let holds = run.decide(path, &self.condition, turn)?;
        run.branch(path, job, if holds { &Inner::Then } else { &Inner::Else }, turn);
        Ok(())
    }
}

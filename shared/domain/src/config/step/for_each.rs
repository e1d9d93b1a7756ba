//! A job of type `for-each`: jobs for each item of a list.

use super::{Kind, Reading, Step, call, ids};
use crate::config::component::KINDS;
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::section::job::EVERY;
use crate::config::step::JOBS;
use crate::config::{Block, Job};
use crate::expr::{Sources, Template};
use crate::run::{Inner, JobError, JobPath, JobState, MAX_ITEMS, Run, Standing, Turn};
use serde_json::Value;

/// Items in progress at once where the file doesn't say.
const CONCURRENT: u32 = 16;

/// The block once for each item, `item` in scope; outputs are listed in the items' order.
#[derive(Debug, Clone, PartialEq)]
pub struct ForEach {
    /// Gives a list.
    pub items: Template,
    /// What is done with each.
    pub block: Block,
    /// Items in progress at once; 16 unless the file says otherwise; at least 1.
    pub max_concurrent: u32,
}

pub(super) static KEYS: Keys = Keys {
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

/// Reads `for-each`; a component instead of `do` is a block of one job, to which `input` then belongs.
pub(super) fn read(cx: &mut Cx, job: &mut Reading<'_, '_>) -> Option<Step> {
    let map = job.map;
    map.refuse_together(cx, &["do", "component"], "both say what is done with each item");
    let items = job.template(cx, "items");
    let max_concurrent = map.count(cx, "max_concurrent").unwrap_or(CONCURRENT);
    let block = if map.has("component") {
        let each = || Template::parse("${item}", Sources::Any).ok();
        let (input, id) = (job.input.take().or_else(each), job.id.to_owned());
        let step = call::read(cx, job)?;
        let job =
            Job { id, depends_on: Vec::new(), step, input, output: None, timeout: None, retry: None, on_error: None };
        Block { jobs: vec![job] }
    } else {
        if !map.has("do") {
            cx.report(Code::MissingKey, map.at, "a job of type `for-each` needs `do` or `component`");
        }
        job.jobs(cx, map, "do")
    };
    Some(Step::ForEach(ForEach { items: items?, block, max_concurrent }))
}

impl Kind for ForEach {
    fn does(&self) -> String {
        format!("for each, {} at once: {}", self.max_concurrent, ids(&self.block))
    }

    fn blocks(&self) -> Vec<(Inner, &Block)> {
        vec![(Inner::Item(0), &self.block)]
    }

    fn begin(&self, run: &mut Run, path: &JobPath, job: &Job, turn: &mut Turn<'_>) -> Result<(), JobError> {
        match run.evaluate(path, &self.items, turn)? {
            Value::Array(items) if items.len() > MAX_ITEMS => Err(JobError::new(
                "too_many_items",
                format!("`items` has {} entries; at most {MAX_ITEMS} are allowed", items.len()),
            )),
            Value::Array(items) => {
                run.put(path, JobState::Looping { items });
                run.set_deadline(path, job.timeout, turn);
                Ok(())
            }
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                Err(JobError::new("not_a_list", format!("`items` must be a list, and is {other}")))
            }
        }
    }
}

impl Run {
    /// Takes the items of a loop as far as they go now, and ends the job with them; whether its state has changed.
    pub(crate) fn drive_loop(
        &mut self,
        path: &JobPath,
        attempt: u32,
        job: &Job,
        items: usize,
        turn: &mut Turn<'_>,
    ) -> bool {
        let Step::ForEach(ForEach { block, max_concurrent, .. }) = &job.step else {
            self.fail(path, JobError::gone(path), turn);
            return true;
        };
        let prefix = |index| path.inner(attempt, &Inner::Item(index));
        let mut in_progress = 0;
        for index in 0..items {
            match self.drive_block(&prefix(index), block, turn) {
                Standing::Open => in_progress += 1,
                Standing::Done => {}
                Standing::Failed(error) => {
                    self.fail(path, error, turn);
                    return true;
                }
            }
            // Items begin in their order, so none behind this one has.
            if in_progress == *max_concurrent {
                return false;
            }
        }
        if in_progress > 0 {
            return false;
        }
        let outputs = (0..items).map(|index| self.output_of(&prefix(index), block)).collect();
        self.settle(path, Ok(outputs), turn);
        true
    }
}

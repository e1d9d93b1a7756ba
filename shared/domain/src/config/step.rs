//! Steps: what a job does.
//!
//! Each kind stands in a file of its own, with all that is particular to it: its keys and how they are read, what it says
//! of itself, the jobs inside of it, and how it begins.
//!
//! **A new kind** is a file here that has a `Kind`, and a line in each of the four lists below; where a run has to
//! remember something of it, it needs a state of a job too.

mod branch;
mod call;
mod for_each;
mod switch;

pub use branch::If;
pub use call::Call;
pub use for_each::ForEach;
pub use switch::Switch;

use super::cx::Cx;
use super::diagnostic::Span;
use super::keys::{Keys, Kinds};
use super::map::{Map, choice};
use super::section::block::{Enclosing, block};
use super::template::JOB;
use super::yaml::Node;
use super::{Block, Job};
use crate::expr::Template;
use crate::run::{Inner, JobError, JobPath, Run, Turn};

/// What a job does.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Runs a component.
    Call(Call),
    /// One of two branches.
    If(If),
    /// One of several branches.
    Switch(Switch),
    /// A block once for each item.
    ForEach(ForEach),
}

/// The kinds, in the order in which messages name them. The first is what a job without a `type` is.
static READERS: &[Reader] = &[
    Reader { name: "component", keys: &call::KEYS, read: call::read },
    Reader { name: "if", keys: &branch::KEYS, read: branch::read },
    Reader { name: "switch", keys: &switch::KEYS, read: switch::read },
    Reader { name: "for-each", keys: &for_each::KEYS, read: for_each::read },
];

/// What a job can be, for the schema.
pub(super) static JOBS: Kinds = &[&call::KEYS, &branch::KEYS, &switch::KEYS, &for_each::KEYS];

impl Step {
    /// What its kind does.
    pub(crate) fn kind(&self) -> &dyn Kind {
        match self {
            Self::Call(kind) => kind,
            Self::If(kind) => kind,
            Self::Switch(kind) => kind,
            Self::ForEach(kind) => kind,
        }
    }

    /// The component that it runs, if it runs one.
    pub fn component(&self) -> Option<&str> {
        if let Self::Call(call) = self { Some(&call.component) } else { None }
    }

    /// The blocks inside of it, of which one runs.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.kind().blocks().into_iter().map(|(_, block)| block)
    }

    /// Whether its block runs once for each item of a list.
    pub fn is_loop(&self) -> bool {
        self.kind().blocks().iter().any(|(inner, _)| matches!(inner, Inner::Item(_)))
    }
}

/// How a kind stands in the file.
pub(super) struct Reader {
    /// What `type` says.
    name: &'static str,
    /// Its keys.
    pub(super) keys: &'static Keys,
    /// Reads it.
    pub(super) read: fn(&mut Cx, &mut Reading<'_, '_>) -> Option<Step>,
}

/// A job whose step is being read.
pub(super) struct Reading<'r, 'n> {
    pub(super) map: &'r Map<'n>,
    /// The job's id.
    pub(super) id: &'r str,
    pub(super) scope: &'r Enclosing<'r>,
    /// Names of jobs that the step reads, with their places.
    pub(super) reads: &'r mut Vec<(String, Span)>,
    /// The job's input; a step may take it for itself.
    pub(super) input: &'r mut Option<Template>,
}

/// What a kind does, once it is read.
pub(crate) trait Kind {
    /// What it does, in a few words.
    fn does(&self) -> String;

    /// The blocks inside of it, each with its place; that of a loop with the place of the first item.
    fn blocks(&self) -> Vec<(Inner, &Block)> {
        Vec::new()
    }

    /// Begins an attempt of the job.
    ///
    /// # Errors
    /// Why the attempt has failed.
    fn begin(&self, run: &mut Run, path: &JobPath, job: &Job, turn: &mut Turn<'_>) -> Result<(), JobError>;
}

/// The kind of a job: what `type` says.
pub(super) fn reader(cx: &mut Cx, node: &Node) -> Option<&'static Reader> {
    let Some(kind) = node.get("type").filter(|kind| !kind.is_null()) else { return READERS.first() };
    let names: Vec<&str> = READERS.iter().map(|reader| reader.name).collect();
    let name = choice(cx, kind, &names)?;
    READERS.iter().find(|reader| reader.name == name)
}

impl Reading<'_, '_> {
    /// A template that the step reads.
    fn template(&mut self, cx: &mut Cx, name: &str) -> Option<Template> {
        let mark = cx.uses.len();
        let template = self.map.template(cx, name, &JOB);
        self.reads.extend(cx.jobs_read_since(mark));
        template
    }

    /// The jobs under a key of the step, or of a mapping in it.
    fn jobs(&mut self, cx: &mut Cx, map: &Map<'_>, name: &str) -> Block {
        let Some(node) = map.node(name) else { return Block::default() };
        let (block, free) = block(cx, node, self.scope);
        self.reads.extend(free);
        block
    }
}

/// The ids of a block's jobs, in a few words.
fn ids(block: &Block) -> String {
    match block.jobs.as_slice() {
        [] => "nothing".to_owned(),
        jobs => jobs.iter().map(|job| job.id.as_str()).collect::<Vec<_>>().join(", "),
    }
}

//! Components: what a job names.
//!
//! Each kind stands in a file of its own, with all that is particular to it: its keys and how they are read, what it says
//! of itself, what a job does that names it, and what that costs.
//!
//! **A new kind** is a file here that has a `Reader` and a `Kind`, and a line in each of the four lists below. The
//! schema, `emulator check`, `emulator cost` and the run ask those.

mod delay;
mod event;
mod http_client;
mod logger;
mod program;
mod workflow;

pub use delay::Delay;
pub use event::Publisher;
pub use http_client::{CallbackCompletion, Completion, HttpClient, HttpRequest, Polling};
pub use logger::Logger;
pub use program::{Invocation, ProgramCall};
pub use workflow::SubWorkflow;

use super::cx::Cx;
use super::diagnostic::Span;
use super::draft::{CompletionDraft, ComponentDraft};
use super::keys::{Key, Keys, Kinds, Shape};
use super::map::choice;
use super::section::Item;
use super::{Config, Job, Retry};
use crate::expr::Template;
use crate::run::{JobError, JobPath, Run, Turn};
use serde_json::Value;

/// A reusable definition of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Component {
    /// Calls an HTTP service.
    HttpClient(Box<HttpClient>),
    /// Writes a log line.
    Logger(Logger),
    /// Starts another workflow and waits for it.
    Workflow(SubWorkflow),
    /// Pauses.
    Delay(Delay),
    /// Publishes an event.
    Event(Box<Publisher>),
    /// Runs a program.
    Program(ProgramCall),
}

/// The kinds, in the order in which messages name them. The first is what a component without a `type` is.
static READERS: &[Reader] =
    &[http_client::READER, logger::READER, workflow::READER, delay::READER, event::READER, program::READER];

/// What a component can be, for the schema.
pub(super) static KINDS: Kinds = &[
    http_client::READER.keys,
    logger::READER.keys,
    workflow::READER.keys,
    delay::READER.keys,
    event::READER.keys,
    program::READER.keys,
];

impl Component {
    /// What its kind does.
    pub(crate) fn kind(&self) -> &dyn Kind {
        match self {
            Self::HttpClient(kind) => kind.as_ref(),
            Self::Logger(kind) => kind,
            Self::Workflow(kind) => kind,
            Self::Delay(kind) => kind,
            Self::Event(kind) => kind.as_ref(),
            Self::Program(kind) => kind,
        }
    }

    /// What a job costs that names it.
    pub fn effort<'a>(&'a self, config: &Config) -> Effort<'a> {
        self.kind().effort(config)
    }
}

/// How a kind stands in the file.
pub(super) struct Reader {
    /// What `type` says.
    name: &'static str,
    /// Its keys.
    keys: &'static Keys,
    /// Reads it.
    read: fn(&mut Cx, &Item<'_>) -> Option<ComponentDraft>,
}

/// What a kind does, once it is read.
pub(crate) trait Kind {
    /// What it does, in a few words.
    fn does(&self) -> String;

    /// What a job that names it waits for, in a few words.
    fn waits(&self, _config: &Config) -> Option<String> {
        None
    }

    /// What a job costs that names it.
    fn effort(&self, config: &Config) -> Effort<'_>;

    /// The requests that it makes.
    fn requests(&self) -> Vec<&HttpRequest> {
        Vec::new()
    }

    /// How often a job is tried that doesn't say so itself.
    fn retry(&self, _config: &Config) -> Option<Retry> {
        None
    }

    /// Begins an attempt of a job that names it.
    ///
    /// # Errors
    /// Why the attempt has failed.
    fn begin(&self, run: &mut Run, path: &JobPath, job: &Job, turn: &mut Turn<'_>) -> Result<(), JobError>;

    /// The template that makes its output of an answer.
    fn answer(&self) -> Option<&Template> {
        None
    }

    /// Its output, of what has come for a job that made no call: the output of a run, or the job's input after a pause.
    ///
    /// # Errors
    /// A template that has no value.
    fn output(&self, _run: &Run, _path: &JobPath, came: Value, _turn: &Turn<'_>) -> Result<Value, JobError> {
        Ok(came)
    }
}

/// What a job costs, as far as the file tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effort<'a> {
    /// Nothing: it is done as soon as it begins.
    Nothing,
    /// A call, and what must happen after its answer.
    Call(Option<&'a Completion>),
    /// A pause.
    Pause,
    /// An event is stored.
    Publication,
    /// A run of that workflow.
    Run(&'a str),
    /// A worker runs a program.
    Program,
}

impl Effort<'_> {
    /// Whether it is a request or a write that needs no write of the run before it.
    pub fn is_call(self) -> bool {
        matches!(self, Self::Call(_) | Self::Publication)
    }
}

/// The key `id` of every kind.
const ID: Key = Key::new("id", Shape::Id, "Its name, where components are a list.");

/// Reads a component; without a `type` it calls HTTP.
pub(super) fn read(cx: &mut Cx, item: &Item<'_>) -> Option<ComponentDraft> {
    let names: Vec<&str> = READERS.iter().map(|reader| reader.name).collect();
    let name = match item.node.get("type").filter(|kind| !kind.is_null()) {
        Some(kind) => choice(cx, kind, &names)?,
        None => http_client::READER.name,
    };
    let reader = READERS.iter().find(|reader| reader.name == name)?;
    (reader.read)(cx, item)
}

/// A component that waits for nothing outside.
fn done(span: Span, component: Component) -> ComponentDraft {
    ComponentDraft { span, component, texts: Vec::new(), completion: CompletionDraft::None }
}

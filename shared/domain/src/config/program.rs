//! Programs: what is run, and the workflow of one job as which it is run by itself.

use super::{Block, Call, Component, Job, ProgramCall, Retry, Step, Workflow};
use crate::expr::Template;
use std::time::Duration;

/// What the id of the workflow begins with that runs one program and nothing else: `program:deploy`. No workflow of a
/// file can be called so, for ids hold no colon.
pub const PREFIX: &str = "program:";
/// How long a program may run where the file doesn't say.
pub const TIMEOUT: Duration = Duration::from_mins(10);
/// Environment variables of its worker that a program sees where the file doesn't say.
pub const PASSED: [&str; 3] = ["PATH", "HOME", "LANG"];
/// Bytes kept of each output where the file doesn't say.
pub const DEFAULT_OUTPUT: u32 = 64 * 1024;
/// Bytes kept of each output at most: two of them must fit into an item of 400 KB with all the rest of the run.
pub const MOST_OUTPUT: u32 = 64 * 1024;

/// Something that can be run by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// What is done.
    pub action: Action,
    /// Fields of the input that become arguments: by name, else by path in the input's `body`.
    pub params: Vec<String>,
    /// How long it may run.
    pub timeout: Duration,
    /// The workflow as which it is run by itself; its only job bears the program's name.
    pub workflow: Workflow,
    /// The component that the job names.
    pub component: Component,
}

/// What running a program means.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A worker starts a process.
    Run(Command),
    /// A function in AWS Lambda is invoked.
    Invoke {
        /// Its name or ARN.
        function: String,
    },
}

/// A process to start, without any shell.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// The program and its first arguments; at least one.
    pub argv: Vec<String>,
    /// Its working directory; the worker's where absent.
    pub cwd: Option<String>,
    /// Environment variables, over the worker's `env`.
    pub env: Vec<(String, Template)>,
    /// Variables of the worker's environment that it sees.
    pub pass_env: Vec<String>,
    /// Who it runs as: a name or a number.
    pub user: Option<String>,
    /// How often it may run at once on one worker.
    pub max_concurrent: Option<u32>,
    /// Bytes kept of each of its outputs.
    pub output_limit: u32,
}

impl Program {
    /// A program of this name.
    pub fn new(name: &str, action: Action, params: Vec<String>, timeout: Duration, retry: Option<Retry>) -> Self {
        let id = format!("{PREFIX}{name}");
        let job = Job {
            id: name.to_owned(),
            depends_on: Vec::new(),
            step: Step::Call(Call { component: id.clone() }),
            input: None,
            output: None,
            timeout: None,
            retry,
            on_error: None,
        };
        let workflow = Workflow { id, title: None, description: None, jobs: Block { jobs: vec![job] }, output: None };
        let component = Component::Program(ProgramCall { program: name.to_owned(), params: None, output: None });
        Self { action, params, timeout, workflow, component }
    }

    /// How often it is tried.
    pub fn retry(&self) -> Option<Retry> {
        self.workflow.jobs.jobs.first().and_then(|job| job.retry)
    }

    /// What a worker starts; a function in AWS Lambda is nothing to start.
    pub fn command(&self) -> Option<&Command> {
        match &self.action {
            Action::Run(command) => Some(command),
            Action::Invoke { .. } => None,
        }
    }
}

/// The environment variable of a parameter: `commit-id` is `RINGBACK_PARAM_COMMIT_ID`.
pub fn variable(param: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("RINGBACK_PARAM_{}", param.chars().map(plain).collect::<String>())
}

/// Reads one program by itself, as the section `programs` of a file would be read.
///
/// # Errors
/// What is wrong with it, in words.
pub fn read(name: &str, fields: &serde_json::Value) -> Result<Program, String> {
    let text = serde_json::json!({"programs": {name: fields}}).to_string();
    let loaded = super::load(&text, "the program");
    let wrong = loaded.diagnostics.iter().filter(|told| told.severity == super::Severity::Error).map(|told| {
        let meant = told.suggestion.as_ref().map(|right| format!("; did you mean `{right}`?")).unwrap_or_default();
        format!("{}{meant}", told.message)
    });
    let wrong: Vec<String> = wrong.collect();
    if !wrong.is_empty() {
        return Err(wrong.join("; "));
    }
    let found = loaded.config.and_then(|mut config| config.programs.shift_remove(name));
    found.ok_or_else(|| format!("`{name}` is no program"))
}

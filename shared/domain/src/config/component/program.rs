//! A component that runs a program: by a worker, or as a function in AWS Lambda.

use super::{Component, Effort, ID, Kind, Reader, done};
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::draft::ComponentDraft;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::{Map, check_id};
use crate::config::program::Action;
use crate::config::section::Item;
use crate::config::template::{COMPONENT, PROGRAM_OUTPUT};
use crate::config::{Config, Job, Retry};
use crate::expr::Template;
use crate::run::{Effect, Errand, JobError, JobPath, JobRun, JobState, LONGEST_CALL, Plan, Run, Turn, render};
use jiff::Timestamp;
use serde_json::Value;
use std::borrow::Cow;
use std::time::Duration;

/// A job's use of a program.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgramCall {
    /// Key of [`Config::programs`].
    pub program: String,
    /// An object of arguments, over `input`; the program's own `params` decide where absent.
    pub params: Option<Template>,
    /// The component's output, over `response`; that itself where absent.
    pub output: Option<Template>,
}

/// A function in AWS Lambda, to be invoked.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// Its name or ARN.
    pub function: String,
    /// What it gets.
    pub payload: Value,
    /// How long it is waited for.
    pub timeout: Duration,
    /// The same for every try of this job whose outcome is unknown.
    pub idempotency_key: String,
}

pub(super) const READER: Reader = Reader { name: "program", keys: &KEYS, read };

static KEYS: Keys = Keys {
    name: "a program component",
    doc: "Runs a program.",
    groups: &[&[
        Key::new("type", Shape::Choice(&["program"]), "Runs a program.").required(),
        ID,
        Key::new("program", Shape::Id, "Which one.").required(),
        Key::new(
            "params",
            Shape::Templates,
            "Its arguments by name, over `input`; what the program's own `params` say where absent.",
        ),
        Key::new(
            "output",
            Shape::Template,
            "Its output, over `response` (`exit_code`, `stdout`, `json`, …) and `input`; `response` where absent.",
        ),
    ]],
};

fn read(cx: &mut Cx, item: &Item<'_>) -> Option<ComponentDraft> {
    let map = Map::open(cx, item.node, item.at, &KEYS)?;
    let program = map.id(cx, "program");
    if let (Some(program), Some(node)) = (&program, map.node("program")) {
        cx.draft.run.push((program.clone(), node.span));
    }
    if let Some(node) = map.node("params") {
        match node.entries() {
            None => {
                let message = format!("`params` must be a mapping, not {}", node.describe());
                cx.report(Code::WrongType, node.span, message);
            }
            Some(entries) => {
                for entry in entries {
                    if check_id(cx, &entry.key, entry.key_span) && entry.key.starts_with('-') {
                        let message = format!("`{}` can't be a parameter: it begins with `-`", entry.key);
                        cx.report(Code::BadId, entry.key_span, message);
                    }
                }
            }
        }
    }
    let params = map.template(cx, "params", &COMPONENT);
    let output = map.template(cx, "output", &PROGRAM_OUTPUT);
    Some(done(map.at, Component::Program(ProgramCall { program: program?, params, output })))
}

impl Kind for ProgramCall {
    fn does(&self) -> String {
        format!("runs the program {}", self.program)
    }

    fn effort(&self, config: &Config) -> Effort<'_> {
        let program = config.programs.get(&self.program);
        let is_invoked = program.is_some_and(|program| matches!(program.action, Action::Invoke { .. }));
        if is_invoked { Effort::Call(None) } else { Effort::Program }
    }

    fn retry(&self, config: &Config) -> Option<Retry> {
        config.programs.get(&self.program)?.retry()
    }

    /// A worker is told, or the function in AWS Lambda is this stretch's to invoke.
    fn begin(&self, run: &mut Run, path: &JobPath, job: &Job, turn: &mut Turn<'_>) -> Result<(), JobError> {
        let Some(program) = turn.plan.config.programs.get(&self.program) else {
            return Err(JobError::new("unknown_program", format!("there is no program `{}`", self.program)));
        };
        if let Action::Invoke { .. } = program.action {
            run.put(path, JobState::Invoking { stretch: turn.stretch.clone() });
        } else {
            let input = match run.step_input(path, turn.plan, turn.now)? {
                Cow::Borrowed(_) => None,
                Cow::Owned(input) => Some(input),
            };
            let params = run.params(path, self, input.as_ref().unwrap_or(&run.input), turn.plan, turn.now)?;
            let attempt = run.jobs().get(path).map_or(1, JobRun::attempt);
            let errand = Errand { program: self.program.clone(), params, input };
            run.put(path, JobState::Program { errand, claim: None, outcome: None });
            turn.effects.push(Effect::RunProgram { job: path.clone(), attempt, program: self.program.clone() });
        }
        run.set_deadline(path, job.timeout, turn);
        Ok(())
    }

    fn answer(&self) -> Option<&Template> {
        self.output.as_ref()
    }
}

impl Run {
    fn params(
        &self,
        path: &JobPath,
        call: &ProgramCall,
        input: &Value,
        plan: Plan<'_>,
        now: Timestamp,
    ) -> Result<Option<Value>, JobError> {
        let Some(template) = &call.params else { return Ok(None) };
        let scope = self.scope(path, &[template], plan, now).with("input", input);
        render(template, &scope).map(Some)
    }

    /// The function that a job owes.
    ///
    /// # Errors
    /// A template that has no value, or a program that is no function in the file as it is now.
    pub fn invocation(&self, path: &JobPath, plan: Plan<'_>, now: Timestamp) -> Result<Invocation, JobError> {
        let gone = || JobError::new("unknown_program", format!("`{path}` invokes nothing in the file as it is now"));
        let Some((job, Component::Program(call))) = self.component_of(path, plan) else { return Err(gone()) };
        let program = plan.config.programs.get(&call.program).ok_or_else(gone)?;
        let Action::Invoke { function } = &program.action else { return Err(gone()) };
        let input = self.step_input(path, plan, now)?;
        let payload = match self.params(path, call, &input, plan, now)? {
            Some(params) => params,
            None => input.into_owned(),
        };
        let timeout = job.timeout.unwrap_or(Duration::MAX).min(program.timeout).min(LONGEST_CALL);
        let idempotency_key = self.idempotency_key(path);
        Ok(Invocation { function: function.clone(), payload, timeout, idempotency_key })
    }
}

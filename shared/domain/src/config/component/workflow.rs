//! A component that starts another workflow and waits for its run.

use super::{Component, Effort, ID, Kind, Reader, done};
use crate::config::cx::Cx;
use crate::config::draft::ComponentDraft;
use crate::config::duration;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::Map;
use crate::config::section::Item;
use crate::config::section::component::LONGEST_WAIT;
use crate::config::template::{CHILD, COMPONENT};
use crate::config::{Config, Job};
use crate::expr::Template;
use crate::run::{JobError, JobPath, JobRun, JobState, Plan, Run, Turn, render};
use crate::wait::Waiter;
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// A run that another waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct SubWorkflow {
    /// Which workflow.
    pub workflow: String,
    /// Its input, over `input`; `input` itself where absent.
    pub input: Option<Template>,
    /// Over `output` (the child's); that itself where absent.
    pub output: Option<Template>,
    /// Default 24 h.
    pub timeout: Duration,
}

pub(super) const READER: Reader = Reader { name: "workflow", keys: &KEYS, read };

static KEYS: Keys = Keys {
    name: "a workflow component",
    doc: "Starts a workflow and waits for it.",
    groups: &[&[
        Key::new("type", Shape::Choice(&["workflow"]), "Starts a workflow and waits for it.").required(),
        ID,
        Key::new("workflow", Shape::Id, "Which one.").required(),
        Key::new("input", Shape::Template, "Its input, over `input`; `input` itself where absent."),
        Key::new("output", Shape::Template, "Over `output`, the workflow's result; that itself where absent."),
        Key::new("timeout", Shape::Duration, "How long to wait.").default("24h"),
    ]],
};

fn read(cx: &mut Cx, item: &Item<'_>) -> Option<ComponentDraft> {
    let map = Map::open(cx, item.node, item.at, &KEYS)?;
    let workflow = map.id(cx, "workflow");
    if let (Some(workflow), Some(node)) = (&workflow, map.node("workflow")) {
        cx.draft.started.push((workflow.clone(), node.span));
    }
    let input = map.template(cx, "input", &COMPONENT);
    let output = map.template(cx, "output", &CHILD);
    let timeout = map.duration(cx, "timeout", false).unwrap_or(LONGEST_WAIT);
    Some(done(map.at, Component::Workflow(SubWorkflow { workflow: workflow?, input, output, timeout })))
}

impl Kind for SubWorkflow {
    fn does(&self) -> String {
        format!("runs {}", self.workflow)
    }

    fn waits(&self, _config: &Config) -> Option<String> {
        Some(format!("waits for its run, at most {}", duration::print(self.timeout)))
    }

    fn effort(&self, _config: &Config) -> Effort<'_> {
        Effort::Run(&self.workflow)
    }

    fn begin(&self, run: &mut Run, path: &JobPath, job: &Job, turn: &mut Turn<'_>) -> Result<(), JobError> {
        let attempt = run.jobs().get(path).map_or(1, JobRun::attempt);
        let child = run.id.child(path.as_str(), attempt);
        run.put(path, JobState::Child { child, starter: turn.stretch.clone() });
        let timeout = job.timeout.map_or(self.timeout, |bound| bound.min(self.timeout));
        run.set_deadline(path, Some(timeout), turn);
        Ok(())
    }

    fn output(&self, run: &Run, path: &JobPath, came: Value, turn: &Turn<'_>) -> Result<Value, JobError> {
        let Some(template) = &self.output else { return Ok(came) };
        let input = run.step_input(path, turn.plan, turn.now)?;
        let scope = run.scope(path, &[template], turn.plan, turn.now).with("input", &input).with("output", &came);
        render(template, &scope)
    }
}

impl Run {
    /// The run that a job starts and waits for.
    ///
    /// # Errors
    /// A template that has no value, or a workflow that is not in the file.
    pub fn child_run(&self, path: &JobPath, plan: Plan<'_>, now: Timestamp) -> Result<Self, JobError> {
        let gone = || JobError::new("unknown_workflow", format!("`{path}` starts nothing in the file as it is now"));
        let Some(job) = self.jobs().get(path) else { return Err(gone()) };
        let JobState::Child { child, .. } = job.state() else { return Err(gone()) };
        let Some((_, Component::Workflow(sub))) = self.component_of(path, plan) else { return Err(gone()) };
        if !plan.config.workflows.contains_key(&sub.workflow) {
            return Err(JobError::new("unknown_workflow", format!("there is no workflow `{}`", sub.workflow)));
        }
        let input = self.step_input(path, plan, now)?;
        let input = match &sub.input {
            None => input.into_owned(),
            Some(template) => render(template, &self.scope(path, &[template], plan, now).with("input", &input))?,
        };
        let parent = Waiter { run: self.id.clone(), job: path.clone(), attempt: job.attempt() };
        let run = Self::accept(child.clone(), sub.workflow.clone(), input, Some(parent), now);
        Ok(run.following(self.definition.clone()))
    }
}

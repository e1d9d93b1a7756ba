//! What a job's templates see.

use super::path::Inner;
use super::{JobError, JobPath, JobState, Plan, Run};
use crate::config::{Block, Job};
use crate::expr::{Scope, Template};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

impl Run {
    /// `input` (the run's), `jobs`, `context`, `env`, `gateway`, `listener`, and inside loops and error handlers
    /// `item` and `error`. Only what the templates name of `jobs` is put together.
    pub(crate) fn scope<'a>(
        &'a self,
        path: &JobPath,
        templates: &[&Template],
        plan: Plan<'a>,
        now: Timestamp,
    ) -> Scope<'a> {
        let attempt = self.jobs.get(path).map_or(1, |job| job.attempt);
        let (token, url) = self.capability(path, plan.surroundings).unzip();
        let context = json!({
            "callback_token": token,
            "callback_url": url,
            "run_id": self.id.as_str(),
            "workflow": self.workflow,
            "job": path.as_str(),
            "attempt": attempt,
            "timestamp": now.to_string(),
        });
        let place = plan.surroundings;
        let mut scope = Scope::new().with("env", &place.env).with("gateway", &place.gateway);
        scope = scope.with("listener", &place.listener).with("input", &self.input).with_owned("context", context);
        if let Some(jobs) = self.visible_jobs(path, templates) {
            scope = scope.with_owned("jobs", jobs);
        }
        for (around, inner) in path.lineage() {
            let state = self.jobs.get(&around).map(|job| &job.state);
            match (inner, state) {
                (Some(Inner::Item(index)), Some(JobState::Looping { items })) => {
                    if let Some(item) = items.get(index) {
                        scope = scope.with("item", item);
                    }
                }
                (Some(Inner::OnError), Some(JobState::Recovering { error })) => {
                    scope = scope.with_owned("error", error_value(error));
                }
                _ => {}
            }
        }
        scope
    }

    /// The jobs beside this one and around it, as far as the templates name them; the nearest of one name wins.
    fn visible_jobs(&self, path: &JobPath, templates: &[&Template]) -> Option<Value> {
        let mut names: Vec<String> = Vec::new();
        for reference in templates.iter().flat_map(|template| template.references()) {
            if reference.source == "jobs" {
                names.extend(reference.path.into_iter().next());
            }
        }
        if names.is_empty() {
            return None;
        }
        let blocks: Vec<JobPath> = path.lineage().into_iter().map(|(around, _)| around).collect();
        let mut jobs = Map::new();
        for name in names {
            let nearest = blocks.iter().rev().find_map(|at| self.jobs.get(format!("{}{name}", at.prefix()).as_str()));
            if let Some(job) = nearest {
                jobs.insert(name, job_value(&job.state));
            }
        }
        Some(Value::Object(jobs))
    }

    /// What `output` means before the job has any: the output of the job it depends on, the last one of several.
    pub(super) fn output_before(&self, path: &JobPath, job: &Job, block: &Block) -> Value {
        let last = job.depends_on.iter().max().and_then(|&index| block.jobs.get(index));
        last.and_then(|before| self.completed_output(&format!("{}{}", path.prefix(), before.id)))
            .cloned()
            .unwrap_or_default()
    }

    pub(super) fn completed_output(&self, path: &str) -> Option<&Value> {
        let JobState::Completed { output, .. } = &self.jobs.get(path)?.state else { return None };
        Some(output)
    }
}

fn job_value(state: &JobState) -> Value {
    let status = state.status().as_str();
    if let JobState::Completed { output, .. } = state {
        json!({"status": status, "output": output})
    } else if let JobState::Failed { error, .. } = state {
        json!({"status": status, "error": error_value(error)})
    } else {
        json!({"status": status})
    }
}

pub(super) fn error_value(error: &JobError) -> Value {
    json!({"code": error.code, "message": error.message, "detail": error.detail})
}

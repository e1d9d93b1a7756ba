//! What a run of a workflow uses, put together of its jobs.
//!
//! The run completes, with each call answered at its first try. Of several branches the dearest is counted, of a loop one
//! item, of a polling service one question. So is what depends on what nobody knows from a file: how many items, how often.

use super::units::{ACCEPTED, BEGUN, CALL, CHILD, PAUSE, PROGRAM, PUBLICATION, QUESTION, Units, WAIT};
use super::{Assumptions, units::NOTHING};
use domain::config::{Block, Completion, Config, Effort, Job, Step};
use serde::Serialize;
use std::collections::BTreeSet;

/// A run's units, and what was assumed of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Estimate {
    /// From its start to its end, without the request that starts it.
    pub units: Units,
    /// In words.
    pub notes: BTreeSet<&'static str>,
}

/// What a run of that workflow uses. `None` if the file has no such workflow.
pub fn run(config: &Config, workflow: &str) -> Option<Estimate> {
    let mut walk = Walk { config, under_way: Vec::new(), notes: BTreeSet::new() };
    let units = walk.run(workflow)?;
    Some(Estimate { units, notes: walk.notes })
}

struct Walk<'a> {
    config: &'a Config,
    /// Workflows that are being counted: one that starts itself is counted once.
    under_way: Vec<String>,
    notes: BTreeSet<&'static str>,
}

impl Walk<'_> {
    fn run(&mut self, id: &str) -> Option<Units> {
        let config = self.config;
        let workflow = config.workflow(id)?;
        if self.under_way.iter().any(|name| name == id) {
            self.notes.insert("a workflow that starts itself is counted once");
            return Some(NOTHING);
        }
        self.under_way.push(id.to_owned());
        let begun = if self.begins_with_calls(&workflow.jobs) { NOTHING } else { BEGUN };
        let units = ACCEPTED + begun + self.block(&workflow.jobs);
        self.under_way.pop();
        Some(units)
    }

    fn block(&mut self, block: &Block) -> Units {
        block.jobs.iter().map(|job| self.step(&job.step)).fold(NOTHING, |sum, job| sum + job)
    }

    fn step(&mut self, step: &Step) -> Units {
        if let Some(component) = step.component() {
            return self.component(component);
        }
        self.notes.insert(match step.is_loop() {
            true => "of a loop one item is counted",
            false => "of several branches the dearest is counted",
        });
        dearest(step.blocks().map(|block| self.block(block)).collect::<Vec<_>>())
    }

    fn component(&mut self, id: &str) -> Units {
        let config = self.config;
        match config.component(id).map(|component| component.effort(config)) {
            Some(Effort::Nothing) => NOTHING,
            Some(Effort::Call(None)) => CALL,
            Some(Effort::Call(Some(Completion::Callback(_)))) => CALL + WAIT,
            Some(Effort::Call(Some(Completion::Polling(_)))) => {
                self.notes.insert("of a polling service one question is counted");
                CALL + QUESTION
            }
            Some(Effort::Pause) => {
                self.notes.insert("a pause over 15 minutes costs two writes more");
                PAUSE
            }
            Some(Effort::Publication) => {
                self.notes.insert("an event's deliveries are counted apart");
                PUBLICATION
            }
            Some(Effort::Run(workflow)) => CHILD + self.run(workflow).unwrap_or(NOTHING),
            Some(Effort::Program) => {
                self.notes.insert("a program that runs for longer than 20 s costs a write and a request each 20 s");
                PROGRAM
            }
            None => {
                self.notes.insert("a component that the file doesn't define is counted as a call");
                CALL
            }
        }
    }

    fn effort(&self, component: &str) -> Option<Effort<'_>> {
        self.config.component(component).map(|component| component.effort(self.config))
    }

    /// Whether what is due at the start is calls alone, which need no write before they are made.
    fn begins_with_calls(&self, block: &Block) -> bool {
        let is_log =
            |job: &Job| job.step.component().is_some_and(|component| self.effort(component) == Some(Effort::Nothing));
        // A log line is written at once, and what comes after it is due as well.
        let mut over: BTreeSet<usize> = BTreeSet::new();
        for (index, job) in block.jobs.iter().enumerate() {
            if is_log(job) && job.depends_on.iter().all(|before| over.contains(before)) {
                over.insert(index);
            }
        }
        let due =
            block.jobs.iter().enumerate().filter(|(index, job)| {
                !over.contains(index) && job.depends_on.iter().all(|before| over.contains(before))
            });
        let mut due = due.map(|(_, job)| self.is_call(&job.step)).peekable();
        due.peek().is_some() && due.all(|is_call| is_call)
    }

    fn is_call(&self, step: &Step) -> bool {
        match step.component() {
            Some(component) => self.effort(component).is_none_or(Effort::is_call),
            None => step.blocks().all(|block| self.begins_with_calls(block)),
        }
    }
}

fn dearest(each: impl IntoIterator<Item = Units>) -> Units {
    let assumed = Assumptions::default();
    let total = |units: &Units| units.bill(&assumed).dollars.total;
    each.into_iter().max_by(|a, b| total(a).total_cmp(&total(b))).unwrap_or(NOTHING)
}

#[cfg(test)]
mod tests;

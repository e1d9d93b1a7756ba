//! A job that runs a component.

use super::{Kind, Reading, Step};
use crate::config::Job;
use crate::config::component::KINDS;
use crate::config::cx::Cx;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::plain;
use crate::config::section::Item;
use crate::config::section::component::component;
use crate::config::section::job::EVERY;
use crate::run::{JobError, JobPath, Run, Turn};

/// Runs a component. The name may be undefined in a file that is only part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Key of [`Config::components`](crate::config::Config::components).
    pub component: String,
}

pub(super) static KEYS: Keys = Keys {
    name: "a job",
    doc: "Runs a component.",
    groups: &[
        &[
            Key::new("type", Shape::Choice(&["component"]), "Runs a component.").default("component"),
            Key::new("component", Shape::NameOr(KINDS), "A component's name, or a component.").required(),
        ],
        &EVERY,
    ],
};

/// A component by name, or one that is written in the job and then bears the names of workflow and job.
pub(super) fn read(cx: &mut Cx, job: &mut Reading<'_, '_>) -> Option<Step> {
    let entry = job.map.entry("component")?;
    if entry.value.entries().is_none() {
        let name = plain(cx, &entry.value)?.to_owned();
        cx.draft.called.push((name.clone(), entry.value.span));
        return Some(Step::Call(Call { component: name }));
    }
    let wanted = format!("{}.{}", job.scope.workflow, job.id);
    let mut name = wanted.clone();
    let mut count = 1;
    while !cx.draft.ids.insert(format!("component {name}")) {
        count += 1;
        name = format!("{wanted}-{count}");
    }
    component(cx, &Item { key: None, node: &entry.value, at: entry.key_span }, name.clone());
    Some(Step::Call(Call { component: name }))
}

impl Kind for Call {
    fn does(&self) -> String {
        self.component.clone()
    }

    fn begin(&self, run: &mut Run, path: &JobPath, job: &Job, turn: &mut Turn<'_>) -> Result<(), JobError> {
        match turn.plan.config.component(&self.component) {
            Some(component) => component.kind().begin(run, path, job, turn),
            None => Err(JobError::new("unknown_component", format!("there is no component `{}`", self.component))),
        }
    }
}

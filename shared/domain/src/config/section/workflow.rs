//! `workflow`, `workflows`: jobs and their order.

use super::block::{Enclosing, block};
use super::listener::claim;
use super::{Item, Section};
use crate::config::cx::Cx;
use crate::config::diagnostic::Code;
use crate::config::keys::{Key, Keys, Shape};
use crate::config::map::Map;
use crate::config::step::JOBS;
use crate::config::template::WORKFLOW as OUTPUT;
use crate::config::{Block, Workflow};
use crate::spelling::nearest;

pub(in crate::config) static SECTION: Section = Section {
    singular: "workflow",
    plural: Some("workflows"),
    doc: "Jobs and their order.",
    kinds: &[&WORKFLOW],
    read,
};

static WORKFLOW: Keys = Keys {
    name: "a workflow",
    doc: "Jobs and their order.",
    groups: &[&[
        Key::new("id", Shape::Id, "Its name; one workflow of a file may go without.").default("default"),
        Key::new("title", Shape::Text, "For people."),
        Key::new("description", Shape::Text, "For people."),
        Key::new("jobs", Shape::List(JOBS), "What it does; a job waits for the one above it unless it says otherwise.")
            .required(),
        Key::new("output", Shape::Template, "The run's result; the output of the last job where absent."),
    ]],
};

fn read(cx: &mut Cx, items: &[Item<'_>]) {
    for item in items {
        workflow(cx, item);
    }
}

fn workflow(cx: &mut Cx, item: &Item<'_>) {
    let Some(map) = Map::open(cx, item.node, item.at, &WORKFLOW) else { return };
    let named = item.id(cx);
    let id = named.as_ref().map_or("default", |(id, _)| id).to_owned();
    if !claim_workflow(cx, &id, named.map_or(item.at, |(_, span)| span), map.has("id") || item.key.is_some()) {
        return;
    }
    let title = map.text(cx, "title");
    let description = map.text(cx, "description");
    let jobs = map.node("jobs").map(|node| jobs(cx, node, &id)).unwrap_or_default();
    let output = output(cx, &map, &jobs);
    cx.draft.workflows.insert(id.clone(), Workflow { id, title, description, jobs, output });
}

fn claim_workflow(cx: &mut Cx, id: &str, span: crate::config::Span, named: bool) -> bool {
    if named || !cx.draft.ids.contains("workflow default") {
        return claim(cx, "workflow", id, span);
    }
    cx.report(Code::MissingKey, span, "a workflow needs the key `id` here: only one of a file may go without");
    false
}

fn jobs(cx: &mut Cx, node: &crate::config::yaml::Node, workflow: &str) -> Block {
    let (block, _) = block(cx, node, &Enclosing { workflow, outer: None, names: Vec::new() });
    if node.items().is_some_and(<[_]>::is_empty) {
        cx.report(Code::BadValue, node.span, format!("the workflow `{workflow}` has no jobs"));
    }
    block
}

fn output(cx: &mut Cx, map: &Map<'_>, block: &Block) -> Option<crate::expr::Template> {
    let mark = cx.uses.len();
    let output = map.template(cx, "output", &OUTPUT);
    let ids: Vec<&str> = block.jobs.iter().map(|job| job.id.as_str()).collect();
    for (name, span) in cx.jobs_read_since(mark) {
        if !ids.contains(&name.as_str()) {
            let message = format!("there is no job `{name}` in this workflow");
            cx.report_near(Code::UnknownJob, span, message, nearest(&name, ids.iter().copied()));
        }
    }
    output
}

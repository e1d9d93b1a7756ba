//! A list of jobs and the order in which they run.
//!
//! A job with `depends_on` waits for those jobs; without it, for the job above it. Whatever `${jobs.X…}` it reads, in
//! itself or in its branches, it waits for too. What a block can't resolve it hands to the block around it.

use super::job::job;
use crate::config::cx::Cx;
use crate::config::diagnostic::{Code, Span};
use crate::config::yaml::Node;
use crate::config::{Block, Job};
use crate::spelling::nearest;
use std::collections::HashSet;
use std::rc::Rc;

/// The blocks around a block, innermost first.
#[derive(Debug)]
pub(in crate::config) struct Enclosing<'p> {
    pub(in crate::config) workflow: &'p str,
    pub(super) outer: Option<&'p Enclosing<'p>>,
    /// Ids of the jobs in it.
    pub(super) names: Vec<String>,
}

impl Enclosing<'_> {
    fn knows(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name) || self.outer.is_some_and(|outer| outer.knows(name))
    }

    fn all_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        names.extend(self.outer.map(Enclosing::all_names).unwrap_or_default());
        names
    }
}

/// A job whose edges are still names.
#[derive(Debug)]
pub(super) struct JobDraft {
    pub(super) job: Job,
    /// Where its id is written.
    pub(super) span: Span,
    /// `depends_on`, if it is there.
    pub(super) after: Option<Vec<(String, Span)>>,
    /// Jobs that its templates and branches read.
    pub(super) reads: Vec<(String, Span)>,
    /// Jobs that its error handlers read; itself among them is no cycle.
    pub(super) handlers_read: Vec<(String, Span)>,
}

/// Why one job waits for another.
#[derive(Debug, Clone, Copy)]
struct Edge {
    to: usize,
    span: Span,
    why: Why,
}

#[derive(Debug, Clone, Copy)]
enum Why {
    DependsOn,
    Reads,
    Below,
}

/// Reads a list of jobs; also gives the names that they read from the blocks around.
pub(in crate::config) fn block(cx: &mut Cx, node: &Node, outer: &Enclosing<'_>) -> (Block, Vec<(String, Span)>) {
    let Some(items) = node.items() else {
        cx.report(Code::WrongType, node.span, format!("expected a list of jobs, not {}", node.describe()));
        return Default::default();
    };
    let id = |(index, item): (usize, &Rc<Node>)| {
        item.get("id").and_then(Node::text).map_or_else(|| format!("job-{}", index + 1), str::to_owned)
    };
    let names: Vec<String> = items.iter().enumerate().map(id).collect();
    let mut seen = HashSet::new();
    for (name, item) in names.iter().zip(items) {
        if !seen.insert(name) {
            let span = item.get("id").map_or(item.span, |id| id.span);
            cx.report(Code::DuplicateId, span, format!("there is another job with the id `{name}` in this block"));
        }
    }
    let scope = Enclosing { workflow: outer.workflow, outer: Some(outer), names };
    let mut drafts = Vec::new();
    for (item, id) in items.iter().zip(&scope.names) {
        drafts.extend(job(cx, item, id, &scope));
    }
    settle(cx, drafts, &scope)
}

fn settle(cx: &mut Cx, drafts: Vec<JobDraft>, scope: &Enclosing<'_>) -> (Block, Vec<(String, Span)>) {
    let ids: Vec<String> = drafts.iter().map(|draft| draft.job.id.clone()).collect();
    let at = |name: &str| ids.iter().position(|id| id == name);
    let mut edges: Vec<Vec<Edge>> = Vec::new();
    let mut free = Vec::new();
    for (index, draft) in drafts.iter().enumerate() {
        let mut mine = Vec::new();
        for (name, span) in draft.after.iter().flatten() {
            match at(name) {
                Some(to) => mine.push(Edge { to, span: *span, why: Why::DependsOn }),
                None if scope.names.contains(name) => {}
                None if scope.knows(name) => {
                    let message = format!(
                        "`depends_on` of `{}`: `{name}` is in a block around it; let the job around it wait for that",
                        draft.job.id
                    );
                    cx.report(Code::UnknownJob, *span, message);
                }
                None => {
                    let message = format!("`depends_on` of `{}`: there is no job `{name}` beside it", draft.job.id);
                    let meant = nearest(name, scope.names.iter().map(String::as_str));
                    cx.report_near(Code::UnknownJob, *span, message, meant);
                }
            }
        }
        if let (None, Some(above)) = (&draft.after, index.checked_sub(1)) {
            mine.push(Edge { to: above, span: draft.span, why: Why::Below });
        }
        let handlers = draft.handlers_read.iter().filter(|(name, _)| *name != draft.job.id);
        for (name, span) in draft.reads.iter().chain(handlers) {
            match at(name) {
                Some(to) => mine.push(Edge { to, span: *span, why: Why::Reads }),
                None if scope.names.contains(name) => {}
                None if scope.knows(name) => free.push((name.clone(), *span)),
                None => {
                    let message = format!("`{}` reads `${{jobs.{name}}}`, but there is no job `{name}`", draft.job.id);
                    cx.report_near(Code::UnknownJob, *span, message, nearest(name, scope.all_names()));
                }
            }
        }
        edges.push(mine);
    }
    report_cycles(cx, &ids, &edges);
    let jobs = drafts.into_iter().zip(edges).map(|(draft, edges)| {
        let mut depends_on: Vec<usize> = edges.iter().map(|edge| edge.to).collect();
        depends_on.sort_unstable();
        depends_on.dedup();
        Job { depends_on, ..draft.job }
    });
    (Block { jobs: jobs.collect() }, free)
}

/// Walks the edges depth first; each edge back into the path walked is a cycle.
fn report_cycles(cx: &mut Cx, ids: &[String], edges: &[Vec<Edge>]) {
    let mut done = vec![false; ids.len()];
    for start in 0..ids.len() {
        if done.get(start) == Some(&true) {
            continue;
        }
        // The path walked, each with the edges not yet followed.
        let mut path: Vec<(usize, Vec<Edge>)> = vec![(start, edges.get(start).cloned().unwrap_or_default())];
        while let Some((job, rest)) = path.last_mut() {
            let Some(edge) = rest.pop() else {
                if let Some(done) = done.get_mut(*job) {
                    *done = true;
                }
                path.pop();
                continue;
            };
            let from = *job;
            if let Some(entry) = path.iter().position(|(walked, _)| *walked == edge.to) {
                let cycle: Vec<usize> = path.iter().skip(entry).map(|(walked, _)| *walked).collect();
                report_cycle(cx, ids, edges, &cycle);
            } else if done.get(edge.to) == Some(&false) && from != edge.to {
                path.push((edge.to, edges.get(edge.to).cloned().unwrap_or_default()));
            }
        }
    }
}

fn report_cycle(cx: &mut Cx, ids: &[String], edges: &[Vec<Edge>], cycle: &[usize]) {
    let name = |job: usize| ids.get(job).map_or("?", String::as_str);
    let mut reasons = Vec::new();
    let mut place = None;
    for (step, from) in cycle.iter().enumerate() {
        let to = cycle.get(step + 1).or(cycle.first()).copied().unwrap_or(*from);
        let edge = edges.get(*from).into_iter().flatten().find(|edge| edge.to == to);
        let why = match edge.map(|edge| edge.why) {
            Some(Why::DependsOn) => "depends on",
            Some(Why::Reads) => "reads the output of",
            Some(Why::Below) | None => "stands below",
        };
        reasons.push(format!("`{}` {why} `{}`", name(*from), name(to)));
        // What is written is easier to change than what follows from the order.
        let written = edge.filter(|edge| !matches!(edge.why, Why::Below)).map(|edge| edge.span);
        place = place.max(written);
    }
    let message = match cycle {
        [_] => format!("a job can't wait for itself: {}", reasons.join("")),
        _ => format!("these jobs wait for each other: {}", reasons.join(", ")),
    };
    cx.report(Code::JobCycle, place.unwrap_or_default(), message);
}

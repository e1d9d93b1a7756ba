use crate::config::{Block, Job, Workflow};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;

/// Where a job stands in its workflow: `optimize`, or inside another job `each/3/fetch`.
///
/// Likewise `decide/then/notify` and `generate/on_error/retry`. The jobs inside another job's second attempt stand
/// under `each~2/…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobPath(String);

/// Which block of a job: the segment after the job's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inner {
    Then,
    Else,
    Case(usize),
    Default,
    Item(usize),
    OnError,
}

impl JobPath {
    /// A job of the workflow itself, or any path as text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path without the attempts of the jobs around: the same in each attempt of a block.
    pub(super) fn without_attempts(&self) -> String {
        let segments = self.0.split('/').map(|segment| segment.split('~').next().unwrap_or_default());
        segments.collect::<Vec<_>>().join("/")
    }

    /// What the paths of the jobs in an inner block begin with.
    pub(crate) fn inner(&self, attempt: u32, inner: &Inner) -> String {
        let again = if attempt > 1 { format!("~{attempt}") } else { String::new() };
        let Self(path) = self;
        match inner {
            Inner::Then => format!("{path}{again}/then/"),
            Inner::Else => format!("{path}{again}/else/"),
            Inner::Case(index) => format!("{path}{again}/case-{index}/"),
            Inner::Default => format!("{path}{again}/default/"),
            Inner::Item(index) => format!("{path}{again}/{index}/"),
            Inner::OnError => format!("{path}{again}/on_error/"),
        }
    }

    /// The block around this job: what its siblings' paths begin with.
    pub(super) fn prefix(&self) -> &str {
        self.0.rfind('/').map_or("", |at| self.0.get(..=at).unwrap_or_default())
    }

    /// From the outermost job around this one to this one itself: each job's path, and the inner block taken.
    pub(super) fn lineage(&self) -> Vec<(JobPath, Option<Inner>)> {
        let mut lineage = Vec::new();
        let mut segments = self.0.split('/');
        let mut before = String::new();
        while let Some(segment) = segments.next() {
            let id = segment.split('~').next().unwrap_or_default();
            let path = JobPath(format!("{before}{id}"));
            let Some(block) = segments.next() else {
                lineage.push((path, None));
                break;
            };
            before = format!("{before}{segment}/{block}/");
            lineage.push((path, Some(Inner::parse(block))));
        }
        lineage
    }
}

impl Inner {
    pub(super) fn parse(segment: &str) -> Self {
        match segment {
            "then" => Self::Then,
            "else" => Self::Else,
            "default" => Self::Default,
            "on_error" => Self::OnError,
            other => match other.strip_prefix("case-") {
                Some(index) => Self::Case(index.parse().unwrap_or(usize::MAX)),
                None => Self::Item(other.parse().unwrap_or(usize::MAX)),
            },
        }
    }

    /// The block of `job` that this names.
    pub(super) fn of<'a>(&self, job: &'a Job) -> Option<&'a Block> {
        if *self == Self::OnError {
            return job.on_error.as_ref();
        }
        // All items run the same block.
        let is_it = |at: &Self| at == self || matches!((at, self), (Self::Item(_), Self::Item(_)));
        job.step.kind().blocks().into_iter().find(|(at, _)| is_it(at)).map(|(_, block)| block)
    }
}

/// The definition of the job at a path, and the block it stands in.
pub(super) fn locate<'a>(workflow: &'a Workflow, path: &JobPath) -> Option<(&'a Job, &'a Block)> {
    let mut block = &workflow.jobs;
    for (at, inner) in path.lineage() {
        let id = at.0.rsplit('/').next()?;
        let job = block.jobs.iter().find(|job| job.id == id)?;
        match inner {
            None => return Some((job, block)),
            Some(inner) => block = inner.of(job)?,
        }
    }
    None
}

impl Borrow<str> for JobPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

//! What the readers share: the file's problems and what they have read so far.

use super::diagnostic::{Code, Problem, Span};
use super::draft::Draft;
use crate::expr::Reference;

/// A load in progress.
#[derive(Debug, Default)]
pub(super) struct Cx {
    pub(super) problems: Vec<Problem>,
    /// Every reference of every template, in the order of reading.
    pub(super) uses: Vec<Use>,
    /// The text was accepted and stored by a version of Ringback.
    pub(super) stored: bool,
    /// The file so far; names in it are not yet resolved.
    pub(super) draft: Draft,
}

/// A template's reference and its place.
#[derive(Debug, Clone)]
pub(super) struct Use {
    pub(super) reference: Reference,
    pub(super) span: Span,
    /// A default stands behind it, so it may be missing.
    pub(super) has_default: bool,
}

impl Cx {
    /// Reports a problem.
    pub(super) fn report(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::new(code, span, message));
    }

    /// Reports a problem and what was probably meant.
    pub(super) fn report_near(&mut self, code: Code, span: Span, message: impl Into<String>, meant: Option<&str>) {
        self.problems.push(Problem::new(code, span, message).suggest(meant));
    }

    /// Jobs that the templates read since then name, with their places.
    pub(super) fn jobs_read_since(&self, mark: usize) -> Vec<(String, Span)> {
        let jobs = self.uses.iter().skip(mark).filter(|used| used.reference.source == "jobs");
        jobs.filter_map(|used| Some((used.reference.path.first()?.clone(), used.span))).collect()
    }
}

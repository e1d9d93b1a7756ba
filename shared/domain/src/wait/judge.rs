//! The meaning of a status for the job that waits.
//!
//! | status | `success_when` is given | `fail_when` alone | neither |
//! |---|---|---|---|
//! | in `success_when` | success | | |
//! | in `fail_when` | failure | failure | |
//! | another | progress | success if `result` finds a value, else progress | success |
//! | missing, null or empty | as `on_missing_status` says; else success if `result` finds a value, else failure | the same | the same |
//!
//! A report without a status decides at once, so that a misspelt `status` or a service that sends none doesn't leave the job
//! waiting until its deadline.

use super::{Judgement, Verdict, is_listed, status_text};
use serde_json::Value;

/// The meaning of a report without a status, as the file's `on_missing_status` gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingStatus {
    /// Completes the job.
    Success,
    /// Fails it with `no_status`.
    Failure,
    /// The job waits on.
    Progress,
}

/// The lists by which a callback route, or a polling completion, judges a status.
#[derive(Debug, Clone, Copy)]
pub struct Standard<'a> {
    /// Statuses that complete the job; numbers are compared by value, anything else as text.
    pub success_when: &'a [String],
    /// Statuses that fail it; compared likewise.
    pub fail_when: &'a [String],
    /// The meaning of a report without a status, where the file gives one.
    pub on_missing_status: Option<MissingStatus>,
}

impl MissingStatus {
    /// The words of the file.
    pub const WORDS: &'static [&'static str] = &["success", "failure", "progress"];

    /// From a word of the file.
    pub fn read(word: &str) -> Option<Self> {
        match word {
            "success" => Some(Self::Success),
            "failure" => Some(Self::Failure),
            "progress" => Some(Self::Progress),
            _ => None,
        }
    }
}

impl Standard<'_> {
    /// Judges a status; `found` is true if `result` finds a value in the report.
    pub fn judge(&self, status: &Value, found: bool) -> Judgement {
        let text = status_text(status);
        let success_or = |other| if found { Judgement::Final(Verdict::Success) } else { other };
        if is_listed(status, self.fail_when) {
            Judgement::Final(Verdict::Failure)
        } else if is_listed(status, self.success_when) {
            Judgement::Final(Verdict::Success)
        } else if status.is_null() || text.is_empty() {
            match self.on_missing_status {
                Some(MissingStatus::Success) => Judgement::Final(Verdict::Success),
                Some(MissingStatus::Failure) => Judgement::Final(Verdict::NoStatus),
                Some(MissingStatus::Progress) => Judgement::Progress,
                None => success_or(Judgement::Final(Verdict::NoStatus)),
            }
        } else if !self.success_when.is_empty() {
            Judgement::Progress
        } else if self.fail_when.is_empty() {
            Judgement::Final(Verdict::Success)
        } else {
            success_or(Judgement::Progress)
        }
    }
}

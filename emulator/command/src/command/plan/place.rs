//! Places in a file, for what only the cloud refuses.

use domain::config::{Code, Diagnostic, Span};

/// Where something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) span: Span,
    /// From 1.
    pub(super) line: usize,
    /// In characters, from 1.
    pub(super) column: usize,
}

impl Place {
    /// Of a stretch of the text.
    pub(super) fn of(text: &str, span: Span) -> Self {
        let before = text.get(..span.offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Self { span, line: before.matches('\n').count() + 1, column }
    }

    /// Of a whole line, from 1, without the blanks around it.
    pub(super) fn of_line(text: &str, line: usize) -> Self {
        let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let whole = text.get(before..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let blank = whole.len() - whole.trim_start().len();
        Self::of(text, Span { offset: before + blank, length: whole.trim().len() })
    }

    /// The refusal of what stands here.
    pub(super) fn refuse(self, code: Code, message: String, file: &str) -> Diagnostic {
        let Self { span, line, column } = self;
        Diagnostic { severity: code.severity(), code, message, span, line, column, suggestion: None, file: file.into() }
    }
}

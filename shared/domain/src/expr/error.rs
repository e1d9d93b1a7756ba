//! What can be wrong with a template: its text when it is parsed, its operands when it is rendered.

use crate::expr::ast::Expr;
use crate::spelling::nearest;
use std::ops::Range;

/// Why a template could not be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong, in words.
    pub message: String,
    /// Where in the text of the string that holds it: byte offset and length.
    pub offset: usize,
    /// Length in bytes of the offending text.
    pub length: usize,
    /// The nearest right name, where there is one.
    pub suggestion: Option<String>,
    /// Which string of the JSON given to [`Template::from_json`](super::Template::from_json), as a JSON Pointer
    /// (RFC 6901); empty for a single string.
    pub pointer: String,
}

impl SyntaxError {
    pub(super) fn new(place: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            offset: place.start,
            length: place.len(),
            suggestion: None,
            pointer: String::new(),
        }
    }

    /// With the nearest of the right names, if one is near enough to be a slip of the pen.
    pub(super) fn suggesting(mut self, wrong: &str, right: &[&str]) -> Self {
        self.suggestion = nearest(wrong, right.iter().copied()).map(str::to_owned);
        self
    }

    /// The same error seen from the parent of the value that holds it.
    pub(super) fn below(mut self, key: &str) -> Self {
        self.pointer = format!("/{}{}", key.replace('~', "~0").replace('/', "~1"), self.pointer);
        self
    }
}

/// Why a parsed template has no value in a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// What is wrong, in words, with the expression's text. Holds no value of the scope, which may be secret.
    pub message: String,
}

/// What an operator or conversion has against its operands, before it is known where it stood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault(pub(super) String);

impl Fault {
    /// Names the expression at fault, cut where it is long.
    pub(super) fn at(self, expr: &Expr) -> EvalError {
        const LONGEST_QUOTE: usize = 160;
        let mut quote = expr.to_string();
        if let Some((cut, _)) = quote.char_indices().nth(LONGEST_QUOTE) {
            quote.truncate(cut);
            quote.push('…');
        }
        EvalError { message: format!("{} in `{quote}`", self.0) }
    }
}

//! Regular expressions: linear in the text, bounded in size, so that neither a file nor a request can stall us.

use crate::expr::error::Fault;
use regex::{Regex, RegexBuilder};

/// Longest pattern, in bytes.
const MAX_LENGTH: usize = 4096;

/// Memory for a compiled pattern, in bytes. Room for a few Unicode classes, `\w+@\w+\.\w{2,8}`, but not for `\w{500}`.
const MAX_SIZE: usize = 512 << 10;

pub(super) fn compile(source: &str) -> Result<Regex, Fault> {
    if source.len() > MAX_LENGTH {
        return Err(Fault(format!("the pattern is longer than {MAX_LENGTH} bytes")));
    }
    RegexBuilder::new(source).size_limit(MAX_SIZE).dfa_size_limit(MAX_SIZE).build().map_err(|error| {
        if matches!(error, regex::Error::CompiledTooBig(_)) {
            return Fault("the pattern is too big".to_owned());
        }
        // Only the last line, the reason: those above quote the pattern, which may be a value of the scope.
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
        Fault(format!("the pattern is no regular expression: {reason}"))
    })
}

/// A literal pattern, compiled once.
#[derive(Debug, Clone)]
pub(super) struct FixedPattern {
    source: String,
    regex: Regex,
}

impl FixedPattern {
    pub(super) fn new(source: String) -> Result<Self, Fault> {
        let regex = compile(&source)?;
        Ok(Self { source, regex })
    }

    pub(super) fn source(&self) -> &str {
        &self.source
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl PartialEq for FixedPattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

//! Regular expressions: linear in the text, bounded in size, so that neither a file nor a request can stall us.

use crate::expr::error::Fault;
use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind};
use serde_json::Value;

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
    positions: u64,
}

impl FixedPattern {
    pub(super) fn new(source: String) -> Result<Self, Fault> {
        let regex = compile(&source)?;
        let positions = positions(&source);
        Ok(Self { source, regex, positions })
    }

    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Positions in it that a search may have to follow at once.
    pub(super) fn positions(&self) -> u64 {
        self.positions
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// Positions of a pattern that is a value; none where it is no text.
pub(super) fn positions_of(pattern: &Value) -> u64 {
    pattern.as_str().map_or(0, positions)
}

/// The number of positions that a pattern has once its repetitions are written out. At the worst, a search follows all of them
/// at each byte of a text (<https://docs.rs/regex/latest/regex/#untrusted-input>): a Unicode `\b` or `\B` before a letter
/// that is not ASCII is enough for that. What is too long or no pattern has none: it is refused when it is compiled.
fn positions(source: &str) -> u64 {
    if source.len() > MAX_LENGTH {
        return 0;
    }
    let parsed = regex_syntax::Parser::new().parse(source);
    parsed.map_or(0, |parsed| Positions::of(&parsed).count())
}

/// What a search follows: positions that take a byte, and the ones between them, which take none.
#[derive(Clone, Copy, Default)]
struct Positions {
    /// A literal text or a class of characters is one.
    taking: u64,
    /// An assertion or a choice is one, a group two: its beginning and its end.
    between: u64,
}

impl Positions {
    fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Self::between(1),
            HirKind::Literal(_) | HirKind::Class(_) => Self { taking: 1, between: 0 },
            HirKind::Repetition(repeated) => {
                let times = repeated.max.unwrap_or(repeated.min).max(1);
                // Each time that may be left out is a choice; so is the one whether to go on without an end.
                let choices = repeated.max.map_or(1, |max| max.saturating_sub(repeated.min));
                Self::of(&repeated.sub).times(u64::from(times)).and(Self::between(u64::from(choices)))
            }
            HirKind::Capture(captured) => Self::of(&captured.sub).and(Self::between(2)),
            HirKind::Concat(parts) => Self::all(parts),
            HirKind::Alternation(parts) => Self::all(parts).and(Self::between(parts.len() as u64)),
        }
    }

    fn between(between: u64) -> Self {
        Self { taking: 0, between }
    }

    fn all(parts: &[Hir]) -> Self {
        parts.iter().map(Self::of).fold(Self::default(), Self::and)
    }

    fn and(self, more: Self) -> Self {
        Self { taking: self.taking.saturating_add(more.taking), between: self.between.saturating_add(more.between) }
    }

    fn times(self, times: u64) -> Self {
        Self { taking: self.taking.saturating_mul(times), between: self.between.saturating_mul(times) }
    }

    /// One position between is followed along with each that takes a byte, as most patterns have it; more of them count too.
    fn count(self) -> u64 {
        self.taking.max(self.between)
    }
}

impl PartialEq for FixedPattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

#[cfg(test)]
mod tests;

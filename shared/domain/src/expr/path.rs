//! Paths: a source, and the steps below it.

use crate::expr::error::SyntaxError;
use crate::expr::lexer::Lexer;
use crate::expr::scope::Sources;

/// Steps in one path. Only `[*]` recurses, at most this deep.
const MAX_STEPS: usize = 128;

/// What is no source, because the grammar gives it another meaning.
const RESERVED: [&str; 6] = ["and", "or", "not", "in", "matches", "as"];

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    /// With its qualifier, as it is looked up first: `gateway:8090`.
    pub(super) name: String,
    /// Where the colon stands in the name.
    colon: Option<usize>,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    /// From the end if negative.
    Index(i64),
    Slice(Option<i64>, Option<i64>),
    /// `[*]`
    Each,
}

impl Path {
    pub(super) fn source(&self) -> &str {
        self.colon.and_then(|colon| self.name.get(..colon)).unwrap_or(&self.name)
    }

    pub(super) fn qualifier(&self) -> Option<&str> {
        self.colon.and_then(|colon| self.name.get(colon + 1..))
    }
}

impl Lexer<'_> {
    /// The path that starts here, or `None` where none does.
    pub(super) fn path(&mut self, sources: Sources) -> Result<Option<Path>, SyntaxError> {
        let start = self.at();
        let Some(source) = self.name()? else { return Ok(None) };
        if RESERVED.contains(&source) || source.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(self.error_since(start, format!("`{source}` can't stand here")));
        }
        match sources {
            Sources::Known(known) if !known.contains(&source) => {
                let message = format!("there is no source `{source}` here (text needs quotes)");
                return Err(self.error_since(start, message).suggesting(source, known));
            }
            Sources::Known(_) | Sources::Any => {}
        }
        let colon = if self.eat(":") {
            if self.name()?.is_none() {
                return Err(self.expected("a name after `:`"));
            }
            Some(source.len())
        } else {
            None
        };
        let name = self.since(start).to_owned();
        Ok(Some(Path { name, colon, steps: self.steps()? }))
    }

    /// All steps that follow; perhaps none.
    pub(super) fn steps(&mut self) -> Result<Vec<Step>, SyntaxError> {
        let mut steps = Vec::new();
        while let Some(step) = self.step()? {
            if steps.len() == MAX_STEPS {
                return Err(self.error(format!("a path of more than {MAX_STEPS} steps")));
            }
            steps.push(step);
        }
        Ok(steps)
    }

    fn step(&mut self) -> Result<Option<Step>, SyntaxError> {
        if self.eat(".") {
            match self.name()? {
                Some(name) => Ok(Some(Step::Key(name.to_owned()))),
                None => Err(self.expected("a name after `.` (any other key is `[\"key\"]`, every element `[*]`)")),
            }
        } else if self.eat("[") {
            self.skip_whitespace();
            let step = self.bracketed()?;
            self.skip_whitespace();
            if self.eat("]") { Ok(Some(step)) } else { Err(self.expected("`]`")) }
        } else {
            Ok(None)
        }
    }

    fn bracketed(&mut self) -> Result<Step, SyntaxError> {
        if self.eat("*") {
            return Ok(Step::Each);
        }
        if matches!(self.peek(), Some('"' | '\'')) {
            return self.quoted().map(Step::Key);
        }
        let first = self.position()?;
        self.skip_whitespace();
        if self.eat(":") {
            self.skip_whitespace();
            return Ok(Step::Slice(first, self.position()?));
        }
        first.map(Step::Index).ok_or_else(|| self.expected("an index, a slice, a key in quotes or `*`"))
    }

    fn position(&mut self) -> Result<Option<i64>, SyntaxError> {
        if !self.at_number() {
            return Ok(None);
        }
        let start = self.at();
        let number = self.number()?;
        match number.as_i64() {
            Some(position) => Ok(Some(position)),
            None => Err(self.error_since(start, "an index is an integer")),
        }
    }
}

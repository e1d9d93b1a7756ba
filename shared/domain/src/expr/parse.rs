//! Text, holes and defaults; what stands in them is [`operation`](super::operation)'s business.

use crate::expr::ast::{Expr, Part};
use crate::expr::error::SyntaxError;
use crate::expr::lexer::Lexer;
use crate::expr::scope::Sources;
use serde_json::Value;

/// Longest string, in bytes: no file needs more, and it bounds what a parsed template takes.
const MAX_LENGTH: usize = 1 << 20;

/// Holes and parentheses within each other. With the next one it bounds recursion, here and in evaluation.
pub(super) const MAX_DEPTH: usize = 64;

/// Operators, conversions and defaults in one outermost hole.
const MAX_OPERATORS: usize = 128;

pub(super) struct Parser<'t> {
    pub(super) lexer: Lexer<'t>,
    pub(super) sources: Sources,
    depth: usize,
    operators: usize,
}

/// What an expression ends before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Close {
    Brace,
    Parenthesis,
    End,
}

impl Close {
    fn is_at(self, lexer: &Lexer<'_>) -> bool {
        lexer.peek()
            == match self {
                Self::Brace => Some('}'),
                Self::Parenthesis => Some(')'),
                Self::End => None,
            }
    }

    /// What ends bare words. A brace always does, so that words mean the same wherever they stand.
    fn stops(self) -> &'static [char] {
        match self {
            Self::Brace | Self::End => &['}'],
            Self::Parenthesis => &['}', ')'],
        }
    }

    fn expectation(self) -> &'static str {
        match self {
            Self::Brace => "an operator, `|` or `}`",
            Self::Parenthesis => "an operator, `|` or `)`",
            Self::End => "an operator or `|`",
        }
    }
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str, sources: Sources) -> Result<Self, SyntaxError> {
        if text.len() > MAX_LENGTH {
            return Err(SyntaxError::new(0..text.len(), format!("longer than {MAX_LENGTH} bytes")));
        }
        Ok(Self { lexer: Lexer::new(text), sources, depth: 0, operators: 0 })
    }

    /// The whole text as a template.
    pub(super) fn template(mut self) -> Result<Vec<Part>, SyntaxError> {
        self.parts(Vec::new(), &[])
    }

    /// The whole text as what would stand in a hole.
    pub(super) fn expression(mut self) -> Result<Expr, SyntaxError> {
        self.closed(0, Close::End)
    }

    /// Literal text and holes, up to one of `stops`.
    fn parts(&mut self, mut parts: Vec<Part>, stops: &[char]) -> Result<Vec<Part>, SyntaxError> {
        let mut literal = String::new();
        while let Some(c) = self.lexer.peek().filter(|c| !stops.contains(c)) {
            if self.lexer.eat("$${") {
                literal.push_str("${");
            } else if self.at_hole() {
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(Part::Hole(self.hole()?));
            } else {
                literal.push(c);
                self.lexer.bump();
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(parts)
    }

    pub(super) fn at_hole(&self) -> bool {
        self.lexer.rest().starts_with("${")
    }

    /// `${…}`, which starts here.
    pub(super) fn hole(&mut self) -> Result<Expr, SyntaxError> {
        if self.depth == 0 {
            self.operators = 0;
        }
        let start = self.lexer.at();
        self.lexer.eat("${");
        self.deeper(|parser| parser.closed(start, Close::Brace))
    }

    /// `(…)`, which starts here.
    pub(super) fn group(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.lexer.at();
        self.lexer.eat("(");
        self.deeper(|parser| parser.closed(start, Close::Parenthesis))
    }

    fn deeper(&mut self, inner: impl FnOnce(&mut Self) -> Result<Expr, SyntaxError>) -> Result<Expr, SyntaxError> {
        if self.depth == MAX_DEPTH {
            return Err(self.lexer.error(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Whatever makes the tree one higher goes through here.
    pub(super) fn count_operator(&mut self) -> Result<(), SyntaxError> {
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            return Err(self.lexer.error(format!("more than {MAX_OPERATORS} operators in one expression")));
        }
        Ok(())
    }

    /// An expression and what closes it; `start` is where that was opened.
    fn closed(&mut self, start: usize, close: Close) -> Result<Expr, SyntaxError> {
        let opened = self.lexer.at();
        let expr = self.pipe(close)?;
        if close.is_at(&self.lexer) {
            self.lexer.bump();
            return Ok(expr);
        }
        Err(match self.lexer.peek() {
            None => SyntaxError::new(start..opened, "this is never closed"),
            Some('&') => self.lexer.error("`&` is no operator; write `and`"),
            Some('=') => self.lexer.error("`=` is no operator; write `==`"),
            Some('!') => self.lexer.error("`!` is no operator; write `not` or `!=`"),
            Some(_) => self.lexer.expected(close.expectation()),
        })
    }

    /// An operation and its default, with the space around them.
    fn pipe(&mut self, close: Close) -> Result<Expr, SyntaxError> {
        self.lexer.skip_whitespace();
        let value = self.operation()?;
        self.lexer.skip_whitespace();
        if self.at_bar()? { self.default(value, close) } else { Ok(value) }
    }

    fn at_bar(&self) -> Result<bool, SyntaxError> {
        if self.lexer.rest().starts_with("||") {
            return Err(self.lexer.error("`||` is no operator; write `or`"));
        }
        Ok(self.lexer.peek() == Some('|'))
    }

    /// `| fallback`, which starts here.
    fn default(&mut self, value: Expr, close: Close) -> Result<Expr, SyntaxError> {
        self.count_operator()?;
        self.lexer.eat("|");
        self.lexer.skip_whitespace();
        let fallback = self.fallback(close)?;
        self.lexer.skip_whitespace();
        Ok(Expr::Default(Box::new((value, fallback))))
    }

    fn fallback(&mut self, close: Close) -> Result<Expr, SyntaxError> {
        if let Some(constant) = self.constant_before(close)? {
            return Ok(Expr::Literal(constant));
        }
        if !self.at_hole() {
            return self.words(Vec::new(), close);
        }
        let hole = self.hole()?;
        let after = self.lexer;
        self.lexer.skip_whitespace();
        if self.at_bar()? {
            return self.default(hole, close);
        }
        self.lexer = after;
        self.words(vec![Part::Hole(hole)], close)
    }

    /// A constant, if there is nothing else up to `close`.
    ///
    /// Words may start like one, `[none]` or `10 apples`, so trying is the only way to tell. No hole is within a
    /// constant, so what is tried in vain is not nested, and nested defaults don't cost exponential time.
    fn constant_before(&mut self, close: Close) -> Result<Option<Value>, SyntaxError> {
        let first = self.lexer.peek();
        let quoted = matches!(first, Some('"' | '\''));
        let mut ahead = self.lexer;
        match ahead.constant() {
            Ok(constant) => {
                let end = ahead;
                ahead.skip_whitespace();
                if !quoted && !close.is_at(&ahead) {
                    return Ok(None);
                }
                self.lexer = end;
                Ok(constant)
            }
            Err(error) if quoted || first == Some('{') => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// Words up to `close`; the first of their parts may have been read.
    fn words(&mut self, parts: Vec<Part>, close: Close) -> Result<Expr, SyntaxError> {
        let mut parts = self.parts(parts, close.stops())?;
        if let Some(Part::Literal(last)) = parts.last_mut() {
            last.truncate(last.trim_end().len());
        }
        parts.retain(|part| !matches!(part, Part::Literal(literal) if literal.is_empty()));
        match parts.pop() {
            None => Err(self.lexer.expected("a default after `|`")),
            Some(Part::Literal(words)) if parts.is_empty() => Ok(Expr::Literal(Value::String(words))),
            Some(Part::Hole(expr)) if parts.is_empty() => Ok(expr),
            Some(last) => {
                parts.push(last);
                Ok(Expr::Words(parts))
            }
        }
    }
}

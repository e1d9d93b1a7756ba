//! Constants: what JSON can write, and texts in single quotes.

use crate::expr::error::SyntaxError;
use crate::expr::lexer::Lexer;
use crate::expr::parse::MAX_DEPTH;
use crate::json;
use serde_json::{Map, Value};

impl Lexer<'_> {
    /// The constant that starts here, or `None` where none does.
    pub(super) fn constant(&mut self) -> Result<Option<Value>, SyntaxError> {
        self.constant_within(MAX_DEPTH)
    }

    fn constant_within(&mut self, depth: usize) -> Result<Option<Value>, SyntaxError> {
        Ok(Some(match self.peek() {
            Some('"' | '\'') => Value::String(self.quoted()?),
            Some('[') => Value::Array(self.list(depth)?),
            Some('{') => Value::Object(self.object(depth)?),
            _ if self.at_number() => Value::Number(self.number()?),
            _ if self.eat_word("true") => Value::Bool(true),
            _ if self.eat_word("false") => Value::Bool(false),
            _ if self.eat_word("null") => Value::Null,
            _ => return Ok(None),
        }))
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Value>, SyntaxError> {
        let mut items = Vec::new();
        self.sequence(depth, ']', |lexer, depth| {
            items.push(lexer.element(depth)?);
            Ok(())
        })?;
        Ok(items)
    }

    fn object(&mut self, depth: usize) -> Result<Map<String, Value>, SyntaxError> {
        let mut entries = Map::new();
        self.sequence(depth, '}', |lexer, depth| {
            if !matches!(lexer.peek(), Some('"' | '\'')) {
                return Err(lexer.expected("a key in quotes"));
            }
            let start = lexer.at();
            let key = lexer.quoted()?;
            if json::is_reserved(&key) {
                return Err(lexer.error_since(start, json::Unreadable::Reserved.to_string()));
            }
            lexer.skip_whitespace();
            if !lexer.eat(":") {
                return Err(lexer.expected("`:`"));
            }
            lexer.skip_whitespace();
            entries.insert(key, lexer.element(depth)?);
            Ok(())
        })?;
        Ok(entries)
    }

    fn element(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        self.constant_within(depth)?.ok_or_else(|| self.expected("a constant; nothing else stands in a list or object"))
    }

    /// Elements between commas, from the bracket that stands here to `close`.
    fn sequence(
        &mut self,
        depth: usize,
        close: char,
        mut element: impl FnMut(&mut Self, usize) -> Result<(), SyntaxError>,
    ) -> Result<(), SyntaxError> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(self.error(format!("nested deeper than {MAX_DEPTH} levels")));
        };
        self.bump();
        self.skip_whitespace();
        if self.peek() == Some(close) {
            self.bump();
            return Ok(());
        }
        loop {
            element(self, depth)?;
            self.skip_whitespace();
            if self.peek() == Some(close) {
                self.bump();
                return Ok(());
            }
            if !self.eat(",") {
                return Err(self.expected(&format!("`,` or `{close}`")));
            }
            self.skip_whitespace();
        }
    }
}

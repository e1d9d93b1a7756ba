//! A place in the text and the words that can stand there: names, numbers, quoted texts.

use crate::expr::error::SyntaxError;
use crate::number;
use serde_json::Number;

pub(super) fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// Whether a key can be written `.key`.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_name_char) && !text.starts_with('-') && !text.ends_with('-')
}

/// A place in a text. Cheap to copy: a copy kept aside is a way back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Byte offset in the whole text.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Eats a whole word: `in` but not the start of `input`.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.rest().strip_prefix(word).is_some_and(|after| !after.starts_with(is_name_char));
        if found {
            self.at += word.len();
        }
        found
    }

    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let start = self.at;
        while self.peek().is_some_and(&wanted) {
            self.bump();
        }
        self.since(start)
    }

    /// Whether there was any.
    pub(super) fn skip_whitespace(&mut self) -> bool {
        !self.take_while(char::is_whitespace).is_empty()
    }

    /// An error about the text from `start` to here.
    pub(super) fn error_since(&self, start: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError::new(start..self.at, message)
    }

    /// An error about the next character.
    pub(super) fn error(&self, message: impl Into<String>) -> SyntaxError {
        let length = self.peek().map_or(0, char::len_utf8);
        SyntaxError::new(self.at..self.at + length, message)
    }

    /// `expected X, not Y`, about the next character.
    pub(super) fn expected(&self, what: &str) -> SyntaxError {
        self.error(match self.peek() {
            Some(c) => format!("expected {what}, not `{c}`"),
            None => format!("expected {what}, but the text ends here"),
        })
    }

    /// A name, or `None` where none starts.
    pub(super) fn name(&mut self) -> Result<Option<&'t str>, SyntaxError> {
        if !self.peek().is_some_and(|c| is_name_char(c) && c != '-') {
            return Ok(None);
        }
        let start = self.at;
        let name = self.take_while(is_name_char);
        if name.ends_with('-') {
            let hint = "a name can't end in a hyphen; the operator `-` needs a space on each side";
            return Err(self.error_since(start, hint));
        }
        Ok(Some(name))
    }

    /// Whether a number starts here.
    pub(super) fn at_number(&self) -> bool {
        self.rest().strip_prefix('-').unwrap_or(self.rest()).starts_with(|c: char| c.is_ascii_digit())
    }

    /// A number as JSON writes it; one starts here.
    pub(super) fn number(&mut self) -> Result<Number, SyntaxError> {
        let start = self.at;
        self.eat("-");
        let mut last = '0';
        while let Some(c) = self.peek() {
            let sign_of_exponent = matches!(c, '+' | '-') && matches!(last, 'e' | 'E');
            if !(c.is_alphanumeric() || c == '.' || c == '_' || sign_of_exponent) {
                break;
            }
            last = c;
            self.bump();
        }
        number::parse(self.since(start))
            .ok_or_else(|| self.error_since(start, "this is not a number as JSON writes it"))
    }

    /// A text in the quotes that start here.
    pub(super) fn quoted(&mut self) -> Result<String, SyntaxError> {
        let start = self.at;
        let quote = self.bump();
        let mut text = String::new();
        loop {
            let place = self.at;
            match self.bump() {
                None => {
                    return Err(SyntaxError::new(start..start + 1, "this quote is never closed"));
                }
                c if c == quote => return Ok(text),
                Some('\\') => text.push(self.escape(place)?),
                Some(c) => text.push(c),
            }
        }
    }

    fn escape(&mut self, start: usize) -> Result<char, SyntaxError> {
        Ok(match self.bump() {
            Some(c @ ('"' | '\'' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => return self.unicode_escape(start),
            _ => {
                let message = format!("unknown escape `{}`; a backslash itself is `\\\\`", self.since(start));
                return Err(self.error_since(start, message));
            }
        })
    }

    /// Reads the four digits of a `\u` escape; two such escapes may be a surrogate pair.
    fn unicode_escape(&mut self, start: usize) -> Result<char, SyntaxError> {
        let first = self.code_unit();
        let paired = first.is_some_and(|unit| (0xD800..0xDC00).contains(&unit)) && self.eat("\\u");
        let units = [first, if paired { self.code_unit() } else { None }];
        let mut decoded = char::decode_utf16(units.into_iter().flatten());
        match (decoded.next(), decoded.next()) {
            (Some(Ok(c)), None) => Ok(c),
            _ => Err(self.error_since(start, "`\\u` needs four hexadecimal digits that make a character")),
        }
    }

    fn code_unit(&mut self) -> Option<u16> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at += digits.len();
        u16::from_str_radix(digits, 16).ok()
    }
}

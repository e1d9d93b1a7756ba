//! Templates: JSON in which text may hold `${…}` expressions. Parsed when a file is loaded, never at a request.
//!
//! ```text
//! template   := ( literal text | "$${" | hole )*       "$${" stands for "${"; a lone "$" is itself
//! hole       := "${" pipe "}"
//! pipe       := operation [ "|" fallback ]
//! fallback   := constant | hole "|" fallback | words   words: text up to the closing brace, trimmed; holes nest in it
//! operation  := or, and, not, comparison, sum, product: loosest first, each in terms of the next; as in Python,
//!               `a == not b` needs parentheses
//! comparison := sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=" | ["not"] "in" | ["not"] "matches") sum ]
//! operand    := ( constant | path | "(" pipe ")" step* | hole step* ) ( "as" conversion )*
//! conversion := "integer" | "number" | "text" | "boolean" | "json" | "base64"
//! path       := name [ ":" name ] step*
//! step       := "." name | "[" text "]" | "[" integer "]" | "[" [integer] ":" [integer] "]" | "[*]"
//! constant   := number | text | "true" | "false" | "null" | "[" constant, … "]" | "{" text ":" constant, … "}"
//! text       := "…" or '…' with JSON's escapes
//! name       := letters, digits, "_", and "-" except at the ends
//! ```
//!
//! Every operator needs a space on each side, so that `a-b` is a name with a hyphen.
//!
//! # Meaning
//!
//! - A string that is exactly one hole keeps its value's type. In any other string a hole becomes text: null is
//!   nothing, text is itself, the rest is compact JSON.
//! - **Paths never fail.** What isn't there is null: an absent source, a key of a text, an index out of range. `[-1]`
//!   is the last element; slices are clamped, and take characters of a text; `[*]` applies the rest of the path to
//!   every element of a list or value of an object and gives a list. Names below `header` match in any case.
//! - `gateway:8090` is the scope's source of just that name or, without one, key `8090` of `gateway`.
//! - A **default** replaces null. Words that spell a JSON number, `true`, `false` or `null` are that; `| a | b`
//!   can't chain words, but `| ${a} | b` gives the first that isn't null.
//! - **Numbers** keep the text in which they came; only an exponent is written anew, `e` and a sign.
//! - **Arithmetic** with null is null. Integers stay integers and are exact over all of `i128`: beyond it is an error, not a
//!   float. Numbers with a fraction or an exponent are computed as 64-bit floats; an infinite result is an error. `/` is an
//!   integer where it is exact, else a float. `+` joins two texts.
//! - `==` compares by value: `1 == 1.0`, without rounding; different types are unequal. Order is among numbers or among
//!   texts; with null it is false. `in` looks for an element of a list, a part of a text, a key of an object; `matches` searches for
//!   a regular expression; both are false for null. `and`, `or`, `not` judge by [`truthy`] and give booleans.
//! - **Bytes** ([`crate::bytes`]) are objects; only `as text` and `as base64` read what they hold.
//! - A [`Condition`] is an expression whose value is judged by [`truthy`], with or without `${` and `}` around it or its
//!   parts; one that reads nothing is no condition.
//! - **Conversions** leave null alone, so that the default applies, and fail rather than lose: `12.7 as integer` is an
//!   error, and so is an integer that needs more than 64 zeros of its exponent. Booleans are 1 and 0 as numbers. As
//!   booleans, numbers are judged by [`truthy`], and texts must be true/false, yes/no, on/off or 1/0.
//!
//! # Guarantees
//!
//! - No text makes [`Template::parse`] panic or exhaust the stack, no scope [`Template::render`]. A string is at most
//!   1 MiB; in one hole, holes and parentheses nest 64 deep and operators number 128; a path has 128 steps. Rendering
//!   bounds the text that it makes (16 MiB) and the patterns that it compiles.
//! - Rendering costs time in proportion to the template and the values it reads; values are borrowed until the end.
//! - Printing a template ([`Display`](std::fmt::Display), [`Template::to_json`]) and parsing it again gives an equal
//!   one. A literal `$` right before a hole is written `${"$"}${…}`.
//! - An evaluation can be metered ([`Meter`]): it ends with an error where it takes more steps than it may, and takes the
//!   same number of steps on every machine.
//! - Errors name types and quote the template. They never quote a value, which may be secret.

mod error;
mod scope;
mod reference;
mod lexer;
mod literal;
mod path;
mod ast;
mod parse;
mod operation;
mod select;
mod number;
mod convert;
mod operate;
mod pattern;
mod eval;
mod meter;
mod parsed;
mod print;
mod condition;
pub mod batch;

#[cfg(test)]
mod tests;

use crate::expr::ast::{Expr, Part};
use crate::expr::parse::Parser;
use serde_json::{Map, Value};

pub use crate::expr::condition::Condition;
pub use crate::expr::convert::to_text;
pub use crate::expr::error::{EvalError, SyntaxError};
pub use crate::expr::meter::{Meter, size};
pub use crate::expr::operate::truthy;
pub use crate::expr::parsed::Parsed;
pub use crate::expr::reference::Reference;
pub use crate::expr::scope::{Scope, Sources};

/// Lists and objects nested deeper than this are refused; `serde_json` reads no deeper either.
const MAX_JSON_DEPTH: usize = 128;

/// A parsed template: any JSON whose strings may hold expressions.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Node);

/// What has no expression in it is always folded into one `Constant`, so equal templates compare as equal.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    Constant(Value),
    /// A string that is exactly one hole.
    Hole(Expr),
    /// Any other string with holes.
    Text(Vec<Part>),
    List(Vec<Template>),
    Object(Vec<(String, Template)>),
}

impl Template {
    /// Parses one string.
    ///
    /// # Errors
    /// The first syntax error, with its place in `text`.
    pub fn parse(text: &str, sources: Sources) -> Result<Self, SyntaxError> {
        let mut parts = Parser::new(text, sources)?.template()?;
        Ok(Self(match parts.pop() {
            None => Node::Constant(Value::String(String::new())),
            Some(Part::Literal(literal)) if parts.is_empty() => Node::Constant(Value::String(literal)),
            Some(Part::Hole(expr)) if parts.is_empty() => Node::Hole(expr),
            Some(last) => {
                parts.push(last);
                Node::Text(parts)
            }
        }))
    }

    /// Parses what would stand inside `${…}`, such as a rule's condition: `branch == 'main'`.
    ///
    /// # Errors
    /// The first syntax error, with its place in `text`.
    pub fn expression(text: &str, sources: Sources) -> Result<Self, SyntaxError> {
        Ok(Self(Node::Hole(Parser::new(text, sources)?.expression()?)))
    }

    /// Parses any JSON; object keys are literal.
    ///
    /// # Errors
    /// The first syntax error in any string of it; nesting beyond 128 levels.
    pub fn from_json(value: &Value, sources: Sources) -> Result<Self, SyntaxError> {
        Self::from_json_at(value, sources, 0)
    }

    fn from_json_at(value: &Value, sources: Sources, depth: usize) -> Result<Self, SyntaxError> {
        if depth > MAX_JSON_DEPTH {
            return Err(SyntaxError::new(0..0, format!("nested deeper than {MAX_JSON_DEPTH} levels")));
        }
        match value {
            Value::String(text) => Self::parse(text, sources),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    Self::from_json_at(item, sources, depth + 1).map_err(|e| e.below(&index.to_string()))
                })
                .collect::<Result<_, _>>()
                .map(Self::list),
            Value::Object(entries) => entries
                .iter()
                .map(|(key, item)| match Self::from_json_at(item, sources, depth + 1) {
                    Ok(template) => Ok((key.clone(), template)),
                    Err(error) => Err(error.below(key)),
                })
                .collect::<Result<_, _>>()
                .map(Self::object),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(Self::constant(value.clone())),
        }
    }

    /// A template that is always this value; `${` in it means nothing.
    pub fn constant(value: Value) -> Self {
        Self(Node::Constant(value))
    }

    /// A list of templates.
    pub fn list(items: Vec<Template>) -> Self {
        if items.iter().all(Self::is_constant) {
            Self::constant(items.into_iter().filter_map(Self::into_constant).collect())
        } else {
            Self(Node::List(items))
        }
    }

    /// An object of templates, in order; of entries with one key the last wins.
    pub fn object(entries: Vec<(String, Template)>) -> Self {
        if entries.iter().all(|(_, item)| item.is_constant()) {
            let constants = entries.into_iter().filter_map(|(key, item)| Some((key, item.into_constant()?)));
            Self::constant(Value::Object(constants.collect()))
        } else {
            Self(Node::Object(entries))
        }
    }

    /// Its value in a scope.
    ///
    /// # Errors
    /// When an operator or a conversion does not fit its operands.
    pub fn render(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        match &self.0 {
            Node::Constant(value) => Ok(value.clone()),
            Node::Hole(expr) => expr.eval(scope).map(std::borrow::Cow::into_owned),
            Node::Text(parts) => eval::join(parts, scope).map(Value::String),
            Node::List(items) => items.iter().map(|item| item.render(scope)).collect(),
            Node::Object(entries) => entries
                .iter()
                .map(|(key, item)| Ok((key.clone(), item.render(scope)?)))
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
        }
    }

    /// Whether its value in a scope is [`truthy`], without a copy of the value.
    ///
    /// # Errors
    /// When an operator or a conversion does not fit its operands, or the scope's budget of steps is exceeded.
    pub fn holds(&self, scope: &Scope<'_>) -> Result<bool, EvalError> {
        match &self.0 {
            Node::Hole(expr) => Ok(truthy(expr.eval(scope)?.as_ref())),
            Node::Constant(_) | Node::Text(_) | Node::List(_) | Node::Object(_) => {
                self.render(scope).map(|value| truthy(&value))
            }
        }
    }

    /// Its value in a scope as text, as it would stand inside other text; see [`to_text`].
    ///
    /// # Errors
    /// When an operator or a conversion does not fit its operands.
    pub fn render_text(&self, scope: &Scope<'_>) -> Result<String, EvalError> {
        match &self.0 {
            Node::Constant(value) => Ok(to_text(value).into_owned()),
            Node::Hole(expr) => Ok(to_text(expr.eval(scope)?.as_ref()).into_owned()),
            Node::Text(parts) => eval::join(parts, scope),
            Node::List(_) | Node::Object(_) => Ok(to_text(&self.render(scope)?).into_owned()),
        }
    }

    /// True if any expression in it has a value other than null in a scope; a constant finds nothing.
    ///
    /// # Errors
    /// An operator or a conversion that does not fit its operands.
    pub fn finds(&self, scope: &Scope<'_>) -> Result<bool, EvalError> {
        fn any<T>(items: &[T], finds: impl Fn(&T) -> Result<bool, EvalError>) -> Result<bool, EvalError> {
            for item in items {
                if finds(item)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        match &self.0 {
            Node::Constant(_) => Ok(false),
            Node::Hole(expr) => Ok(!expr.eval(scope)?.is_null()),
            Node::Text(parts) => any(parts, |part| match part {
                Part::Literal(_) => Ok(false),
                Part::Hole(expr) => Ok(!expr.eval(scope)?.is_null()),
            }),
            Node::List(items) => any(items, |item| item.finds(scope)),
            Node::Object(entries) => any(entries, |(_, item)| item.finds(scope)),
        }
    }

    /// The value, if no expression is in it.
    pub fn as_constant(&self) -> Option<Value> {
        match &self.0 {
            Node::Constant(value) => Some(value.clone()),
            Node::Hole(_) | Node::Text(_) | Node::List(_) | Node::Object(_) => None,
        }
    }

    fn is_constant(&self) -> bool {
        matches!(self.0, Node::Constant(_))
    }

    fn into_constant(self) -> Option<Value> {
        match self.0 {
            Node::Constant(value) => Some(value),
            Node::Hole(_) | Node::Text(_) | Node::List(_) | Node::Object(_) => None,
        }
    }

    /// Every source and path it reads, in order of appearance; one that is read twice appears twice.
    pub fn references(&self) -> Vec<Reference> {
        let mut found = Vec::new();
        self.collect_references(&mut found);
        found
    }

    fn collect_references(&self, found: &mut Vec<Reference>) {
        match &self.0 {
            Node::Constant(_) => {}
            Node::Hole(expr) => reference::in_expr(expr, found),
            Node::Text(parts) => reference::in_parts(parts, found),
            Node::List(items) => items.iter().for_each(|item| item.collect_references(found)),
            Node::Object(entries) => {
                entries.iter().for_each(|(_, item)| item.collect_references(found));
            }
        }
    }
}

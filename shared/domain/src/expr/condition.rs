//! Conditions: expressions that decide, the same in branches, in rules and in the filters of endpoints.
//!
//! `input.n == 5`, `${input.n} == 5` and `${input.n == 5}` are one condition: a hole is an operand like any other. A
//! condition holds if its value is [`truthy`].
//!
//! A condition that no request can change is refused when it is parsed: `false`, `1 == 1`, `'${input.n}' == '5'` (text in
//! quotes is not evaluated), and each side of `and` and `or` by itself (`branch == 'main' or 'dev'` always holds). So is a
//! default that is text where it would decide: `input.n | 0 > 5` has the default `0 > 5`.

use crate::expr::ast::{Expr, Logic, Op, Pattern};
use crate::expr::error::{EvalError, SyntaxError};
use crate::expr::operate::truthy;
use crate::expr::parse::Parser;
use crate::expr::reference;
use crate::expr::scope::{Scope, Sources};
use crate::expr::{Node, Template};
use serde_json::Value;
use std::fmt::{self, Display, Formatter};

/// A parsed condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition(Template);

impl Condition {
    /// Parses a condition.
    ///
    /// # Errors
    /// The first syntax error, with its place in `text`; a condition, or a side of `and` or `or`, of literals alone.
    pub fn parse(text: &str, sources: Sources) -> Result<Self, SyntaxError> {
        let expr = Parser::new(text, sources)?.expression()?;
        match quoted(&expr).or_else(|| decided(&expr, None)) {
            None => Ok(Self(Template(Node::Hole(expr)))),
            Some(message) => Err(SyntaxError::new(0..text.len(), message)),
        }
    }

    /// Parses a condition that was stored before conditions of literals alone were refused.
    ///
    /// # Errors
    /// The first syntax error, with its place in `text`.
    pub fn stored(text: &str, sources: Sources) -> Result<Self, SyntaxError> {
        Template::expression(text, sources).map(Self)
    }

    /// Takes a template as a condition: the meaning of `if` in files that were stored before conditions were parsed.
    pub fn of_template(template: Template) -> Self {
        Self(template)
    }

    /// True if the condition holds in a scope.
    ///
    /// # Errors
    /// An operator or a conversion that does not fit its operands.
    pub fn holds(&self, scope: &Scope<'_>) -> Result<bool, EvalError> {
        self.0.holds(scope)
    }

    /// The template whose value decides: what a scope for it must hold can be read from it.
    pub fn template(&self) -> &Template {
        &self.0
    }
}

/// Prints the condition as [`Condition::parse`] reads it, without `${` and `}` around it.
impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0.0 {
            Node::Hole(expr) => write!(f, "{expr}"),
            Node::Constant(_) | Node::Text(_) | Node::List(_) | Node::Object(_) => write!(f, "{}", self.0),
        }
    }
}

/// Says which part is decided before any request comes; `side` is the operator that the expression is a side of.
fn decided(expr: &Expr, side: Option<Logic>) -> Option<String> {
    match expr {
        Expr::Logic(logic, operands) => {
            decided(&operands.0, Some(*logic)).or_else(|| decided(&operands.1, Some(*logic)))
        }
        Expr::Not(operand) if reads(operand) => decided(operand, side),
        Expr::Default(operands) => decided(&operands.0, side).or_else(|| decided_default(&operands.1, side)),
        Expr::Binary(Op::In, operands) if operands.1 == Expr::Literal(Value::Array(Vec::new())) => {
            Some(format!("`{expr}` is always false: its list is empty"))
        }
        _ if reads(expr) => None,
        _ => {
            let value = match expr.eval(&Scope::new()) {
                Ok(value) if truthy(value.as_ref()) => "is always true",
                Ok(_) => "is always false",
                Err(_) => "never has a value",
            };
            Some(match side {
                None => format!("`{expr}` {value}: a condition must read something, such as `input.x == 5`"),
                Some(logic) => {
                    format!("`{expr}` {value}: each side of `{}` must read something", logic.symbol())
                }
            })
        }
    }
}

/// The same of a default. `true`, `false`, null, numbers and empty values say what holds where a value is missing.
fn decided_default(expr: &Expr, side: Option<Logic>) -> Option<String> {
    let is_text = match expr {
        Expr::Literal(Value::String(text)) => !text.is_empty(),
        Expr::Literal(Value::Array(items)) => !items.is_empty(),
        Expr::Literal(Value::Object(entries)) => !entries.is_empty(),
        Expr::Literal(Value::Null | Value::Bool(_) | Value::Number(_)) => false,
        Expr::Words(_) => true,
        Expr::Default(operands) => {
            return decided(&operands.0, side).or_else(|| decided_default(&operands.1, side));
        }
        _ => return decided(expr, side),
    };
    is_text.then(|| {
        format!(
            "the default `{expr}` is text, which always holds: put a value and its default in parentheses, \
             `(input.n | 0) > 5`, or write `true` or `false`"
        )
    })
}

fn reads(expr: &Expr) -> bool {
    let mut found = Vec::new();
    reference::in_expr(expr, &mut found);
    !found.is_empty()
}

/// Says which text has `${…}` in its quotes, where it is no expression.
fn quoted(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Literal(Value::String(text)) => {
            let (_, hole) = text.split_once("${")?;
            let (inner, _) = hole.split_once('}')?;
            Some(format!(
                "`${{{inner}}}` stands in quotes, where it is text and no value: write `{inner}` without quotes"
            ))
        }
        Expr::Literal(_) | Expr::Path(_) | Expr::Words(_) => None,
        Expr::Select(inner, _) | Expr::Not(inner) | Expr::Convert(inner, _) => quoted(inner),
        Expr::Logic(_, operands) | Expr::Binary(_, operands) | Expr::Default(operands) => {
            quoted(&operands.0).or_else(|| quoted(&operands.1))
        }
        Expr::Matches(subject, pattern) => quoted(subject).or_else(|| match pattern {
            Pattern::Fixed(_) => None,
            Pattern::Dynamic(pattern) => quoted(pattern),
        }),
    }
}

#[cfg(test)]
mod tests;

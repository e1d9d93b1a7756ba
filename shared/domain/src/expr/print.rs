//! Printing, the inverse of parsing. Errors quote expressions in this form.

use crate::expr::ast::{Expr, Level, Part, Pattern};
use crate::expr::lexer::is_name;
use crate::expr::path::Step;
use crate::expr::{Node, Template};
use serde_json::Value;
use std::fmt::{self, Display, Formatter, Write};

impl Template {
    /// The JSON that [`Template::from_json`] reads as this template.
    pub fn to_json(&self) -> Value {
        match &self.0 {
            Node::Constant(value) => escaped(value),
            Node::Hole(expr) => Value::String(format!("${{{expr}}}")),
            Node::Text(parts) => Value::String(parts.iter().map(Part::to_string).collect()),
            Node::List(items) => items.iter().map(Self::to_json).collect(),
            Node::Object(entries) => entries.iter().map(|(key, item)| (key.clone(), item.to_json())).collect(),
        }
    }
}

/// Prints strings as [`Template::parse`] reads them, and anything else as the JSON that [`Template::from_json`] reads.
impl Display for Template {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.to_json() {
            Value::String(text) => f.write_str(&text),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                write!(f, "{other}")
            }
        }
    }
}

fn escaped(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("${", "$${")),
        Value::Array(items) => items.iter().map(escaped).collect(),
        Value::Object(entries) => entries.iter().map(|(key, item)| (key.clone(), escaped(item))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

impl Display for Part {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => f.write_str(&literal.replace("${", "$${")),
            Self::Hole(expr) => write!(f, "${{{expr}}}"),
        }
    }
}

impl Expr {
    fn level(&self) -> Level {
        match self {
            Self::Default(_) => Level::Default,
            Self::Not(_) => Level::Not,
            Self::Logic(logic, _) => logic.level(),
            Self::Binary(op, _) => op.level(),
            Self::Matches(..) => Level::Comparison,
            Self::Convert(..) => Level::Conversion,
            Self::Literal(_) | Self::Path(_) | Self::Select(..) | Self::Words(_) => Level::Operand,
        }
    }

    /// As an operand that must bind at least this tightly.
    fn fmt_at(&self, least: Level, f: &mut Formatter<'_>) -> fmt::Result {
        if self.level() >= least { write!(f, "{self}") } else { self.fmt_enclosed(f) }
    }

    /// A default is enclosed as a hole, in which its bare words may hold any parenthesis.
    fn fmt_enclosed(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.level() == Level::Default { write!(f, "${{{self}}}") } else { write!(f, "({self})") }
    }

    /// Defaults of defaults stand in a row, so that they don't nest.
    fn fmt_fallback(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(_) | Self::Words(_) => write!(f, "{self}"),
            Self::Default(operands) => {
                write!(f, "${{{}}} | ", operands.0)?;
                operands.1.fmt_fallback(f)
            }
            Self::Path(_)
            | Self::Select(..)
            | Self::Not(_)
            | Self::Logic(..)
            | Self::Binary(..)
            | Self::Matches(..)
            | Self::Convert(..) => write!(f, "${{{self}}}"),
        }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(value) => write!(f, "{value}"),
            Self::Path(path) => {
                f.write_str(&path.name)?;
                path.steps.iter().try_for_each(|step| write!(f, "{step}"))
            }
            Self::Select(inner, steps) => {
                inner.fmt_enclosed(f)?;
                steps.iter().try_for_each(|step| write!(f, "{step}"))
            }
            Self::Words(parts) => parts.iter().try_for_each(|part| write!(f, "{part}")),
            Self::Not(operand) => {
                f.write_str("not ")?;
                operand.fmt_at(Level::Not, f)
            }
            Self::Logic(logic, operands) => infix(operands, logic.level(), logic.symbol(), f),
            Self::Binary(op, operands) => infix(operands, op.level(), op.symbol(), f),
            Self::Matches(subject, pattern) => {
                subject.fmt_at(Level::Sum, f)?;
                f.write_str(" matches ")?;
                match pattern {
                    Pattern::Fixed(pattern) => write!(f, "{}", Value::from(pattern.source())),
                    Pattern::Dynamic(pattern) => pattern.fmt_at(Level::Sum, f),
                }
            }
            Self::Convert(operand, conversion) => {
                operand.fmt_at(Level::Conversion, f)?;
                write!(f, " as {}", conversion.name())
            }
            Self::Default(operands) => {
                operands.0.fmt_at(Level::Or, f)?;
                f.write_str(" | ")?;
                operands.1.fmt_fallback(f)
            }
        }
    }
}

fn infix((left, right): &(Expr, Expr), level: Level, symbol: &str, f: &mut Formatter<'_>) -> fmt::Result {
    // Comparisons don't chain, all else groups to the left.
    left.fmt_at(if level == Level::Comparison { level.tighter() } else { level }, f)?;
    write!(f, " {symbol} ")?;
    right.fmt_at(level.tighter(), f)
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) if is_name(key) => write!(f, ".{key}"),
            Self::Key(key) => write!(f, "[{}]", Value::from(key.as_str())),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Slice(from, to) => {
                f.write_char('[')?;
                from.map_or(Ok(()), |from| write!(f, "{from}"))?;
                f.write_char(':')?;
                to.map_or(Ok(()), |to| write!(f, "{to}"))?;
                f.write_char(']')
            }
            Self::Each => f.write_str("[*]"),
        }
    }
}

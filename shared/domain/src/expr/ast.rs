//! Expressions, parsed.

use crate::expr::path::{Path, Step};
use crate::expr::pattern::FixedPattern;
use serde_json::Value;
use std::cmp::Ordering;

/// A piece of text with holes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Literal(String),
    Hole(Expr),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Literal(Value),
    Path(Path),
    /// A path below what isn't a path itself: `(body.payload as json).user`.
    Select(Box<Expr>, Vec<Step>),
    /// A default of bare words that has holes. Stands only on the right of `Default`.
    Words(Vec<Part>),
    Not(Box<Expr>),
    Logic(Logic, Box<(Expr, Expr)>),
    Binary(Op, Box<(Expr, Expr)>),
    Matches(Box<Expr>, Pattern),
    Convert(Box<Expr>, Conversion),
    /// The second where the first is null.
    Default(Box<(Expr, Expr)>),
}

/// What `matches` looks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Pattern {
    /// Compiled when the template was parsed.
    Fixed(FixedPattern),
    /// Known, and compiled, at each rendering.
    Dynamic(Box<Expr>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logic {
    Or,
    And,
}

/// What needs the values of both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Equal,
    NotEqual,
    Order(Order),
    In,
    Arithmetic(Arithmetic),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// How tightly things bind, loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Default,
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Conversion,
    Operand,
}

impl Level {
    /// What the right operand of a left-associative operator must reach.
    pub(super) fn tighter(self) -> Self {
        match self {
            Self::Default => Self::Or,
            Self::Or => Self::And,
            Self::And => Self::Not,
            Self::Not => Self::Comparison,
            Self::Comparison => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product => Self::Conversion,
            Self::Conversion | Self::Operand => Self::Operand,
        }
    }
}

impl Logic {
    pub(super) fn level(self) -> Level {
        match self {
            Self::Or => Level::Or,
            Self::And => Level::And,
        }
    }

    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
        }
    }
}

impl Op {
    pub(super) fn level(self) -> Level {
        match self {
            Self::Equal | Self::NotEqual | Self::Order(_) | Self::In => Level::Comparison,
            Self::Arithmetic(Arithmetic::Add | Arithmetic::Subtract) => Level::Sum,
            Self::Arithmetic(Arithmetic::Multiply | Arithmetic::Divide) => Level::Product,
        }
    }

    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Order(order) => order.symbol(),
            Self::In => "in",
            Self::Arithmetic(arithmetic) => arithmetic.symbol(),
        }
    }
}

impl Order {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    pub(super) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Arithmetic {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conversion {
    Integer,
    Number,
    Text,
    Boolean,
    Json,
    Base64,
}

impl Conversion {
    pub(super) const NAMES: [&'static str; 6] = ["integer", "number", "text", "boolean", "json", "base64"];

    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "integer" => Some(Self::Integer),
            "number" => Some(Self::Number),
            "text" => Some(Self::Text),
            "boolean" => Some(Self::Boolean),
            "json" => Some(Self::Json),
            "base64" => Some(Self::Base64),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Text => "text",
            Self::Boolean => "boolean",
            Self::Json => "json",
            Self::Base64 => "base64",
        }
    }
}

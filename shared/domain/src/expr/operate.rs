//! What operators do to values.

use crate::expr::ast::{Arithmetic, Op, Order};
use crate::expr::error::Fault;
use crate::expr::number::Operand;
use crate::expr::pattern::{self, FixedPattern};
use crate::number::{compare, decimal, same};
use serde_json::Value;
use std::borrow::Cow;

/// Longest text that an expression makes, in bytes; well above what a request or an answer may hold.
pub(super) const MAX_TEXT: usize = 16 << 20;

/// Whether a value counts as true: anything but null, `false`, 0 and what is empty.
pub fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => !decimal(number).is_zero(),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
    }
}

/// What a value's type is called in messages.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn mismatch(operator: &str, left: &Value, right: &Value) -> Fault {
    Fault(format!("`{operator}` does not fit {} and {}", type_name(left), type_name(right)))
}

impl Op {
    /// The left side is taken so that a chain of texts grows in place.
    pub(super) fn apply(self, left: Cow<'_, Value>, right: &Value) -> Result<Value, Fault> {
        match self {
            Self::Equal => Ok(Value::Bool(same(&left, right))),
            Self::NotEqual => Ok(Value::Bool(!same(&left, right))),
            Self::Order(order) => ordered(order, &left, right).map(Value::Bool),
            Self::In => is_in(&left, right).map(Value::Bool),
            Self::Arithmetic(arithmetic) => calculate(arithmetic, left, right),
        }
    }
}

/// False where one side is null.
fn ordered(order: Order, left: &Value, right: &Value) -> Result<bool, Fault> {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => Ok(false),
        (Value::Number(a), Value::Number(b)) => Ok(order.holds(compare(a, b))),
        (Value::String(a), Value::String(b)) => Ok(order.holds(a.cmp(b))),
        _ => Err(mismatch(order.symbol(), left, right)),
    }
}

/// Whether `part` is an element, a stretch of text, or a key; false where either is null.
fn is_in(part: &Value, whole: &Value) -> Result<bool, Fault> {
    match (part, whole) {
        (Value::Null, _) | (_, Value::Null) => Ok(false),
        (_, Value::Array(items)) => Ok(items.iter().any(|item| same(item, part))),
        (Value::String(part), Value::String(text)) => Ok(text.contains(part.as_str())),
        (Value::String(key), Value::Object(entries)) => Ok(entries.contains_key(key)),
        _ => Err(mismatch(Op::In.symbol(), part, whole)),
    }
}

/// Whether a pattern is found in a text; false for null.
pub(super) fn matches_fixed(text: &Value, pattern: &FixedPattern) -> Result<bool, Fault> {
    match text {
        Value::Null => Ok(false),
        Value::String(text) => Ok(pattern.is_match(text)),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(Fault(format!("`matches` needs a text, not {}", type_name(text))))
        }
    }
}

/// The same with a pattern that must be compiled first; false where either is null.
pub(super) fn matches(text: &Value, pattern: &Value) -> Result<bool, Fault> {
    match (text, pattern) {
        (Value::Null, _) | (_, Value::Null) => Ok(false),
        (Value::String(text), Value::String(pattern)) => Ok(pattern::compile(pattern)?.is_match(text)),
        _ => Err(mismatch("matches", text, pattern)),
    }
}

/// `+ - * /`; null where either side is null.
fn calculate(op: Arithmetic, left: Cow<'_, Value>, right: &Value) -> Result<Value, Fault> {
    let (a, b) = match (left.as_ref(), right) {
        (Value::Null, _) | (_, Value::Null) => return Ok(Value::Null),
        (Value::Number(a), Value::Number(b)) => (a, b),
        (Value::String(a), Value::String(b)) if op == Arithmetic::Add => {
            if a.len() + b.len() > MAX_TEXT {
                return Err(too_long());
            }
            return Ok(joined(left.into_owned(), b));
        }
        (left, right) => return Err(mismatch(op.symbol(), left, right)),
    };
    if op == Arithmetic::Divide && decimal(b).is_zero() {
        return Err(Fault("division by zero".to_owned()));
    }
    let (Some(a), Some(b)) = (Operand::of(a), Operand::of(b)) else {
        return Err(Fault(format!("`{}` has an operand out of range", op.symbol())));
    };
    match a.combine(op, b).and_then(Operand::into_number) {
        Some(number) => Ok(Value::Number(number)),
        None => Err(Fault(format!("the result of `{}` is out of range", op.symbol()))),
    }
}

fn joined(mut left: Value, right: &str) -> Value {
    if let Value::String(text) = &mut left {
        text.push_str(right);
    }
    left
}

pub(super) fn too_long() -> Fault {
    Fault(format!("more than {MAX_TEXT} bytes of text"))
}

//! Evaluation: values are borrowed from the scope and the template for as long as they are whole.

use crate::expr::ast::{Conversion, Expr, Logic, Op, Part, Pattern};
use crate::expr::convert::to_text;
use crate::expr::error::{EvalError, Fault};
use crate::expr::meter::joining;
use crate::expr::operate::{self, MAX_TEXT, truthy};
use crate::expr::path::Step;
use crate::expr::pattern::positions_of;
use crate::expr::scope::Scope;
use crate::expr::select::select;
use serde_json::Value;
use std::borrow::Cow;

impl Expr {
    // One call in each arm: this function's frame counts as often as expressions nest.
    pub(super) fn eval<'v>(&'v self, scope: &'v Scope<'_>) -> Result<Cow<'v, Value>, EvalError> {
        scope.charge(1).map_err(|fault| fault.at(self))?;
        match self {
            Self::Literal(value) => Ok(Cow::Borrowed(value)),
            Self::Path(path) => self.made(&path.steps, path.read(scope), scope),
            Self::Select(inner, steps) => self.made(steps, below(inner.eval(scope)?, steps), scope),
            Self::Words(parts) => join(parts, scope).map(|text| Cow::Owned(Value::String(text))),
            Self::Not(operand) => operand.is_true(scope).map(|flag| boolean(!flag)),
            Self::Logic(logic, operands) => decide(*logic, operands, scope).map(boolean),
            Self::Binary(op, operands) => self.binary(*op, operands, scope),
            Self::Matches(subject, pattern) => self.matches(subject, pattern, scope).map(boolean),
            Self::Convert(operand, conversion) => self.convert(operand, *conversion, scope),
            Self::Default(operands) => or_default(operands, scope),
        }
    }

    fn made<'v>(&self, steps: &[Step], value: Cow<'v, Value>, scope: &Scope<'_>) -> Result<Cow<'v, Value>, EvalError> {
        let copied = if let Cow::Owned(value) = &value { Some(value) } else { None };
        scope.charge_path(steps, copied).map_err(|fault| fault.at(self))?;
        Ok(value)
    }

    fn convert<'v>(
        &'v self,
        operand: &'v Self,
        conversion: Conversion,
        scope: &'v Scope<'_>,
    ) -> Result<Cow<'v, Value>, EvalError> {
        let value = operand.eval(scope)?;
        if let (Conversion::Json, Self::Path(path), Cow::Borrowed(Value::String(text))) = (conversion, operand, &value)
            && let Some((json, fresh)) = scope.parsed().and_then(|parsed| parsed.json(path, text))
        {
            scope.charge_json(text, fresh).map_err(|fault| fault.at(self))?;
            return json.map(Cow::Borrowed).map_err(|why| Fault(why.clone()).at(self));
        }
        scope.charge(conversion.steps(&value)).map_err(|fault| fault.at(self))?;
        conversion.apply(value).map_err(|fault| fault.at(self))
    }

    fn is_true(&self, scope: &Scope<'_>) -> Result<bool, EvalError> {
        Ok(truthy(self.eval(scope)?.as_ref()))
    }

    fn binary<'v>(
        &'v self,
        op: Op,
        operands: &'v (Self, Self),
        scope: &'v Scope<'_>,
    ) -> Result<Cow<'v, Value>, EvalError> {
        let left = operands.0.eval(scope)?;
        let right = operands.1.eval(scope)?;
        scope.charge(op.steps(&left, &right)).map_err(|fault| fault.at(self))?;
        op.apply(left, &right).map(Cow::Owned).map_err(|fault| fault.at(self))
    }

    fn matches(&self, subject: &Self, pattern: &Pattern, scope: &Scope<'_>) -> Result<bool, EvalError> {
        let subject = subject.eval(scope)?;
        let result = match pattern {
            Pattern::Fixed(pattern) => scope
                .charge_pattern(&subject, pattern.positions(), true)
                .and_then(|()| operate::matches_fixed(&subject, pattern)),
            Pattern::Dynamic(pattern) => {
                let pattern = pattern.eval(scope)?;
                scope
                    .charge_pattern(&subject, positions_of(&pattern), false)
                    .and_then(|()| operate::matches(&subject, &pattern))
            }
        };
        result.map_err(|fault| fault.at(self))
    }
}

/// The right side is evaluated only where the left doesn't decide.
fn decide(logic: Logic, operands: &(Expr, Expr), scope: &Scope<'_>) -> Result<bool, EvalError> {
    if scope.is_thorough() {
        let (left, right) = (operands.0.is_true(scope), operands.1.is_true(scope));
        return Ok(match logic {
            Logic::Or => left? || right?,
            Logic::And => left? && right?,
        });
    }
    let left = operands.0.is_true(scope)?;
    match logic {
        Logic::Or if left => Ok(true),
        Logic::And if !left => Ok(false),
        Logic::Or | Logic::And => operands.1.is_true(scope),
    }
}

fn or_default<'v>(operands: &'v (Expr, Expr), scope: &'v Scope<'_>) -> Result<Cow<'v, Value>, EvalError> {
    let value = operands.0.eval(scope)?;
    if scope.is_thorough() && !value.is_null() {
        operands.1.eval(scope)?;
    }
    if value.is_null() { operands.1.eval(scope) } else { Ok(value) }
}

fn below<'v>(value: Cow<'v, Value>, steps: &[Step]) -> Cow<'v, Value> {
    match value {
        Cow::Borrowed(value) => select(value, steps),
        Cow::Owned(value) => Cow::Owned(select(&value, steps).into_owned()),
    }
}

fn boolean<'v>(flag: bool) -> Cow<'v, Value> {
    Cow::Owned(Value::Bool(flag))
}

/// Text with its holes filled.
pub(super) fn join(parts: &[Part], scope: &Scope<'_>) -> Result<String, EvalError> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Hole(expr) => {
                let value = expr.eval(scope)?;
                let piece = to_text(value.as_ref());
                scope.charge(joining(&piece)).map_err(|fault| fault.at(expr))?;
                if text.len() + piece.len() > MAX_TEXT {
                    return Err(operate::too_long().at(expr));
                }
                text.push_str(&piece);
            }
        }
    }
    Ok(text)
}

//! Arithmetic: integers are exact over 38 digits and more (`i128`); a number with a fraction or an exponent is computed as a
//! 64-bit float. What fits neither is an error, never another number.

use crate::expr::ast::Arithmetic;
use serde_json::Number;

/// A number to compute with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operand {
    Int(i128),
    Float(f64),
}

impl Operand {
    /// `None` where arithmetic can't take it without loss of its magnitude: an integer beyond `i128`, a float beyond `f64`.
    pub(super) fn of(number: &Number) -> Option<Self> {
        let written_as_integer = !number.as_str().contains(['.', 'e', 'E']);
        if written_as_integer { number.as_i128().map(Self::Int) } else { number.as_f64().map(Self::Float) }
    }

    /// `None` where no JSON number holds it: an infinite float.
    pub(super) fn into_number(self) -> Option<Number> {
        match self {
            Self::Int(int) => Number::from_i128(int),
            Self::Float(float) => Number::from_f64(float),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a float is what was asked for")]
    fn as_float(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }

    /// `None` beyond `i128`; the divisor is not zero. Integers give a float only where they do not divide exactly.
    pub(super) fn combine(self, op: Arithmetic, other: Self) -> Option<Self> {
        if let (Self::Int(a), Self::Int(b)) = (self, other) {
            let exact = match op {
                Arithmetic::Add => a.checked_add(b),
                Arithmetic::Subtract => a.checked_sub(b),
                Arithmetic::Multiply => a.checked_mul(b),
                Arithmetic::Divide if a.checked_rem(b).is_some_and(|rest| rest != 0) => {
                    return Some(Self::Float(self.as_float() / other.as_float()));
                }
                Arithmetic::Divide => a.checked_div(b),
            };
            return exact.map(Self::Int);
        }
        let (a, b) = (self.as_float(), other.as_float());
        Some(Self::Float(match op {
            Arithmetic::Add => a + b,
            Arithmetic::Subtract => a - b,
            Arithmetic::Multiply => a * b,
            Arithmetic::Divide => a / b,
        }))
    }
}

//! Numbers without silent loss: integers are exact over `i64` and `u64`, and compare exactly with floats.

use crate::expr::ast::Arithmetic;
use serde_json::Number;
use std::cmp::Ordering;

/// A JSON number; the integers of `i64` and `u64` in one type, with room to compute.
#[derive(Debug, Clone, Copy)]
pub(super) enum Exact {
    Int(i128),
    Float(f64),
}

impl From<&Number> for Exact {
    fn from(number: &Number) -> Self {
        match (number.as_i128(), number.as_f64()) {
            (Some(int), _) => Self::Int(int),
            (None, Some(float)) => Self::Float(float),
            // Without serde_json's `arbitrary_precision`, every number is one of the two.
            (None, None) => Self::Float(0.0),
        }
    }
}

impl Exact {
    /// `None` where no JSON number holds it: an integer beyond 64 bits, an infinite float.
    pub(super) fn into_number(self) -> Option<Number> {
        match self {
            Self::Int(int) => Number::from_i128(int),
            Self::Float(float) => Number::from_f64(float),
        }
    }

    pub(super) fn is_zero(self) -> bool {
        match self {
            Self::Int(int) => int == 0,
            Self::Float(float) => float == 0.0,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a float is what was asked for")]
    pub(super) fn as_float(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }

    /// The integer that it equals, if any.
    pub(super) fn as_int(self) -> Option<i128> {
        match self {
            Self::Int(int) => Some(int),
            Self::Float(float) => whole(float).filter(|_| float.fract() == 0.0),
        }
    }

    /// `None` beyond `i128`; the divisor is not zero. Integers give a float only where they do not divide exactly.
    pub(super) fn combine(self, op: Arithmetic, other: Self) -> Option<Self> {
        if let (Self::Int(a), Self::Int(b)) = (self, other) {
            let exact = match op {
                Arithmetic::Add => a.checked_add(b),
                Arithmetic::Subtract => a.checked_sub(b),
                Arithmetic::Multiply => a.checked_mul(b),
                Arithmetic::Divide if a % b != 0 => {
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

    /// By value: neither side is rounded first.
    pub(super) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(&b),
            // JSON has no NaN.
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (Self::Int(a), Self::Float(b)) => compare_int(a, b),
            (Self::Float(a), Self::Int(b)) => compare_int(b, a).reverse(),
        }
    }
}

fn compare_int(int: i128, float: f64) -> Ordering {
    match whole(float) {
        Some(floor) => int.cmp(&floor).then(if float.floor() < float { Ordering::Less } else { Ordering::Equal }),
        None if float > 0.0 => Ordering::Less,
        None => Ordering::Greater,
    }
}

/// The integer at or below a float, where it is within `i128`.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked, the fraction is gone")]
fn whole(float: f64) -> Option<i128> {
    // 2^126 is a float and far beyond any 64-bit integer.
    const BOUND: f64 = (1_i128 << 126) as f64;
    (float.abs() < BOUND).then(|| float.floor() as i128)
}

/// Why a text is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Malformed {
    NotANumber,
    OutOfRange,
}

/// A number as JSON writes it (RFC 8259, section 6), except that integers beyond 64 bits are refused, not rounded.
pub(super) fn parse(text: &str) -> Result<Number, Malformed> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (int, rest) = digits(unsigned).ok_or(Malformed::NotANumber)?;
    if int.len() > 1 && int.starts_with('0') {
        return Err(Malformed::NotANumber);
    }
    if rest.is_empty() {
        return integer(text);
    }
    let after_fraction = match rest.strip_prefix('.') {
        Some(fraction) => digits(fraction).ok_or(Malformed::NotANumber)?.1,
        None => rest,
    };
    let after_exponent = match after_fraction.strip_prefix(['e', 'E']) {
        Some(exponent) => digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)).ok_or(Malformed::NotANumber)?.1,
        None => after_fraction,
    };
    if after_exponent.is_empty() { float(text) } else { Err(Malformed::NotANumber) }
}

/// A number as people and forms write it: also `+5`, `007`, `.5`.
pub(super) fn parse_leniently(text: &str) -> Result<Number, Malformed> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        integer(text)
    } else if unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        float(text)
    } else {
        Err(Malformed::NotANumber)
    }
}

fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(digits, _)| !digits.is_empty())
}

/// An optional sign and digits.
fn integer(text: &str) -> Result<Number, Malformed> {
    text.parse().ok().and_then(Number::from_i128).ok_or(Malformed::OutOfRange)
}

fn float(text: &str) -> Result<Number, Malformed> {
    let float = text.parse().map_err(|_| Malformed::NotANumber)?;
    Number::from_f64(float).ok_or(Malformed::OutOfRange)
}

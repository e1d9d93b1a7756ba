//! Numbers by value. A JSON number is kept as it was written (RFC 8259, section 6); what is compared, or joins a callback to a
//! wait, is its value: `1`, `1.0` and `1e0` are equal.
//!
//! **Guarantees.** Nothing is rounded. Time and memory are in proportion to the number's text, whatever its exponent:
//! `1e999999999` is never written out. Of an exponent beyond 38 digits only the sign counts.

use serde_json::{Number, Value};
use std::borrow::Cow;
use std::cmp::Ordering;

/// The most zeros that [`Decimal::canonical`] and [`Decimal::integer`] write for an exponent.
const MOST_ZEROS: usize = 64;

/// The value of a JSON number: ± 0.`digits` × 10^`magnitude`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal<'t> {
    negative: bool,
    /// Without zeros at either end; empty for zero.
    digits: Cow<'t, str>,
    /// 0 for zero.
    magnitude: i128,
}

impl<'t> Decimal<'t> {
    /// The value of a text that is a JSON number.
    fn of(text: &'t str) -> Self {
        let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, ""));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let (digits, point) = if fraction.is_empty() {
            (Cow::Borrowed(whole.trim_end_matches('0')), length(whole))
        } else if whole.is_empty() {
            let digits = fraction.trim_start_matches('0');
            (Cow::Borrowed(digits), length(digits) - length(fraction))
        } else {
            (Cow::Owned(format!("{whole}{fraction}")), length(whole))
        };
        if digits.is_empty() {
            return Self { negative: false, digits, magnitude: 0 };
        }
        Self { negative, digits, magnitude: exponent_of(exponent).saturating_add(point) }
    }

    /// Whether it is 0, with either sign.
    pub fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// The one text that stands for this value: `100` for `1e2` and `100.0`, `1.1` for `1.10`, `0` for `-0`. A value that would
    /// need more than 64 zeros has an exponent: `1e400`.
    pub fn canonical(&self) -> String {
        let (digits, length) = (&self.digits, length(&self.digits));
        let sign = if self.negative { "-" } else { "" };
        let zeros = |count: i128| usize::try_from(count).ok().filter(|count| *count <= MOST_ZEROS);
        if self.is_zero() {
            return "0".to_owned();
        }
        if let Some(zeros) = zeros(self.magnitude.saturating_sub(length)) {
            return format!("{sign}{digits}{}", "0".repeat(zeros));
        }
        if let Some((whole, fraction)) =
            usize::try_from(self.magnitude).ok().filter(|at| *at > 0).and_then(|at| digits.split_at_checked(at))
        {
            return format!("{sign}{whole}.{fraction}");
        }
        match zeros(self.magnitude.saturating_neg()) {
            Some(zeros) => format!("{sign}0.{}{digits}", "0".repeat(zeros)),
            None => format!("{sign}{digits}e{}", self.magnitude.saturating_sub(length)),
        }
    }

    /// Its digits if it is an integer that can be written with at most 64 zeros behind its last other digit.
    pub fn integer(&self) -> Option<String> {
        Some(self.canonical()).filter(|text| !text.contains(['.', 'e']))
    }

    /// Whether it has no fraction.
    pub fn is_integer(&self) -> bool {
        self.magnitude >= length(&self.digits)
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |of: &Self| match (of.is_zero(), of.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let size = self.magnitude.cmp(&other.magnitude).then_with(|| self.digits.cmp(&other.digits));
        sign(self).cmp(&sign(other)).then(if self.negative { size.reverse() } else { size })
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A number of digits; no text has 2^127.
fn length(text: &str) -> i128 {
    i128::try_from(text.len()).unwrap_or(i128::MAX)
}

/// The value of an exponent's text; 0 where there is none, the nearest `i128` where it needs more digits.
fn exponent_of(text: &str) -> i128 {
    if text.is_empty() {
        return 0;
    }
    let farthest = if text.starts_with('-') { i128::MIN } else { i128::MAX };
    text.parse().unwrap_or(farthest)
}

/// Compares two numbers by value.
pub fn compare(left: &Number, right: &Number) -> Ordering {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => Decimal::of(left.as_str()).cmp(&Decimal::of(right.as_str())),
    }
}

/// The one text that stands for a number's value; see [`Decimal::canonical`].
pub fn canonical(number: &Number) -> String {
    Decimal::of(number.as_str()).canonical()
}

/// The value of a number.
pub fn decimal(number: &Number) -> Decimal<'_> {
    Decimal::of(number.as_str())
}

/// Whether two values are equal, with numbers compared by value at every depth.
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => compare(left, right) == Ordering::Equal,
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| right.get(key).is_some_and(|right| same(left, right)))
        }
        _ => left == right,
    }
}

/// Whether a text is a number as JSON writes it that equals another.
pub fn is_same_text(text: &str, number: &Number) -> bool {
    text == number.as_str() || parse(text).is_some_and(|other| compare(&other, number) == Ordering::Equal)
}

/// A text that is a number as JSON writes it. Only an exponent changes its spelling: `1E5` becomes `1e+5`.
pub fn parse(text: &str) -> Option<Number> {
    // `Number` would take white space.
    let numeric = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
    if text.bytes().all(numeric) { text.parse().ok() } else { None }
}

/// A number as people, forms and YAML write it: also `+5`, `007`, `.5` and `5.`, which JSON writes `5`, `7`, `0.5` and `5.0`.
pub fn parse_leniently(text: &str) -> Option<Number> {
    if let Some(number) = parse(text) {
        return Some(number);
    }
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => ("-", unsigned),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let end = unsigned.find(['e', 'E']).unwrap_or(unsigned.len());
    let (mantissa, exponent) = unsigned.split_at_checked(end)?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let fraction = match (mantissa.contains('.'), fraction) {
        (false, _) => String::new(),
        (true, "") => ".0".to_owned(),
        (true, digits) => format!(".{digits}"),
    };
    parse(&format!("{sign}{whole}{fraction}{exponent}"))
}

#[cfg(test)]
mod tests;

//! Steps: the cost of an evaluation, counted without a clock, so that it is the same on every machine.
//!
//! A step is about 50 ns at the worst, on one core of a small server: an operator, 64 bytes of text that are copied or
//! compared, 8 bytes that are parsed as JSON, or 32 bytes that are held against one position of a pattern. Only
//! evaluations whose [`Scope`] has a [`Meter`] are counted; all others cost nothing more than before.

use crate::expr::ast::{Conversion, Op};
use crate::expr::error::Fault;
use crate::expr::path::Step;
use crate::expr::scope::Scope;
use serde_json::{Number, Value};
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of text that one step copies or compares.
const TEXT: usize = 64;
/// Bytes of text that one step parses as JSON.
const JSON: usize = 8;
/// Bytes of text that one step encodes, or searches for another text.
const SEARCH: usize = 32;
/// Steps to compile a pattern that is known at the evaluation only: a millisecond.
const COMPILE: u64 = 20_000;

/// Counts the steps of one evaluation, up to a budget.
#[derive(Debug)]
pub struct Meter {
    budget: u64,
    /// As if every text were parsed each time: the same whatever was evaluated before.
    counted: AtomicU64,
    /// Without the texts that were parsed before.
    done: AtomicU64,
    /// The size of the largest value that the scope holds, as [`size`] measures it.
    largest: usize,
    thorough: bool,
}

impl Meter {
    /// A meter of so many steps, for a scope whose largest value has that [`size`].
    pub fn new(budget: u64, largest: usize) -> Self {
        Self { budget, counted: AtomicU64::new(0), done: AtomicU64::new(0), largest, thorough: false }
    }

    /// The same for an evaluation that takes both sides of `and`, `or` and defaults: it finds the cost that a value may
    /// cause, and not the cost of one value.
    #[must_use]
    pub fn thorough(self) -> Self {
        Self { thorough: true, ..self }
    }

    /// Whether the budget did not suffice: the evaluation has ended with an error.
    pub fn is_exceeded(&self) -> bool {
        self.counted.load(Ordering::Relaxed) > self.budget
    }

    /// The steps that were taken, without texts that were parsed before ([`Parsed`](super::Parsed)).
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    fn charge(&self, counted: u64, done: u64) -> Result<(), Fault> {
        // A pattern may cost `u64::MAX`: a sum that wrapped would be within the budget.
        for (sum, steps) in [(&self.counted, counted), (&self.done, done)] {
            sum.update(Ordering::Relaxed, Ordering::Relaxed, |sum| sum.saturating_add(steps));
        }
        if self.is_exceeded() { Err(Fault(format!("more than {} steps", self.budget))) } else { Ok(()) }
    }
}

/// The size of a value: 8 for each value in it, and the bytes of its texts, names and numbers.
pub fn size(value: &Value) -> usize {
    8 + match value {
        Value::Null | Value::Bool(_) => 0,
        Value::Number(number) => number.as_str().len(),
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(fields) => fields.iter().map(|(name, field)| name.len() + size(field)).sum(),
    }
}

impl Scope<'_> {
    /// Counts steps.
    ///
    /// # Errors
    /// If they are more than the budget has left.
    pub(super) fn charge(&self, steps: u64) -> Result<(), Fault> {
        self.meter().map_or(Ok(()), |meter| meter.charge(steps, steps))
    }

    /// Counts the parsing of a text, which was `fresh` or has been done before.
    ///
    /// # Errors
    /// If it is more than the budget has left.
    pub(super) fn charge_json(&self, text: &str, fresh: bool) -> Result<(), Fault> {
        let steps = steps(text.len(), JSON);
        self.meter().map_or(Ok(()), |meter| meter.charge(steps, if fresh { steps } else { 1 }))
    }

    /// Counts what following a path has cost; `made` is its value where that is a copy.
    ///
    /// # Errors
    /// If it is more than the budget has left.
    pub(super) fn charge_path(&self, path: &[Step], made: Option<&Value>) -> Result<(), Fault> {
        let Some(meter) = self.meter() else { return Ok(()) };
        // A slice counts the characters of a text, and `[*]` looks at every element, before anything is made of them.
        let walks = path.iter().filter(|step| matches!(step, Step::Slice(..) | Step::Each)).count();
        let walked = steps(meter.largest, TEXT).saturating_mul(walks as u64);
        let cost = walked.saturating_add(made.map_or(0, copying));
        meter.charge(cost, cost)
    }

    /// Counts the search of a text for a pattern.
    ///
    /// # Errors
    /// If it is more than the budget has left.
    pub(super) fn charge_pattern(&self, text: &Value, positions: u64, compiled: bool) -> Result<(), Fault> {
        let Value::String(text) = text else { return Ok(()) };
        let search = steps(text.len(), SEARCH).saturating_mul(positions.max(1));
        self.charge(search.saturating_add(if compiled { 0 } else { COMPILE }))
    }

    /// Whether both sides of every choice are evaluated.
    pub(super) fn is_thorough(&self) -> bool {
        self.meter().is_some_and(|meter| meter.thorough)
    }
}

impl Conversion {
    /// Steps to convert a value.
    pub(super) fn steps(self, value: &Value) -> u64 {
        match (self, value) {
            (Self::Json, Value::String(text)) => steps(text.len(), JSON),
            (Self::Base64, Value::String(text)) => steps(text.len(), SEARCH),
            (Self::Text, Value::String(_)) | (Self::Json, _) => 0,
            (Self::Integer | Self::Number | Self::Boolean, Value::String(text)) => steps(text.len(), TEXT),
            (Self::Text | Self::Base64, other) => copying(other),
            (Self::Integer | Self::Number | Self::Boolean, _) => 0,
        }
    }
}

impl Op {
    /// Steps to apply it.
    pub(super) fn steps(self, left: &Value, right: &Value) -> u64 {
        match (self, left, right) {
            (Self::Equal | Self::NotEqual, ..) => comparing(left, right),
            (Self::Order(_), Value::String(a), Value::String(b)) => steps(a.len().min(b.len()), TEXT),
            (Self::Order(_) | Self::Arithmetic(_), Value::Number(a), Value::Number(b)) => numbers(a, b),
            (Self::In, part, Value::Array(items)) => items.iter().map(|item| 1 + comparing(item, part)).sum(),
            (Self::In, Value::String(_), Value::String(text)) => steps(text.len(), SEARCH),
            (Self::Arithmetic(_), Value::String(a), Value::String(b)) => steps(a.len() + b.len(), TEXT),
            (Self::Order(_) | Self::In | Self::Arithmetic(_), ..) => 0,
        }
    }
}

/// Steps to put a text behind another.
pub(super) fn joining(text: &str) -> u64 {
    steps(text.len(), TEXT)
}

/// Steps to compare two numbers, which are read from their texts: none for those that fit into a step.
fn numbers(a: &Number, b: &Number) -> u64 {
    ((a.as_str().len() + b.as_str().len()) / SEARCH) as u64
}

fn steps(bytes: usize, of: usize) -> u64 {
    bytes.div_ceil(of) as u64
}

/// Steps to copy a value.
fn copying(value: &Value) -> u64 {
    1 + match value {
        Value::Null | Value::Bool(_) => 0,
        Value::Number(number) => (number.as_str().len() / TEXT) as u64,
        Value::String(text) => steps(text.len(), TEXT),
        Value::Array(items) => items.iter().map(copying).sum(),
        Value::Object(fields) => fields.iter().map(|(name, field)| steps(name.len(), TEXT) + copying(field)).sum(),
    }
}

/// Steps to find out whether two values are equal: none where their types or lengths differ.
fn comparing(left: &Value, right: &Value) -> u64 {
    match (left, right) {
        (Value::String(a), Value::String(b)) if a.len() == b.len() => steps(a.len(), TEXT),
        (Value::Number(a), Value::Number(b)) => numbers(a, b),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => copying(left),
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => copying(left),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;

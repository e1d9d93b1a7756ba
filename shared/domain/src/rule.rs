//! Rules: what a source's events start.
//!
//! ```text
//! event type ──► rules for it, and for `*` ── when? ──► targets, each once
//! ```
//!
//! Several may match. A condition that can't be evaluated counts as false and is told, so that it can be logged: a
//! request can't make an error of the rule's author its own. A target that several rules name is started once, by the
//! first of them: a delivery and a target name one run.

use crate::expr::{Condition, EvalError, Scope, Template};

/// The rules of a source, in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules(pub Vec<Rule>);

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// For which events.
    pub event: Events,
    /// What must hold of the request; nothing where absent.
    pub when: Option<Condition>,
    /// What it starts: the name of a workflow or of a program.
    pub target: String,
    /// The run's input; the whole of what rules see where absent.
    pub input: Option<Template>,
}

/// Which event types a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Events {
    /// `*`: all, and a request of which none is known.
    Any,
    /// The one of this name, to the letter.
    Named(String),
}

/// What the rules say about one request.
#[derive(Debug, Default)]
pub struct Judged<'r> {
    /// Those that match, each with another target.
    pub matched: Vec<&'r Rule>,
    /// Conditions that could not be evaluated: the rule's place, counted from 0, and why.
    pub failed: Vec<(usize, EvalError)>,
}

impl Events {
    /// From the text of the file.
    pub fn read(text: &str) -> Self {
        if text == "*" { Self::Any } else { Self::Named(text.to_owned()) }
    }

    /// Whether an event is among them.
    pub fn include(&self, event: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::Named(name) => event == Some(name),
        }
    }
}

impl Rules {
    /// Judges a request of that event type.
    pub fn judge(&self, event: Option<&str>, scope: &Scope<'_>) -> Judged<'_> {
        let mut judged = Judged::default();
        for (place, rule) in self.0.iter().enumerate().filter(|(_, rule)| rule.event.include(event)) {
            if judged.matched.iter().any(|matched| matched.target == rule.target) {
                continue;
            }
            match rule.when.as_ref().map(|when| when.holds(scope)) {
                None | Some(Ok(true)) => judged.matched.push(rule),
                Some(Ok(false)) => {}
                Some(Err(error)) => judged.failed.push((place, error)),
            }
        }
        judged
    }

    /// The targets, in order; those of several rules several times.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|rule| rule.target.as_str())
    }
}

#[cfg(test)]
mod tests;

//! What to wait for, told from how a callback is identified.
//!
//! A route identified by `${body.a.b}` is answered by a service that knows the value: either it chose it and told it in
//! its answer, at the same path as a rule; or we sent it, in the field of that name; or it was given the run's id, where the
//! request carries that. Where the value stands in the address that we sent, there is nothing to guess.

use crate::config::template::SOURCES;
use crate::config::text::{Piece, pieces};
use crate::expr::{Sources, Template};

/// Values of the request that the callback may bring back.
#[derive(Debug, Default, Clone)]
pub(super) struct Sent<'a> {
    /// Parameters of the path.
    pub(super) path: Vec<(&'a str, &'a str)>,
    /// Parameters of the query.
    pub(super) query: &'a [(String, String)],
    /// The run's id is somewhere in the request.
    pub(super) run_id: bool,
}

/// The template of the key, and its text; none if `identify_by` is not made of plain paths.
pub(super) fn wait_for(identify_by: &str, sent: &Sent<'_>) -> Option<(Template, String)> {
    let mut text = String::new();
    for piece in pieces(identify_by) {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Hole(inner) => text.push_str(&value(inner, sent)?),
        }
    }
    let template = Template::parse(&text, Sources::Known(SOURCES)).ok()?;
    Some((template, text))
}

/// What gives the same value at our end.
fn value(inner: &str, sent: &Sent<'_>) -> Option<String> {
    let (source, steps) = plain_path(inner.trim())?;
    let last = steps.last();
    match source {
        "env" | "gateway" | "listener" | "context" => return Some(format!("${{{inner}}}")),
        "path" => {
            if let Some((_, value)) = sent.path.iter().find(|(name, _)| Some(&step(name)) == last) {
                return Some((*value).to_owned());
            }
        }
        "query" => {
            if let Some((_, value)) = sent.query.iter().find(|(name, _)| Some(&step(name)) == last) {
                return Some(value.clone());
            }
        }
        "body" | "item" | "header" => {}
        _ => return None,
    }
    let (whole, last) = (steps.concat(), last?);
    Some(match sent.run_id {
        true => format!("${{response{whole} | ${{request{last} | ${{context.run_id}}}}}}"),
        false => format!("${{response{whole} | ${{request{last}}}}}"),
    })
}

/// A source and the names below it, each written as a step: `.name` or `["any key"]`.
fn plain_path(text: &str) -> Option<(&str, Vec<String>)> {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let end = text.find(|c| !word(c)).unwrap_or(text.len());
    let (source, mut rest) = text.split_at_checked(end)?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix("[\"") {
            let (key, behind) = quoted.split_once("\"]")?;
            if key.contains(['"', '\\']) {
                return None;
            }
            steps.push(step(key));
            rest = behind;
        } else {
            let behind = rest.strip_prefix('.')?;
            let end = behind.find(|c| !word(c)).unwrap_or(behind.len());
            let (name, behind) = behind.split_at_checked(end)?;
            if name.is_empty() {
                return None;
            }
            steps.push(step(name));
            rest = behind;
        }
    }
    Some((source, steps))
}

/// How a name is written behind a source.
fn step(name: &str) -> String {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    if name.chars().all(word) { format!(".{name}") } else { format!("[{}]", serde_json::Value::from(name)) }
}

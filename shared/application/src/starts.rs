//! What a genuine request starts, by the file as it is now: for requests that come in, and for stored ones that are put
//! through it again. Nothing here writes.

use crate::app::App;
use crate::bulk::{Unusable, render};
use crate::request::Incoming;
use domain::config::Trigger;
use domain::expr::Scope;
use domain::rule::Rule;
use domain::signature::{Fields, Request, Verified};
use domain::source::Source;
use domain::wait::key_text;
use serde_json::{Map, Value};
use std::sync::Arc;

/// One run that a request starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// What the rule names: a workflow or a program.
    pub target: String,
    /// The workflow: the target itself, or that of the program of that name.
    pub workflow: String,
    /// The run's input.
    pub input: Value,
    /// The input holds the body already.
    pub holds_body: bool,
}

/// What the rules of a source make of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct ByRules {
    /// The event's type, where it has one.
    pub event: Option<String>,
    /// What it starts, in the order of the rules.
    pub starts: Vec<Start>,
}

/// The input of the run that a trigger starts; `item` where a request brings many.
///
/// # Errors
/// If the trigger's template has no value for this request.
pub fn trigger_input(
    trigger: &Trigger,
    incoming: &Incoming,
    scope: &Scope<'_>,
    item: Option<&Value>,
) -> Result<Arc<Value>, Unusable> {
    match (&trigger.input, item) {
        (Some(template), _) => render(template, scope, "input").map(Arc::new),
        (None, Some(item)) => Ok(Arc::new(item.clone())),
        (None, None) => Ok(incoming.body.clone()),
    }
}

/// Lets the rules of a source say what a request starts.
///
/// # Errors
/// If a template has no value for this request.
pub fn by_rules(
    app: &App,
    source: &Source,
    verified: &Verified,
    incoming: &Incoming,
    request: &Request<'_>,
    fields: &Fields,
) -> Result<ByRules, Unusable> {
    let scope = incoming.scope(app.plan(), app.now());
    let unusable = |name: &str, why: String| Unusable::Value(format!("`{name}`: {why}"));
    let event = source.event.as_ref().map(|template| template.render(&scope)).transpose();
    let event = event.map_err(|error| unusable("event", error.to_string()))?;
    let event = event.as_ref().and_then(key_text).or_else(|| verified.event_type.clone());
    let event = if source.event.is_some() || source.verification.preset().is_some() { event } else { None };
    let facts = source.facts(verified, event, request, fields);
    let event = facts.get("event").and_then(Value::as_str);
    let scope = facts.iter().fold(scope, |scope, (name, value)| scope.with(name, value));
    let judged = source.rules.judge(event, &scope);
    for (place, error) in &judged.failed {
        tracing::warn!(
            target: "ringback::source", source = source.name, rule = place, %error, "a condition could not be evaluated"
        );
    }
    let mut starts = Vec::with_capacity(judged.matched.len());
    for rule in judged.matched {
        let input = match &rule.input {
            None => whole(&facts, incoming),
            Some(template) => template.render(&scope).map_err(|error| unusable("input", error.to_string()))?,
        };
        let (target, workflow) = (rule.target.clone(), workflow(app, rule));
        starts.push(Start { target, workflow, input, holds_body: rule.input.is_none() });
    }
    Ok(ByRules { event: event.map(str::to_owned), starts })
}

/// The workflow of a target: its own, or that of the program of that name.
fn workflow(app: &App, rule: &Rule) -> String {
    let target = &rule.target;
    if app.config.workflows.contains_key(target) { target.clone() } else { format!("program:{target}") }
}

/// All that rules see by name, and the body.
fn whole(facts: &Map<String, Value>, incoming: &Incoming) -> Value {
    let mut input = facts.clone();
    input.insert("body".to_owned(), Value::clone(&incoming.body));
    Value::Object(input)
}

//! Names that the file uses and doesn't define: it may be part of a larger one, so these are warnings.

use crate::config::cx::Cx;
use crate::config::diagnostic::{Code, Problem, Span};
use crate::config::draft::{CompletionDraft, ComponentDraft};
use crate::config::{Component, Controller, Logger};
use crate::spelling::nearest;
use std::collections::BTreeSet;

/// Components that are there without being written: their names and what they are.
fn builtin(name: &str) -> Option<Component> {
    (name == "logger").then_some(Component::Logger(Logger::default()))
}

/// Reports them, and adds the built-in components that are used.
pub(super) fn check(cx: &mut Cx) {
    builtins(cx);
    let draft = &cx.draft;
    let components = || draft.components.keys().map(String::as_str);
    let known = |kind: &str, name: &str| draft.ids.contains(&format!("{kind} {name}"));
    let mut problems = Vec::new();
    for (name, span) in
        draft.called.iter().filter(|(name, _)| !known("component", name) && !draft.components.contains_key(name))
    {
        let message = format!("this file has no component `{name}`");
        problems.push(Problem::new(Code::UndefinedComponent, *span, message).suggest(nearest(name, components())));
    }
    for (name, span) in draft.started.iter().filter(|(name, _)| !known("workflow", name)) {
        let message = format!("this file has no workflow `{name}`");
        let meant = nearest(name, draft.workflows.keys().map(String::as_str));
        problems.push(Problem::new(Code::UndefinedWorkflow, *span, message).suggest(meant));
    }
    for (name, span) in draft.targeted.iter().filter(|(name, _)| !known("workflow", name) && !known("program", name)) {
        let message = format!("this file has no workflow and no program `{name}`");
        let names =
            draft.ids.iter().filter_map(|id| id.strip_prefix("workflow ").or_else(|| id.strip_prefix("program ")));
        problems.push(Problem::new(Code::UndefinedTarget, *span, message).suggest(nearest(name, names)));
    }
    for (name, span) in draft.verified.iter().filter(|(name, _)| !known("source", name)) {
        let message = format!("this file has no source `{name}`");
        let meant = nearest(name, draft.sources.keys().map(String::as_str));
        problems.push(Problem::new(Code::UndefinedSource, *span, message).suggest(meant));
    }
    for (name, span) in draft.run.iter().filter(|(name, _)| !known("program", name)) {
        let message = format!("this file has no program `{name}`");
        let meant = nearest(name, draft.programs.keys().map(String::as_str));
        problems.push(Problem::new(Code::UndefinedProgram, *span, message).suggest(meant));
    }
    let catalogue = &draft.delivery.catalogue;
    for (name, span) in draft.published.iter().filter(|(name, _)| !catalogue.allows(name)) {
        let message = format!("`strict_events` is on, and `delivery.events` has no event type `{name}`");
        problems.push(Problem::new(Code::UndefinedEvent, *span, message).suggest(catalogue.nearest(name.as_str())));
    }
    let tunnelled = draft.gateways.iter().flat_map(|gateway| &gateway.ports);
    let bound = draft.binds.iter().map(|(_, port, _)| port);
    let implied = draft.listeners.iter().map(|listener| &listener.port);
    let ports: BTreeSet<String> = bound.clone().chain(implied.clone()).chain(tunnelled).map(u16::to_string).collect();
    for used in &cx.uses {
        match (used.reference.source.as_str(), used.reference.qualifier.as_deref()) {
            ("gateway", Some(port)) if !ports.contains(port) => {
                let message = format!("no gateway and no listener of this file has the port {port}");
                let meant = nearest(port, ports.iter().map(String::as_str)).map(|port| format!("gateway:{port}"));
                problems
                    .push(Problem::new(Code::UndefinedGateway, gateway_span(used.span, port), message).suggest(meant));
            }
            ("listener", _) if draft.binds.is_empty() => {
                problems.push(Problem::new(Code::UndefinedListener, used.span, "this file has no listener"));
            }
            _ => {}
        }
    }
    // A gateway alone is a part of a file.
    let is_part = draft.binds.is_empty() && draft.controller.is_none();
    let controller = draft.controller.as_ref().map_or_else(|| Controller::default().port, |controller| controller.port);
    for (port, span, expose_api) in draft.tunnelled.iter().filter(|_| !is_part) {
        let is_listener = bound.clone().chain(implied.clone()).any(|bound| bound == port);
        if is_listener || *expose_api && *port == controller {
            continue;
        }
        problems.push(if *port == controller {
            let message = format!("this would expose the API, whose port {port} is: `expose_api: true` allows it");
            Problem::new(Code::ExposedApi, *span, message)
        } else {
            Problem::new(Code::NothingToExpose, *span, format!("no listener of this file has the port {port}"))
        });
    }
    cx.problems.extend(problems);
}

/// `gateway:PORT`, without the name behind it.
fn gateway_span(span: Span, port: &str) -> Span {
    Span { length: span.length.min("gateway:".len() + port.len()), ..span }
}

fn builtins(cx: &mut Cx) {
    for (name, span) in cx.draft.called.clone() {
        if cx.draft.ids.contains(&format!("component {name}")) {
            continue;
        }
        if let Some(component) = builtin(&name) {
            let completion = CompletionDraft::None;
            let draft = ComponentDraft { span, component, texts: Vec::new(), completion };
            cx.draft.components.entry(name).or_insert(draft);
        }
    }
}

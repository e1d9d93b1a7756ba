//! A configuration in a few lines for people: what `emulator check` prints.

use super::{
    Block, Completion, Component, Config, Inference, Listener, Program, Route, RouteId, Routes, Workflow, duration,
    program::Action,
};
use crate::event::EventType;
use crate::event::catalogue::TypeEntry;
use crate::source::{SchemeChoice, Source, Verification};
use serde::Serialize;
use std::fmt;

/// The outline of a configuration; its `Display` is the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Inbound routes, in file order.
    pub routes: Vec<RouteLine>,
    /// Workflows, in file order.
    pub workflows: Vec<WorkflowLine>,
    /// Components, in file order.
    pub components: Vec<ComponentLine>,
    /// Programs, in file order.
    pub programs: Vec<ProgramLine>,
    /// Only event types of the catalogue can be published.
    pub strict_events: bool,
    /// Event types that the file describes, in file order.
    pub events: Vec<EventLine>,
    /// Address ranges that may be called although they are not public.
    pub allow_private: Vec<String>,
    /// Providers that call us, in file order.
    pub sources: Vec<SourceLine>,
}

/// A source, what must hold of its requests, and what it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceLine {
    /// Its name.
    pub name: String,
    /// TCP port of its listener.
    pub port: u16,
    /// Whole path.
    pub path: String,
    /// What must hold, in a few words.
    pub verified: String,
    /// What its rules start, each once.
    pub starts: Vec<String>,
}

/// A route and what it leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteLine {
    /// HTTP method.
    pub method: String,
    /// TCP port of its listener.
    pub port: u16,
    /// Whole path.
    pub path: String,
    /// In words: the workflow it starts or the jobs it resumes.
    pub target: String,
}

/// A workflow and its jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkflowLine {
    /// Its id.
    pub id: String,
    /// Its jobs, in file order.
    pub jobs: Vec<JobLine>,
}

/// A job and its place in the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobLine {
    /// Its id.
    pub id: String,
    /// What it does, in a few words.
    pub does: String,
    /// Jobs it waits for; none: it starts at once.
    pub after: Vec<String>,
}

/// A component and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComponentLine {
    /// Its id.
    pub id: String,
    /// What it does, in a few words.
    pub does: String,
    /// What must happen after the call.
    pub waits: Option<String>,
    /// What was understood of that without being written.
    pub inferred: Option<Inference>,
}

/// A program and what it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProgramLine {
    /// Its name.
    pub id: String,
    /// What is run, in a few words.
    pub does: String,
}

/// An event type that the file describes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventLine {
    /// Its name.
    pub event: String,
    /// For people.
    pub description: Option<String>,
    /// Whether its data must satisfy a schema.
    pub has_schema: bool,
}

/// The outline of a configuration and of what the loader understood without its being written.
pub fn summary(config: &Config, inferred: &[Inference]) -> Summary {
    Summary {
        routes: config.listeners.iter().flat_map(|listener| routes(config, listener)).collect(),
        workflows: config.workflows.values().map(workflow).collect(),
        components: config.components.iter().map(|(id, component)| line(config, id, component, inferred)).collect(),
        programs: config.programs.iter().map(program).collect(),
        strict_events: config.delivery.catalogue.strict,
        events: config.delivery.catalogue.types.iter().filter(|(_, entry)| entry.in_file).map(event_line).collect(),
        allow_private: config.delivery.allow_private.iter().map(ToString::to_string).collect(),
        sources: config.sources.values().map(|source| source_line(config, source)).collect(),
    }
}

fn routes(config: &Config, listener: &Listener) -> Vec<RouteLine> {
    let line = |route: &Route, target: String| RouteLine {
        method: route.method.to_string(),
        port: listener.port,
        path: route.path.clone(),
        target,
    };
    match &listener.routes {
        Routes::Triggers(triggers) => {
            let each = |bulk: bool| if bulk { ", once for each item" } else { "" };
            let target = |name: &str, bulk| format!("starts {name}{}", each(bulk));
            triggers
                .iter()
                .map(|trigger| line(&trigger.route, target(&trigger.workflow, trigger.bulk.is_some())))
                .collect()
        }
        Routes::Callbacks(callbacks) => {
            callbacks.iter().map(|callback| line(&callback.route, resumes(config, &callback.route.id))).collect()
        }
        Routes::Sources(_) => Vec::new(),
    }
}

fn resumes(config: &Config, route: &RouteId) -> String {
    let waits = |component: &Component| {
        let Component::HttpClient(client) = component else { return false };
        matches!(&client.completion, Some(Completion::Callback(callback)) if callback.route == *route)
    };
    let names: Vec<&str> =
        config.components.iter().filter(|(_, component)| waits(component)).map(|(id, _)| id.as_str()).collect();
    if names.is_empty() {
        "resumes nothing: no component waits for it".to_owned()
    } else {
        format!("resumes {}", names.join(", "))
    }
}

fn workflow(workflow: &Workflow) -> WorkflowLine {
    WorkflowLine { id: workflow.id.clone(), jobs: jobs(&workflow.jobs) }
}

fn jobs(block: &Block) -> Vec<JobLine> {
    let name = |index: &usize| block.jobs.get(*index).map(|job| job.id.clone());
    let line = |job: &super::Job| JobLine {
        id: job.id.clone(),
        does: job.step.kind().does(),
        after: job.depends_on.iter().filter_map(name).collect(),
    };
    block.jobs.iter().map(line).collect()
}

fn line(config: &Config, id: &str, component: &Component, inferred: &[Inference]) -> ComponentLine {
    let (does, waits) = (component.kind().does(), component.kind().waits(config));
    let inferred = inferred.iter().find(|inference| inference.component == id).cloned();
    ComponentLine { id: id.to_owned(), does, waits, inferred }
}

fn program((id, program): (&String, &Program)) -> ProgramLine {
    let most = duration::print(program.timeout);
    let does = match &program.action {
        Action::Run(command) => {
            let whose = command.user.as_ref().map(|user| format!(" as {user}")).unwrap_or_default();
            format!("{:?}{whose}, at most {most}", command.argv)
        }
        Action::Invoke { function } => format!("the function {function} in AWS Lambda, at most {most}"),
    };
    ProgramLine { id: id.clone(), does }
}

fn event_line((event, entry): (&EventType, &TypeEntry)) -> EventLine {
    let described = entry.description.clone();
    EventLine { event: event.to_string(), description: described, has_schema: entry.schema.is_some() }
}

fn source_line(config: &Config, source: &Source) -> SourceLine {
    let mut starts: Vec<String> = Vec::new();
    for target in source.rules.targets() {
        if !starts.iter().any(|known| known == target) {
            starts.push(target.to_owned());
        }
    }
    let (port, path) = config.place_of(&source.name);
    SourceLine { name: source.name.clone(), port, path, verified: verified(&source.verification), starts }
}

/// What must hold of a request, in a few words.
fn verified(verification: &Verification) -> String {
    let signature = verification.signature.as_ref().map(|signature| match &signature.scheme {
        SchemeChoice::Preset(preset) => format!("signed as {} signs", preset.name()),
        SchemeChoice::Spelled(_) => "signed".to_owned(),
    });
    let token = verification.token.as_ref().map(|_| "with a token".to_owned());
    let from =
        |networks: &Vec<_>| format!("from {}", networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    let parts: Vec<String> =
        signature.into_iter().chain(token).chain(verification.networks.as_ref().map(from)).collect();
    if parts.is_empty() { "from anybody".to_owned() } else { parts.join(", ") }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.routes.is_empty() || self.sources.is_empty() {
            heading(f, "routes", self.routes.len())?;
        }
        for RouteLine { method, port, path, target } in &self.routes {
            writeln!(f, "  {method} :{port}{path} -> {target}")?;
        }
        if !self.sources.is_empty() {
            writeln!(f, "sources")?;
        }
        for SourceLine { name: _, port, path, verified, starts } in &self.sources {
            let starts = if starts.is_empty() { "nothing".to_owned() } else { starts.join(", ") };
            writeln!(f, "  POST :{port}{path} {verified} -> starts {starts}")?;
        }
        heading(f, "workflows", self.workflows.len())?;
        for WorkflowLine { id, jobs } in &self.workflows {
            writeln!(f, "  {id}")?;
            for JobLine { id, does, after } in jobs {
                write!(f, "    {id} = {does}")?;
                let after = after.join(", ");
                if after.is_empty() { writeln!(f) } else { writeln!(f, ", after {after}") }?;
            }
        }
        heading(f, "components", self.components.len())?;
        for ComponentLine { id, does, waits, inferred } in &self.components {
            write!(f, "  {id}: {does}")?;
            if let Some(waits) = waits {
                write!(f, ", {waits}")?;
            }
            writeln!(f)?;
            if let Some(Inference { wait_for, whole, .. }) = inferred {
                let because = whole.then(|| "its request carries the route's address".to_owned());
                let key = wait_for.as_ref().map(|key| format!("the key is {key}"));
                let parts: Vec<String> = because.into_iter().chain(key).collect();
                writeln!(
                    f,
                    "    understood: {}",
                    if parts.is_empty() { "the route".to_owned() } else { parts.join("; ") }
                )?;
            }
        }
        if !self.programs.is_empty() {
            writeln!(f, "programs")?;
        }
        for ProgramLine { id, does } in &self.programs {
            writeln!(f, "  {id}: {does}")?;
        }
        if self.strict_events || !self.events.is_empty() || !self.allow_private.is_empty() {
            writeln!(f, "delivery")?;
        }
        for EventLine { event, description, has_schema } in &self.events {
            write!(f, "  {event}")?;
            description.iter().try_for_each(|description| write!(f, ": {description}"))?;
            writeln!(f, "{}", if *has_schema { ", with a schema" } else { "" })?;
        }
        if self.strict_events {
            writeln!(f, "  no other events but those that are always there")?;
        }
        if !self.allow_private.is_empty() {
            writeln!(f, "  may call, though not public: {}", self.allow_private.join(", "))?;
        }
        Ok(())
    }
}

fn heading(f: &mut fmt::Formatter<'_>, name: &str, count: usize) -> fmt::Result {
    if count == 0 { writeln!(f, "no {name}") } else { writeln!(f, "{name}") }
}

//! The keys that jobs will wait under, as far as a file tells: its templates are rendered over symbols.
//!
//! A symbol is a text that stands for a value of a run. It is the same wherever the value is the same, and differs where
//! the value differs: between runs for `input` and `context.run_id`, between jobs for `output` and `context.job`, between
//! the items of a loop for `item`, and nowhere for `env`. So two keys that come out equal are equal in every run, and a
//! request that holds the symbol of the run's id carries the run's id.
//!
//! The service's answer has no symbol: `response` is null. A template that can't be rendered over texts (it calculates,
//! or converts) has no key here, and nothing is said of it.

use crate::config::field::RUN_CONTEXT;
use crate::config::{Block, HttpClient, HttpRequest, Job, Workflow};
use crate::expr::{Reference, Scope, Template};
use crate::run::Inner;
use crate::wait::key_text;
use serde_json::{Map, Value};

/// A job that calls a component, at its place in a workflow.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    pub(super) workflow: &'a str,
    /// Its id, and those of the jobs around it: `each/call`.
    pub(super) path: String,
    pub(super) component: &'a str,
    pub(super) job: Option<&'a Job>,
    /// True in the body of a loop.
    pub(super) looped: bool,
    /// The branches that it is in: path of the job that branches, number of the branch.
    branches: Vec<(String, usize)>,
}

/// A run, and an item of a loop in it, counted from 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instance {
    pub(super) run: usize,
    pub(super) item: usize,
}

/// The first run, and its loops' first item.
pub(super) const FIRST: Instance = Instance { run: 0, item: 0 };

/// All jobs that call a component.
pub(super) fn places<'a>(workflows: impl Iterator<Item = &'a Workflow>) -> Vec<Place<'a>> {
    let mut found = Vec::new();
    for workflow in workflows {
        let around = Place {
            workflow: &workflow.id,
            path: String::new(),
            component: "",
            job: None,
            looped: false,
            branches: Vec::new(),
        };
        in_block(&workflow.jobs, &around, &mut found);
    }
    found
}

fn in_block<'a>(block: &'a Block, around: &Place<'a>, found: &mut Vec<Place<'a>>) {
    for job in &block.jobs {
        let path = if around.path.is_empty() { job.id.clone() } else { format!("{}/{}", around.path, job.id) };
        let here = Place { path, ..around.clone() };
        if let Some(component) = job.step.component() {
            found.push(Place { component, job: Some(job), ..here.clone() });
        }
        for (number, (inner, block)) in job.step.kind().blocks().into_iter().enumerate() {
            let mut place = here.clone();
            match inner {
                Inner::Item(_) => place.looped = true,
                _ => place.branches.push((here.path.clone(), number)),
            }
            in_block(block, &place, found);
        }
        if let Some(block) = &job.on_error {
            in_block(block, &here, found);
        }
    }
}

impl<'a> Place<'a> {
    /// A component that no job of the file calls, as one would that gives it the run's input.
    pub(super) fn outside(component: &'a str) -> Self {
        Self { workflow: "", path: String::new(), component, job: None, looped: false, branches: Vec::new() }
    }

    /// True if only one of the two jobs can run, since they are in two branches of one job.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        self.branches.iter().any(|(at, branch)| other.branches.iter().any(|(a, b)| a == at && b != branch))
    }

    /// The key that the job waits under where the service's answer has none.
    pub(super) fn key(&self, client: &HttpClient, wait_for: &Template, instance: Instance) -> Key {
        let rendered = || {
            let symbols = self.symbols(client, Some(wait_for), instance)?;
            let scope = symbols.scope();
            let request = match &client.request.body {
                Some(body) => body.render(&scope).ok()?,
                None => Value::Null,
            };
            wait_for.render(&scope.with("request", &request)).ok()
        };
        match rendered() {
            None | Some(Value::Array(_) | Value::Object(_)) => Key::Unknown,
            Some(value) => key_text(&value).map_or(Key::Nothing, Key::Text),
        }
    }

    /// True if the request has the run's id in it.
    pub(super) fn carries_run_id(&self, client: &HttpClient) -> bool {
        let rendered = || {
            let symbols = self.symbols(client, None, FIRST)?;
            let scope = symbols.scope();
            let mut text = String::new();
            for template in templates(&client.request) {
                text.push_str(&template.render_text(&scope).ok()?);
            }
            Some(text.contains(&symbol("context", &["run_id".to_owned()], "run 0")))
        };
        // A template that calculates can't be rendered; its sources are known all the same.
        let reads = |template: &Template| template.references().iter().any(is_run_id);
        rendered().unwrap_or_else(|| templates(&client.request).any(reads))
    }

    /// Gives symbols for all that the templates of the job and of its component read; `None` if the job's input can't be
    /// rendered over them.
    fn symbols(&self, client: &HttpClient, wait_for: Option<&Template>, instance: Instance) -> Option<Symbols> {
        let of_client: Vec<Reference> =
            templates(&client.request).chain(wait_for).flat_map(Template::references).collect();
        // A value that is handed on whole has the fields that are read of it later.
        let later: Vec<&Vec<String>> = of_client
            .iter()
            .filter(|read| ["input", "request"].contains(&&*read.source))
            .map(|read| &read.path)
            .collect();
        let template = self.job.and_then(|job| job.input.as_ref());
        let of_job = template.map(Template::references).unwrap_or_default();
        let of_run = format!("run {}", instance.run);
        let of_item = format!("{of_run} item {}", instance.item);
        let of_place = format!("{of_item} job {}/{}", self.workflow, self.path);
        let values = SOURCES.map(|source| {
            let reads = of_client.iter().chain(&of_job).filter(|read| read.source == source);
            let mut paths: Vec<Vec<String>> =
                reads.map(|read| read.qualifier.iter().chain(&read.path).cloned().collect()).collect();
            let whole = |path: &Vec<String>| path.is_empty() || source == "jobs" && path.len() == 2;
            if source == "context" && paths.contains(&Vec::new()) {
                paths.extend(RUN_CONTEXT.iter().map(|name| vec![(*name).to_owned()]));
            }
            let wholes: Vec<Vec<String>> = paths.iter().filter(|path| whole(path)).cloned().collect();
            for (whole, fields) in wholes.iter().flat_map(|whole| later.iter().map(move |fields| (whole, fields))) {
                paths.push(whole.iter().chain(*fields).cloned().collect());
            }
            if source == "input" {
                paths.extend(later.iter().map(|path| (*path).clone()));
            }
            let variation = |path: &[String]| match (source, path.first().map(String::as_str)) {
                ("env" | "gateway" | "listener", _) | ("context", Some("workflow")) => "",
                ("input", _) | ("context", Some("run_id")) => &of_run,
                // Beside a job in a loop are jobs of the same item.
                ("jobs", _) if !self.looped => &of_run,
                ("jobs" | "item", _) => &of_item,
                _ => &of_place,
            };
            (source, value_of(source, &paths, &variation))
        });
        let mut symbols = Symbols(values.into());
        if let Some(template) = template {
            let input = template.render(&symbols.scope()).ok()?;
            symbols.0.push(("input", input));
        }
        Some(symbols)
    }
}

/// The sources that templates of a job and of its component can read before the answer.
const SOURCES: [&str; 9] = ["env", "gateway", "listener", "input", "context", "jobs", "item", "output", "error"];

/// The value of a key template over symbols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// A text with the symbols of what it is made of.
    Text(String),
    /// Null or empty: only the service's answer can give one.
    Nothing,
    /// The file doesn't tell: the template calculates, or gives a list or an object.
    Unknown,
}

/// Values of sources.
struct Symbols(Vec<(&'static str, Value)>);

impl Symbols {
    fn scope(&self) -> Scope<'_> {
        self.0.iter().fold(Scope::new(), |scope, (source, value)| scope.with(source, value))
    }
}

fn is_run_id(reference: &Reference) -> bool {
    reference.source == "context" && reference.path.first().is_none_or(|name| name == "run_id")
}

/// All templates of a request.
fn templates(request: &HttpRequest) -> impl Iterator<Item = &Template> {
    let named = request.headers.iter().chain(&request.params).map(|(_, template)| template);
    request.url.iter().chain(named).chain(&request.body)
}

/// A source with symbols at these paths.
fn value_of<'v>(source: &str, paths: &[Vec<String>], variation: &dyn Fn(&[String]) -> &'v str) -> Value {
    let mut value = Value::Null;
    for path in paths {
        put(&mut value, path, Value::String(symbol(source, path, variation(path))));
    }
    value
}

/// Puts a symbol in its place, unless a part of it is read too.
fn put(value: &mut Value, path: &[String], symbol: Value) {
    match path.split_first() {
        None if value.is_null() => *value = symbol,
        None => {}
        Some((name, rest)) => {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            if let Value::Object(fields) = value {
                put(fields.entry(name.as_str()).or_insert(Value::Null), rest, symbol);
            }
        }
    }
}

/// The text that stands for a value, between two characters for private use (Unicode, U+E000 to U+F8FF), which JSON does
/// not escape.
fn symbol(source: &str, path: &[String], variation: &str) -> String {
    format!("\u{e000}{source}.{}#{variation}\u{e001}", path.join("."))
}

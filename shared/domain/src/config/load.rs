//! From text to a configuration.
//!
//! ```text
//! text ─ yaml ─► located tree ─ section/* ─► draft ─ resolve/* ─► Config
//!                                │ keys: the tables of what may stand where; the schema is made of them too
//!                                │ map, template, path, duration: readers of one value
//!                                └► problems ─ Lines ─► diagnostics
//! ```
//!
//! - Nothing is read from outside: whether an environment variable is set is asked through [`Loaded::env_warnings`].
//! - A reader that finds a problem reports it and goes on, so one load tells all there is to tell; only text that is not
//!   YAML ends it at once. There is a configuration if and only if there is no error.
//! - No text makes it panic or takes time out of proportion to its length.

use super::cx::{Cx, Use};
use super::diagnostic::{Code, Diagnostic, Lines, Problem, Severity, Span};
use super::draft::RouteDraft;
use super::inference::Inference;
use super::{Config, RouteId, resolve, section, yaml};
use crate::source::Source;
use serde_json::Value;

/// What came of loading a file.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration, unless there are errors.
    pub config: Option<Config>,
    /// Everything there is to say, in the file's order.
    pub diagnostics: Vec<Diagnostic>,
    /// What was understood although it isn't written.
    pub inferred: Vec<Inference>,
    /// Environment variables that the file reads, in its order.
    pub env: Vec<EnvReference>,
    /// Where each inbound route is written, in the file's order.
    pub routes: Vec<RouteReference>,
}

/// The place of an inbound route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteReference {
    /// Which route.
    pub id: RouteId,
    /// Where its path stands.
    pub span: Span,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
}

/// An environment variable that a template reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvReference {
    /// Its name.
    pub name: String,
    /// Where `env.NAME` stands.
    pub span: Span,
    /// The template has a value for when it isn't set.
    pub has_default: bool,
    /// The warning for when it isn't set.
    warning: Diagnostic,
}

impl Loaded {
    /// Whether the file can't be used.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// A warning for each environment variable that isn't set and has no default; `is_set` knows the environment.
    pub fn env_warnings(&self, is_set: &dyn Fn(&str) -> bool) -> Vec<Diagnostic> {
        let unset = self.env.iter().filter(|read| !read.has_default && !is_set(&read.name));
        unset.map(|read| read.warning.clone()).collect()
    }
}

/// Loads the text of a `ringback.yml`. `file_name` is only for messages. Finds as many problems as it can in one go.
pub fn load(text: &str, file_name: &str) -> Loaded {
    load_where(text, file_name, false)
}

/// Loads a text that was loaded before and is stored for the runs that follow it.
///
/// There is a configuration although the text may have errors that earlier versions did not know ([`Code::is_new`]), or
/// callback routes that are alike on two ports, which [`load`] refuses.
pub fn load_stored(text: &str, file_name: &str) -> Loaded {
    load_where(text, file_name, true)
}

fn load_where(text: &str, file_name: &str, stored: bool) -> Loaded {
    let refuses = |code: Code| code.severity() == Severity::Error && !(stored && code.is_new());
    let lines = Lines::new(text);
    let (root, problems) = yaml::parse(text);
    let mut cx = Cx { problems, stored, ..Cx::default() };
    let mut routes = Vec::new();
    let (config, inferred) = match root {
        Some(root) => {
            section::read(&mut cx, &root);
            let (config, inferred, drafts) = resolve::resolve(&mut cx);
            routes = drafts.iter().map(|route| located(route, &lines)).collect();
            (Some(config), inferred)
        }
        None => (None, Vec::new()),
    };
    let problems = std::mem::take(&mut cx.problems);
    let mut diagnostics: Vec<_> = problems.into_iter().map(|problem| lines.locate(problem, file_name)).collect();
    // An alias is read once for each use but stands in one place.
    diagnostics.sort_unstable_by(|a, b| (a.span, a.code, &a.message).cmp(&(b.span, b.code, &b.message)));
    diagnostics.dedup();
    let env = env(&cx.uses, &lines, file_name);
    let sound = !diagnostics.iter().any(|diagnostic| refuses(diagnostic.code));
    Loaded { config: config.filter(|_| sound), diagnostics, inferred, env, routes }
}

fn located(route: &RouteDraft, lines: &Lines<'_>) -> RouteReference {
    let (line, column) = lines.at(route.span.offset);
    RouteReference { id: route.id.clone(), span: route.span, line, column }
}

/// Reads one source as the API takes it: the file's fields as JSON. Names that it uses are returned, for others to know.
///
/// # Errors
/// What is wrong with it, each in a sentence that names the field.
pub fn load_source(name: &str, fields: &Value) -> Result<(Source, Vec<String>), Vec<String>> {
    load_source_where(name, fields, |code| code.severity() == Severity::Error)
}

/// Reads a source that was read before and is stored, as [`load_stored`] reads a file.
///
/// # Errors
/// What is wrong with it, each in a sentence that names the field.
pub fn load_stored_source(name: &str, fields: &Value) -> Result<(Source, Vec<String>), Vec<String>> {
    load_source_where(name, fields, |code| code.severity() == Severity::Error && !code.is_new())
}

fn load_source_where(
    name: &str,
    fields: &Value,
    refuses: impl Fn(Code) -> bool,
) -> Result<(Source, Vec<String>), Vec<String>> {
    let text = serde_json::json!({"sources": {name: fields}}).to_string();
    let (root, problems) = yaml::parse(&text);
    let mut cx = Cx { problems, ..Cx::default() };
    if let Some(root) = root {
        section::read(&mut cx, &root);
    }
    let errors = cx.problems.iter().filter(|problem| refuses(problem.code));
    let errors: Vec<String> = errors
        .map(|problem| match &problem.suggestion {
            Some(right) => format!("{}; did you mean `{right}`?", problem.message),
            None => problem.message.clone(),
        })
        .collect();
    let targets = cx.draft.targeted.into_iter().map(|(name, _)| name).collect();
    match cx.draft.sources.swap_remove(name) {
        Some(source) if errors.is_empty() => Ok((source, targets)),
        _ if errors.is_empty() => Err(vec!["this is no source".to_owned()]),
        _ => Err(errors),
    }
}

fn env(uses: &[Use], lines: &Lines<'_>, file: &str) -> Vec<EnvReference> {
    let named = uses.iter().filter(|used| used.reference.source == "env");
    let mut env: Vec<EnvReference> = named
        .filter_map(|used| {
            let name = used.reference.path.first()?.clone();
            let message = format!("the environment variable `{name}` is not set");
            let warning = lines.locate(Problem::new(Code::UnsetEnv, used.span, message), file);
            Some(EnvReference { name, span: used.span, has_default: used.has_default, warning })
        })
        .collect();
    env.sort_unstable_by(|a, b| (a.span, &a.name).cmp(&(b.span, &b.name)));
    env.dedup_by_key(|read| read.span);
    env
}

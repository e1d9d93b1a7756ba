//! A `ringback.yml` and everything there is to say about it, with the place shown.

use super::masked::masked;
use super::{Failure, output};
use domain::config::{Diagnostic, Loaded, Severity, load};
use miette::{GraphicalReportHandler, LabeledSpan, MietteDiagnostic, NamedSource, Report};
use platform::environment::Environment;
use serde_json::{Map, Value};
use std::path::Path;

/// A file as it was read.
pub(crate) struct Read {
    name: String,
    text: String,
    environment: Environment,
    pub(crate) loaded: Loaded,
    /// The loader's, and those of the environment.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Reads and checks a file.
pub(crate) fn read(path: &Path, environment: &Environment) -> Result<Read, Failure> {
    let name = path.display().to_string();
    let text = std::fs::read(path).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            format!("there is no file `{name}`; name another, or let `emulator init` write one")
        } else {
            format!("`{name}` can't be read: {error}")
        }
    })?;
    let text = String::from_utf8(text).map_err(|_| format!("`{name}` is not UTF-8 text"))?;
    let loaded = load(&text, &name);
    let mut diagnostics = loaded.diagnostics.clone();
    diagnostics.extend(loaded.env_warnings(&|name| environment.set(name).is_some()));
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.offset);
    Ok(Read { name, text, environment: environment.clone(), loaded, diagnostics })
}

impl Read {
    /// The file's text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The environment variables that the file reads, as `env` in templates.
    pub(crate) fn env(&self) -> Map<String, Value> {
        let names = self.loaded.env.iter().map(|read| read.name.as_str());
        let set =
            names.filter_map(|name| Some((name.to_owned(), Value::String(self.environment.set(name)?.to_owned()))));
        set.collect()
    }

    /// The environment variables that must be set and are not.
    pub(crate) fn unset(&self) -> impl Iterator<Item = &str> {
        let missing =
            self.loaded.env.iter().filter(|read| !read.has_default && self.environment.set(&read.name).is_none());
        missing.map(|read| read.name.as_str())
    }

    /// What keeps `up` from starting, if anything does.
    pub(crate) fn refusals(&self) -> Vec<&Diagnostic> {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.code.refuses_start()).collect()
    }

    /// The same, for a line of text.
    pub(crate) fn stopped_by(&self) -> Option<String> {
        let refusals = self.refusals();
        (!refusals.is_empty()).then(|| Self::places(&refusals))
    }

    /// Where these stand, and what they are, for a line of text.
    pub(crate) fn places(diagnostics: &[&Diagnostic]) -> String {
        let place = |one: &&Diagnostic| format!("{} {} (line {})", one.severity, one.code, one.line);
        diagnostics.iter().map(place).collect::<Vec<_>>().join(", ")
    }

    /// Prints each with its place in the file.
    pub(crate) fn print_diagnostics(&self) {
        let handler = GraphicalReportHandler::new();
        for diagnostic in &self.diagnostics {
            let mut text = String::new();
            let report = self.report(diagnostic);
            if handler.render_report(&mut text, report.as_ref()).is_ok() {
                output::complain(text.trim_end_matches('\n'));
            }
            // The line for machines, and for editors that jump to it.
            output::complain(format_args!("{diagnostic}\n"));
        }
    }

    fn report(&self, diagnostic: &Diagnostic) -> Report {
        let severity = match diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        };
        let label = LabeledSpan::at(diagnostic.span.offset..diagnostic.span.offset + diagnostic.span.length, "here");
        let mut shown = MietteDiagnostic::new(diagnostic.message.clone())
            .with_code(diagnostic.code.as_str())
            .with_severity(severity)
            .with_label(label);
        if let Some(suggestion) = &diagnostic.suggestion {
            shown = shown.with_help(format!("did you mean `{suggestion}`?"));
        } else if diagnostic.severity == Severity::Warning && diagnostic.code.refuses_start() {
            shown = shown.with_help("`emulator up` does not start with this");
        }
        // The lines around the place are shown too, and `up` writes to logs.
        Report::new(shown).with_source_code(NamedSource::new(&self.name, masked(&self.text)))
    }
}

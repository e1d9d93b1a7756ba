use super::{Failure, file, output};
use clap::Args;
use domain::config::{Code, Diagnostic, Severity};
use platform::environment::Environment;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Checks a file.
#[derive(Debug, Args)]
#[command(
    after_help = "It ends with 1 if there is an error. A file may be part of a larger one, so a name that it doesn't define is a \
                  warning: the last lines say which of those keep `emulator up` from starting."
)]
pub struct Check {
    /// The file.
    #[arg(default_value = "ringback.yml")]
    file: PathBuf,
    /// Warnings are errors.
    #[arg(long)]
    strict: bool,
}

impl Check {
    pub(crate) fn run(self, environment: &Environment) -> Result<(), Failure> {
        let read = file::read(&self.file, environment)?;
        read.print_diagnostics();
        let (mut errors, mut warnings) = (0, 0);
        for diagnostic in &read.diagnostics {
            match diagnostic.severity {
                Severity::Error => errors += 1,
                Severity::Warning => warnings += 1,
            }
        }
        // What is set on this machine says nothing about the one that it will run on.
        let (unset, missing): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
            read.refusals().into_iter().partition(|diagnostic| diagnostic.code == Code::UnsetEnv);
        let stops = (errors == 0 && !missing.is_empty()).then(|| file::Read::places(&missing));
        let refused = errors > 0 || (self.strict && warnings > 0);
        let mut shown = Ok(());
        if let (Some(config), false) = (&read.loaded.config, errors > 0) {
            shown = output::print(domain::config::summary(config, &read.loaded.inferred));
        }
        let counted = format!("{}: {}, {}", self.file.display(), count(errors, "error"), count(warnings, "warning"));
        let mut told = vec![counted];
        told.extend(stops.map(|places| format!("`emulator up` would not start with these: {places}")));
        if !unset.is_empty() {
            let names: BTreeSet<&str> = read.unset().collect();
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            told.push(format!("`emulator up` needs these environment variables, which are not set here: {names}"));
        }
        let told = told.join("\n");
        if refused {
            return Err(told.into());
        }
        // Whoever stops reading learns from the exit code all the same.
        shown?;
        output::say(told)
    }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

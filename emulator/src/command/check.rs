use super::{Failure, file, output};
use clap::Args;
use domain::config::Severity;
use std::path::PathBuf;

/// Checks a file.
#[derive(Debug, Args)]
pub struct Check {
    /// The file.
    #[arg(default_value = "ringback.yml")]
    file: PathBuf,
    /// Warnings are errors.
    #[arg(long)]
    strict: bool,
}

impl Check {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let read = file::read(&self.file)?;
        read.print_diagnostics();
        let (mut errors, mut warnings) = (0, 0);
        for diagnostic in &read.diagnostics {
            match diagnostic.severity {
                Severity::Error => errors += 1,
                Severity::Warning => warnings += 1,
            }
        }
        let refused = errors > 0 || (self.strict && warnings > 0);
        let mut shown = Ok(());
        if let (Some(config), false) = (&read.loaded.config, errors > 0) {
            shown = output::print(domain::config::summary(config, &read.loaded.inferred));
        }
        let counted = format!("{}: {}, {}", self.file.display(), count(errors, "error"), count(warnings, "warning"));
        if refused {
            return Err(counted.into());
        }
        // Whoever stops reading learns from the exit code all the same.
        shown?;
        output::say(counted)
    }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

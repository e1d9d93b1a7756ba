use super::Failure;
use super::exit::Usage;
use super::output::{complain, say};
use crate::import::{Imported, Origin, convert};
use clap::Args;
use std::path::PathBuf;

/// Turns the file of another project into a `ringback.yml`.
#[derive(Debug, Args)]
#[command(
    after_help = "The ringback.yml is printed on standard output; on standard error, in words and with its place, what
could not be carried over and what means something else now."
)]
pub struct Import {
    /// The file: hooks of adnanh/webhook in JSON or YAML, or a file of model-compose.
    file: PathBuf,
    /// Whose it is; told by its form where absent.
    #[arg(long, value_enum)]
    from: Option<Origin>,
}

impl Import {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let name = self.file.display().to_string();
        let text = std::fs::read_to_string(&self.file).map_err(|error| Usage(format!("{name}: {error}")))?;
        let Imported { yaml, notes } = convert(&text, &name, self.from)?;
        for note in &notes {
            complain(format_args!("{name}: {note}"));
        }
        say(yaml.trim_end())
    }
}

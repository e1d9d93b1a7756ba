use super::{Failure, command_line};
use clap::Args;
use clap_complete::Shell;

/// Prints a shell's completions.
#[derive(Debug, Args)]
pub struct Completions {
    /// For which shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command_line(), "emulator", &mut script);
        std::io::Write::write_all(&mut std::io::stdout(), &script).map_err(Failure::from)
    }
}

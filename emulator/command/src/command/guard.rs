//! Runs a program that must not outlive us, even if we are killed: see `process::guard`.

use super::output;
use clap::Args;
use std::process::ExitCode;

/// Runs a program until our standard input closes.
#[derive(Debug, Args)]
pub struct Guard {
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    argv: Vec<String>,
}

impl Guard {
    pub(crate) async fn run(self) -> ExitCode {
        match process::guard(&self.argv).await {
            Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
            Err(error) => {
                output::complain(format_args!("{}: {error}", self.argv.first().map_or("", String::as_str)));
                ExitCode::FAILURE
            }
        }
    }
}

//! The command line: one file for each command.
//!
//! Exit codes: 0 it worked, 1 it did not, 2 the command line itself is wrong.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks on its standard streams")]

mod check;
mod check_url;
mod demo;
mod eval;
mod file;
mod guard;
mod forward;
mod plan;
mod reload;
mod rotate_key;
mod schema;
mod up;
mod verify;
mod work;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// A webhook gateway that lives in your own AWS account and runs whole on a laptop.
#[derive(Debug, Parser)]
#[command(name = "emulator", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Does what the command line of this process says.
pub async fn main() -> ExitCode {
    Arguments::parse().command.run().await
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start everything that the file describes, with its state in one directory.
    Up(up::Up),
    /// Run programs for a gateway elsewhere, or in another process.
    Work(work::Work),
    /// Bring webhooks that a deployed gateway has received to one on this machine, also those that came meanwhile.
    Forward(forward::Forward),
    /// See it work: the whole story in a few seconds, with a small image service and three real kill -9.
    Demo(demo::Demo),
    /// Check a file: its routes, its workflows, what was understood without being written, and warnings.
    Check(check::Check),
    /// Print what infrastructure must know of a file, as JSON, and refuse what AWS can't have.
    Plan(plan::Plan),
    /// Try an expression.
    Eval(eval::Eval),
    /// May we call this address? And if not, why.
    CheckUrl(check_url::CheckUrl),
    /// Put a new key for secrets in front of the old ones.
    RotateKey(rotate_key::RotateKey),
    /// Say whether a webhook's signature is right, and why not.
    Verify(Box<verify::Verify>),
    /// Print the JSON Schema of ringback.yml, for editors.
    Schema,
    /// Run a program that ends with whoever holds our standard input.
    #[command(hide = true)]
    Guard(guard::Guard),
}

impl Command {
    /// Does it.
    pub async fn run(self) -> ExitCode {
        let done = match self {
            Self::Up(up) => up.run().await,
            Self::Work(work) => work.run().await,
            Self::Forward(forward) => forward.run().await,
            Self::Demo(demo) => demo.run().await,
            Self::Check(check) => check.run(),
            Self::Plan(plan) => plan.run(),
            Self::Eval(eval) => eval.run(),
            Self::CheckUrl(check_url) => check_url.run().await,
            Self::RotateKey(rotate_key) => rotate_key.run().await,
            Self::Verify(verify) => verify.run(),
            Self::Schema => schema::run(),
            Self::Guard(guard) => return guard.run().await,
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                eprintln!("{failure}");
                ExitCode::FAILURE
            }
        }
    }
}

/// Why a command did not work, in words for a terminal.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

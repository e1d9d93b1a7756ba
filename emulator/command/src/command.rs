//! The command line: one file for each command.
//!
//! What commands that speak to a gateway share: the [client](crate::client), [`exit`] codes, what is [printed](output), and
//! [following](follow) a run.

mod check;
mod check_url;
mod completions;
mod conditions;
mod cost;
mod deliveries;
mod demo;
mod eval;
mod examples;
pub(crate) mod exit;
mod file;
mod follow;
mod forward;
mod guard;
mod import;
mod init;
mod masked;
pub(crate) mod output;
pub(crate) mod paint;
mod plan;
mod publish;
mod redrive;
mod reload;
mod replay;
mod rotate_key;
mod runs;
mod schema;
mod tail;
mod trigger;
mod up;
mod verify;
mod waits;
mod work;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use platform::environment::Environment;
use std::process::ExitCode;

/// A webhook gateway that lives in your own AWS account and runs whole on a laptop.
#[derive(Debug, Parser)]
#[command(name = "emulator", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Does what the command line of this process says. The runtime is made here, so that what a program's `main` calls is compiled
/// with this crate, and linking is all that is left.
#[tokio::main]
pub async fn main() -> ExitCode {
    let arguments = Arguments::from_arg_matches(&command_line().get_matches());
    match arguments {
        Ok(arguments) => Box::pin(arguments.command.run(&Environment::of_process())).await,
        Err(error) => error.exit(),
    }
}

/// All commands, with their examples.
pub fn command_line() -> clap::Command {
    examples::with(Arguments::command())
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a `ringback.yml` to begin with.
    Init(init::Init),
    /// Start everything that the file describes, with its state in one directory.
    Up(up::Up),
    /// Run programs for a gateway elsewhere, or in another process.
    Work(work::Work),
    /// Bring webhooks that a deployed gateway has received to one on this machine, also those that came meanwhile.
    Forward(forward::Forward),
    /// See it work: the whole story in a few seconds, with a small image service and three real kill -9.
    Demo(demo::Demo),
    /// Start a run, of a workflow or by a trigger's path.
    Trigger(trigger::Trigger),
    /// Publish an event to customers' endpoints.
    Publish(publish::Publish),
    /// List runs, show one, or stop or repeat it.
    Runs(runs::Runs),
    /// List what waits for a callback, and callbacks that nobody waits for; bring the two together.
    Waits(waits::Waits),
    /// List deliveries to customers' endpoints, show one, or try again.
    Deliveries(deliveries::Deliveries),
    /// Print what changes, as it changes.
    Tail(tail::Tail),
    /// Put the request that started a run through today's rules and triggers.
    Replay(replay::Replay),
    /// Turn the file of another project into a `ringback.yml`.
    Import(import::Import),
    /// Check a file: its routes, its workflows, what was understood without being written, and warnings.
    Check(check::Check),
    /// Print what infrastructure must know of a file, as JSON, and refuse what AWS can't have.
    Plan(plan::Plan),
    /// Print what a file costs in AWS, operation by operation, and in a month in which nothing happens.
    Cost(cost::Cost),
    /// Try an expression.
    Eval(eval::Eval),
    /// May we call this address? And if not, why.
    CheckUrl(check_url::CheckUrl),
    /// Send dead letters back to their queues, or look at them.
    Redrive(redrive::Redrive),
    /// Put a new key for secrets in front of the old ones.
    RotateKey(rotate_key::RotateKey),
    /// Say whether a webhook's signature is right, and why not.
    Verify(Box<verify::Verify>),
    /// Print the JSON Schema of ringback.yml, for editors.
    Schema,
    /// Print a shell's completions.
    Completions(completions::Completions),
    /// Run a program that ends with whoever holds our standard input.
    #[command(hide = true)]
    Guard(guard::Guard),
}

impl Command {
    /// Does it in this environment.
    pub async fn run(self, environment: &Environment) -> ExitCode {
        let done = match self {
            Self::Init(init) => init.run(),
            Self::Up(up) => Box::pin(up.run(environment)).await,
            Self::Work(work) => Box::pin(work.run(environment)).await,
            Self::Forward(forward) => Box::pin(forward.run(environment)).await,
            Self::Demo(demo) => Box::pin(demo.run(environment)).await,
            Self::Trigger(trigger) => Box::pin(trigger.run(environment)).await,
            Self::Publish(publish) => Box::pin(publish.run()).await,
            Self::Runs(runs) => Box::pin(runs.run(environment)).await,
            Self::Waits(waits) => Box::pin(waits.run()).await,
            Self::Deliveries(deliveries) => Box::pin(deliveries.run(environment)).await,
            Self::Tail(tail) => Box::pin(tail.run(environment)).await,
            Self::Replay(replay) => Box::pin(replay.run(environment)).await,
            Self::Import(import) => import.run(),
            Self::Check(check) => check.run(environment),
            Self::Plan(plan) => plan.run(environment),
            Self::Cost(cost) => cost.run(environment),
            Self::Eval(eval) => eval.run(),
            Self::CheckUrl(check_url) => Box::pin(check_url.run(environment)).await,
            Self::Redrive(redrive) => Box::pin(redrive.run(environment)).await,
            Self::RotateKey(rotate_key) => Box::pin(rotate_key.run(environment)).await,
            Self::Verify(verify) => verify.run(environment),
            Self::Schema => schema::run(),
            Self::Completions(completions) => completions.run(),
            Self::Guard(guard) => return Box::pin(guard.run()).await,
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => match exit::code(&failure) {
                None => ExitCode::SUCCESS,
                Some(code) => {
                    output::complain(&failure);
                    ExitCode::from(code)
                }
            },
        }
    }
}

/// Why a command did not work, in words for a terminal.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

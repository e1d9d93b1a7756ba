//! `emulator`: Ringback on one machine, and its command line.

use clap::Parser;
use emulator::command::Command;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A webhook gateway that lives in your own AWS account and runs whole on a laptop.
#[derive(Debug, Parser)]
#[command(name = "emulator", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[tokio::main]
async fn main() -> ExitCode {
    Arguments::parse().command.run().await
}

//! `emulator`: Ringback on one machine, and its command line.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    emulator::main().await
}

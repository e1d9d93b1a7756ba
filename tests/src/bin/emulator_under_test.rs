//! The emulator's command line, as `emulator` runs it.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    emulator::main().await
}

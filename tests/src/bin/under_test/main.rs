//! All programs that the tests start, in one, so that an edit links one and not ten: it is what its name says (`cloudflared`,
//! `ngrok`, by a symbolic link), or its first argument (`teller`, or a function's name), and else the emulator.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a double that can't do its work has to fail, and talks on its standard streams"
)]

mod cloudflared;
mod ngrok;
mod start;
mod teller;

#[path = "../../../../functions/api/src/main.rs"]
mod api_bootstrap;
#[path = "../../../../functions/callback/src/main.rs"]
mod callback_bootstrap;
#[path = "../../../../functions/deliver/src/main.rs"]
mod deliver_bootstrap;
#[path = "../../../../functions/relay/src/main.rs"]
mod relay_bootstrap;
#[path = "../../../../functions/sweep/src/main.rs"]
mod sweep_bootstrap;
#[path = "../../../../functions/trigger/src/main.rs"]
mod trigger_bootstrap;

use std::path::Path;
use std::process::ExitCode;

/// As in the emulator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut arguments = std::env::args();
    let path = arguments.next().unwrap_or_default();
    let name = Path::new(&path).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let first = arguments.next().unwrap_or_default();
    let done = match (name, first.as_str()) {
        ("cloudflared", _) => {
            cloudflared::main();
            Ok(())
        }
        ("ngrok", _) => {
            ngrok::main();
            Ok(())
        }
        (_, "teller") => {
            teller::main();
            Ok(())
        }
        (_, "bootstrap-trigger") => trigger_bootstrap::main(),
        (_, "bootstrap-callback") => callback_bootstrap::main(),
        (_, "bootstrap-api") => api_bootstrap::main(),
        (_, "bootstrap-relay") => relay_bootstrap::main(),
        (_, "bootstrap-deliver") => deliver_bootstrap::main(),
        (_, "bootstrap-sweep") => sweep_bootstrap::main(),
        _ => return emulator::main(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:?}");
            ExitCode::FAILURE
        }
    }
}

//! The programs that the tests start besides the functions, in one, so that an edit links one and not four: it is what its name says (`cloudflared`,
//! `ngrok`, by a symbolic link), or its first argument (`teller`), and else the emulator.

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
    match (name, first.as_str()) {
        ("cloudflared", _) => cloudflared::main(),
        ("ngrok", _) => ngrok::main(),
        (_, "teller") => teller::main(),
        _ => return emulator::main(),
    }
    ExitCode::SUCCESS
}

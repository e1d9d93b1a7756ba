//! The log: lines for people on a terminal, JSON for machines.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts the log on standard error. `RUST_LOG` chooses what is said; warnings, and what workflows log, unless set.
pub fn start(json: bool) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,workflow=trace,ringback=info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start, in a test, keeps the first.
    let _ = if json {
        log.json().flatten_event(true).try_init()
    } else {
        log.with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init()
    };
}

//! The log: lines for people on a terminal, JSON for machines.

use crate::environment::Environment;
use std::io::IsTerminal;
pub use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts the log on standard error.
///
/// `RUST_LOG` chooses what is said, as in `warn,emulator=debug`. Unless it is set to what can be read: warnings, what
/// workflows log, and what the gateway says of itself, at the level `ringback` and above.
pub fn start(environment: &Environment, json: bool, ringback: LevelFilter) {
    let log = tracing_subscriber::registry().with(chosen(environment.get("RUST_LOG"), ringback));
    let lines = fmt::layer().with_writer(std::io::stderr);
    // A second start, in a test, keeps the first.
    let _ = if json {
        log.with(lines.json().flatten_event(true)).try_init()
    } else {
        log.with(lines.with_target(false).with_ansi(std::io::stderr().is_terminal())).try_init()
    };
}

/// Which lines are said. No line is chosen by the fields of its span, so targets are enough; what can choose so is a
/// machine of regular expressions, and each function would carry it.
fn chosen(setting: Option<&str>, ringback: LevelFilter) -> Targets {
    let usual = || {
        let targets = Targets::new().with_default(LevelFilter::WARN);
        targets.with_target("workflow", LevelFilter::TRACE).with_target("ringback", ringback)
    };
    setting.filter(|text| !text.is_empty()).and_then(|text| text.parse().ok()).unwrap_or_else(usual)
}

#[cfg(test)]
mod tests {
    use super::{LevelFilter, chosen};
    use tracing::Level;

    #[test]
    fn workflows_are_heard_and_libraries_only_when_they_warn() {
        for unreadable in [None, Some(""), Some("emulator=loud")] {
            let usual = chosen(unreadable, LevelFilter::INFO);
            assert!(usual.would_enable("workflow", &Level::TRACE));
            assert!(usual.would_enable("ringback::access", &Level::INFO));
            assert!(!chosen(unreadable, LevelFilter::WARN).would_enable("ringback::access", &Level::INFO));
            assert!(usual.would_enable("hyper", &Level::WARN) && !usual.would_enable("hyper", &Level::INFO));
        }
    }

    #[test]
    fn rust_log_chooses() {
        let set = chosen(Some("error,emulator=debug"), LevelFilter::INFO);
        assert!(set.would_enable("emulator::gateway", &Level::DEBUG) && !set.would_enable("workflow", &Level::WARN));
    }
}

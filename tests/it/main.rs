//! Ringback from outside: HTTP in, HTTP out, and nothing else.

mod chapters;

/// The emulator, for the tests that start real processes.
const EMULATOR: &str = env!("CARGO_BIN_EXE_emulator-under-test");

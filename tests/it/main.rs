//! Ringback from outside, in one binary: HTTP in, HTTP out. One module for each subject.

mod bad_input;
mod chapters;
mod interleavings;
mod rendezvous;
mod triggers;

/// The emulator, for the tests that start real processes.
const EMULATOR: &str = env!("CARGO_BIN_EXE_emulator-under-test");

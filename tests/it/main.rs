//! Ringback from outside, in one binary: HTTP in, HTTP out. One module for each subject.

mod chapters;
mod interleavings;
mod rendezvous;

/// The emulator, for the tests that start real processes.
const EMULATOR: &str = env!("CARGO_BIN_EXE_emulator-under-test");

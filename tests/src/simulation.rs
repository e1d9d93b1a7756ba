//! Ringback in bad weather, in virtual time: one seed is one scenario, and the same seed is the same scenario again.
//!
//! **Cast.** A [`scenario`] is what callers do and how bad the weather gets, rolled by the [`dice`]. The [`world`] plays it:
//! real handlers and routers, over the real SDK and the emulator's table, in one thread. The [`wire`] between SDK and table
//! is where calls are throttled, before or after their effect; the queue is the [`queue`]'s, with delays and visibility in
//! virtual time. The [`service`] and the [`receiver`]s are everything that Ringback calls, the [`client`] everyone who calls
//! it. The [`watch`] sees each write; [`check`] judges what is left when everything is quiet.
//!
//! **Flow.** Every handler stops at each call to table and queue, before it and after its effect. The world then rolls who
//! goes on: a handler, a new message, a caller, the sweeper; or whether something dies. A crash drops the handlers where
//! they stand, so it falls between any two writes. Only when nobody can go on does the clock jump to what is due next.
//!
//! **Guarantees checked**: those of the README. What is acknowledged is not lost, repeats are answered alike, calls keep
//! their idempotency keys, refused requests write nothing, answers hold no secrets, outcomes are recorded once, waits end.
//!
//! In some scenarios the file is edited, or Ringback is upgraded, while runs wait: see [`edits`].
//!
//! Not simulated: programs (they are processes), sources and their signatures, and the emulator's own event source mappings,
//! which real processes test.

mod answers;
mod ask;
mod burst;
mod check;
mod client;
mod clock;
mod dice;
mod edits;
mod executor;
mod file;
mod journal;
mod process;
mod queue;
mod receiver;
mod scenario;
mod service;
mod stage;
mod state;
mod tally;
mod watch;
mod wire;
mod work;
mod world;

pub use stage::Stage;
pub use tally::Tally;

/// How a scenario went.
#[derive(Debug)]
pub struct Played {
    /// What it was rolled from.
    pub seed: u64,
    /// What must not be, in words; empty where all is well.
    pub violations: Vec<String>,
    /// The same for the same course of events.
    pub digest: u64,
    /// What happened, counted.
    pub tally: Tally,
    /// What happened, in lines; empty unless asked for.
    pub trace: Vec<String>,
}

/// Plays the scenario of a seed. With `traced`, what happens is kept in words.
///
/// # Panics
/// If the simulation itself can't work.
pub fn play(stage: &Stage, seed: u64, traced: bool) -> Played {
    world::World::new(stage, seed, traced).play()
}

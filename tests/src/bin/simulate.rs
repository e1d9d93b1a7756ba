//! Plays many scenarios in bad weather, and says which of them broke a promise.
//!
//! `cargo run --release -p ringback-tests --bin simulate -- --scenarios 10000 --seed 1`

#![expect(clippy::print_stdout, reason = "a program for its authors")]

use clap::Parser;
use ringback_tests::simulation::{Played, Stage, Tally, play};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// As in the emulator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Plays scenarios in virtual time; each is made from its seed alone.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many.
    #[arg(long, default_value_t = 1_000)]
    scenarios: u64,
    /// The first one's seed; each further one has the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads; as many as there are processors unless set.
    #[arg(long)]
    threads: Option<usize>,
    /// End at the first scenario that breaks a promise.
    #[arg(long)]
    first: bool,
    /// Print what happens, line by line.
    #[arg(long)]
    trace: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if arguments.trace { 1 } else { arguments.threads.unwrap_or(available) };
    let (begun, next) = (Instant::now(), AtomicU64::new(0));
    let (tally, broken) = (Mutex::new(Tally::default()), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let stage = Stage::new();
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= arguments.scenarios || (arguments.first && broken.load(Ordering::Relaxed) > 0) {
                        break;
                    }
                    let played = play(&stage, arguments.seed + nth, arguments.trace);
                    if let Ok(mut tally) = tally.lock() {
                        tally.add(&played.tally);
                    }
                    broken.fetch_add(u64::from(!played.violations.is_empty()), Ordering::Relaxed);
                    tell(&played);
                }
            });
        }
    });
    let broken = broken.into_inner();
    if let Ok(tally) = tally.lock() {
        println!("{tally}");
        let played = tally.of("scenarios");
        println!(
            "{played} scenarios from seed {} in {:.1?}: {broken} broke a promise",
            arguments.seed,
            begun.elapsed()
        );
    }
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(played: &Played) {
    for line in &played.trace {
        println!("{line}");
    }
    for violation in &played.violations {
        println!("seed {}: {violation}", played.seed);
    }
    if !played.violations.is_empty() {
        println!("again: cargo run -p ringback-tests --bin simulate -- --scenarios 1 --trace --seed {}", played.seed);
    }
}

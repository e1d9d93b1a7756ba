//! The simulation, for as many seeds as a test suite can afford: always the same ones. The program `simulate` plays
//! thousands of others.

use ringback_tests::simulation::{Played, Stage, Tally, play};
use std::sync::atomic::{AtomicU64, Ordering};

/// Scenarios, from seed 1 on: about half a minute on two processors.
const SCENARIOS: u64 = 300;
/// They are independent of each other; each is played in one thread.
const THREADS: usize = 2;

#[test]
fn no_promise_is_broken_whatever_the_weather() {
    let next = AtomicU64::new(1);
    let player = || {
        let (stage, mut tally, mut broken) = (Stage::new(), Tally::default(), Vec::new());
        while let seed = next.fetch_add(1, Ordering::Relaxed)
            && seed <= SCENARIOS
        {
            let played = play(&stage, seed, false);
            tally.add(&played.tally);
            broken.extend(told(&played));
        }
        (tally, broken)
    };
    let (tally, broken) = std::thread::scope(|scope| {
        let players: Vec<_> = (0..THREADS).map(|_| scope.spawn(player)).collect();
        let (mut tally, mut broken) = (Tally::default(), Vec::new());
        for played in players {
            let (theirs, lines) = played.join().expect("a player that ends");
            tally.add(&theirs);
            broken.extend(lines);
        }
        (tally, broken)
    });
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    // Weather in which nothing of this happens proves nothing.
    for what in [
        "crashes",
        "calls that failed before their effect",
        "calls that failed after their effect",
        "messages that came again",
        "messages handed out twice at once",
        "batches of the stream relayed again",
        "callbacks answered stored",
        "callbacks answered duplicate",
        "callbacks answered ignored",
        "jobs completed by an acknowledged callback",
        "events delivered",
        "deliveries given a slot by a rate limit",
        "deliveries given a slot by a full lane",
        "events exhausted",
        "events for an endpoint that is gone",
        "requests refused",
        "runs completed",
        "runs failed",
        "runs cancelled",
    ] {
        assert!(tally.of(what) >= 10, "hardly any {what}:\n{tally}");
    }
}

#[test]
fn the_same_seed_is_the_same_course_of_events() {
    let (one, other) = (Stage::new(), Stage::new());
    for seed in 1..=10 {
        // What was played before on the same stage makes no difference.
        let (first, again) = (play(&one, seed, false), play(&other, seed, true));
        assert_eq!((first.digest, &first.tally), (again.digest, &again.tally), "seed {seed}");
        assert!(again.trace.len() > 10, "seed {seed}: {:?}", again.trace);
        play(&other, 1_000 + seed, false);
    }
    assert_ne!(play(&one, 1, false).digest, play(&one, 2, false).digest);
}

fn told(played: &Played) -> impl Iterator<Item = String> {
    played.violations.iter().map(|violation| {
        let seed = played.seed;
        let again = "cargo run -p ringback-tests --bin simulate -- --scenarios 1 --trace --seed";
        format!("seed {seed}: {violation}\n  to see it: {again} {seed}")
    })
}

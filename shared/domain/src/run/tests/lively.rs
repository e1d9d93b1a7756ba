//! Whatever happens around a run, as long as what it owes is done some time, it comes to its end.

use super::fixture::file;
use super::workflows::{NAMES, WORKFLOWS};
use super::world::{Fate, World};
use proptest::prelude::*;

/// Far more than any of the workflows takes.
const STEPS: usize = 5000;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_a_run_comes_to_its_end(
        name in prop::sample::select(&NAMES[..]),
        fate in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let file = file(WORKFLOWS);
        let mut world = World::new(&file, name, Fate::new(fate));
        for _ in 0..STEPS {
            if world.stored.has_ended() || !world.step() {
                break;
            }
        }
        prop_assert!(world.stored.has_ended(), "it is stuck: {:#?}", world);
    }
}

/// A message that comes again after the key of its wait was taken over by another job of the run.
#[test]
fn what_a_callback_was_to_begin_is_begun_though_its_key_has_been_used_again() {
    let file = file(WORKFLOWS);
    let fate = [
        0, 56, 234, 0, 254, 6, 7, 14, 4, 99, 0, 75, 0, 46, 0, 0, 66, 75, 12, 69, 106, 0, 6, 0, 64, 116, 0, 28, 27, 125,
    ];
    let mut world = World::new(&file, "fixed", Fate::new(fate.to_vec()));
    while !world.stored.has_ended() {
        assert!(world.step(), "it is stuck: {world:#?}");
    }
}

#[test]
fn where_all_goes_well_a_run_completes() {
    let file = file(WORKFLOWS);
    for name in NAMES.into_iter().filter(|name| *name != "fixed") {
        let mut world = World::new(&file, name, Fate::new(Vec::new()));
        while !world.stored.has_ended() {
            assert!(world.step(), "{name} is stuck: {world:#?}");
        }
        let ending = world.stored.ending().expect("it has ended");
        assert!(ending.is_ok(), "{name}: {ending:?}");
    }
}

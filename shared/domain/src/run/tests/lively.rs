//! Whatever happens around a run, as long as what it owes is done some time, it comes to its end.

use super::fixture::file;
use super::workflows::{NAMES, WORKFLOWS};
use super::world::{Fate, World};
use proptest::prelude::*;

/// Far more than any of the workflows takes.
const STEPS: usize = 5000;

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

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

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::Checkpoint;

#[test]
fn a_record_without_messages_is_done_when_it_was_relayed() {
    let mut checkpoint = Checkpoint::default();
    checkpoint.relaying(4);
    assert_eq!(checkpoint.safe(), 3);
    checkpoint.done(4);
    assert_eq!(checkpoint.safe(), 4);
    assert_eq!(checkpoint.take_finished(), [4]);
}

#[test]
fn a_message_that_is_done_before_its_record_was_relayed_does_not_finish_it() {
    let mut checkpoint = Checkpoint::default();
    checkpoint.relaying(1);
    checkpoint.owes(1);
    checkpoint.done(1);
    assert_eq!(checkpoint.safe(), 0);
    checkpoint.owes(1);
    checkpoint.done(1);
    assert_eq!(checkpoint.owing(), 1);
    checkpoint.done(1);
    assert_eq!(checkpoint.safe(), 1);
}

#[test]
fn a_late_record_holds_the_checkpoint_back_but_not_the_others() {
    let mut checkpoint = Checkpoint::default();
    for sequence in 1..=3 {
        checkpoint.relaying(sequence);
    }
    checkpoint.done(3);
    checkpoint.done(2);
    assert_eq!(checkpoint.safe(), 0);
    assert_eq!(checkpoint.take_finished(), [3, 2]);
    checkpoint.done(1);
    assert_eq!(checkpoint.safe(), 3);
}

#[test]
fn a_second_try_of_a_record_holds_it_once() {
    let mut checkpoint = Checkpoint::default();
    checkpoint.relaying(1);
    checkpoint.owes(1);
    checkpoint.relaying(1);
    checkpoint.owes(1);
    for _ in 0..3 {
        assert_eq!(checkpoint.safe(), 0);
        checkpoint.done(1);
    }
    assert_eq!(checkpoint.safe(), 1);
}

#[derive(Debug, Clone)]
enum Step {
    Relay,
    Owe(usize),
    Done(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::Relay),
        any::<usize>().prop_map(Step::Owe),
        any::<usize>().prop_map(Step::Done),
        any::<usize>().prop_map(Step::Done),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    /// Whatever the order: safe never goes back, never passes a record that owes, and each record is finished
    /// exactly once, when it owes nothing.
    #[test]
    fn safe_never_passes_what_is_owed(steps in steps()) {
        let mut checkpoint = Checkpoint::default();
        let mut model: BTreeMap<u64, u64> = BTreeMap::new();
        let mut next = 1;
        let mut before = 0;
        let mut finished = Vec::new();
        for step in steps {
            let pick = |n: usize| model.keys().copied().nth(n.checked_rem(model.len())?);
            match step {
                Step::Relay => {
                    checkpoint.relaying(next);
                    model.insert(next, 1);
                    next += 1;
                }
                Step::Owe(n) => if let Some(sequence) = pick(n) {
                    checkpoint.owes(sequence);
                    *model.get_mut(&sequence).unwrap() += 1;
                },
                Step::Done(n) => if let Some(sequence) = pick(n) {
                    checkpoint.done(sequence);
                    let left = model.get_mut(&sequence).unwrap();
                    *left -= 1;
                    if *left == 0 {
                        model.remove(&sequence);
                    }
                },
            }
            finished.extend(checkpoint.take_finished());
            prop_assert!(checkpoint.safe() >= before);
            before = checkpoint.safe();
            prop_assert!(model.keys().all(|owing| *owing > before));
            prop_assert_eq!(checkpoint.owing(), model.len());
        }
        let mut unique = finished.clone();
        unique.sort_unstable();
        unique.dedup();
        prop_assert_eq!(unique.len(), finished.len());
        prop_assert!(finished.iter().all(|sequence| !model.contains_key(sequence)));
        prop_assert_eq!((finished.len() + model.len()) as u64, next - 1);
    }
}

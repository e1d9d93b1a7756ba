//! One pass finds what a search for each secret by itself finds, with work that the number of secrets does not multiply.

use super::*;
use proptest::prelude::*;

/// The places as they are found by looking for each text at each byte.
fn naive(texts: &[String], text: &str) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    for end in 1..=text.len() {
        let ending = texts.iter().filter(|secret| text.as_bytes()[..end].ends_with(secret.as_bytes()));
        if let Some(length) = ending.map(String::len).max() {
            join(&mut places, end - length..end);
        }
    }
    places
}

/// Lookups that one text takes.
fn lookups(automaton: &Automaton, text: &str) -> usize {
    let mut walk = automaton.walk();
    text.bytes().for_each(|byte| _ = walk.step(byte));
    walk.lookups
}

#[test]
fn a_byte_costs_two_lookups_at_most_and_a_byte_of_a_secret_one_node() {
    let many: Vec<String> = (0..20_000).map(|number| format!("aaaaaaa{number}")).collect();
    let nested: Vec<String> = (8..400).map(|length| "a".repeat(length)).collect();
    let ended: Vec<String> = (8..400).map(|length| format!("{}b", "a".repeat(length))).collect();
    for texts in [many, nested, ended, vec![format!("{}b", "a".repeat(100_000))]] {
        let sought = Sought::new(texts);
        let bytes: usize = sought.texts().iter().map(String::len).sum();
        assert!(sought.automaton().0.len() <= bytes + 1);
        for text in ["a".repeat(300_000), "aaaaaaaac".repeat(33_000), "aaaaaaa1999".repeat(27_000), "x".repeat(300_000)]
        {
            let lookups = lookups(sought.automaton(), &text);
            assert!(lookups <= 2 * text.len(), "{lookups} for {} bytes", text.len());
        }
    }
}

#[test]
fn a_few_texts_that_are_nowhere_need_no_automaton() {
    let sought = Sought::new((0..FEW).map(|number| format!("secret-{number}")));
    assert!(!sought.is_in("nothing") && sought.places("nothing").is_empty() && sought.automaton.get().is_none());
    assert!(sought.is_in("a secret-1") && sought.automaton.get().is_none());
}

#[test]
fn places_that_overlap_are_one_and_places_side_by_side_are_two() {
    let sought = Sought::new(["12345678", "567890AB", "9", "xyz"].map(str::to_owned));
    let places = |text| sought.places(text).iter().map(|place| (place.start, place.end)).collect::<Vec<_>>();
    for (text, expected) in [
        ("1234567890AB", vec![(0, 12)]),
        ("1234567812345678", vec![(0, 8), (8, 16)]),
        ("xyz9", vec![(0, 3), (3, 4)]),
        ("wxyxyxyz9567890AB", vec![(5, 8), (8, 9), (9, 17)]),
        ("wxy", vec![]),
    ] {
        assert_eq!(places(text), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn one_pass_finds_what_a_search_for_each_text_finds(
        texts in proptest::collection::vec("[abé]{1,5}", 0..30), text in "[abcé]{0,40}"
    ) {
        let sought = Sought::new(texts);
        let expected = naive(sought.texts(), &text);
        prop_assert_eq!(sought.is_in(&text), !expected.is_empty());
        prop_assert_eq!(sought.places(&text), expected);
    }
}

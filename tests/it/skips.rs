//! Who skips, who fails, who runs: the rule for tests that need a program.

use ringback_tests::skip::{Missing, Needed};

fn needed<'a>(usual: &'a str, trial: &'a [&'a str]) -> Needed<'a> {
    Needed { what: "a shell", variable: "RINGBACK_SHELL", usual, trial }
}

const WORKS: &[&str] = &["-c", "exit 0"];
const FAILS: &[&str] = &["-c", "exit 1"];

#[test]
fn a_program_that_works_is_used_and_the_named_one_goes_first() {
    assert_eq!(needed("sh", WORKS).search(None, true), Ok("sh".to_owned()));
    assert_eq!(needed("no-such-shell", WORKS).search(Some("sh".to_owned()), false), Ok("sh".to_owned()));
}

#[test]
fn what_is_missing_or_fails_its_trial_is_skipped_in_words() {
    for shell in [needed("no-such-shell", WORKS), needed("sh", FAILS)] {
        let why = format!("`{}` is not a shell; RINGBACK_SHELL may name another", shell.usual);
        assert_eq!(shell.search(None, false), Err(Missing { why, fails: false }));
    }
}

#[test]
fn nothing_is_skipped_where_that_is_forbidden_or_the_program_was_named() {
    let fails = |found: Result<String, Missing>| found.unwrap_err().fails;
    assert!(fails(needed("no-such-shell", WORKS).search(None, true)));
    assert!(fails(needed("sh", WORKS).search(Some("no-such-shell".to_owned()), false)));
}

use super::*;
use serde_json::json;

fn list(values: &[&str]) -> Vec<String> {
    values.iter().map(|&v| v.to_owned()).collect()
}

#[test]
fn keys_are_compared_as_text() {
    assert_eq!(key_text(&json!(5)), key_text(&json!("5")));
    assert_eq!(key_text(&json!(18_446_744_073_709_551_615_u64)).as_deref(), Some("18446744073709551615"));
    assert_eq!(key_text(&json!(true)).as_deref(), Some("true"));
    for none in [json!(null), json!(""), json!([1]), json!({"a": 1})] {
        assert_eq!(key_text(&none), None, "{none}");
    }
}

const SUCCESS: Judgement = Judgement::Final(Verdict::Success);
const FAILURE: Judgement = Judgement::Final(Verdict::Failure);
const NO_STATUS: Judgement = Judgement::Final(Verdict::NoStatus);
const PROGRESS: Judgement = Judgement::Progress;

#[test]
fn keys_that_are_numbers_are_compared_by_value() {
    let key = |text: &str| key_text(&crate::json::read(text).unwrap());
    for one in ["1", "1.0", "1e0", "10E-1", "1.000"] {
        assert_eq!(key(one).as_deref(), Some("1"), "{one}");
    }
    for (text, stored) in [
        ("1000000000000000000001", "1000000000000000000001"),
        ("1.10", "1.1"),
        ("-0", "0"),
        ("1e999999999", "1e999999999"),
        ("-1E-999999999", "-1e-999999999"),
        ("\"1.10\"", "1.10"),
    ] {
        assert_eq!(key(text).as_deref(), Some(stored), "{text}");
    }
    assert_eq!(key(&"1".repeat(MAX_KEY)).map(|key| key.len()), Some(MAX_KEY));
    assert_eq!(key(&"1".repeat(MAX_KEY + 1)), None);
}

#[test]
fn a_status_that_is_a_number_is_listed_by_value() {
    let status = |text: &str| crate::json::read(text).unwrap();
    let done = list(&["200", "1.50"]);
    for text in ["200", "200.0", "2e2", "1.5", "15e-1"] {
        assert!(is_listed(&status(text), &done), "{text}");
    }
    for text in ["\"200\"", "\"1.50\""] {
        assert!(is_listed(&status(text), &done), "{text}");
    }
    for text in ["201", "200.1", "\"200.0\"", "2e999999999", "null"] {
        assert!(!is_listed(&status(text), &done), "{text}");
    }
}

#[test]
fn a_case_is_found_by_value_and_else_by_text() {
    let value = |text: &str| crate::json::read(text).unwrap();
    for (left, right) in [("1", "1.0"), ("1e2", "\"100\""), ("\"a\"", "\"a\""), ("true", "\"true\""), ("[1]", "[1]")] {
        assert!(
            is_same_case(&value(left), &value(right)) && is_same_case(&value(right), &value(left)),
            "{left} {right}"
        );
    }
    for (left, right) in [("1", "2"), ("\"1\"", "\"1.0\""), ("1", "\"x\""), ("null", "0")] {
        assert!(!is_same_case(&value(left), &value(right)), "{left} {right}");
    }
}

#[test]
fn every_status_is_judged_by_the_lists_and_by_what_result_finds() {
    // Statuses, and what each means: with `result` finding a value, and without.
    let both =
        [("done", SUCCESS, SUCCESS), ("bad", FAILURE, FAILURE), ("odd", PROGRESS, PROGRESS), ("", SUCCESS, NO_STATUS)];
    let successes = [("done", SUCCESS, SUCCESS), ("odd", PROGRESS, PROGRESS), ("", SUCCESS, NO_STATUS)];
    let failures = [("bad", FAILURE, FAILURE), ("odd", SUCCESS, PROGRESS), ("", SUCCESS, NO_STATUS)];
    let neither = [("odd", SUCCESS, SUCCESS), ("", SUCCESS, NO_STATUS)];
    let tables: [(&[&str], &[&str], &[_]); 4] = [
        (&["done", "200"], &["bad"], &both),
        (&["done", "200"], &[], &successes),
        (&[], &["bad"], &failures),
        (&[], &[], &neither),
    ];
    for (success_when, fail_when, table) in tables {
        let (success_when, fail_when) = (list(success_when), list(fail_when));
        let standard = Standard { success_when: &success_when, fail_when: &fail_when, on_missing_status: None };
        for (status, found, nothing) in table {
            let place = format!("{status:?} by {success_when:?} and {fail_when:?}");
            assert_eq!(standard.judge(&json!(status), true), *found, "{place}, found");
            assert_eq!(standard.judge(&json!(status), false), *nothing, "{place}");
            if status.is_empty() {
                assert_eq!(standard.judge(&Value::Null, true), *found, "null, {place}, found");
                assert_eq!(standard.judge(&Value::Null, false), *nothing, "null, {place}");
            }
        }
    }
    let numbers = list(&["200"]);
    let standard = Standard { success_when: &numbers, fail_when: &[], on_missing_status: None };
    assert_eq!(standard.judge(&json!(200), false), SUCCESS, "statuses are compared as text");
}

#[test]
fn the_file_may_say_what_a_missing_status_means() {
    let done = list(&["done"]);
    for (word, meant) in [("success", SUCCESS), ("failure", NO_STATUS), ("progress", PROGRESS)] {
        let on_missing_status = MissingStatus::read(word);
        let standard = Standard { success_when: &done, fail_when: &[], on_missing_status };
        for found in [true, false] {
            assert_eq!(standard.judge(&Value::Null, found), meant, "{word}");
            assert_eq!(standard.judge(&json!(""), found), meant, "{word}");
            assert_eq!(standard.judge(&json!("odd"), found), PROGRESS, "{word}");
        }
    }
    assert_eq!(MissingStatus::WORDS.iter().filter_map(|word| MissingStatus::read(word)).count(), 3);
    assert_eq!(MissingStatus::read("ignore"), None);
}

#[test]
fn a_status_that_is_listed_as_null_is_a_status() {
    let (done, null) = (list(&["done"]), list(&["null"]));
    let standard = Standard { success_when: &done, fail_when: &null, on_missing_status: Some(MissingStatus::Progress) };
    assert_eq!(standard.judge(&Value::Null, true), FAILURE);
}

#[test]
fn a_failure_of_which_nothing_is_taken_keeps_the_whole_body_without_secrets() {
    let whole = json!({"status": "failed", "error": "nsfw", "api_token": "hunter2hunter2"});
    let kept = |verdict, result: &Value| Arrival::new(verdict, result.clone(), &whole).result;
    let shown = json!({"status": "failed", "error": "nsfw", "api_token": crate::redact::MASKED});
    assert_eq!(kept(Verdict::Failure, &json!(null)), shown);
    assert_eq!(kept(Verdict::Failure, &json!("why")), "why");
    assert_eq!(kept(Verdict::Success, &json!(null)), json!(null));
    assert_eq!(
        kept(Verdict::NoStatus, &json!({"url": null})),
        shown,
        "without a status, what `result` takes says nothing"
    );
    let fits = json!("x".repeat(MAX_DETAIL - 2));
    assert_eq!(Arrival::new(Verdict::Failure, json!(null), &fits).result, fits);
    let long = json!("x".repeat(MAX_DETAIL - 1));
    assert_eq!(Arrival::new(Verdict::Failure, json!(null), &long).result, json!(null));
}

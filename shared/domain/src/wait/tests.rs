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
fn a_listed_status_decides_and_any_other_is_progress() {
    let (done, bad) = (list(&["completed", "200"]), list(&["failed"]));
    let cases = [
        (json!("completed"), Judgement::Final(Verdict::Success)),
        (json!(200), Judgement::Final(Verdict::Success)),
        (json!("failed"), Judgement::Final(Verdict::Failure)),
        (json!("processing"), Judgement::Progress),
        (json!(null), Judgement::Progress),
    ];
    for (status, expected) in cases {
        assert_eq!(judge(&status, &done, &bad), expected, "{status}");
    }
}

#[test]
fn without_a_list_of_successes_all_but_failures_succeed() {
    assert_eq!(judge(&json!("odd"), &[], &list(&["failed"])), Judgement::Final(Verdict::Success));
    assert_eq!(judge(&json!("failed"), &[], &list(&["failed"])), Judgement::Final(Verdict::Failure));
}

#[test]
fn a_failure_of_which_nothing_is_taken_keeps_the_whole_body_without_secrets() {
    let whole = json!({"status": "failed", "error": "nsfw", "api_token": "hunter2hunter2"});
    let kept = |verdict, result: &Value| Arrival::new(verdict, result.clone(), &whole).result;
    let shown = json!({"status": "failed", "error": "nsfw", "api_token": crate::redact::MASKED});
    assert_eq!(kept(Verdict::Failure, &json!(null)), shown);
    assert_eq!(kept(Verdict::Failure, &json!("why")), "why");
    assert_eq!(kept(Verdict::Success, &json!(null)), json!(null));
    let fits = json!("x".repeat(MAX_DETAIL - 2));
    assert_eq!(Arrival::new(Verdict::Failure, json!(null), &fits).result, fits);
    let long = json!("x".repeat(MAX_DETAIL - 1));
    assert_eq!(Arrival::new(Verdict::Failure, json!(null), &long).result, json!(null));
}

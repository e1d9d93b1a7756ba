//! What a change of headers may name, and what a filter may cost.

use super::*;
use serde_json::json;

fn read(headers: &Map<String, Value>, before: Option<&Settings>) -> Result<Settings, SettingsError> {
    let fields = json!({"url": "https://example.com/", "events": ["*"], "headers": headers});
    Settings::read(fields.as_object().cloned().unwrap_or_default(), before)
}

fn named(prefix: &str, count: usize, value: &Value) -> Map<String, Value> {
    (0..count).map(|number| (format!("{prefix}{number}"), value.clone())).collect()
}

#[test]
fn all_headers_can_be_replaced_at_once_and_a_change_of_more_names_is_refused_before_it_is_merged() {
    let before = read(&named("x-old-", MAX_LIST, &json!("a")), None).expect("as many as can be stored");
    let mut change = named("x-old-", MAX_LIST, &Value::Null);
    change.extend(named("x-new-", MAX_LIST, &json!("b")));
    let after = read(&change, Some(&before)).expect("as many again");
    assert!(after.headers.len() == MAX_LIST && after.headers.iter().all(|(name, _)| name.starts_with("x-new-")));

    let wrong = SettingsError::Wrong("headers", "an object of at most 64 texts by name".to_owned());
    assert_eq!(read(&named("x-", MAX_LIST + 1, &json!("a")), None), Err(wrong.clone()));
    // A number is no header's value, which only a merge sees.
    change.insert("x-more".to_owned(), json!(1));
    assert_eq!(read(&change, Some(&before)), Err(wrong.clone()));
    assert_eq!(read(&named("", 80_000, &Value::Null), Some(&before)), Err(wrong));
}

#[test]
fn a_filter_whose_pattern_takes_no_byte_for_most_of_its_length_is_refused() {
    for part in [r"\\B", "()", "(|)"] {
        let filter = format!("data.t matches '\\\\B{}[^a]'", part.repeat(600));
        let fields = json!({"url": "https://example.com/", "events": ["*"], "filter": filter});
        let read = Settings::read(fields.as_object().cloned().unwrap_or_default(), None);
        assert_eq!(read.err(), Some(SettingsError::CostlyFilter), "{part}");
    }
}

use super::*;
use proptest::prelude::*;
use serde_json::{Number, json};

const NUMBER: &str = "$serde_json::private::Number";

#[test]
fn numbers_keep_their_text() {
    let texts = [
        "1000000000000000000001",
        "1.10",
        "0.1000",
        "-0",
        "-0.0",
        "1e+400",
        "1e-7",
        "123456789012345678901234567890.123456789012345678901234567890",
        "18446744073709551616",
        "-9223372036854775809",
    ];
    for text in texts {
        let body = format!("{{\"n\":{text},\"list\":[{text},[{text}]]}}");
        assert_eq!(read(&body).unwrap().to_string(), body);
    }
    assert_eq!(read("[1e400,1E5,1E-5]").unwrap().to_string(), "[1e+400,1e+5,1e-5]");
}

#[test]
fn text_is_read_as_deep_as_it_can_be_stored_with_what_stands_around_it() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let objects = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    for text in [nested, objects] as [fn(usize) -> String; 2] {
        assert!(read(&text(DEEPEST)).is_ok());
        assert!(matches!(read(&text(DEEPEST + 1)), Err(Unreadable::Deep)));
        assert!(serde_json::from_str::<Value>(&text(DEEPEST_STORED)).is_ok());
        assert!(serde_json::from_str::<Value>(&text(DEEPEST_STORED + 1)).is_err());
        assert!(read_answer(&text(DEEPEST_STORED)).is_ok());
    }
    // Brackets in texts nest nothing.
    assert!(read(&format!("[\"{}\\\"{}\"]", "[".repeat(500), "{".repeat(500))).is_ok());
}

proptest! {
    #[test]
    fn depth_is_that_of_the_value(value in any_value()) {
        prop_assert_eq!(depth(value.to_string().as_bytes()), levels(&value));
    }
}

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(levels).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let text = "[\\[\\]{}\"\\\\a-c]{0,6}";
    let leaf = prop_oneof![Just(Value::Null), text.prop_map(Value::from)];
    leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((text, inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

#[test]
fn nobody_forges_a_number() {
    let keys = [
        NUMBER,
        "$serde_json::private::RawValue",
        "\\u0024serde_json::private::Number",
        "$serde_json\\u003a\\u003Aprivate::Number",
        "\\u0024\\u0073erde_json::private::RawValue",
    ];
    for key in keys {
        for text in [
            format!("{{\"{key}\":\"5\"}}"),
            format!("{{ \"{key}\" \t\r\n: \"5\"}}"),
            format!("{{\"a\":1,\"{key}\":\"5\"}}"),
            format!("[{{\"a\":[{{\"{key}\":\"not a number\"}}]}}]"),
            format!("{{\"a\\\\\":\"\\\"\",\"{key}\":null}}"),
        ] {
            assert!(matches!(read(&text), Err(Unreadable::Reserved)), "{text}");
        }
    }
    let message = read(&format!("{{\"{NUMBER}\":\"5\"}}")).unwrap_err().to_string();
    assert_eq!(message, "a key begins with `$serde_json::private::`, which is reserved; rename the key");
}

#[test]
fn texts_that_speak_of_the_key_are_read() {
    for value in [
        json!(NUMBER),
        json!([NUMBER, "a: b"]),
        json!({"text": NUMBER}),
        json!({"a": format!("{{\"{NUMBER}\":\"5\"}}")}),
        json!({format!(" {NUMBER}"): "\u{1}", "serde_json::private::Number": 1}),
        json!({"\\": NUMBER, "é\u{7f}": "\\u0024"}),
    ] {
        assert_eq!(read(&value.to_string()).unwrap(), value, "{value}");
    }
}

/// Any JSON, and its text; strings have what could be taken for a reserved key.
fn written() -> impl Strategy<Value = String> {
    let string = prop_oneof!["[a-z$:\\\\\" é]{0,6}", Just(format!("x{NUMBER}")), Just("\\u0024".to_owned())];
    let string = string.prop_map(|text| Value::from(text).to_string());
    let number = "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?(e[+-][0-9]{1,9})?";
    let leaf = prop_oneof![
        number.prop_map(|text| text),
        string.clone(),
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just(Value::from(NUMBER).to_string()),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        let entry = (string.clone(), inner.clone()).prop_map(|(key, value)| format!("{key}:{value}"));
        let unique = prop::collection::btree_map(string.clone(), inner.clone(), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            entry.prop_map(|entry| format!("{{{entry}}}")),
            unique.prop_map(|entries| {
                let entries: Vec<String> = entries.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_read_is_written_as_it_was(text in written()) {
        let value = read(&text).unwrap();
        prop_assert_eq!(value.to_string(), text.clone());
        // As stored and as read again by the types that hold it.
        let stored: Value = serde_json::from_str(&serde_json::to_string(&value).unwrap()).unwrap();
        prop_assert_eq!(stored.to_string(), text.clone());
        prop_assert_eq!(serde_json::to_value(&value).unwrap().to_string(), text);
    }

    #[test]
    fn a_hidden_key_is_found_however_it_is_escaped(escaped in prop::collection::vec(any::<bool>(), NUMBER.len())) {
        let letters = NUMBER.chars().zip(escaped);
        let key: String = letters
            .map(|(letter, escaped)| if escaped { format!("\\u{:04X}", u32::from(letter)) } else { letter.to_string() })
            .collect();
        let text = format!("{{\"a\":{{\"{key}\":\"7\"}}}}");
        prop_assert!(matches!(read(&text), Err(Unreadable::Reserved)), "{}", text);
    }

    #[test]
    fn no_text_reads_as_a_number_that_is_not_written_in_it(digits in "[1-9][0-9]{0,5}") {
        let number: Number = digits.parse().unwrap();
        let forged = format!("{{\"{NUMBER}\":\"{digits}\"}}");
        prop_assert!(serde_json::from_str::<Value>(&forged).unwrap() == Value::Number(number), "the guard has no \
            purpose");
        prop_assert!(read(&forged).is_err());
    }
}

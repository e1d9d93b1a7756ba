use super::Condition;
use crate::expr::{Scope, Sources};
use serde_json::{Value, json};

/// True if a condition holds; `None` where it is refused.
fn holds(text: &str, scope: &Value) -> Option<bool> {
    let condition = Condition::parse(text, Sources::Any).ok()?;
    let sources = scope.as_object().expect("an object");
    let scope = sources.iter().fold(Scope::new(), |scope, (name, value)| scope.with(name, value));
    Some(condition.holds(&scope).expect("a value"))
}

fn refusal(text: &str) -> String {
    Condition::parse(text, Sources::Any).expect_err(text).message
}

/// Spellings of one comparison, with the value `n` for which it holds.
const SPELLINGS: [&str; 9] = [
    "input.n == 5",
    "${input.n} == 5",
    "${input.n == 5}",
    "  ${ input.n == 5 }\n",
    "${${input.n} == 5}",
    "(${input.n} == 5)",
    "${input[\"n\"]} == 5.0",
    "not ${input.n} != 5",
    "${(input.n | 0)} == 5",
];

#[test]
fn every_spelling_is_the_same_condition() {
    for text in SPELLINGS {
        assert_eq!(holds(text, &json!({"input": {"n": 5}})), Some(true), "{text}");
        assert_eq!(holds(text, &json!({"input": {"n": 6}})), Some(false), "{text}");
    }
    let parse = |text| Condition::parse(text, Sources::Any).expect(text);
    assert_eq!(parse(SPELLINGS[0]), parse(SPELLINGS[1]));
    assert_eq!(parse(SPELLINGS[0]), parse(SPELLINGS[2]));
}

#[test]
fn what_is_printed_is_the_same_condition() {
    for text in SPELLINGS.into_iter().chain(["a.b", "a.b | false", "x in ['a', 'b'] and not y", "a | ${b | 0}"]) {
        let condition = Condition::parse(text, Sources::Any).expect(text);
        assert_eq!(Condition::parse(&condition.to_string(), Sources::Any).as_ref(), Ok(&condition), "{text}");
    }
}

#[test]
fn a_value_alone_holds_unless_it_is_empty() {
    for (value, expected) in [
        (json!(null), false),
        (json!(false), false),
        (json!(0), false),
        (json!(""), false),
        (json!([]), false),
        (json!({}), false),
        (json!(true), true),
        (json!(2), true),
        (json!("x"), true),
        (json!([0]), true),
    ] {
        assert_eq!(holds("input.x", &json!({"input": {"x": value}})), Some(expected), "{value}");
    }
}

#[test]
fn literals_alone_are_no_condition() {
    for text in [
        "true",
        "false",
        "'false'",
        "\"x\"",
        "1",
        "0",
        "null",
        "1 == 1",
        "${1 == 2}",
        "not false",
        "${'a'} in ['a']",
        "(2 - 2)",
        "'12' as integer",
        "[]",
        "true | false",
        "1 / 0",
        "'a' matches 'b'",
        "${true}",
    ] {
        let told = refusal(text);
        assert!(told.contains("a condition must read something"), "{text}: {told}");
    }
    assert_eq!(refusal("1 == 2"), "`1 == 2` is always false: a condition must read something, such as `input.x == 5`");
    assert!(refusal("1 / 0").starts_with("`1 / 0` never has a value"));
    for text in ["input.n in []", "not (input.n in [])", "input.n not in []", "a == 1 or input.n in []"] {
        assert_eq!(refusal(text), "`input.n in []` is always false: its list is empty", "{text}");
    }
}

#[test]
fn neither_is_a_side_of_literals_alone() {
    for (text, told) in [
        ("branch == 'main' or 'dev'", "`\"dev\"` is always true: each side of `or` must read something"),
        ("branch == 'main' and true", "`true` is always true: each side of `and` must read something"),
        ("not (branch == 'a' or false)", "`false` is always false: each side of `or` must read something"),
        ("(a or 1) | false", "`1` is always true: each side of `or` must read something"),
    ] {
        assert_eq!(refusal(text), told, "{text}");
    }
}

#[test]
fn text_in_quotes_is_no_expression() {
    for text in ["'${input.n}' == '5'", "'${input.n}' == input.m", "input.m in ['a'] or '${input.n}' == input.x"] {
        assert_eq!(
            refusal(text),
            "`${input.n}` stands in quotes, where it is text and no value: write `input.n` without quotes",
            "{text}"
        );
    }
    assert_eq!(holds("a == '${'", &json!({"a": "${"})), Some(true));
}

#[test]
fn a_default_of_text_decides_nothing() {
    for text in
        ["input.n | 0 > 5", "input.flag | no", "input.flag | \"false\"", "a | ${b | x}", "a | ${b} c", "a or (b | c)"]
    {
        assert!(refusal(text).contains("is text, which always holds"), "{text}: {}", refusal(text));
    }
    let missing = json!({});
    for (text, expected) in [
        ("input.flag | false", false),
        ("input.flag | true", true),
        ("input.n | 0", false),
        ("input.n | 1", true),
        ("input.n | \"\"", false),
        ("input.n | ${env.X}", false),
        ("(input.n | 0) > 5", false),
        ("(input.n | 9) > 5", true),
        ("(input.mode | draft) == 'draft'", true),
    ] {
        assert_eq!(holds(text, &missing), Some(expected), "{text}");
    }
}

#[test]
fn the_environment_is_read_at_start_and_no_literal() {
    assert_eq!(holds("${env.X} == 'y'", &json!({"env": {"X": "y"}})), Some(true));
    assert_eq!(holds("${env.X} == 'y'", &json!({"env": {"X": "n"}})), Some(false));
}

#[test]
fn text_that_is_no_condition_is_refused() {
    for text in ["", "  ", "hello ${input.n}", "${input.a}${input.b}", "${input.n} == 5 !", "input.n = 5", "${input.n"]
    {
        assert!(Condition::parse(text, Sources::Any).is_err(), "{text}");
    }
}

#[test]
fn a_stored_condition_of_literals_is_read_as_before() {
    let stored = |text| Condition::stored(text, Sources::Any).expect(text).holds(&Scope::new());
    assert_eq!((stored("true"), stored("1 == 2")), (Ok(true), Ok(false)));
}

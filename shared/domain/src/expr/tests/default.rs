//! `| …`.

use super::{fails, gives};
use serde_json::{Value, json};

#[test]
fn a_default_replaces_only_null() {
    gives(&[
        ("${body.n | 10}", json!(5)),
        ("${body.absent | 10}", json!(10)),
        ("${body.nothing | 10}", json!(10)),
        ("${absent | 10}", json!(10)),
        ("${body.zero | 10}", json!(0)),
        ("${body.empty | 10}", json!("")),
        ("${body.off | 10}", json!(false)),
        ("${body.none | 10}", json!([])),
        ("size: ${body.size | 'small'}", json!("size: small")),
    ]);
}

#[test]
fn a_constant_keeps_its_type() {
    gives(&[
        ("${x | 10}", json!(10)),
        ("${x|10}", json!(10)),
        ("${x | -2.5e1}", serde_json::from_str("-2.5e1").unwrap()),
        ("${x | 1.10}", serde_json::from_str("1.10").unwrap()),
        ("${x | 1000000000000000000001}", json!(1_000_000_000_000_000_000_001_i128)),
        ("${x | 18446744073709551615}", json!(u64::MAX)),
        ("${x | true}", json!(true)),
        ("${x | null}", Value::Null),
        ("${x | \"10\"}", json!("10")),
        ("${x | '10'}", json!("10")),
        ("${x | \"a}b\"}", json!("a}b")),
        ("${x | \"${body.n}\"}", json!("${body.n}")),
        ("${x | []}", json!([])),
        ("${x | [ ]}", json!([])),
        ("${x | [ 1 , { 'a' : 2 } ]}", json!([1, {"a": 2}])),
        ("${x | ['a', 2]}", json!(["a", 2])),
        ("${x | {}}", json!({})),
        ("${x | {\"a\": {\"b\": [1]}} }", json!({"a": {"b": [1]}})),
    ]);
}

#[test]
fn anything_else_is_words() {
    gives(&[
        ("${x | hello}", json!("hello")),
        ("${x |   hello big  world  }", json!("hello big  world")),
        ("${x | 10px}", json!("10px")),
        ("${x | 10 apples}", json!("10 apples")),
        ("${x | 007}", json!("007")),
        ("${x | truely}", json!("truely")),
        ("${x | body.n}", json!("body.n")),
        ("${x | [none]}", json!("[none]")),
        ("${x | [1] and more}", json!("[1] and more")),
        ("${x | it's}", json!("it's")),
        ("${x | a | b}", json!("a | b")),
        ("${x | ¥ 100}", json!("¥ 100")),
        ("${x | $5}", json!("$5")),
        ("${x | $${y}", json!("${y")),
        ("${x | https://${branch}.example/a b}", json!("https://main.example/a b")),
        ("${x | ${branch}-${body.n} }", json!("main-5")),
        ("${x | ${branch} x}", json!("main x")),
    ]);
}

#[test]
fn defaults_nest() {
    gives(&[
        ("${x | ${env.X | \"y\"}}", json!("y")),
        ("${x | ${body.n}}", json!(5)),
        ("${x | ${ body.n + 1 } }", json!(6)),
        ("${x | ${y} | z}", json!("z")),
        ("${x | ${body.n} | z}", json!(5)),
        ("${x | ${y | ${z}} | ${w} | last}", json!("last")),
        ("${x | ${y | {\"a\": 1}} | z}", json!({"a": 1})),
        ("${(x | 2) * 3}", json!(6)),
        ("${(x | a b) + '!'}", json!("a b!")),
        ("${${x | a)b} + '!'}", json!("a)b!")),
        ("${(x | ${y | a)${branch}}) + '!'}", json!("a)main!")),
    ]);
}

#[test]
fn a_default_applies_to_arithmetic_and_conversions_of_null() {
    gives(&[
        ("${body.n + body.absent | 10}", json!(10)),
        ("${body.absent as integer | 10}", json!(10)),
        ("${body.digits as integer | 10}", json!(12)),
        ("${body.absent == 1 | 10}", json!(false)),
    ]);
    fails(&[("${body.text as integer | 10}", "the text is not a number in `body.text as integer`")]);
}

#[test]
fn an_unneeded_default_is_not_evaluated() {
    gives(&[("${body.n | ${1 / 0}}", json!(5))]);
    fails(&[("${body.absent | ${1 / 0}}", "division by zero in `1 / 0`")]);
}

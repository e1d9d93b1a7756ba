//! Operators: precedence, arithmetic, comparison, membership, logic.

use super::{fails, gives};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn precedence() {
    gives(&[
        ("${1 + 2 * 3}", json!(7)),
        ("${(1 + 2) * 3}", json!(9)),
        ("${10 - 4 - 3}", json!(3)),
        ("${10 - (4 - 3)}", json!(9)),
        ("${16 / 4 / 2}", json!(2)),
        ("${16 / (4 / 2)}", json!(8)),
        ("${1 + 1 == 2}", json!(true)),
        ("${not 1 == 2}", json!(true)),
        ("${(not 1) == 2}", json!(false)),
        ("${not 1 in [2]}", json!(true)),
        ("${not not body.flag}", json!(true)),
        ("${true or false and false}", json!(true)),
        ("${(true or false) and false}", json!(false)),
        ("${not false and false}", json!(false)),
        ("${not (false and false)}", json!(true)),
        ("${1 == 1 and 2 == 2}", json!(true)),
        ("${(1 == 1) == true}", json!(true)),
        ("${1 + '2' as integer}", json!(3)),
        ("${('1' + '2') as integer}", json!(12)),
        ("${5 - -5}", json!(10)),
    ]);
}

#[test]
fn integers_stay_exact() {
    gives(&[
        ("${body.n + 1}", json!(6)),
        ("${body.n - 10}", json!(-5)),
        ("${body.max - 1}", json!(u64::MAX - 1)),
        ("${body.min + body.max}", json!(i64::MAX)),
        ("${body.max * 1}", json!(u64::MAX)),
        ("${body.max + 1}", json!(18_446_744_073_709_551_616_i128)),
        ("${body.min - 1}", json!(-9_223_372_036_854_775_809_i128)),
        ("${1000000000000000000001 - 1}", json!(1_000_000_000_000_000_000_000_i128)),
        ("${3000000000000000000003 / 3}", json!(1_000_000_000_000_000_000_001_i128)),
        ("${body.min * -1}", json!(9_223_372_036_854_775_808_u64)),
        ("${6 / 3}", json!(2)),
        ("${-6 / 3}", json!(-2)),
        ("${7 / 2}", json!(3.5)),
        ("${body.max / 3}", json!(u64::MAX / 3)),
        ("${0 * body.half}", json!(0.0)),
    ]);
    fails(&[
        (
            "${170141183460469231731687303715884105727 + 1}",
            "the result of `+` is out of range in `170141183460469231731687303715884105727 + 1`",
        ),
        ("${body.max * body.max}", "the result of `*` is out of range in `body.max * body.max`"),
        (
            "${-170141183460469231731687303715884105728 / -1}",
            "the result of `/` is out of range in `-170141183460469231731687303715884105728 / -1`",
        ),
        (
            "${170141183460469231731687303715884105728 - 1}",
            "`-` has an operand out of range in `170141183460469231731687303715884105728 - 1`",
        ),
        ("${1e400 / 1e400}", "`/` has an operand out of range in `1e+400 / 1e+400`"),
        ("${1 / 1e-400}", "the result of `/` is out of range in `1 / 1e-400`"),
        ("${1 / 0e9}", "division by zero in `1 / 0e+9`"),
        ("${1 / 0}", "division by zero in `1 / 0`"),
        ("${1 / 0.0}", "division by zero in `1 / 0.0`"),
        ("${body.half / body.zero}", "division by zero in `body.half / body.zero`"),
    ]);
}

#[test]
fn floats() {
    gives(&[
        ("${body.half + 1}", json!(3.5)),
        ("${1 - body.half}", json!(-1.5)),
        ("${body.half * 2}", json!(5.0)),
        ("${body.half / 2}", json!(1.25)),
        ("${5 / body.half}", json!(2.0)),
    ]);
    fails(&[("${body.huge * body.huge}", "the result of `*` is out of range in `body.huge * body.huge`")]);
}

#[test]
fn arithmetic_with_null_is_null_and_texts_only_join() {
    gives(&[
        ("${body.n + body.absent}", Value::Null),
        ("${body.nothing - 1}", Value::Null),
        ("${body.text + null}", Value::Null),
        ("${body.by_id * body.absent}", Value::Null),
        ("${body.text + '!' + body.digits}", json!("héllo!12")),
    ]);
    fails(&[
        ("${body.text + 1}", "`+` does not fit a text and a number in `body.text + 1`"),
        ("${body.text - 'x'}", "`-` does not fit a text and a text in `body.text - \"x\"`"),
        ("${1 * body.flag}", "`*` does not fit a number and a boolean in `1 * body.flag`"),
        ("${body.list + body.list}", "`+` does not fit a list and a list in `body.list + body.list`"),
        ("${1 / body.by_id}", "`/` does not fit a number and an object in `1 / body.by_id`"),
    ]);
}

#[test]
fn equality_is_by_value_and_types_differ() {
    gives(&[
        ("${body.one == 1}", json!(true)),
        ("${body.one != 1}", json!(false)),
        ("${1 == '1'}", json!(false)),
        ("${1 != '1'}", json!(true)),
        ("${0 == false}", json!(false)),
        ("${body.absent == null}", json!(true)),
        ("${body.absent == 0}", json!(false)),
        ("${body.absent != body.nothing}", json!(false)),
        ("${[1, {'a': 2}] == [1.0, {'a': 2.0}]}", json!(true)),
        ("${[1, 2] == [1]}", json!(false)),
        ("${{'a': 1} == {'a': 1, 'b': 2}}", json!(false)),
        ("${{'a': 1, 'b': 2} == {'b': 2, 'a': 1}}", json!(true)),
        ("${{'a': 1} == {'b': 1}}", json!(false)),
        ("${body.max == 18446744073709551615}", json!(true)),
        ("${body.max == 18446744073709551614}", json!(false)),
        ("${9007199254740993 == 9007199254740992.0}", json!(false)),
        ("${branch == 'main'}", json!(true)),
        ("${0 == -0.0}", json!(true)),
        ("${1.10 == 1.1 and 100 == 1e2 and -0 == 0}", json!(true)),
        ("${1e400 == 10e399 and 1e400 != 1e401}", json!(true)),
        ("${1000000000000000000001 == 1000000000000000000000}", json!(false)),
        ("${1e-400 == 0}", json!(false)),
        ("${[{'a': 1e0}] == [{'a': 1.00}]}", json!(true)),
    ]);
}

#[test]
fn order() {
    gives(&[
        ("${1 < 2}", json!(true)),
        ("${2 < 2}", json!(false)),
        ("${2 <= 2}", json!(true)),
        ("${3 <= 2}", json!(false)),
        ("${3 > 2}", json!(true)),
        ("${2 > 2}", json!(false)),
        ("${2 >= 2}", json!(true)),
        ("${1 >= 2}", json!(false)),
        ("${2 < 2.5}", json!(true)),
        ("${-2 > -2.5}", json!(true)),
        ("${-3 < -2.5}", json!(true)),
        ("${2.5 > 2}", json!(true)),
        ("${9007199254740993 > 9007199254740992.0}", json!(true)),
        ("${body.max < body.huge}", json!(true)),
        ("${1e999999999 > 1e400 and 1e400 > body.max}", json!(true)),
        ("${-1e400 < 0 and 1e-400 > 0}", json!(true)),
        ("${1000000000000000000001 > 1000000000000000000000.5}", json!(true)),
        ("${body.min > -1e300}", json!(true)),
        ("${'a' < 'b'}", json!(true)),
        ("${'10' < '9'}", json!(true)),
        ("${body.absent < 1}", json!(false)),
        ("${body.absent >= 1}", json!(false)),
        ("${1 > null}", json!(false)),
        ("${null <= null}", json!(false)),
    ]);
    fails(&[
        ("${1 < 'a'}", "`<` does not fit a number and a text in `1 < \"a\"`"),
        ("${body.list >= body.list}", "`>=` does not fit a list and a list in `body.list >= body.list`"),
        ("${true > false}", "`>` does not fit a boolean and a boolean in `true > false`"),
    ]);
}

#[test]
fn membership() {
    gives(&[
        ("${20 in body.list}", json!(true)),
        ("${20.0 in body.list}", json!(true)),
        ("${2e1 in body.list}", json!(true)),
        ("${21 in body.list}", json!(false)),
        ("${'ell' in 'hello'}", json!(true)),
        ("${'x' in body.text}", json!(false)),
        ("${'a' in body.by_id}", json!(true)),
        ("${'v' in body.by_id}", json!(false)),
        ("${branch in ['main', 'dev']}", json!(true)),
        ("${'test' in ['main', 'dev']}", json!(false)),
        ("${branch not in ['main', 'dev']}", json!(false)),
        ("${1 not in body.absent}", json!(true)),
        ("${1 in body.absent}", json!(false)),
        ("${body.absent in body.list}", json!(false)),
        ("${null in [null]}", json!(false)),
    ]);
    fails(&[
        ("${1 in body.text}", "`in` does not fit a number and a text in `1 in body.text`"),
        ("${1 in body.by_id}", "`in` does not fit a number and an object in `1 in body.by_id`"),
        ("${1 in 2}", "`in` does not fit a number and a number in `1 in 2`"),
    ]);
}

#[test]
fn matching() {
    gives(&[
        ("${body.text matches 'l+'}", json!(true)),
        ("${body.text matches '^l+$'}", json!(false)),
        ("${body.text matches '^h\\\\w+$'}", json!(true)),
        ("${body.text matches body.pattern}", json!(true)),
        ("${body.digits matches body.pattern}", json!(false)),
        ("${body.text not matches 'l+'}", json!(false)),
        ("${body.absent matches 'x'}", json!(false)),
        ("${body.absent matches ''}", json!(false)),
        ("${body.absent matches body.pattern}", json!(false)),
        ("${body.text matches body.absent}", json!(false)),
        ("${body.text matches ('l' + '+')}", json!(true)),
    ]);
    fails(&[
        ("${body.n matches '5'}", "`matches` needs a text, not a number in `body.n matches \"5\"`"),
        (
            "${body.n matches body.pattern}",
            "`matches` does not fit a number and a text in `body.n matches body.pattern`",
        ),
        ("${'a' matches body.n}", "`matches` does not fit a text and a number in `\"a\" matches body.n`"),
        (
            "${'a' matches ('(' + '')}",
            "the pattern is no regular expression: unclosed group in `\"a\" matches \"(\" + \"\"`",
        ),
        ("${'a' matches ('\\\\w{2000}' + '')}", "the pattern is too big in `\"a\" matches \"\\\\w{2000}\" + \"\"`"),
    ]);
}

#[test]
fn logic_gives_booleans_and_stops_early() {
    gives(&[
        ("${body.n and body.text}", json!(true)),
        ("${body.n and body.empty}", json!(false)),
        ("${body.none or body.no-keys}", json!(false)),
        ("${body.none or body.n}", json!(true)),
        ("${not body.empty}", json!(true)),
        ("${not body.absent}", json!(true)),
        ("${not body.list}", json!(false)),
        ("${false and 1 / 0}", json!(false)),
        ("${true or 1 / 0}", json!(true)),
    ]);
    fails(&[
        ("${true and 1 / 0}", "division by zero in `1 / 0`"),
        ("${false or 1 / 0}", "division by zero in `1 / 0`"),
    ]);
}

#[test]
fn a_hyphen_belongs_to_the_name_unless_spaced() {
    gives(&[("${body.no-keys}", json!({})), ("${body.n - body.zero}", json!(5)), ("${body.n-body}", Value::Null)]);
}

proptest! {
    #[test]
    fn integers_are_exact(a: i64, b: u64) {
        let scope = json!({"a": a, "b": b});
        let (wide_a, wide_b) = (i128::from(a), i128::from(b));
        for (operator, expected) in [("+", wide_a + wide_b), ("-", wide_a - wide_b), ("*", wide_a * wide_b)] {
            let line = json!({"template": format!("${{a {operator} b}}"), "scope": scope}).to_string();
            let result = crate::expr::batch::evaluate_line(&line);
            prop_assert_eq!(result["value"].to_string(), expected.to_string());
        }
    }
}

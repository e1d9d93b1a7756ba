use super::*;
use proptest::prelude::*;
use serde_json::json;

fn number(text: &str) -> Number {
    text.parse().unwrap()
}

#[test]
fn one_value_has_one_text() {
    let table = [
        ("0", &["-0", "0.0", "-0.000", "0e9", "0E-999999999"][..]),
        ("1", &["1", "1.0", "1e0", "10e-1", "0.1e1", "0.001E+3"]),
        ("-12.5", &["-12.5", "-12.50", "-1.25e1", "-125e-1"]),
        ("100", &["100", "1e2", "100.0", "0.1e3"]),
        ("0.001", &["0.001", "1e-3", "0.0010", "10E-4"]),
        ("1000000000000000000001", &["1000000000000000000001", "1000000000000000000001.0"]),
        ("123456789012345678901234567890.5", &["123456789012345678901234567890.50"]),
        ("1e400", &["1e400", "10e399", "0.1E401", "1e+0400"]),
        ("-1e-400", &["-1e-400", "-0.1e-399"]),
        ("12e999999997", &["1.2e999999998", "12e999999997"]),
    ];
    for (text, spellings) in table {
        for spelling in spellings {
            assert_eq!(canonical(&number(spelling)), text, "{spelling}");
            assert!(same(&json!([number(spelling)]), &json!([number(text)])), "{spelling}");
            assert!(is_same_text(spelling, &number(text)), "{spelling}");
        }
    }
}

#[test]
fn numbers_are_ordered_by_value_however_they_are_written() {
    let rising = [
        "-1e99999999999999999999999999999999999999999",
        "-1e400",
        "-1e+21",
        "-1000000000000000000000000000000.5e-10",
        "-2",
        "-1.5",
        "-1e-400",
        "-0",
        "1e-99999999999999999999999999999999999999999",
        "1e-400",
        "0.1",
        "0.1000000000000000055511151231257827",
        "0.9",
        "1.0",
        "1.00000000000000000000000000000000000000001",
        "9007199254740992.0",
        "9007199254740993",
        "18446744073709551615",
        "18446744073709551616",
        "1e+400",
        "1.1e400",
        "1e999999999",
    ];
    for (at, left) in rising.iter().enumerate() {
        for (beside, right) in rising.iter().enumerate() {
            assert_eq!(compare(&number(left), &number(right)), at.cmp(&beside), "{left} {right}");
        }
    }
}

#[test]
fn only_integers_of_a_sensible_length_are_written_out() {
    let table = [
        ("12.0", Some("12")),
        ("1e30", Some("1000000000000000000000000000000")),
        ("9007199254740993.0", Some("9007199254740993")),
        ("-0", Some("0")),
        ("12.5", None),
        ("1e-1", None),
        ("1e65", None),
        ("1e999999999", None),
    ];
    for (text, integer) in table {
        assert_eq!(decimal(&number(text)).integer().as_deref(), integer, "{text}");
    }
    assert!(decimal(&number("1e999999999")).is_integer() && !decimal(&number("1e-999999999")).is_integer());
}

#[test]
fn texts_that_people_write_become_json_numbers() {
    let table = [
        ("1.10", "1.10"),
        ("-0", "-0"),
        ("+5", "5"),
        ("007", "7"),
        ("-007.50", "-7.50"),
        ("000", "0"),
        (".5", "0.5"),
        ("-.5e3", "-0.5e+3"),
        ("5.", "5.0"),
        ("1E400", "1e+400"),
        ("123456789012345678901234567890.1234567890", "123456789012345678901234567890.1234567890"),
    ];
    for (text, written) in table {
        assert_eq!(parse_leniently(text).unwrap().as_str(), written, "{text}");
    }
    for text in
        ["", "+", "-", ".", "e5", "1e", "1e+", "1.2.3", "--1", "+-1", "1 ", " 1", "1_000", "0x1", "inf", "NaN", "1e5.0"]
    {
        assert_eq!(parse_leniently(text), None, "{text}");
    }
    for text in ["+5", "007", ".5", "5.", " 5", "5 "] {
        assert_eq!(parse(text), None, "{text}");
    }
}

fn written() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?"
}

proptest! {
    #[test]
    fn the_canonical_text_has_the_same_value_and_is_its_own(text in written()) {
        let number = number(&text);
        let canonical = canonical(&number);
        let again: Number = canonical.parse().unwrap();
        prop_assert_eq!(compare(&number, &again), Ordering::Equal);
        prop_assert_eq!(super::canonical(&again), canonical);
    }

    #[test]
    fn equal_numbers_and_no_others_have_one_text(a in written(), b in written()) {
        let (a, b) = (number(&a), number(&b));
        prop_assert_eq!(compare(&a, &b) == Ordering::Equal, canonical(&a) == canonical(&b));
        prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
    }

    #[test]
    fn integers_compare_as_integers(a: i128, b: i128) {
        let (left, right) = (number(&a.to_string()), number(&b.to_string()));
        prop_assert_eq!(compare(&left, &right), a.cmp(&b));
    }
}
